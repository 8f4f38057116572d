"""Every change of a study's state, in one place: event into the archive, then record into Redis."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from threading import Lock

import structlog

from study import telemetry
from study.alerts import follows
from study.archive import Archive, Stamp
from study.errors import ConflictError, NotInArchiveError
from study.history import Event, apply, fold
from study.model import AlertState, StudyAlert, StudyRecord
from study.owed import results_of
from study.registry import Registry

log = structlog.get_logger()

Decide = Callable[["StudyRecord | None"], "Event | None"]

_MOST_READ = 256  # studies whose record is kept at hand


class Ledger:
    """Appends events to studies, one writer winning each number.

    Parameters
    ----------
    archive
        Where events are kept.
    registry
        Where the worklist reads what they add up to.
    clock
        Gives the time, with its zone, at which an alert is raised.
    """

    def __init__(
        self, archive: Archive, registry: Registry, clock: Callable[[], datetime] = telemetry.now
    ) -> None:
        self.archive = archive
        self.registry = registry
        self._clock = clock
        self._read: OrderedDict[str, tuple[Stamp, StudyRecord | None]] = OrderedDict()
        self._lock = Lock()

    def record(self, study_uid: str) -> StudyRecord | None:
        """Return what the archive's events make of the study; None where there are none."""
        return fold(study_uid, self.archive.events(study_uid))

    def held(self, study_uid: str) -> StudyRecord:
        """Return the study's record.

        Raises
        ------
        NotInArchiveError
            If the archive holds no such study.
        """
        record = self.record(study_uid)
        if record is None:
            raise NotInArchiveError(f"the archive holds no study {study_uid}")
        return record

    def received(self, study_uid: str) -> int:
        """Return how many instances of a study were received, its results left out."""
        held = {ref.instance_uid for ref in self.archive.instances(study_uid)}
        return len(held - results_of(study_uid, self.archive.events(study_uid)))

    def append(self, study_uid: str, decide: Decide) -> StudyRecord | None:
        """Append the event that `decide` returns, and let the worklist know.

        Redis learns the outcome even if there was nothing left to do, so a step that was killed
        between the two writes is mended by doing it again.

        Where the study as it stands then raises a critical-result alert, or withdraws one, that event
        follows at once: an alert waits for no other step.

        Raises
        ------
        StateError
            If the transition table does not allow the step.
        RegistryUnavailableError
            If the event is kept but Redis could not be told.
        """
        record = self.commit(study_uid, decide)
        if record is not None:
            record = self._alerted(study_uid, record)
            self.registry.publish(record)
        return record

    def _alerted(self, study_uid: str, record: StudyRecord) -> StudyRecord:
        """Return the record after the alert event that it lacks, if any."""
        if follows(record, self._clock()) is None:
            return record
        after = self.commit(study_uid, lambda held: follows(held, self._clock()) if held else None) or record
        if after.version > record.version and after.alert is not None:
            _tell(study_uid, after.alert, after.updated_at)
        return after

    def commit(self, study_uid: str, decide: Decide) -> StudyRecord | None:
        """Append the event that `decide` returns for the study as it stands now; Redis is left alone.

        `decide` is asked again when somebody else appended first; it returns None when nothing is
        left to do.

        Raises
        ------
        StateError
            If the transition table does not allow the step.
        """
        while True:
            record = self._as_it_stands(study_uid)
            event = decide(record)
            if event is None:
                return record
            number = (record.version if record else 0) + 1
            after = apply(study_uid, record, event, number)
            try:
                self.archive.append(study_uid, number, event)
            except ConflictError:
                continue
            self._remember(study_uid, after)
            return after

    def _as_it_stands(self, study_uid: str) -> StudyRecord | None:
        """Return the record, read anew only where there are other events than when it was read last."""
        stamp = self.archive.stamp(study_uid)
        with self._lock:
            held = self._read.get(study_uid)
        if held is not None and held[0] == stamp:
            return held[1]
        record = self.record(study_uid) if stamp.names else None
        self._keep(study_uid, stamp, record)
        return record

    def _remember(self, study_uid: str, record: StudyRecord) -> None:
        """Keep what was just appended, unless somebody has appended to it since."""
        stamp = self.archive.stamp(study_uid)
        if len(stamp.names) == record.version:
            self._keep(study_uid, stamp, record)

    def _keep(self, study_uid: str, stamp: Stamp, record: StudyRecord | None) -> None:
        with self._lock:
            self._read[study_uid] = stamp, record
            self._read.move_to_end(study_uid)
            while len(self._read) > _MOST_READ:
                self._read.popitem(last=False)


def _tell(study_uid: str, alert: StudyAlert, at: datetime) -> None:
    """Count and log an alert that was raised or withdrawn."""
    telemetry.ALERTS.labels(rule=alert.rule_id, state=alert.state).inc()
    seconds = None
    if alert.state is AlertState.OPEN:
        seconds = (at - alert.identified_at).total_seconds()
        telemetry.ALERT_SECONDS.observe(seconds)
    log.warning(
        "critical_alert",
        study_uid=study_uid,
        rule=alert.rule_id,
        state=str(alert.state),
        why=None if alert.withdrawal is None else str(alert.withdrawal),
        seconds=seconds,
    )
