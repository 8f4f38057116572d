"""Deliver a study's results: every object owed to every destination, each recorded as it goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime, timezone
from pathlib import Path
from typing import Literal, NamedTuple

import structlog

from dicom_node.associate import CONNECT_TIMEOUT
from dicom_node.send import SendResult, send_objects
from dicom_node.statuses import SUCCESS
from study import telemetry
from study.archive import InstanceReference
from study.errors import DeliveryError
from study.history import Delivered, Event, Signed
from study.ledger import Ledger
from study.model import Delivery, DeliveryState, Report, StudyRecord
from study.settings import Destination

log = structlog.get_logger()

Kind = Literal["SEG", "SR", "REPORT"]


class Owed(NamedTuple):
    """One object that every destination is to get."""

    kind: Kind
    instance_uid: str


class _Attempt(NamedTuple):
    destination: Destination
    results: list[tuple[Owed, SendResult]]


def objects_owed(record: StudyRecord, events: Iterable[Event]) -> list[Owed]:
    """Return what destinations are to get of a study, oldest first.

    Each radiograph's SEG and measurement SR as they stand now, and every report that was signed:
    a signed report is owed whatever came after it. Drafts stay here.
    """
    owed = []
    for radiograph in record.radiographs:
        if radiograph.seg_instance_uid is not None:
            owed.append(Owed("SEG", radiograph.seg_instance_uid))
        if radiograph.sr_instance_uid is not None:
            owed.append(Owed("SR", radiograph.sr_instance_uid))
    signed: list[Report] = [e.report for e in events if isinstance(e, Signed)]
    if record.draft is not None and record.draft.signature is not None:
        signed.append(record.draft)
    owed += [Owed("REPORT", r.sr_instance_uid) for r in signed if r.sr_instance_uid is not None]
    return list(dict.fromkeys(owed))


def still_owed(record: StudyRecord, owed: Iterable[Owed], destination: Destination) -> list[Owed]:
    """Return those of `owed` that `destination` has not taken yet."""
    held = {
        d.instance_uid
        for d in record.deliveries
        if d.destination == destination.ae_title and d.state is DeliveryState.SENT
    }
    return [o for o in owed if o.instance_uid not in held]


def deliver_study(
    study_uid: str,
    *,
    ledger: Ledger,
    destinations: Sequence[Destination],
    calling_ae_title: str,
    clock: Callable[[], float] = time.time,
    connect_timeout: float = CONNECT_TIMEOUT,
) -> None:
    """Send what the study owes to each destination, side by side; doing it again sends the rest.

    Parameters
    ----------
    study_uid
        The study.
    ledger
        Gets one `delivered` event for each object and destination: sent, failed (refused, with the
        reason in words) or pending (the destination did not answer).
    destinations
        Where results go; one that is down does not delay the others.
    calling_ae_title
        Our own AE title.
    clock
        POSIX seconds.
    connect_timeout
        Seconds until a destination counts as not answering.

    Raises
    ------
    DeliveryError
        If something is to be tried again; it names the destinations.
    NotInArchiveError
        If the archive holds no such study.
    """
    record = ledger.held(study_uid)
    held = {ref.instance_uid: ref for ref in ledger.archive.instances(study_uid)}
    owed = [o for o in objects_owed(record, ledger.archive.events(study_uid)) if o.instance_uid in held]
    work = [(d, rest) for d in destinations if (rest := still_owed(record, owed, d))]
    if not work:
        return

    def send(destination: Destination, rest: Sequence[Owed]) -> _Attempt:
        paths = [ledger.archive.path(held[o.instance_uid]) for o in rest]
        results = _sent(destination, paths, calling_ae_title, connect_timeout)
        return _Attempt(destination, list(zip(rest, results, strict=True)))

    again = []
    with ThreadPoolExecutor(len(work), thread_name_prefix="deliver") as pool:
        for attempt in as_completed([pool.submit(send, *each) for each in work]):
            destination, results = attempt.result()
            for each, result in results:
                ref = held[each.instance_uid]
                _append(study_uid, _delivery(destination, each, ref, result, clock()), ledger)
            again += [f"{destination.ae_title} ({r.reason})" for _, r in results if r.retryable][:1]
    if again:
        raise DeliveryError(f"to be tried again: {'; '.join(sorted(again))}")


def _sent(
    destination: Destination, paths: Sequence[Path], calling_ae_title: str, connect_timeout: float
) -> list[SendResult]:
    """Return what became of each file; where no association can be had, that is each one's reason."""
    try:
        return send_objects(
            destination, paths, calling_ae_title=calling_ae_title, connect_timeout=connect_timeout
        )
    except DeliveryError as error:
        return [SendResult(path, path.stem, None, str(error), retryable=True) for path in paths]


def _delivery(
    destination: Destination, owed: Owed, ref: InstanceReference, result: SendResult, at: float
) -> Delivery:
    if result.sent:
        state = DeliveryState.SENT
    else:
        state = DeliveryState.PENDING if result.retryable else DeliveryState.FAILED
    return Delivery(
        destination=destination.ae_title,
        series_uid=ref.series_uid,
        instance_uid=ref.instance_uid,
        kind=owed.kind,
        state=state,
        reason=None if result.status == SUCCESS else result.reason,
        at=datetime.fromtimestamp(at, tz=timezone.utc),
    )


def _append(study_uid: str, delivery: Delivery, ledger: Ledger) -> None:
    key = (delivery.destination, delivery.instance_uid)

    def decide(record: StudyRecord | None) -> Event | None:
        if record is None:
            return None
        before = next((d for d in record.deliveries if (d.destination, d.instance_uid) == key), None)
        if before is not None and before.state is DeliveryState.SENT:
            return None  # another run of this job was quicker
        attempts = 1 + (before.attempts if before is not None else 0)
        return Delivered(
            at=delivery.at or telemetry.now(),
            revision=record.revision,
            delivery=delivery.model_copy(update={"attempts": attempts}),
        )

    telemetry.DELIVERIES.labels(destination=delivery.destination, outcome=delivery.state).inc()
    log.info(
        "delivery",
        study_uid=study_uid,
        instance_uid=delivery.instance_uid,
        kind=delivery.kind,
        destination=delivery.destination,
        state=str(delivery.state),
        reason=delivery.reason,
    )
    ledger.append(study_uid, decide)
