from __future__ import annotations

from pathlib import Path

import pytest

from reporting.examples import BEGIN, END, _cell, cases, template
from study.model import Language

DOCUMENT = Path(__file__).parents[2] / "docs" / "reports.md"


@pytest.mark.parametrize("language", list(Language))
def test_the_documented_examples_are_what_the_template_writes(language: Language):
    """Stale after a change of the phrases: run `python -m reporting.examples docs/reports.md`."""
    shown = DOCUMENT.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]
    assert len(cases()) == 20
    for case in cases():
        assert f"| {_cell(template(case, language), measured=True)} |" in shown
