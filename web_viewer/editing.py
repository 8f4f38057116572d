"""What a radiologist's edit, signature or verdict makes of a study. Pure: the clock is an argument."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from study.communication import as_reported, communicated
from study.errors import NotInArchiveError, StateError
from study.history import Assessed, Drafted, Queued, Signed
from study.model import (
    AlertState,
    DraftSource,
    Observation,
    Report,
    Sentence,
    Signature,
    StudyAlert,
    StudyRecord,
    Wording,
)
from study.review import Review
from study.state import State
from study.verdicts import is_critical
from web_viewer.schemas import AssessmentRequest, LanguageRequest, ReportEdit, SignRequest

# The SR of the version before says something else; the new one's is made by a job.
_NO_SR: dict[str, None] = {"sr_series_uid": None, "sr_instance_uid": None}


def draft_of(record: StudyRecord) -> Report:
    """Return the newest report version.

    Raises
    ------
    NotInArchiveError
        If nothing has been drafted yet.
    """
    if record.draft is None:
        raise NotInArchiveError(f"study {record.study_uid} has no report yet; it is {record.state}")
    return record.draft


def edit(
    record: StudyRecord, wish: ReportEdit, *, at: datetime, review: Review | None = None
) -> Drafted | None:
    """Return the event of an edit; None where it changes nothing.

    What `review` has to object to the reader's words is kept beside them, and refuses nothing.

    Raises
    ------
    NotInArchiveError
        If there is nothing to edit.
    StateError
        If the report is signed, still being worded, or was changed by somebody else meanwhile.
    """
    report = _open_report(record, wish.version)
    sections = edited(record, wish, review)
    if all(getattr(report, name) == sentences for name, sentences in sections.items()):
        return None
    wording = report.wording.model_copy(update={"source": DraftSource.RADIOLOGIST})
    changes = {
        **sections,
        "warnings": [],
        "version": report.version + 1,
        "follows": report.version,
        "wording": wording,
        "created_at": at,
        **_NO_SR,
    }
    after = report.model_copy(update=changes)
    if review is not None:
        warnings, rests_on = review.objections(record, after), review.measured_now(record, after)
        after = after.model_copy(update={"warnings": warnings, "observations": rests_on})
    return Drafted(at=at, revision=record.revision, report=after, reader=wish.reader or "")


def translate(
    record: StudyRecord, wish: LanguageRequest, *, at: datetime, review: Review | None = None
) -> Drafted | None:
    """Return the event of a draft in another language; None where it is in that language already.

    Raises
    ------
    NotInArchiveError
        If there is nothing to write anew, or nobody who can.
    StateError
        If the report is signed, still being worded, or was changed by somebody else meanwhile.
    """
    report = _open_report(record, wish.version)
    if report.language is wish.language:
        return None
    anew = review.in_language(record, wish.language) if review is not None else None
    if review is None or anew is None:
        raise NotInArchiveError("this service cannot write the draft in another language")
    # What a reader took out stays out the next time, too: a version that they edited stays theirs.
    edited = report.wording.source is DraftSource.RADIOLOGIST
    source = DraftSource.RADIOLOGIST if edited else DraftSource.TEMPLATE
    changes = {
        "version": report.version + 1,
        "follows": report.version,
        "wording": Wording(source=source),
        "created_at": at,
        **_NO_SR,
    }
    after = anew.model_copy(update=changes)
    checked = {
        "warnings": review.objections(record, after),
        "observations": review.measured_now(record, after),
    }
    return Drafted(at=at, revision=record.revision, report=after.model_copy(update=checked))


def edited(record: StudyRecord, wish: ReportEdit, review: Review | None) -> dict[str, list[Sentence]]:
    """Return the sections as edited: a sentence of the draft, or of the proposal, keeps what it rests on."""
    report = draft_of(record)
    offered = review.without_rejected(record) if review is not None else None
    known = [report] if offered is None else [report, offered]
    return {
        "findings": reworded([s for r in known for s in r.findings], wish.findings),
        "impression": reworded([s for r in known for s in r.impression], wish.impression),
        "recommendation": reworded([s for r in known for s in r.recommendation], wish.recommendation),
    }


def reworded(before: list[Sentence], texts: Iterable[str]) -> list[Sentence]:
    """Return `texts` as sentences; one that stands unchanged keeps what it rests on, a new one has none."""
    left = list(before)
    sentences = []
    for text in (t.strip() for t in texts):
        if not text:
            continue
        same = next((s for s in left if s.text.strip() == text), None)
        if same is not None:
            left.remove(same)
        sentences.append(same or Sentence(text=text))
    return sentences


def sign(record: StudyRecord, wish: SignRequest, *, at: datetime, review: Review | None = None) -> Signed:
    """Return the event of a signature; the report is critical for what its reader did not reject.

    Sentences that are older than what a reader drew or stated are told among its warnings, and refuse
    nothing.

    Raises
    ------
    NotInArchiveError
        If there is nothing to sign.
    StateError
        If it is signed already, still being worded, changed meanwhile, or without an impression.
    """
    report = _open_report(record, wish.version)
    if not report.impression:
        raise StateError("the impression is empty; a report is signed with one")
    if review is not None:
        older = [c for c in review.outdated(record, report) if c not in report.warnings]
        rests_on = review.measured_now(record, report)
        report = report.model_copy(update={"warnings": report.warnings + older, "observations": rests_on})
    alert = record.alert
    signed = {
        **({} if alert is None else _told(alert, report)),
        "signature": Signature(signer=wish.signer or "", signed_at=at),
        "critical": is_critical(record.findings, record.assessments),
        "observations": judged(report, record),
        **_NO_SR,
    }
    return Signed(at=at, revision=record.revision, report=report.model_copy(update=signed))


def judged(report: Report, record: StudyRecord) -> list[Observation]:
    """Return the findings that a report rests on, with what its reader said of each."""
    return [o.model_copy(update={"assessment": record.assessments.get(o.id)}) for o in report.observations]


def _told(alert: StudyAlert, report: Report) -> dict[str, object]:
    """Return what a report says of a critical result's communication: words by rule, and the six things."""
    if alert.state is AlertState.WITHDRAWN:
        return {"alert": None}
    return {"alert": as_reported(alert), "communication": communicated(alert, report.language)}


def assess(record: StudyRecord, finding_id: str, wish: AssessmentRequest, *, at: datetime) -> Assessed:
    """Return the event of a verdict on one finding.

    Raises
    ------
    NotInArchiveError
        If the study has no such finding.
    StateError
        If the report is signed: the verdicts that it rests on stay as they are.
    """
    if finding_id not in {finding.id for finding in record.findings}:
        raise NotInArchiveError("the study has no such finding")
    if record.state == State.SIGNED:
        raise StateError("the report is signed; a finding can no longer be accepted or rejected")
    return Assessed(
        at=at,
        revision=record.revision,
        finding_id=finding_id,
        assessment=wish.assessment,
        reader=wish.reader or "",
    )


def reprocess(record: StudyRecord, *, at: datetime) -> Queued:
    """Return the event that sends a study through the model once more.

    Raises
    ------
    StateError
        If the study is still arriving or waits for the model already.
    """
    if record.state == State.RECEIVING:
        raise StateError("the study is still arriving; it is processed when it is complete")
    if record.state == State.QUEUED:
        raise StateError("the study waits for the model already")
    return Queued(at=at, revision=record.revision, instances=record.instances, why="reprocess")


def _open_report(record: StudyRecord, version: int) -> Report:
    report = draft_of(record)
    if record.state == State.SIGNED:
        raise StateError("the report is signed; it is read-only")
    if record.state != State.DRAFTED:
        raise StateError(f"the study is {record.state}; its report can be changed once it is drafted")
    if version != report.version:
        raise StateError(
            f"somebody changed the report meanwhile: version {version} was edited, "
            f"{report.version} is the newest; load it again"
        )
    return report
