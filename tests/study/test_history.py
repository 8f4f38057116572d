from __future__ import annotations

import itertools

import pytest

from study.errors import StateError
from study.history import EVENT, Failed, Queued, Received, Segmented, Skipped, fold
from study.model import ModelIdentity, Segmentation, StudySummary
from study.state import TRANSITIONS, State, check_transition
from study.telemetry import now

MODEL = ModelIdentity(name="m", version="1", sha256="0" * 64, disclaimer="d")
SEGMENTATION = Segmentation(model=MODEL, radiographs=[], findings=[])


def received(revision: int = 1) -> Received:
    return Received(at=now(), revision=revision, calling_ae_title="X", summary=StudySummary())


def test_no_events_make_no_study():
    assert fold("1.2", []) is None


def test_a_study_goes_its_way():
    record = fold(
        "1.2",
        [
            received(),
            Queued(at=now(), revision=1, instances=2),
            Segmented(at=now(), revision=1, segmentation=SEGMENTATION),
        ],
    )
    assert record is not None
    assert (record.state, record.version, record.instances) == (State.SEGMENTED, 3, 2)
    assert [t.step for t in record.timeline] == ["received", "queued", "segmented"]


def test_a_late_instance_reopens_the_study_as_its_next_revision():
    record = fold(
        "1.2",
        [
            received(),
            Queued(at=now(), revision=1, instances=1),
            Skipped(at=now(), revision=1, reason="chest"),
            received(2),
        ],
    )
    assert record is not None
    assert (record.state, record.revision, record.reason) == (State.RECEIVING, 2, None)


def test_a_failed_study_says_where_and_why():
    record = fold(
        "1.2",
        [
            received(),
            Queued(at=now(), revision=1, instances=1),
            Failed(at=now(), revision=1, stage="segment", reason="no model", retryable=True),
        ],
    )
    assert record is not None
    assert (record.state, record.failed_stage, record.reason, record.retryable) == (
        State.FAILED,
        "segment",
        "no model",
        True,
    )


def test_a_step_out_of_order_is_refused():
    with pytest.raises(StateError, match="receiving cannot become segmented"):
        fold("1.2", [received(), Segmented(at=now(), revision=1, segmentation=SEGMENTATION)])


@pytest.mark.parametrize(("old", "new"), list(itertools.product(State, State)))
def test_the_table_is_what_is_enforced(old: State, new: State):
    if new in TRANSITIONS[old]:
        check_transition(old, new)
    else:
        with pytest.raises(StateError):
            check_transition(old, new)


def test_every_state_can_be_left_but_only_through_the_table():
    assert set(TRANSITIONS) == set(State)
    assert all(targets for targets in TRANSITIONS.values())


def test_an_event_survives_the_disk():
    event = Queued(at=now(), revision=3, instances=7)
    assert EVENT.validate_json(EVENT.dump_json(event)) == event
