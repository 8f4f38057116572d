from __future__ import annotations

from datetime import datetime, timedelta

import pydicom
import pytest
from pydicom import FileMetaDataset
from pydicom.uid import Comprehensive3DSRStorage, ExplicitVRLittleEndian, SegmentationStorage

from reporting.gate import Gate
from reporting.llm import Llm
from reporting.signing import sign_study
from reporting.step import draft_study, word_study
from study.archive import InstanceReference
from study.circuit import llm_circuit
from study.destination import Destination, DestinationPolicy
from study.errors import ModelError
from study.history import Drafted, Event, Queued, Received, Segmented, Signed
from study.jobs import Job, owed_jobs
from study.ledger import Ledger
from study.model import (
    DraftSource,
    Finding,
    Language,
    Report,
    Segmentation,
    Signature,
    StudyRecord,
    StudySummary,
)
from study.owed import objects_owed
from study.progress import WordingProgress, WordingStage
from study.state import State
from tests.reporting.builders import (
    FIRST,
    MEASUREMENTS,
    MEASUREMENTS_SERIES,
    MODEL,
    NOW,
    SECOND,
    SEG,
    SEG_SERIES,
    SERIES,
    STUDY,
    finding,
    findings,
    header,
    radiograph,
)
from tests.reporting.test_wording import LIE, TRUTH, a_server, completion

MADE = findings(finding("pneumoperitoneum", certainty="moderate", region="upper_abdomen", segment=True))
PACS = DestinationPolicy(node=Destination("PACS", "127.0.0.1", 104))
NO_LLM = Llm("http://127.0.0.1:9/v1", "any", timeout=2.0)


told: list[WordingProgress] = []


def clock() -> datetime:
    return NOW + timedelta(minutes=1)


def put(ledger: Ledger, event: Event) -> StudyRecord:
    record = ledger.append(STUDY, lambda _: event)
    assert record is not None
    return record


def hold(ledger: Ledger, uid: str, sop_class: str, series: str) -> None:
    dataset = header(uid, sop_class, series)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ledger.archive.write_dataset(dataset)


@pytest.fixture
def segmented(ledger: Ledger) -> Ledger:
    """A study whose radiograph, SEG and measurements are held, ready to be drafted."""
    hold(ledger, FIRST, "1.2.840.10008.5.1.4.1.1.1.1", SERIES)
    hold(ledger, SEG, SegmentationStorage, SEG_SERIES)
    hold(ledger, MEASUREMENTS, Comprehensive3DSRStorage, MEASUREMENTS_SERIES)
    put(ledger, Received(at=NOW, revision=1, calling_ae_title="X", summary=StudySummary()))
    segment(ledger, MADE)
    return ledger


def segment(ledger: Ledger, made: list[Finding]) -> None:
    put(ledger, Queued(at=NOW, revision=1, instances=1))
    seen = Segmentation(model=MODEL, radiographs=[radiograph()], findings=made, not_read={"1.2.3": "a chest"})
    put(ledger, Segmented(at=NOW, revision=1, segmentation=seen))


def run(ledger: Ledger, llm: Llm | None = None, language: Language = Language.ENGLISH) -> StudyRecord:
    draft_study(STUDY, ledger=ledger, worded=llm is not None, language=language, clock=clock)
    if llm is not None:
        gate = Gate(llm, llm_circuit(ledger.registry._redis))
        word_study(STUDY, ledger=ledger, llm=llm, gate=gate, tell=told.append, clock=clock)
    return ledger.held(STUDY)


def drafts(ledger: Ledger) -> list[Drafted]:
    return [e for e in ledger.archive.events(STUDY) if isinstance(e, Drafted)]


def held_sr(ledger: Ledger, series: str | None, instance: str | None) -> pydicom.Dataset:
    assert series is not None
    assert instance is not None
    return ledger.archive.read(InstanceReference(STUDY, series, instance))


@pytest.mark.parametrize("language", list(Language))
def test_without_an_llm_the_template_is_the_draft(segmented: Ledger, language: Language):
    record = run(segmented, language=language)
    assert record.state == State.DRAFTED
    assert record.draft is not None
    assert record.draft.language is language
    assert record.draft.critical
    assert record.draft.addendum_to is None
    dataset = held_sr(segmented, record.draft.sr_series_uid, record.draft.sr_instance_uid)
    assert dataset.VerificationFlag == "UNVERIFIED"
    assert len(drafts(segmented)) == 1


def test_the_template_is_held_before_the_llm_is_asked(segmented: Ledger):
    seen: list[StudyRecord] = []

    def answer(_: dict) -> tuple[int, str]:
        seen.append(segmented.held(STUDY))
        return 200, completion(TRUTH)

    with a_server(answer) as (llm, _):
        record = run(segmented, llm)
    first, last = drafts(segmented)
    assert seen[0].state == State.DRAFTING
    assert seen[0].draft == first.report
    assert (first.final, last.final) == (False, True)
    assert (first.report.version, last.report.version) == (1, 2)
    assert record.state == State.DRAFTED
    assert last.report.wording.source is DraftSource.LLM
    assert (told[-1].study_uid, told[-1].stage) == (STUDY, WordingStage.ENDED)
    assert [note.stage for note in told][-4:-2] == [WordingStage.ASKED, WordingStage.WORDING]
    for event in (first, last):
        held_sr(segmented, event.report.sr_series_uid, event.report.sr_instance_uid)


def test_an_llm_that_is_down_or_lies_leaves_the_template(segmented: Ledger):
    record = run(segmented, NO_LLM)
    assert record.state == State.DRAFTED
    assert record.draft is not None
    assert record.draft.wording.source is DraftSource.TEMPLATE
    assert "does not answer" in str(record.draft.wording.fallback_reason)
    segment(segmented, MADE)
    with a_server(lambda _: (200, completion(LIE))) as (llm, _):
        record = run(segmented, llm)
    assert record.draft is not None
    assert [check.rule for check in record.draft.wording.checks] == ["region"]
    assert record.draft.version == 4


def test_doing_it_twice_drafts_once(segmented: Ledger):
    record = run(segmented)
    assert run(segmented) == record
    assert len(drafts(segmented)) == 1


def test_a_worker_killed_while_the_llm_was_asked_is_taken_over(segmented: Ledger, monkeypatch):
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with a_server(lambda _: (200, completion(TRUTH))) as (llm, _):
        with monkeypatch.context() as patch:
            patch.setattr("reporting.step.reword", killed)
            with pytest.raises(KeyboardInterrupt):
                run(segmented, llm)
        assert segmented.held(STUDY).state == State.DRAFTING
        record = run(segmented, llm)
    assert record.state == State.DRAFTED
    assert [e.report.version for e in drafts(segmented)] == [1, 2]


def test_a_study_that_is_not_owed_a_draft_is_left_alone(ledger: Ledger):
    put(ledger, Received(at=NOW, revision=1, calling_ae_title="X", summary=StudySummary()))
    assert run(ledger).state == State.RECEIVING


def test_a_study_without_a_radiograph_fails_with_a_reason(ledger: Ledger):
    put(ledger, Received(at=NOW, revision=1, calling_ae_title="X", summary=StudySummary()))
    put(ledger, Queued(at=NOW, revision=1, instances=0))
    empty = Segmentation(model=MODEL, radiographs=[], findings=[])
    put(ledger, Segmented(at=NOW, revision=1, segmentation=empty))
    with pytest.raises(ModelError, match="no segmented radiograph"):
        run(ledger)


def sign(ledger: Ledger) -> Report:
    """Sign the draft as the viewer does, and return it as it was."""
    draft = ledger.held(STUDY).draft
    assert draft is not None
    signature = Signature(signer="Dr Lee", signed_at=NOW)
    changes = {"signature": signature, "sr_series_uid": None, "sr_instance_uid": None}
    put(ledger, Signed(at=NOW, revision=draft.revision, report=draft.model_copy(update=changes)))
    return draft


def test_a_signature_becomes_a_verified_sr_once(segmented: Ledger):
    run(segmented)
    draft = sign(segmented)
    sign_study(STUDY, ledger=segmented)
    record = segmented.held(STUDY)
    sign_study(STUDY, ledger=segmented)
    assert segmented.held(STUDY) == record
    assert record.state == State.SIGNED
    assert record.draft is not None
    assert record.draft.sr_instance_uid != draft.sr_instance_uid
    dataset = held_sr(segmented, record.draft.sr_series_uid, record.draft.sr_instance_uid)
    assert dataset.VerificationFlag == "VERIFIED"
    assert dataset.SOPInstanceUID == record.draft.sr_instance_uid


def test_what_was_signed_is_kept_though_a_late_instance_came_before_its_sr(segmented: Ledger):
    run(segmented)
    sign(segmented)
    put(segmented, Received(at=NOW, revision=2, calling_ae_title="X", summary=StudySummary()))
    reopened = segmented.held(STUDY)
    assert owed_jobs(reopened) == (Job.SIGN,)
    assert [o.kind for o in objects_owed(reopened, PACS)] == ["SEG", "SR"]
    sign_study(STUDY, ledger=segmented)
    record = segmented.held(STUDY)
    assert (record.state, record.revision) == (State.RECEIVING, 2)
    assert owed_jobs(record) == ()
    assert [entry.step for entry in record.timeline].count("signed") == 1
    (report,) = (o for o in objects_owed(record, PACS) if o.kind == "REPORT")
    (held,) = (r for r in segmented.archive.instances(STUDY) if r.instance_uid == report.instance_uid)
    assert segmented.archive.read(held).VerificationFlag == "VERIFIED"


def test_the_signed_sr_cites_what_its_signer_saw(segmented: Ledger):
    run(segmented)
    sign(segmented)
    put(segmented, Received(at=NOW, revision=2, calling_ae_title="X", summary=StudySummary()))
    hold(segmented, SECOND, "1.2.840.10008.5.1.4.1.1.1.1", SERIES)
    put(segmented, Queued(at=NOW, revision=2, instances=2))
    later = Segmentation(model=MODEL, radiographs=[radiograph(uid=SECOND)], findings=findings(on=SECOND))
    put(segmented, Segmented(at=NOW, revision=2, segmentation=later))
    sign_study(STUDY, ledger=segmented)
    (signed,) = segmented.held(STUDY).signed
    dataset = held_sr(segmented, signed.sr_series_uid, signed.sr_instance_uid)
    assert FIRST in str(dataset)
    assert SECOND not in str(dataset)


def test_two_signatures_get_their_srs_from_one_job(segmented: Ledger):
    for _ in range(2):
        run(segmented)
        sign(segmented)
        segment(segmented, MADE)
    sign_study(STUDY, ledger=segmented)
    signed = segmented.held(STUDY).signed
    assert [s.version for s in signed] == [1, 2]
    assert len({s.sr_instance_uid for s in signed} - {None}) == 2


def test_a_draft_after_a_signature_is_its_addendum(segmented: Ledger):
    run(segmented)
    draft = sign(segmented)
    segment(segmented, MADE)
    record = run(segmented)
    assert record.draft is not None
    assert record.draft.addendum_to == draft.version
    assert record.draft.version == draft.version + 1
    assert record.draft.signature is None


def test_no_log_line_or_event_holds_who_the_patient_is(segmented: Ledger, capfd: pytest.CaptureFixture[str]):
    run(segmented, NO_LLM)
    printed = "".join(capfd.readouterr())
    kept = "".join(event.model_dump_json() for event in segmented.archive.events(STUDY))
    for secret in ("Ignore", "ACC777", "the rules"):
        assert secret not in printed
        assert secret not in kept
