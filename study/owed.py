"""Which of a study's objects and messages each destination is owed, and which it still lacks. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, TypeVar

from study.destination import DestinationPolicy
from study.endpoint import Endpoint
from study.forms import chains
from study.history import Drafted, Event, Kept, Previewed, Segmented, Signed
from study.identifiers import derived_uid
from study.mark_events import MarkKept
from study.marks import Kept as KeptObject
from study.marks import Marks
from study.model import Commitment, DeliveryState, MessageKind, ObjectKind, Radiograph, StudyRecord

Recipient = DestinationPolicy | Endpoint


class Owed(NamedTuple):
    """One object that a destination is to get."""

    kind: ObjectKind
    instance_uid: str


class OwedMessage(NamedTuple):
    """One report version that an endpoint is to get."""

    kind: MessageKind
    instance_uid: str
    version: int
    signed: bool


AnyOwed = TypeVar("AnyOwed", Owed, OwedMessage, Owed | OwedMessage)


class Result(NamedTuple):
    """One result that a destination is to get.

    Attributes
    ----------
    forms
        In which it can be given, the best first.
    now
        The best form that is taken or under way, else the one that was tried last, else the best.
    """

    forms: tuple[Owed, ...]
    now: Owed


def owed_to(record: StudyRecord, recipient: Recipient) -> list[Owed | OwedMessage]:
    """Return what a destination or an endpoint is to get of a study, oldest first."""
    if isinstance(recipient, Endpoint):
        return [*messages_owed(record, recipient)]
    return [*objects_owed(record, recipient)]


def messages_owed(record: StudyRecord, endpoint: Endpoint) -> list[OwedMessage]:
    """Return the report versions that an endpoint is to get of a study, oldest first.

    Every one that was signed, but none before one that is sent: it would take that one's place. A draft
    only where it is asked for, only the newest, and only while nothing is signed.
    """
    draft, owed = record.draft, []
    if "DRAFT" in endpoint.gets and draft is not None and not record.signed:
        finished = draft.sr_instance_uid is not None  # else a radiologist is at it
        owed = [_message(record, endpoint, draft.version, signed=False)] if finished else []
    if "REPORT" in endpoint.gets:
        owed += [_message(record, endpoint, report.version, signed=True) for report in record.signed]
    sent = {
        d.instance_uid
        for d in record.deliveries
        if d.destination == endpoint.name and d.state is DeliveryState.SENT
    }
    newest = max((n for n, message in enumerate(owed) if message.instance_uid in sent), default=0)
    return owed[newest:]


def _message(record: StudyRecord, endpoint: Endpoint, version: int, *, signed: bool) -> OwedMessage:
    said = "signed" if signed else "draft"
    uid = derived_uid(record.study_uid, "message", endpoint.kind, said, str(version))
    return OwedMessage(endpoint.kind, uid, version, signed)


def objects_owed(record: StudyRecord, policy: DestinationPolicy) -> list[Owed]:
    """Return what a destination is to get of a study, oldest first, each result in one form."""
    return list(dict.fromkeys(result.now for result in results_owed(record, policy)))


def results_owed(record: StudyRecord, policy: DestinationPolicy) -> list[Result]:
    """Return the results that a destination is to get of a study, oldest first.

    Each radiograph's objects as they stand now, and every report that was signed: a signed report
    is owed whatever came after it. A draft goes only where it is asked for, and only the newest.
    """
    if policy.when == "signed" and not record.signed:
        return []
    made = [_of_radiograph(record.study_uid, radiograph) for radiograph in record.radiographs]
    draft = record.draft
    if draft is not None and draft.signature is None and draft.sr_instance_uid is not None:
        made.append({"DRAFT": draft.sr_instance_uid})
    made += [_of_report(record.study_uid, r.sr_instance_uid) for r in record.signed if r.sr_instance_uid]
    states = {
        d.instance_uid: d.state for d in record.deliveries if d.destination == policy.node.ae_title
    }  # the latest outcome comes last
    results = []
    for uids in made:
        for chain in chains(policy):
            if chain[0] in uids:  # a form of what is not there would be one of nothing
                forms = tuple(Owed(kind, uids[kind]) for kind in chain if kind in uids)
                results.append(Result(forms, _form(forms, states)))
    asked = policy.gets or ("SEG", "SR", "GSPS", "KO")
    results += [Result((each,), each) for each in _of_marks(record.marks) if each.kind in asked]
    return results


def _alone(event: MarkKept) -> Marks:
    return Marks(
        corrections=[event.correction] if event.correction else [],
        annotations=[event.annotations] if event.annotations else [],
        key_images=event.key_images,
    )


def _of_marks(marks: Marks) -> list[Owed]:
    """Return the objects of what readers drew and marked; each is a result of its own, in one form."""
    made: list[tuple[ObjectKind, KeptObject | None]] = []
    for correction in marks.corrections:
        made += [("SEG", correction.seg), ("SR", correction.sr)]
    for each in marks.annotations:
        made += [("SR", each.sr), ("GSPS", each.presentation)]
    if marks.key_images is not None:
        made.append(("KO", marks.key_images.document))
    return [Owed(kind, kept.instance_uid) for kind, kept in made if kept is not None]


def _form(forms: tuple[Owed, ...], states: dict[str, DeliveryState]) -> Owed:
    under_way = (DeliveryState.SENT, DeliveryState.PENDING)
    order = list(states)
    tried = sorted((o for o in forms if o.instance_uid in states), key=lambda o: order.index(o.instance_uid))
    return next((o for o in forms if states.get(o.instance_uid) in under_way), (tried or forms[:1])[-1])


def still_owed(record: StudyRecord, owed: Iterable[AnyOwed], recipient: Recipient) -> list[AnyOwed]:
    """Return those of `owed` that the destination has not taken yet."""
    held = {
        d.instance_uid
        for d in record.deliveries
        if d.destination == recipient.name and d.state is DeliveryState.SENT
    }
    return [o for o in owed if o.instance_uid not in held]


def unconfirmed(record: StudyRecord, owed: Iterable[AnyOwed], recipient: Recipient) -> list[AnyOwed]:
    """Return those of `owed` that the destination has not taken, or not vouched for where it is asked to."""
    vouches = isinstance(recipient, DestinationPolicy) and recipient.commitment
    confirmed = {
        d.instance_uid
        for d in record.deliveries
        if d.destination == recipient.name
        and d.state is DeliveryState.SENT
        and (d.commitment is Commitment.COMMITTED or not vouches)
    }
    return [o for o in owed if o.instance_uid not in confirmed]


def results_of(study_uid: str, events: Iterable[Event]) -> set[str]:
    """Return the instance UIDs of everything that was made of a study."""
    made: set[str | None] = set()
    for event in events:
        if isinstance(event, Previewed | Segmented):
            for radiograph in event.segmentation.radiographs:
                made |= {radiograph.seg_instance_uid, radiograph.sr_instance_uid}
                made |= {capture_uid(study_uid, radiograph), presentation_uid(study_uid, radiograph)}
        elif isinstance(event, Drafted | Signed):
            made |= {event.report.sr_instance_uid, pdf_uid(study_uid, event.report.sr_instance_uid)}
        elif isinstance(event, Kept):
            made |= {event.signed.sr_instance_uid, pdf_uid(study_uid, event.signed.sr_instance_uid)}
        elif isinstance(event, MarkKept):
            made |= {uid for _, uid in _of_marks(_alone(event))}
    return {uid for uid in made if uid is not None}


def capture_uid(study_uid: str, radiograph: Radiograph) -> str | None:
    """Return the UID of a radiograph's secondary capture; it follows from the measurements' own."""
    if radiograph.sr_instance_uid is None:
        return None
    return derived_uid(study_uid, "capture", radiograph.sr_instance_uid)


def presentation_uid(study_uid: str, radiograph: Radiograph) -> str | None:
    """Return the UID of a radiograph's presentation state, the outlines of its SEG, where it has one."""
    if radiograph.seg_instance_uid is None:
        return None
    return derived_uid(study_uid, "presentation", radiograph.seg_instance_uid)


def pdf_uid(study_uid: str, sr_instance_uid: str | None) -> str | None:
    """Return the UID of a signed report as PDF; it follows from its SR's."""
    return None if sr_instance_uid is None else derived_uid(study_uid, "pdf", sr_instance_uid)


def _of_radiograph(study_uid: str, radiograph: Radiograph) -> dict[ObjectKind, str]:
    uids: dict[ObjectKind, str | None] = {
        "LABELMAP" if radiograph.seg_is_labelmap else "SEG": radiograph.seg_instance_uid,
        "SR": radiograph.sr_instance_uid,
        "GSPS": presentation_uid(study_uid, radiograph),
        "CAPTURE": capture_uid(study_uid, radiograph),
    }
    return {kind: uid for kind, uid in uids.items() if uid is not None}


def _of_report(study_uid: str, sr_instance_uid: str) -> dict[ObjectKind, str]:
    return {"REPORT": sr_instance_uid, "PDF": str(pdf_uid(study_uid, sr_instance_uid))}
