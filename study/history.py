"""What happened to a study, and what that makes of it. Pure.

Every step of a study is one event, kept in the archive under a number and never changed. A
`StudyRecord` is nothing but its events folded in order, so Redis can be wiped at any time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from study.alert_events import Acknowledged, Alerted, AlertEvent, Escalated, Notified, Withdrawn, alert_after
from study.failure import Failure
from study.mark_events import (
    Corrected,
    KeyImagesMarked,
    MarkEvent,
    MarkKept,
    Measured,
    mark_detail,
    marked,
    with_readers,
)
from study.model import (
    UID,
    Assessment,
    Commitment,
    Delivery,
    Report,
    Segmentation,
    SignedReport,
    StudyRecord,
    StudySummary,
    TimelineEntry,
    Work,
)
from study.state import State, check_transition
from study.statements import Stated, may_be_critical, stated, statement_detail
from study.step import Step
from study.unread import Unread
from study.verdicts import still_standing


class Received(Step):
    """The first instance of a revision arrived."""

    kind: Literal["received"] = "received"
    calling_ae_title: str
    summary: StudySummary


class Previewed(Step):
    """Radiographs were segmented before the study was complete; the state stays."""

    kind: Literal["previewed"] = "previewed"
    segmentation: Segmentation


class Queued(Step):
    """The study is complete (or is to be done again) and waits for the model."""

    kind: Literal["queued"] = "queued"
    instances: int
    why: str = "complete"


class Segmented(Step):
    """Every radiograph of the revision was segmented."""

    kind: Literal["segmented"] = "segmented"
    segmentation: Segmentation


class Skipped(Step):
    """Nothing in the study is for the model."""

    kind: Literal["skipped"] = "skipped"
    reason: str
    not_read: dict[str, Unread] = Field(default_factory=dict)


class Failed(Step):
    """A step gave up."""

    kind: Literal["failed"] = "failed"
    stage: str
    reason: str  # one English sentence, for the log and whoever runs the service; may hold UIDs
    retryable: bool
    failure: Failure | None = None  # None in older archives


class Drafted(Step):
    """A report version was written: by the template, the LLM or a radiologist's edit.

    `final` is False for the template draft while the LLM's wording is still awaited.
    """

    kind: Literal["drafted"] = "drafted"
    report: Report
    final: bool = True
    reader: str = ""  # who edited it; empty where no person did, or none is known


class Assessed(Step):
    """A radiologist accepted or rejected a finding."""

    kind: Literal["assessed"] = "assessed"
    finding_id: str
    assessment: Assessment
    reader: str


class Signed(Step):
    """A radiologist signed."""

    kind: Literal["signed"] = "signed"
    report: Report


class Kept(Step):
    """The SR of a signed report is in the archive; the state stays, whatever came after the signature."""

    kind: Literal["kept"] = "kept"
    signed: SignedReport


class Delivered(Step):
    """An object reached a destination, or was given up."""

    kind: Literal["delivered"] = "delivered"
    delivery: Delivery


class Committed(Step):
    """A destination was asked to commit to what it was sent, or has answered."""

    kind: Literal["committed"] = "committed"
    destination: str  # AE title
    outcomes: dict[UID, Commitment]  # by instance UID


StudyEvent = (
    Received
    | Previewed
    | Queued
    | Segmented
    | Skipped
    | Failed
    | Drafted
    | Assessed
    | Signed
    | Kept
    | Delivered
    | Committed
)
Event = Annotated[
    StudyEvent | AlertEvent | MarkEvent | Stated,
    Field(discriminator="kind"),
]
EVENT: TypeAdapter[Event] = TypeAdapter(Event)


def fold(study_uid: str, events: Sequence[Event]) -> StudyRecord | None:
    """Return what `events`, in order, make of the study; None where there are none."""
    record: StudyRecord | None = None
    for number, event in enumerate(events, start=1):
        record = apply(study_uid, record, event, number)
    return record


def apply(study_uid: str, record: StudyRecord | None, event: Event, number: int) -> StudyRecord:
    """Return `record` after `event`, the study's event of that `number`.

    Raises
    ------
    StateError
        If the transition table does not allow the step.
    """
    if record is None:
        if not isinstance(event, Received):
            raise ValueError(f"a study's history begins with 'received', not '{event.kind}'")
        record = StudyRecord(
            study_uid=study_uid,
            state=State.RECEIVING,
            revision=event.revision,
            version=0,
            summary=event.summary,
            received_at=event.at,
            updated_at=event.at,
        )
    changes: dict[str, object]
    if isinstance(event, Alerted | Notified | Escalated | Acknowledged | Withdrawn):
        changes = {"alert": alert_after(record.alert, event)}
    elif isinstance(event, Corrected | Measured | KeyImagesMarked | MarkKept):
        changes = marked(record, event)
    elif isinstance(event, Stated):
        changes = stated(record, event)
    else:
        changes = _changes(record, event)
    if "state" in changes:
        check_transition(_before(State(record.state), event), State(str(changes["state"])))
    return record.model_copy(
        update={
            **changes,
            **_worked(event),
            "version": number,
            "updated_at": event.at,
            "timeline": [*record.timeline, *_entries(record, event)],
        }
    )


def _worked(event: Event) -> dict[str, object]:
    """Return who is at work on the study, where the event tells."""
    if isinstance(event, Signed):
        return {"worked": None}
    if (
        isinstance(event, Assessed | Drafted | Stated | Corrected | Measured | KeyImagesMarked)
        and event.reader
    ):
        return {"worked": Work(reader=event.reader, at=event.at, did=event.kind)}
    return {}


def _before(state: State, event: Event) -> State:
    """Return the state that `event` comes out of: the transient states leave no event."""
    if isinstance(event, Segmented | Skipped) and state is State.QUEUED:
        return State.SEGMENTING
    if isinstance(event, Drafted) and state is State.SEGMENTED:
        return State.DRAFTING
    return state


def _changes(record: StudyRecord, event: StudyEvent) -> dict[str, object]:
    match event:
        case Received():
            return {
                "state": State.RECEIVING,
                "revision": event.revision,
                "calling_ae_title": event.calling_ae_title,
                "summary": event.summary,
                "reason": None,
                "why_skipped": [],
                "failure": None,
                "failed_stage": None,
                "retryable": False,
            }
        case Queued():
            return {
                "state": State.QUEUED,
                "instances": event.instances,
                "reason": None,
                "why_skipped": [],
                "failure": None,
                "failed_stage": None,
                "retryable": False,
            }
        case Previewed():
            return _seen(record, event.segmentation)
        case Segmented():
            return {"state": State.SEGMENTED, **_seen(record, event.segmentation)}
        case Skipped():
            return {
                "state": State.SKIPPED,
                "reason": event.reason,
                "why_skipped": _why_skipped(event),
                "not_read": event.not_read,
                "findings": [],
                "assessments": {},
                "critical": False,
            }
        case Failed():
            return {
                "state": State.FAILED,
                "reason": event.reason,
                "failure": event.failure or Failure.from_words(event.reason),
                "failed_stage": event.stage,
                "retryable": event.retryable,
            }
        case Drafted():
            state = State.DRAFTED if event.final else State(record.state)
            if not event.final and state is State.SEGMENTED:
                state = State.DRAFTING
            return {"state": state, "draft": event.report}
        case Assessed():
            return {"assessments": {**record.assessments, event.finding_id: event.assessment}}
        case Signed():
            return {
                "state": State.SIGNED,
                "draft": event.report,
                "critical": event.report.critical,
                "signed": _with(record.signed, _signed(event.report)),
            }
        case Kept():
            return {"signed": _with(record.signed, event.signed), **_draft_kept(record, event.signed)}
        case Delivered() | Committed():
            return {"deliveries": _deliveries(record, event)}


def _why_skipped(event: Skipped) -> list[Unread]:
    """Return each reason once; older archives hold the words alone."""
    reasons = list(event.not_read.values()) or [Unread.model_validate(event.reason)]
    return [reason for at, reason in enumerate(reasons) if reason not in reasons[:at]]


def _deliveries(record: StudyRecord, event: Delivered | Committed) -> list[Delivery]:
    if isinstance(event, Committed):
        return [_after(delivery, event) for delivery in record.deliveries]
    key = (event.delivery.destination, event.delivery.instance_uid)
    others = [d for d in record.deliveries if (d.destination, d.instance_uid) != key]
    return [*others, event.delivery]


def _after(delivery: Delivery, event: Committed) -> Delivery:
    outcome = event.outcomes.get(delivery.instance_uid)
    if outcome is None or delivery.destination != event.destination:
        return delivery
    return delivery.model_copy(update={"commitment": outcome})


def _signed(report: Report) -> SignedReport:
    return SignedReport(
        version=report.version, sr_series_uid=report.sr_series_uid, sr_instance_uid=report.sr_instance_uid
    )


def _with(signed: Sequence[SignedReport], new: SignedReport) -> list[SignedReport]:
    """Return `signed` with `new` in the place of the same version, or at the end."""
    return list({s.version: s for s in [*signed, new]}.values())


def _draft_kept(record: StudyRecord, kept: SignedReport) -> dict[str, object]:
    """Return the newest report version with its SR's UIDs, where it is the one that was kept."""
    draft = record.draft
    if draft is None or draft.signature is None or draft.version != kept.version:
        return {}
    uids = kept.model_dump(include={"sr_series_uid", "sr_instance_uid"})
    return {"draft": draft.model_copy(update=uids)}


def _seen(record: StudyRecord, segmentation: Segmentation) -> dict[str, object]:
    findings = with_readers(segmentation, record.findings)
    return {
        "model": segmentation.model,
        "radiographs": segmentation.radiographs,
        "findings": findings,
        "not_read": segmentation.not_read,
        "assessments": still_standing(record, findings),
        "critical": may_be_critical(findings),
    }


def _entries(record: StudyRecord, event: Event) -> list[TimelineEntry]:
    """Return what the timeline gains: a signature is shown once, its objects' storage not at all.

    Older archives hold each signature twice, the second time with its SR's UIDs.
    """
    repeated = isinstance(event, Signed) and event.report.version in {s.version for s in record.signed}
    if repeated or isinstance(event, Kept | MarkKept):
        return []
    if isinstance(event, Corrected | Measured | KeyImagesMarked):
        detail = mark_detail(event)
    elif isinstance(event, Stated):
        detail = statement_detail(event)
    else:
        detail = _detail(event)
    return [TimelineEntry(at=event.at, step=event.kind, revision=event.revision, detail=detail)]


def _detail(event: Event) -> str:
    match event:
        case Skipped() | Failed():
            return event.reason
        case Queued():
            return event.why
        case Drafted() | Signed():
            return f"version {event.report.version}, {event.report.wording.source}"
        case Delivered():
            return f"{event.delivery.kind} to {event.delivery.destination}: {event.delivery.state}"
        case Assessed():
            return event.assessment
        case Committed():
            outcomes = ", ".join(sorted(set(event.outcomes.values())))
            return f"{len(event.outcomes)} at {event.destination}: {outcomes}"
        case Alerted():
            return event.rule_id
        case Notified():
            return f"{event.notice.about} to {event.notice.channel}: {event.notice.state}"
        case Escalated():
            return f"level {event.level}"
        case Acknowledged():
            return event.acknowledgement.how
        case Withdrawn():
            return event.why
        case _:
            return ""
