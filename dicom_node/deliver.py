"""Deliver a study's results: every object owed to every destination, each recorded as it goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

import structlog

from dicom_node.associate import CONNECT_TIMEOUT
from dicom_node.send import SendResult, send_objects
from dicom_node.statuses import SUCCESS
from study import telemetry
from study.archive import InstanceReference
from study.circuit import Circuit
from study.destination import DestinationPolicy
from study.errors import DeliveryError
from study.history import Delivered, Event
from study.ledger import Ledger
from study.model import Delivery, DeliveryState, StudyRecord
from study.owed import Owed, objects_owed, still_owed

log = structlog.get_logger()


class _Attempt(NamedTuple):
    policy: DestinationPolicy
    results: list[tuple[Owed, SendResult]]


def deliver_study(
    study_uid: str,
    *,
    ledger: Ledger,
    destinations: Sequence[DestinationPolicy],
    circuit: Circuit,
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
        Gets one `delivered` event for each object and destination whenever its outcome changes:
        sent, failed (refused, with the reason in words) or pending (the destination did not answer).
    destinations
        Where results go and what each place gets; one that is down does not delay the others.
    circuit
        Knows which destinations do not answer just now: they are not tried.
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

    def lacking(policy: DestinationPolicy) -> list[Owed]:
        owed = [o for o in objects_owed(record, policy) if o.instance_uid in held]
        return still_owed(record, owed, policy)

    def send(policy: DestinationPolicy, rest: Sequence[Owed]) -> _Attempt:
        paths = [ledger.archive.path(held[o.instance_uid]) for o in rest]
        results = _sent(policy, paths, circuit, calling_ae_title, connect_timeout)
        return _Attempt(policy, list(zip(rest, results, strict=True)))

    work = [(policy, rest) for policy in destinations if (rest := lacking(policy))]
    if not work:
        return
    again = []
    with ThreadPoolExecutor(len(work), thread_name_prefix="deliver") as pool:
        for attempt in as_completed([pool.submit(send, *each) for each in work]):
            policy, results = attempt.result()
            for each, result in results:
                ref = held[each.instance_uid]
                _append(study_uid, _delivery(policy, each, ref, result, clock()), ledger)
            again += [f"{policy.node.ae_title} ({r.reason})" for _, r in results if r.retryable][:1]
    if again:
        raise DeliveryError(f"to be tried again: {'; '.join(sorted(again))}")


def _sent(
    policy: DestinationPolicy,
    paths: Sequence[Path],
    circuit: Circuit,
    calling_ae_title: str,
    connect_timeout: float,
) -> list[SendResult]:
    """Return what became of each file; where no association can be had, that is each one's reason."""
    title = policy.node.ae_title
    reason = circuit.why_not(title)
    if reason is None:
        try:
            results = send_objects(
                policy.node,
                paths,
                calling_ae_title=calling_ae_title,
                connect_timeout=connect_timeout,
                transfer_syntaxes=policy.transfer_syntaxes,
            )
        except DeliveryError as error:
            reason = str(error)
            circuit.failed(title, reason)
        else:
            circuit.succeeded(title)
            return results
    return [SendResult(path, path.stem, None, reason, retryable=True) for path in paths]


def _delivery(
    policy: DestinationPolicy, owed: Owed, ref: InstanceReference, result: SendResult, at: float
) -> Delivery:
    if result.sent:
        state = DeliveryState.SENT
    else:
        state = DeliveryState.PENDING if result.retryable else DeliveryState.FAILED
    return Delivery(
        destination=policy.node.ae_title,
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
        if before is not None and (before.state, before.reason) == (delivery.state, delivery.reason):
            return None  # a try that ended as the one before says nothing new
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
