from __future__ import annotations

from pathlib import Path

import pytest

from reporting.example_page import page
from reporting.examples import example, template
from study.model import Language

DOCUMENT = Path(__file__).parents[2] / "docs" / "report-examples.md"


def test_the_page_of_all_combinations_is_what_the_template_writes():
    """Stale after a change of the phrases: run `python -m reporting.example_page docs/report-examples.md`."""
    assert DOCUMENT.read_text("utf-8") == page()


@pytest.mark.parametrize("language", list(Language))
def test_every_finding_certainty_region_and_number_has_a_row(language: Language):
    rows = [line for line in DOCUMENT.read_text("utf-8").splitlines() if line.startswith("| ")]
    for seen in (
        "levels low whole abdomen 3",
        "free-gas indeterminate pelvis",
        "stool moderate lower abdomen",
    ):
        assert sum(row.startswith(f"| {seen} |") for row in rows) == 1
    alone = [row for row in rows if row.split()[1] in ("free-gas", "pyloric", "levels", "stool")]
    assert len(alone) >= 3 * 4 * 9 + 7 * 9
    report = template(example("erect levels high pelvis 1"), language)
    assert any(report.findings[0].text in row for row in alone)
