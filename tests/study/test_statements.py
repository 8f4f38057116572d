"""What a reader states of a finding, folded: events in, record out; nothing is replaced by hand."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from study.alerts import follows
from study.history import EVENT, Assessed, Event, Previewed, Queued, Received, Segmented, fold
from study.mark_events import Corrected, MarkKept
from study.marks import Correction, DrawnMask, Kept
from study.model import (
    AlertState,
    Assessment,
    Certainty,
    Finding,
    ModelIdentity,
    Presence,
    Radiograph,
    Region,
    Segmentation,
    Statement,
    StudyRecord,
    StudySummary,
    Withdrawal,
)
from study.regions import PLACES, may_lie
from study.statements import Stated, plainly

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
RADIOGRAPH = "1.2.3"
GAS = f"pneumoperitoneum@{RADIOGRAPH}"
MODEL = ModelIdentity(name="m", version="1", sha256="0" * 64, disclaimer="d")
THERE = Statement(presence=Presence.PRESENT, certainty=Certainty.MODERATE, region=Region.RIGHT_UPPER_QUADRANT)
MASK = DrawnMask(left=0, top=0, width=2, height=1, runs=[0, 2])


def gas(presence: Presence = Presence.ABSENT, **more: object) -> Finding:
    made = Finding(
        id=GAS,
        label="pneumoperitoneum",
        radiograph_uid=RADIOGRAPH,
        presence=presence,
        certainty=Certainty.MODERATE,
        probability=0.2,
        operating_point=0.5,
    )
    return made.model_copy(update=more)


def segmented(finding: Finding, minute: int = 3) -> Segmented:
    radiograph = Radiograph(
        series_uid="1.2", instance_uid=RADIOGRAPH, sop_class_uid="1.2.840.1", rows=4, columns=4
    )
    read = Segmentation(model=MODEL, radiographs=[radiograph], findings=[finding])
    return Segmented(at=at(minute), revision=1, segmentation=read)


def at(minute: int) -> datetime:
    return NOON + timedelta(minutes=minute)


def says(statement: Statement | None = THERE, reader: str = "Kim^Minji", minute: int = 9) -> Stated:
    return Stated(at=at(minute), revision=1, finding_id=GAS, statement=statement, reader=reader)


def record_of(finding: Finding, *then: Event) -> StudyRecord:
    """The study after `then`, each event and each alert it lacks read back from JSON."""
    events: list[Event] = [
        Received(at=at(1), revision=1, calling_ae_title="X", summary=StudySummary()),
        Queued(at=at(2), revision=1, instances=1),
        segmented(finding),
    ]
    for event in (None, *then):
        events += [event] if event is not None else []
        record = fold("1.2", events)
        assert record is not None
        raised = follows(record, at(20))
        events += [raised] if raised is not None else []
    kept = [EVENT.validate_json(EVENT.dump_json(event)) for event in events]
    record = fold("1.2", kept)
    assert record is not None
    return record


def test_a_missed_finding_is_as_the_reader_states_it_and_what_the_model_said_is_kept():
    record = record_of(gas(), says())
    (finding,) = record.findings
    assert finding.statement == THERE
    assert finding.stated is not None
    assert (finding.stated.reader, finding.stated.at, finding.observer) == ("Kim^Minji", at(9), "Kim^Minji")
    assert finding.stated.instead_of == gas().statement
    assert finding.probability == 0.2  # the model's stays the model's
    assert record.assessments == {GAS: Assessment.ACCEPTED}
    assert record.timeline[-2].detail == "pneumoperitoneum: present"


def test_a_missed_critical_finding_raises_the_alert_at_the_time_it_was_stated():
    assert record_of(gas()).alert is None
    record = record_of(gas(), says())
    assert record.critical
    assert record.alert is not None
    assert (record.alert.state, record.alert.identified_at) == (AlertState.OPEN, at(9))
    assert record.alert.finding_ids == [GAS]


def test_a_finding_that_a_reader_confirms_keeps_the_alert_that_the_model_raised():
    before = record_of(gas(Presence.INDETERMINATE)).alert
    after = record_of(gas(Presence.INDETERMINATE), says()).alert
    assert before is not None
    assert after == before
    assert before.identified_at == at(3)


@pytest.mark.parametrize("presence", [Presence.PRESENT, Presence.INDETERMINATE])
def test_a_finding_that_is_stated_absent_withdraws_the_alert_as_a_rejection_does(presence: Presence):
    absent = Statement(presence=Presence.ABSENT, certainty=Certainty.HIGH)
    verdict = Assessed(
        at=at(9), revision=1, finding_id=GAS, assessment=Assessment.REJECTED, reader="Kim^Minji"
    )
    stated, rejected = record_of(gas(presence), says(absent)), record_of(gas(presence), verdict)
    for record in (stated, rejected):
        assert record.alert is not None
        assert (record.alert.state, record.alert.withdrawal) == (AlertState.WITHDRAWN, Withdrawal.REJECTED)
        assert record.critical  # it stays at the head of the worklist until somebody has signed


def test_what_is_taken_back_is_as_the_model_said_and_so_is_all_that_followed():
    before, after = record_of(gas()), record_of(gas(), says(), says(None, minute=10))
    assert after.findings == before.findings
    assert (after.assessments, after.critical) == ({}, False)
    assert after.alert is not None
    assert (after.alert.state, after.alert.withdrawal) == (AlertState.WITHDRAWN, Withdrawal.REJECTED)


def test_the_last_of_two_readers_counts_and_the_models_word_is_not_lost_between_them():
    absent = Statement(presence=Presence.ABSENT, certainty=Certainty.HIGH)
    (finding,) = record_of(gas(), says(), says(absent, "Lee^Jun", 10)).findings
    assert (finding.presence, finding.observer) == (Presence.ABSENT, "Lee^Jun")
    assert finding.stated is not None
    assert finding.stated.instead_of == gas().statement


def test_another_reading_by_the_model_does_not_take_a_readers_word_away():
    anew = gas(Presence.INDETERMINATE, region=Region.UPPER_ABDOMEN, area_px=7)
    again = Queued(at=at(10), revision=1, instances=1)
    record = record_of(gas(), says(), again, segmented(anew, 11))
    (finding,) = record.findings
    assert (finding.statement, finding.area_px) == (THERE, 7)
    assert finding.stated is not None
    assert finding.stated.instead_of == anew.statement
    assert record.critical


@pytest.mark.parametrize("verdict", list(Assessment))
def test_a_verdict_on_what_was_stated_in_a_preview_outlives_the_whole_reading(verdict: Assessment):
    whole = segmented(gas())
    preview = Previewed(at=at(3), revision=1, segmentation=whole.segmentation)
    judged = Assessed(at=at(10), revision=1, finding_id=GAS, assessment=verdict, reader="Kim^Minji")
    begun: list[Event] = [
        Received(at=at(1), revision=1, calling_ae_title="X", summary=StudySummary()),
        Queued(at=at(2), revision=1, instances=1),
        preview,
        says(),
        judged,
        whole.model_copy(update={"at": at(11)}),
    ]
    record = fold("1.2", begun)
    assert record is not None
    assert record.findings[0].stated is not None
    assert record.assessments == {GAS: verdict}
    raised = follows(record, at(12))
    assert (raised is None) == (verdict is Assessment.REJECTED), "what its reader rejected raises no alert"


def drawing(number: int, minute: int) -> tuple[Corrected, MarkKept]:
    drawn = Corrected(
        at=at(minute),
        revision=1,
        finding_id=GAS,
        radiograph_uid=RADIOGRAPH,
        reader="Lee^Jun",
        mask=MASK,
    )
    correction = Correction(
        number=number,
        finding_id=GAS,
        radiograph_uid=RADIOGRAPH,
        reader="Lee^Jun",
        at=at(minute),
        seg=Kept(series_uid="1.2.9", instance_uid="1.2.9.1"),
    )
    measured = gas(Presence.PRESENT, area_px=2, drawn_by="Lee^Jun", region=Region.PELVIS)
    return drawn, MarkKept(at=at(15), revision=1, correction=correction, finding=measured)


def test_an_outline_takes_the_place_of_what_was_stated_before_it():
    drawn, kept = drawing(6, 10)  # received, queued, segmented, stated, alerted, corrected
    (finding,) = record_of(gas(), says(), drawn, kept).findings
    assert (finding.stated, finding.drawn_by, finding.region) == (None, "Lee^Jun", Region.PELVIS)


def test_what_is_stated_after_an_outline_was_drawn_stands_though_it_is_measured_later():
    drawn, kept = drawing(4, 8)
    (finding,) = record_of(gas(), drawn, says(), kept).findings
    assert (finding.statement, finding.area_px, finding.observer) == (THERE, 2, "Kim^Minji")
    assert finding.stated is not None
    assert finding.stated.instead_of.region is Region.PELVIS
    (back,) = record_of(gas(), drawn, says(), kept, says(None, minute=16)).findings
    assert (back.presence, back.region, back.observer) == (Presence.PRESENT, Region.PELVIS, "Lee^Jun")


def test_a_statement_holds_no_more_than_its_presence_leaves_room_for():
    absent = plainly(THERE.model_copy(update={"presence": Presence.ABSENT}))
    assert (absent.certainty, absent.region) == (Certainty.HIGH, None)
    unsure = plainly(THERE.model_copy(update={"presence": Presence.INDETERMINATE}))
    assert (unsure.certainty, unsure.region) == (Certainty.LOW, Region.RIGHT_UPPER_QUADRANT)
    assert plainly(THERE) == THERE


def test_a_finding_is_stated_where_it_makes_sense_or_was_said_to_lie():
    assert not may_lie(gas(), Region.PELVIS)
    assert may_lie(gas(region=Region.PELVIS), Region.PELVIS)
    assert may_lie(gas(), None)
    assert all(may_lie(gas(), region) for region in PLACES[gas().label])
