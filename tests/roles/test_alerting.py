"""A vision step and the alert that its result raises, as a worker puts them together."""

from __future__ import annotations

from pathlib import Path

import pytest

from roles.alerting import with_alert
from study.history import Event
from study.jobs import Job
from study.model import AlertState
from study.service import Service
from study.settings import Settings
from tests.study.test_alerts import UID, found, queued, received, segmented

HAPPENED: list[Event] = [received(), queued(), segmented(found())]


@pytest.mark.parametrize("killed", [False, True], ids=["whole", "killed before the alert's event"])
def test_a_result_raises_its_alert_and_asks_for_the_calls_though_the_step_was_killed_between(
    redis_url: str, registry: object, tmp_path: Path, killed: bool
):
    settings = Settings(home=tmp_path, redis_url=redis_url, alert_url="http://127.0.0.1:9/hook")  # type: ignore[arg-type]
    opened = Service.open(settings, patience=60.0)
    for event in HAPPENED:
        (opened.ledger.commit if killed else opened.ledger.append)(UID, lambda _, event=event: event)
    assert (opened.ledger.held(UID).alert is None) is killed

    record = with_alert(opened.ledger.held, opened)(UID)  # a step that finds nothing left to do

    assert record.alert is not None
    assert record.alert.state is AlertState.OPEN
    assert UID in opened.ledger.registry.open_alerts()
    assert (Job.ALERT, UID) in opened.queue.held()
