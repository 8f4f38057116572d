"""A worker's drafts do not wait for its wordings."""

from __future__ import annotations

import pytest

from benchmarks import bench_drafts
from benchmarks.bad_llm import Fault


@pytest.mark.timeout(600)
def test_with_an_llm_that_hangs_every_study_is_drafted_and_then_left_with_the_template(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(bench_drafts, "PAUSE", 0.0)
    found = bench_drafts.measured(Fault.HANGING, 5, 20.0)
    assert len(found) == 5
    for times in found:
        assert times.template < times.final
        assert times.reason is not None
    assert any("left alone" in str(times.reason) for times in found), "the breaker opened"
    assert "| hanging | 5 |" in bench_drafts.table({"hanging": found})[2]
