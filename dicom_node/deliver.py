"""Deliver a study's results: every object owed to every destination, each recorded as it goes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime, timezone
from functools import partial
from pathlib import Path

from dicom_node.courier import Courier, Outcome
from dicom_node.send import SendResult
from dicom_node.statuses import SUCCESS
from study.archive import Archive, InstanceReference
from study.destination import DestinationPolicy
from study.errors import DeliveryError, KidrayError
from study.ledger import Ledger
from study.model import Delivery, DeliveryState, ObjectKind, StudyRecord
from study.owed import Owed, Result, objects_owed, results_owed, still_owed
from study.receipt import record_delivery

Make = Callable[[StudyRecord, Collection[ObjectKind]], object]


def deliver_study(
    study_uid: str,
    *,
    ledger: Ledger,
    destinations: Sequence[DestinationPolicy],
    courier: Courier,
    make: Make = lambda _record, _kinds: None,
    clock: Callable[[], float] = time.time,
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
    courier
        Brings results to a destination.
    make
        Keeps the study's results of these kinds in the archive, where they are not there yet.
    clock
        POSIX seconds.

    Raises
    ------
    DeliveryError
        If something is to be tried again; it names the destinations.
    NotInArchiveError
        If the archive holds no such study.
    """
    record = ledger.held(study_uid)
    work = [(policy, lacking) for policy in destinations if (lacking := _lacking(record, policy))]
    if not work:
        return
    again = []
    files = partial(_files, record, ledger.archive, make, threading.Lock())
    with ThreadPoolExecutor(len(work), thread_name_prefix="deliver") as pool:
        tries = {pool.submit(courier.bring, *each, files): each for each in work}
        for done in as_completed(tries):
            policy, lacking = tries[done]
            try:
                outcomes = done.result()
            except KidrayError as error:  # of one destination: what others have taken is still recorded
                again.append(f"{policy.node.ae_title} ({error})")
                continue
            refs = {ref.instance_uid: ref for ref in ledger.archive.instances(study_uid)}
            for owed, result in (*outcomes, *_superseded(record, policy, lacking, outcomes)):
                if (ref := refs.get(owed.instance_uid)) is not None:
                    record_delivery(study_uid, _delivery(policy, owed, ref, result, clock()), ledger)
            again += [f"{policy.node.ae_title} ({r.reason})" for _, r in outcomes if r.retryable][:1]
    if again:
        raise DeliveryError(f"to be tried again: {'; '.join(sorted(again))}")


def _lacking(record: StudyRecord, policy: DestinationPolicy) -> list[Result]:
    lacking = set(still_owed(record, objects_owed(record, policy), policy))
    return [result for result in results_owed(record, policy) if result.now in lacking]


def _files(
    record: StudyRecord, archive: Archive, make: Make, one_at_a_time: threading.Lock, wanted: Sequence[Owed]
) -> dict[str, Path]:
    """Return the study's files by instance UID, those of `wanted` made first where they are not there."""

    def held() -> dict[str, Path]:
        return {ref.instance_uid: archive.path(ref) for ref in archive.instances(record.study_uid)}

    with one_at_a_time:
        there = held()
        lacking = {owed.kind for owed in wanted if owed.instance_uid not in there}
        if not lacking:
            return there
        make(record, lacking)
        return held()


def _superseded(
    record: StudyRecord, policy: DestinationPolicy, lacking: Sequence[Result], outcomes: Sequence[Outcome]
) -> list[Outcome]:
    """Return what waited for a destination that now got another form of it, each given up."""
    brought = {outcome.owed for outcome in outcomes}
    waiting = {
        d.instance_uid
        for d in record.deliveries
        if d.destination == policy.node.ae_title and d.state is DeliveryState.PENDING
    }
    given_up = [
        result.now
        for result in lacking
        if result.now not in brought and result.now.instance_uid in waiting and brought & set(result.forms)
    ]
    reason = "the destination does not take it and got another form of it"
    return [Outcome(owed, SendResult(Path(), owed.instance_uid, None, reason)) for owed in given_up]


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
