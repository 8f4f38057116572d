from __future__ import annotations

from study.archive import Archive
from study.findings import FindingLabel
from study.history import EVENT, Assessed, Drafted, Event, Kept, Previewed, Queued, Received, Segmented, fold
from study.history import Signed as SignedEvent
from study.model import (
    Assessment,
    Certainty,
    Finding,
    ModelIdentity,
    Presence,
    Report,
    Segmentation,
    SignedReport,
    StudyRecord,
    StudySummary,
)
from study.state import State
from study.telemetry import now
from study.verdicts import is_critical
from tests.study.reports import empty_report

MODEL = ModelIdentity(name="m", version="1", sha256="0" * 64, disclaimer="d")
GAS = "pneumoperitoneum@1.2.3"


def gas(probability: float = 0.9) -> Finding:
    return Finding(
        id=GAS,
        label=FindingLabel.PNEUMOPERITONEUM,
        radiograph_uid="1.2.3",
        presence=Presence.PRESENT,
        certainty=Certainty.HIGH,
        probability=probability,
        operating_point=0.5,
        area_px=9,
        count=1,
    )


def seen(finding: Finding | None = None) -> Segmentation:
    return Segmentation(model=MODEL, radiographs=[], findings=[finding or gas()])


def report(*, signed: bool = False, sr: str | None = None, critical: bool = True) -> Report:
    return empty_report("1.2", now(), signed=signed, sr_series=sr and "1.2.9", sr=sr, critical=critical)


def received(revision: int = 1) -> Received:
    return Received(at=now(), revision=revision, calling_ae_title="X", summary=StudySummary())


def queued() -> Queued:
    return Queued(at=now(), revision=1, instances=1)


def segmented(finding: Finding | None = None) -> Segmented:
    return Segmented(at=now(), revision=1, segmentation=seen(finding))


def rejected() -> Assessed:
    return Assessed(at=now(), revision=1, finding_id=GAS, assessment=Assessment.REJECTED, reader="Dr Kim")


def drafted() -> Drafted:
    return Drafted(at=now(), revision=1, report=report())


def signed(sr: str | None = None, *, critical: bool = True) -> SignedEvent:
    return SignedEvent(at=now(), revision=1, report=report(signed=True, sr=sr, critical=critical))


def kept(sr: str) -> Kept:
    stored = SignedReport(version=1, sr_series_uid="1.2.9", sr_instance_uid=sr)
    return Kept(at=now(), revision=1, signed=stored)


def made_of(*events: Event) -> StudyRecord:
    record = fold("1.2", events)
    assert record is not None
    return record


def test_a_finding_made_anew_after_a_draft_awaits_its_own_verdict():
    before = (received(), queued(), segmented(), drafted(), rejected())
    assert made_of(*before).assessments == {GAS: Assessment.REJECTED}
    assert made_of(*before, queued(), segmented()).assessments == {}
    assert made_of(*before, signed(), queued(), segmented()).assessments == {}


def test_a_verdict_on_a_preview_stands_where_the_finding_came_out_the_same():
    previewed = Previewed(at=now(), revision=1, segmentation=seen())
    before = (received(), previewed, rejected(), queued())
    assert made_of(*before, segmented()).assessments == {GAS: Assessment.REJECTED}
    assert made_of(*before, segmented(gas(0.8))).assessments == {}


def test_a_study_is_critical_for_what_no_reader_rejected():
    assert is_critical([gas()], {})
    assert is_critical([gas()], {GAS: Assessment.ACCEPTED})
    assert not is_critical([gas()], {GAS: Assessment.REJECTED})
    assert not is_critical([gas().model_copy(update={"presence": Presence.ABSENT})], {})


def test_a_signed_study_is_as_critical_as_its_signed_report():
    assert made_of(received(), queued(), segmented(), drafted(), signed()).critical
    record = made_of(received(), queued(), segmented(), drafted(), rejected(), signed(critical=False))
    assert not record.critical
    assert record.assessments == {GAS: Assessment.REJECTED}


def test_keeping_a_signed_report_changes_no_state_and_no_other_draft():
    start = (received(), queued(), segmented(), drafted(), signed())
    at_rest = made_of(*start, kept("1.2.9.1"))
    assert at_rest.state == State.SIGNED
    assert at_rest.draft is not None
    assert at_rest.draft.sr_instance_uid == "1.2.9.1"
    assert [s.sr_instance_uid for s in at_rest.signed] == ["1.2.9.1"]
    addendum = Drafted(at=now(), revision=1, report=report(sr="1.2.8").model_copy(update={"version": 2}))
    moved_on = made_of(*start, queued(), segmented(), addendum, kept("1.2.9.1"))
    assert moved_on.state == State.DRAFTED
    assert moved_on.draft == addendum.report
    assert moved_on.signed == at_rest.signed


def test_an_archive_that_holds_a_signature_twice_folds_to_one():
    record = made_of(received(), queued(), segmented(), drafted(), signed(), signed("1.2.9.1"))
    assert record.state == State.SIGNED
    assert [(s.version, s.sr_instance_uid) for s in record.signed] == [(1, "1.2.9.1")]
    assert [t.step for t in record.timeline].count("signed") == 1
    assert record.version == 6


def test_what_was_kept_survives_the_disk(archive: Archive):
    events: list[Event] = [received(), queued(), segmented(), drafted(), signed(), kept("1.2.9.1")]
    for number, event in enumerate(events, start=1):
        archive.append("1.2", number, event)
    assert archive.events("1.2") == events
    assert EVENT.validate_json(EVENT.dump_json(events[-1])) == events[-1]
