from __future__ import annotations

import pytest

from study import telemetry
from study.ledger import Ledger
from tests.reporting.test_step import NO_LLM, run, segmented

__all__ = ["segmented"]  # a fixture


def test_the_time_from_the_first_instance_to_the_first_draft_is_measured_once(segmented: Ledger):
    def measured() -> tuple[float, float]:
        values = {s.name: s.value for m in telemetry.DRAFT_SECONDS.collect() for s in m.samples}
        return values["kidray_draft_seconds_count"], values["kidray_draft_seconds_sum"]

    count, seconds = measured()
    run(segmented, NO_LLM)
    run(segmented)
    assert measured() == (count + 1, pytest.approx(seconds + 60))
