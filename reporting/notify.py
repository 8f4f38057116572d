"""Tell every channel what it is still to be told of a study's critical-result alert. The job's body."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime
from typing import Protocol

import structlog

from study import telemetry
from study.alert_events import Notified, addressed
from study.alerts import Due, due_to
from study.circuit import Circuit
from study.errors import DeliveryError, KidrayError, NotInArchiveError
from study.history import Event
from study.ledger import Ledger
from study.model import DeliveryState, Notice, StudyAlert, StudyRecord

log = structlog.get_logger()


class Channel(Protocol):
    """A way to tell somebody of an alert."""

    name: str

    def tell(self, record: StudyRecord, alert: StudyAlert, due: Due) -> None:
        """Tell what is due; raises `RefusedError` for good, another `DeliveryError` for now."""


def notify_study(
    study_uid: str,
    *,
    ledger: Ledger,
    channels: Sequence[Channel],
    circuit: Circuit,
    clock: Callable[[], datetime] = telemetry.now,
) -> None:
    """Tell the channels side by side; doing it again tells those that were not reached.

    Parameters
    ----------
    study_uid
        The study; nothing happens where its alert has nothing left to say.
    ledger
        Gets one `notified` event for each channel whenever its outcome changes.
    channels
        Whom to tell; one that is down keeps no other waiting.
    circuit
        Knows which channels do not answer just now: they are not tried.
    clock
        Gives the time with its zone.

    Raises
    ------
    DeliveryError
        If a channel is to be tried again.
    NotInArchiveError
        If the archive holds no such study.
    """
    record = ledger.held(study_uid)
    alert = record.alert
    if alert is None:
        return
    work = [(channel, due) for channel in channels if (due := due_to(alert, channel.name)) is not None]
    if not work:
        return
    again: list[str] = []
    broken: list[BaseException] = []
    with ThreadPoolExecutor(len(work), thread_name_prefix="alert") as pool:
        calls = {pool.submit(_call, c, record, alert, due, circuit): (c, due) for c, due in work}
        for done in as_completed(calls):
            channel, due = calls[done]
            if (error := done.exception()) is not None:  # of one channel: the others' outcomes are kept
                broken.append(error)
                continue
            state, reason = done.result()
            try:
                _append(study_uid, _notice(channel, alert, due, state, reason, clock()), ledger)
            except KidrayError as untold:  # Redis or the archive; how the other calls ended is kept
                broken.append(untold)
            if state is DeliveryState.PENDING:
                again.append(f"{channel.name} ({reason})")
    if broken:
        raise broken[0]
    if again:
        raise DeliveryError(f"to be told again: {'; '.join(sorted(again))}")


def _call(
    channel: Channel, record: StudyRecord, alert: StudyAlert, due: Due, circuit: Circuit
) -> tuple[DeliveryState, str | None]:
    """Return how a call ended, and why where it did not succeed."""
    reason = circuit.why_not(channel.name)
    if reason is not None:
        return DeliveryState.PENDING, reason
    try:
        channel.tell(record, alert, due)
    except KidrayError as error:
        if not error.retryable:
            circuit.succeeded(channel.name)  # it answers, if only to say no
            return DeliveryState.FAILED, str(error)
        circuit.failed(channel.name, str(error))
        return DeliveryState.PENDING, str(error)
    circuit.succeeded(channel.name)
    return DeliveryState.SENT, None


def _notice(
    channel: Channel, alert: StudyAlert, due: Due, state: DeliveryState, reason: str | None, at: datetime
) -> Notice:
    return Notice(
        channel=channel.name,
        about=due.about,
        level=due.level,
        raised=alert.raised,
        state=state,
        reason=reason,
        at=at,
    )


def _append(study_uid: str, notice: Notice, ledger: Ledger) -> None:
    def decide(record: StudyRecord | None) -> Event | None:
        if record is None or record.alert is None:
            raise NotInArchiveError(f"the archive holds no alert of study {study_uid}")
        before = next((n for n in record.alert.notices if addressed(n) == addressed(notice)), None)
        if before is not None and (before.state, before.reason) == (notice.state, notice.reason):
            return None  # a try that ended as the one before says nothing new
        if before is not None and before.state is DeliveryState.SENT:
            return None  # another run of this job was quicker
        attempts = 1 + (before.attempts if before is not None else 0)
        kept = notice.model_copy(update={"attempts": attempts})
        return Notified(at=notice.at, revision=record.revision, notice=kept)

    telemetry.NOTICES.labels(channel=notice.channel, outcome=notice.state).inc()
    log.info(
        "alert_notice",
        study_uid=study_uid,
        channel=notice.channel,
        about=str(notice.about),
        level=notice.level,
        state=str(notice.state),
        reason=notice.reason,
    )
    ledger.append(study_uid, decide)
