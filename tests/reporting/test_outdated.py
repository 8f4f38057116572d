"""A draft that is older than a reader's outline: renewed by rule, or told to whoever edited it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydicom.uid import SegmentationStorage

from reporting.outdated import MEASUREMENT, measured_now, outdated, renewed
from reporting.review import Reviewer
from study.history import Drafted
from study.jobs import Job, owed_jobs
from study.ledger import Ledger
from study.mark_events import Corrected, MarkKept
from study.marks import DrawnMask, Kept
from study.model import (
    Assessment,
    DraftSource,
    Finding,
    Language,
    Presence,
    Region,
    Report,
    SegmentReference,
    Sentence,
    StudyRecord,
    StudySummary,
)
from study.remeasured import redraft_owed, remeasured
from study.state import State
from tests.reporting.builders import FIRST, MODEL, NOW, STUDY, draft, finding, findings, radiograph
from tests.reporting.test_step import clock, drafts, hold, put, run, segment, segmented
from tests.reporting.test_wording import TRUTH, a_server, completion

__all__ = ["segmented"]  # a fixture

GAS, STOOL = f"pneumoperitoneum@{FIRST}", f"constipation@{FIRST}"
MADE = findings(finding("pneumoperitoneum", area_mm2=1850.0, region="upper_abdomen"))
DRAWN = SegmentReference(series_uid="1.2.826.1.4", instance_uid="1.2.826.1.4.1", segment_number=1)
BOTH = pytest.mark.parametrize("language", list(Language))


def drawn(before: Finding, **measures: object) -> Finding:
    said = {"presence": Presence.PRESENT, "drawn_by": "Kim^Minji", "segment": DRAWN, "area_px": 5000}
    return before.model_copy(update={**said, **measures})


def a_record(made: list[Finding], report: Report) -> StudyRecord:
    return StudyRecord(
        study_uid=STUDY,
        state=State.DRAFTED,
        revision=1,
        version=5,
        summary=StudySummary(),
        received_at=NOW,
        updated_at=NOW,
        model=MODEL,
        radiographs=[radiograph()],
        findings=made,
        draft=report,
    )


def corrected(language: Language = Language.ENGLISH, **measures: object) -> StudyRecord:
    """A study whose free gas a reader drew after the draft was written."""
    after = [drawn(f, **measures) if f.id == GAS else f for f in MADE]
    return a_record(after, draft(MADE, language=language))


def texts(sentences: list[Sentence]) -> str:
    return "\n".join(s.text for s in sentences)


@BOTH
def test_only_the_sentence_that_holds_the_old_number_is_outdated(language: Language):
    record = corrected(language, area_mm2=2430.0)
    assert record.draft is not None
    (check,) = outdated(record, record.draft)
    assert (check.rule, check.section, check.finding) == ("outdated", "findings", "pneumoperitoneum")
    assert "18.5" in check.sentence
    after = renewed(record, record.draft, draft(record.findings, language=language))
    assert "24.3" in texts(after["findings"])
    assert "18.5" not in texts(after["findings"])
    assert after["impression"] == record.draft.impression
    assert len(after["findings"]) == len(record.draft.findings)


@BOTH
def test_words_on_the_region_are_outdated_when_the_outline_moved(language: Language):
    record = corrected(language, area_mm2=1850.0, region=Region.RIGHT_LOWER_QUADRANT)
    assert record.draft is not None
    sections = {check.section for check in outdated(record, record.draft)}
    assert "findings" in sections
    anew = draft(record.findings, language=language)
    after = renewed(record, record.draft, anew)
    assert after == {"findings": anew.findings, "impression": anew.impression}


@BOTH
def test_a_finding_that_was_absent_and_is_drawn_is_no_longer_denied(language: Language):
    after = [drawn(f, area_mm2=900.0, region=Region.PELVIS) if f.id == STOOL else f for f in MADE]
    record = a_record(after, draft(MADE, language=language))
    assert record.draft is not None
    denial = next(s for s in record.draft.findings if STOOL in s.finding_ids)
    assert denial.text in {check.sentence for check in outdated(record, record.draft)}
    anew = draft(after, language=language)
    sections = renewed(record, record.draft, anew)
    assert {s.text for s in sections["findings"]} == {s.text for s in anew.findings}
    assert {s.text for s in sections["impression"]} == {s.text for s in anew.impression}


def test_an_outline_that_measures_the_same_outdates_no_sentence():
    record = corrected(area_mm2=1851.0)
    assert record.draft is not None
    assert remeasured(record, record.draft) == {GAS}
    assert outdated(record, record.draft) == []
    observed = next(o for o in measured_now(record, record.draft) if o.id == GAS)
    assert (observed.area_mm2, observed.drawn_by) == (1851.0, "Kim^Minji")


def test_a_rejected_outline_and_a_readers_own_number_are_left_alone():
    record = corrected(area_mm2=2430.0)
    assert record.draft is not None
    rejected = record.model_copy(update={"assessments": {GAS: Assessment.REJECTED}})
    assert outdated(rejected, record.draft) == []
    own = [s for s in record.draft.findings if s.rule_id != MEASUREMENT]
    edited = record.draft.model_copy(update={"findings": [*own, Sentence(text="Free gas of 24 cm².")]})
    assert outdated(record, edited) == []
    after = renewed(record, edited, draft(record.findings))
    assert after["findings"] == edited.findings


def test_what_a_version_rests_on_stays_with_the_number_that_its_words_hold():
    record = corrected(area_mm2=2430.0)
    assert record.draft is not None
    assert measured_now(record, record.draft) == record.draft.observations
    offered = Reviewer().without_rejected(record)
    assert offered is not None
    assert outdated(record, offered) == []
    observed = next(o for o in measured_now(record, offered) if o.id == GAS)
    assert observed.area_mm2 == 2430.0


def correct(ledger: Ledger) -> StudyRecord:
    """Draw the free gas anew, as a reader and the job of marks do."""
    mask = DrawnMask(left=0, top=0, width=2, height=1, runs=[0, 2])
    event = Corrected(at=NOW, revision=1, finding_id=GAS, radiograph_uid=FIRST, reader="Kim^Minji", mask=mask)
    (correction,) = put(ledger, event).marks.corrections
    record = ledger.held(STUDY)
    hold(ledger, DRAWN.instance_uid, SegmentationStorage, DRAWN.series_uid)
    kept = Kept(series_uid=DRAWN.series_uid, instance_uid=DRAWN.instance_uid)
    made = correction.model_copy(update={"seg": kept, "sr": kept})
    gas = next(f for f in record.findings if f.id == GAS)
    return put(
        ledger,
        MarkKept(
            at=NOW + timedelta(minutes=2),
            revision=1,
            correction=made,
            finding=drawn(gas, area_mm2=2430.0),
        ),
    )


@BOTH
def test_an_untouched_template_draft_is_drawn_anew_by_the_draft_job(segmented: Ledger, language: Language):
    first = run(segmented, language=language)
    assert first.draft is not None
    assert Job.DRAFT in owed_jobs(correct(segmented))
    record = run(segmented)  # the language stays the draft's
    assert record.draft is not None
    assert (record.draft.version, record.draft.follows) == (2, 1)
    assert (record.state, record.draft.language) == (State.DRAFTED, language)
    assert "24.3" in texts(record.draft.findings)
    assert record.draft.sr_instance_uid != first.draft.sr_instance_uid
    assert not redraft_owed(record)
    assert run(segmented).draft == record.draft  # twice is once


def test_an_untouched_llm_draft_keeps_its_words_and_renews_its_number(segmented: Ledger):
    with a_server(lambda _: (200, completion(TRUTH))) as (llm, _):
        before = run(segmented, llm).draft
    assert before is not None
    correct(segmented)
    after = run(segmented).draft
    assert after is not None
    assert after.wording == before.wording
    assert after.wording.source is DraftSource.LLM
    assert (after.version, after.impression) == (before.version + 1, before.impression)
    assert "24.3" in texts(after.findings)
    assert "12.3" not in texts(after.findings)


def test_a_draft_that_a_reader_edited_is_never_drawn_anew(segmented: Ledger):
    first = run(segmented).draft
    assert first is not None
    wording = first.wording.model_copy(update={"source": DraftSource.RADIOLOGIST})
    edited = first.model_copy(update={"version": 2, "follows": 1, "wording": wording})
    put(segmented, Drafted(at=clock(), revision=1, report=edited))
    record = correct(segmented)
    assert Job.DRAFT not in owed_jobs(record)
    after = run(segmented)
    assert after.draft == edited
    assert len(drafts(segmented)) == 2
    assert [c.rule for c in Reviewer().objections(after, edited)] == ["outdated"]


def test_a_study_that_is_read_again_is_drafted_as_ever(segmented: Ledger):
    run(segmented)
    segment(segmented, MADE)
    record = run(segmented)
    assert record.draft is not None
    assert (record.state, record.draft.version) == (State.DRAFTED, 2)
