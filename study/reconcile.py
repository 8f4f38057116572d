"""Keep Redis and the jobs in step with the archive: complete what is due, ask for what is owed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone

import structlog

from study import telemetry
from study.alert_watch import AlertWatch
from study.errors import KidrayError, RegistryUnavailableError
from study.history import Event, Queued
from study.intake import Intake
from study.jobs import Job, JobQueue, owed_jobs
from study.ledger import Ledger
from study.model import DeliveryState, StudyRecord
from study.owed import Recipient, owed_to
from study.retention import Retention
from study.state import State

log = structlog.get_logger()

TICK = 0.1  # seconds between looks at what is due
LOOK = 1.0  # seconds between looks whether Redis was wiped
WATCH = 2.0  # seconds between looks at the open alerts
SWEEP = 20.0  # seconds between looks at the whole worklist
OVERDUE = timedelta(seconds=60)  # a job owed for so long, and in no queue, is asked for again
PUT_OFF = 10.0  # seconds until a study that could not be completed is tried again
AGAIN = 900.0  # seconds until delivery is asked for again that changed nothing
_LEFT_WHEN_GIVEN_UP = (Job.SIGN, Job.MARKS, Job.DELIVER, Job.ALERT)  # given up, they wait for a replay


class Reconciler:
    """Runs beside the receiver, on one thread.

    Parameters
    ----------
    ledger
        Of the archive that is the truth.
    queue
        Where jobs are asked for.
    intake
        Holds the studies that Redis has not been told of.
    quiet_period
        Seconds after which a study found `receiving` at start counts as complete.
    destinations
        Where results and reports go, and what each place gets.
    retention
        Lets studies leave the archive; None: all are kept.
    alerts
        Watches over open alerts; None: nobody does here.
    clock
        POSIX seconds.
    """

    def __init__(
        self,
        ledger: Ledger,
        queue: JobQueue,
        intake: Intake | None = None,
        *,
        quiet_period: float = 10.0,
        destinations: Sequence[Recipient] = (),
        retention: Retention | None = None,
        alerts: AlertWatch | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._ledger = ledger
        self._queue = queue
        self._intake = intake
        self._quiet_period = quiet_period
        self._destinations = destinations
        self._retention = retention
        self._alerts = alerts
        self._clock = clock
        self._behind = threading.Event()
        self._behind.set()  # Redis may have lost anything while nobody looked
        self._asked: dict[str, tuple[int, float]] = {}  # study: its version when delivery was asked for, when
        self._at_rest: dict[str, str] = {}  # study that is owed nothing: its stamp then

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; a Redis that does not answer is waited for."""
        next_look = next_watch = next_sweep = 0.0
        while not stop.wait(TICK):
            try:
                if self._clock() >= next_look:
                    next_look = self._clock() + LOOK
                    if not self._ledger.registry.is_whole():
                        self._behind.set()
                if self._behind.is_set():
                    self._behind.clear()
                    self.rebuild()
                    self.ask_overdue(timedelta(0))  # whoever ended may have kept to itself what it was to ask
                if self._intake is not None:
                    self._intake.retry_unrecorded()
                self.complete_due()
                if self._alerts is not None and self._clock() >= next_watch:
                    next_watch = self._clock() + WATCH
                    self._alerts.look(self._now())
                if self._clock() >= next_sweep:
                    next_sweep = self._clock() + SWEEP
                    self.sweep()
            except RegistryUnavailableError:
                self._behind.set()
                stop.wait(1.0)
            except KidrayError as error:
                log.warning("reconcile_failed", reason=str(error))
                stop.wait(1.0)

    def look_again(self) -> None:
        """Have Redis brought level with the archive: somebody ended who had not told it all."""
        self._behind.set()

    def sweep(self) -> None:
        """Look at the whole worklist: ask for what is overdue, and let go what may leave."""
        self.ask_overdue()
        for queue, length in self._queue.lengths().items():
            telemetry.QUEUED_JOBS.labels(queue=queue).set(length)
        if self._retention is not None:
            self._retention.sweep(self._now())

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), timezone.utc)

    def complete_due(self) -> int:
        """Queue every study whose quiet period is over; returns how many were due.

        One that cannot be completed is put off, and holds up no other.
        """
        due = self._ledger.registry.due(self._clock())
        for uid in due:
            try:
                self.complete(uid)
            except RegistryUnavailableError:
                raise
            except KidrayError as error:
                log.warning("study_not_completed", study_uid=uid, reason=str(error))
                self._ledger.registry.expect_more_until(uid, self._clock() + PUT_OFF)
        return len(due)

    def complete(self, study_uid: str) -> None:
        """Take a study from `receiving` to `queued` and ask for its segmentation."""
        instances = self._ledger.received(study_uid)

        def decide(record: StudyRecord | None) -> Event | None:
            if record is None or record.state != State.RECEIVING:
                return None
            return Queued(at=telemetry.now(), revision=record.revision, instances=instances)

        record = self._ledger.append(study_uid, decide)
        if record is not None and record.state == State.QUEUED:
            self._queue.ask_owed(record)
            log.info("study_complete", study_uid=study_uid, instances=instances)
        self._ledger.registry.no_longer_receiving(study_uid)

    def rebuild(self) -> int:
        """Bring Redis level with the archive; returns the number of studies that it did not know.

        A study whose events cannot be read is named in the log, and left out.
        """
        news = 0
        for uid in self._ledger.archive.studies():
            try:
                record = self._ledger.record(uid)
            except KidrayError as error:
                log.error("study_unreadable", study_uid=uid, reason=str(error))
                continue
            if record is None:
                continue
            if State(record.state) is State.RECEIVING and not self._ledger.registry.expected(uid):
                self._ledger.registry.expect_more_until(uid, self._clock() + self._quiet_period)
            if self._ledger.registry.publish(record):
                news += 1
                self._queue.ask_owed(record)
                if is_undelivered(record, self._destinations):
                    self._queue.ask(Job.DELIVER, uid, urgent=record.critical)
        self._ledger.registry.set_whole()
        if news:
            log.info("registry_rebuilt", studies=news)
        return news

    def ask_overdue(self, after: timedelta = OVERDUE) -> int:
        """Ask again for jobs that are owed for so long and that no queue holds; returns how many."""
        now = self._clock()
        before = datetime.fromtimestamp(now, timezone.utc) - after
        late = [
            (record, job)
            for record in self._records_not_at_rest()
            if record.updated_at < before
            for job in self._owed(record, now)
        ]
        if not late:
            return 0
        given_up = {(d.job, d.study_uid) for d in self._queue.dead_letters() if d.job in _LEFT_WHEN_GIVEN_UP}
        found = self._queue.held() | given_up
        lost = [(record, job) for record, job in late if (job, record.study_uid) not in found]
        for record, job in lost:
            log.info("job_asked_again", study_uid=record.study_uid, state=record.state, job=job)
            self._queue.ask(job, record.study_uid, urgent=record.critical)
            if job is Job.DELIVER:
                self._asked[record.study_uid] = (record.version, now)
        return len(lost)

    def _records_not_at_rest(self) -> list[StudyRecord]:
        """Return the records that may be owed something.

        A study that was owed nothing is owed nothing until its record differs, so it is not read again:
        a year's worklist costs one command a sweep.
        """
        registry = self._ledger.registry
        stamps = registry.stamps()
        self._at_rest = {uid: stamp for uid, stamp in self._at_rest.items() if stamps.get(uid) == stamp}
        awake = []
        for record in registry.read([uid for uid in stamps if uid not in self._at_rest], StudyRecord):
            if self._all_owed(record):
                awake.append(record)
            else:
                self._at_rest[record.study_uid] = stamps[record.study_uid]
        return awake

    def _owed(self, record: StudyRecord, now: float) -> list[Job]:
        """Return the jobs that the study is owed, but not a delivery that was asked for lately."""
        version, at = self._asked.get(record.study_uid, (0, 0.0))
        lately = version == record.version and now - at < AGAIN
        by_state = owed_jobs(record)
        return [
            job for job in self._all_owed(record) if job is not Job.DELIVER or job in by_state or not lately
        ]

    def _all_owed(self, record: StudyRecord) -> list[Job]:
        """Return the jobs that the study is owed, delivery of what lacks included."""
        owed = list(owed_jobs(record))
        if Job.DELIVER not in owed and is_undelivered(record, self._destinations):
            owed.append(Job.DELIVER)
        if self._alerts is not None and self._alerts.owes(record):
            owed.append(Job.ALERT)
        return owed


def is_undelivered(record: StudyRecord, destinations: Sequence[Recipient]) -> bool:
    """Return whether a destination may still lack a result that exists (refused ones left out)."""
    if State(record.state) in (State.RECEIVING, State.QUEUED, State.SEGMENTING, State.SEGMENTED):
        return False  # delivery is asked for when the study is segmented
    settled = {
        (d.destination, d.instance_uid) for d in record.deliveries if d.state is not DeliveryState.PENDING
    }
    return any(
        (recipient.name, owed.instance_uid) not in settled
        for recipient in destinations
        for owed in owed_to(record, recipient)
    )
