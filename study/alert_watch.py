"""Watch over open critical-result alerts: escalate what nobody acknowledged, lose no call."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import structlog

from study import telemetry
from study.alerts import due_to, escalation_due
from study.errors import KidrayError, RegistryUnavailableError
from study.history import Event
from study.jobs import Job, JobQueue
from study.ledger import Ledger
from study.model import StudyRecord

log = structlog.get_logger()


class AlertWatch:
    """Looks at open alerts now and then; all that it knows is in the archive's events.

    Parameters
    ----------
    ledger
        Of the archive that is the truth.
    queue
        Where calls to the channels are asked for.
    after
        How long after the first call each step of escalation is due.
    channels
        Names of the channels that are called.
    """

    def __init__(
        self, ledger: Ledger, queue: JobQueue, *, after: Sequence[timedelta], channels: Collection[str] = ()
    ) -> None:
        self._ledger = ledger
        self._queue = queue
        self._after = tuple(after)
        self._channels = tuple(channels)
        self._at_the_end: set[tuple[str, float]] = set()  # alerts that no further step is left for

    def look(self, now: datetime) -> int:
        """Take every step of escalation that is due; returns how many were.

        Raises
        ------
        RegistryUnavailableError
            If Redis does not answer; the next look takes what is due then.
        """
        registry = self._ledger.registry
        waiting = registry.open_alerts()
        telemetry.ALERTS_OPEN.set(len(waiting))
        if not self._after:
            return 0
        self._at_the_end &= set(waiting.items())
        before = (now - self._after[0]).timestamp()
        late = {uid: since for uid, since in waiting.items() if since <= before}
        looked_at = [uid for uid, since in late.items() if (uid, since) not in self._at_the_end]
        return sum(self._looked_at(record, now) for record in registry.records(looked_at))

    def owes(self, record: StudyRecord) -> bool:
        """Return whether a channel is still to be told of the study's alert."""
        alert = record.alert
        return alert is not None and any(due_to(alert, name) is not None for name in self._channels)

    def _looked_at(self, record: StudyRecord, now: datetime) -> bool:
        """Return whether a step was taken; a study whose events cannot be read holds up no other's."""
        try:
            return self._escalated(record, now)
        except RegistryUnavailableError:
            raise
        except KidrayError as error:
            log.error("alert_not_escalated", study_uid=record.study_uid, reason=str(error))
            return False

    def _escalated(self, record: StudyRecord, now: datetime) -> bool:
        if record.alert is None:
            return False
        if record.alert.level >= len(self._after):
            self._at_the_end.add((record.study_uid, record.alert.since.timestamp()))
        if escalation_due(record.alert, now, self._after) is None:
            return False  # it is looked at again, in the archive, before a step is taken
        before = record.alert.level

        def decide(held: StudyRecord | None) -> Event | None:
            alert = held.alert if held is not None else None
            return None if alert is None else escalation_due(alert, now, self._after, self._channels)

        after = self._ledger.append(record.study_uid, decide)
        if after is None or after.alert is None or after.alert.level <= before:
            return False
        telemetry.ESCALATIONS.labels(level=after.alert.level).inc()
        log.warning("alert_escalated", study_uid=record.study_uid, level=after.alert.level)
        if self._channels:
            self._queue.ask(Job.ALERT, record.study_uid)
        return True
