"""Which of a study's objects each destination is owed, and which it still lacks. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from study.destination import DestinationPolicy, ObjectKind
from study.history import Drafted, Event, Kept, Previewed, Segmented, Signed
from study.identifiers import derived_uid
from study.model import Commitment, DeliveryState, Radiograph, StudyRecord


class Owed(NamedTuple):
    """One object that a destination is to get."""

    kind: ObjectKind
    instance_uid: str


def objects_owed(record: StudyRecord, policy: DestinationPolicy) -> list[Owed]:
    """Return what a destination is to get of a study, oldest first.

    Each radiograph's objects as they stand now, and every report that was signed: a signed report
    is owed whatever came after it. A draft goes only where it is asked for, and only the newest.
    """
    if policy.when == "signed" and not record.signed:
        return []
    owed = [o for radiograph in record.radiographs for o in _of_radiograph(record.study_uid, radiograph)]
    draft = record.draft
    if draft is not None and draft.signature is None and draft.sr_instance_uid is not None:
        owed.append(Owed("DRAFT", draft.sr_instance_uid))
    owed += [Owed("REPORT", r.sr_instance_uid) for r in record.signed if r.sr_instance_uid is not None]
    return [o for o in dict.fromkeys(owed) if o.kind in policy.gets]


def still_owed(record: StudyRecord, owed: Iterable[Owed], policy: DestinationPolicy) -> list[Owed]:
    """Return those of `owed` that the destination has not taken yet."""
    held = {
        d.instance_uid
        for d in record.deliveries
        if d.destination == policy.node.ae_title and d.state is DeliveryState.SENT
    }
    return [o for o in owed if o.instance_uid not in held]


def unconfirmed(record: StudyRecord, owed: Iterable[Owed], policy: DestinationPolicy) -> list[Owed]:
    """Return those of `owed` that the destination has not taken, or not vouched for where it is asked to."""
    confirmed = {
        d.instance_uid
        for d in record.deliveries
        if d.destination == policy.node.ae_title
        and d.state is DeliveryState.SENT
        and (d.commitment is Commitment.COMMITTED or not policy.commitment)
    }
    return [o for o in owed if o.instance_uid not in confirmed]


def results_of(study_uid: str, events: Iterable[Event]) -> set[str]:
    """Return the instance UIDs of everything that was made of a study."""
    made: set[str | None] = set()
    for event in events:
        if isinstance(event, Previewed | Segmented):
            for radiograph in event.segmentation.radiographs:
                made |= {radiograph.seg_instance_uid, radiograph.sr_instance_uid}
                made.add(capture_uid(study_uid, radiograph))
        elif isinstance(event, Drafted | Signed):
            made.add(event.report.sr_instance_uid)
        elif isinstance(event, Kept):
            made.add(event.signed.sr_instance_uid)
    return {uid for uid in made if uid is not None}


def capture_uid(study_uid: str, radiograph: Radiograph) -> str | None:
    """Return the UID of a radiograph's secondary capture; it follows from the measurements' own."""
    if radiograph.sr_instance_uid is None:
        return None
    return derived_uid(study_uid, "capture", radiograph.sr_instance_uid)


def _of_radiograph(study_uid: str, radiograph: Radiograph) -> Iterable[Owed]:
    uids: dict[ObjectKind, str | None] = {
        "SEG": radiograph.seg_instance_uid,
        "SR": radiograph.sr_instance_uid,
        "CAPTURE": capture_uid(study_uid, radiograph),
    }
    return [Owed(kind, uid) for kind, uid in uids.items() if uid is not None]
