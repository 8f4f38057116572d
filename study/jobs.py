"""The jobs by name, queue and priority, and the one place that knows the engine (Dramatiq).

A job carries a Study Instance UID and may run twice without harm. Jobs of studies with a possible
critical finding run on the ``urgent`` queue, which a worker always looks at first.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

import dramatiq
import redis
import structlog
from dramatiq.common import dq_name
from dramatiq.middleware import CurrentMessage

from study import telemetry
from study.broker import Broker, build_broker
from study.compat import StrEnum
from study.errors import KidrayError, RegistryUnavailableError
from study.failure import Failure
from study.given_up import DeadLetterNotes, fail_study
from study.ledger import Ledger
from study.model import StudyRecord
from study.remeasured import redraft_owed
from study.state import State

__all__ = [
    "QUEUES",
    "DeadLetter",
    "Job",
    "JobQueue",
    "Step",
    "build_broker",
    "owed_jobs",
    "register",
]

log = structlog.get_logger()

URGENT = "urgent"


class Job(StrEnum):
    """What can be asked for."""

    ALERT = "alert"  # tell the channels of a critical-result alert
    PREVIEW = "preview"  # segment what has arrived, before the study is complete
    SEGMENT = "segment"
    DRAFT = "draft"  # the template's
    WORD = "word"  # ask the LLM for better words
    SIGN = "sign"  # make the signed report's objects
    MARKS = "marks"  # make the objects of what readers drew and marked
    DELIVER = "deliver"
    PRIORS = "priors"  # fetch what the study is to be compared with
    SHADOW = "shadow"  # let further models read what was read, and compare them
    MAP = "map"  # make the probability maps that a reader looks at


QUEUE = {
    Job.ALERT: "alert",
    Job.PREVIEW: "segment",
    Job.SEGMENT: "segment",
    Job.DRAFT: "draft",
    Job.WORD: "word",
    Job.SIGN: "draft",
    Job.MARKS: "segment",
    Job.DELIVER: "deliver",
    Job.PRIORS: "priors",
    Job.SHADOW: "shadow",
    Job.MAP: "map",
}
QUEUES = ("alert", URGENT, "segment", "draft", "deliver", "word", "priors", "shadow", "map")
BESIDE = (
    "alert",
    "word",
    "priors",
    "shadow",
    "map",
)  # on threads of their own: no study waits for what is done there

# How often a job is tried again, and the longest pause between tries in milliseconds.
RETRIES = {
    Job.ALERT: (40, 60_000),  # about half an hour; each step of escalation asks anew
    Job.PREVIEW: (0, 1_000),
    Job.SEGMENT: (3, 10_000),
    Job.DRAFT: (3, 10_000),
    Job.WORD: (3, 10_000),
    Job.SIGN: (5, 60_000),
    Job.MARKS: (5, 60_000),
    Job.DELIVER: (20, 900_000),  # about four hours
    Job.PRIORS: (3, 60_000),
    Job.SHADOW: (1, 60_000),
    Job.MAP: (1, 5_000),  # somebody waits for it, and asks again
}

# The jobs that a study in this state is owed; asked for after a step and by the reconciler.
OWED: dict[State, tuple[Job, ...]] = {
    State.QUEUED: (Job.SEGMENT,),
    State.SEGMENTING: (Job.SEGMENT,),
    State.SEGMENTED: (Job.DELIVER, Job.DRAFT),
    State.DRAFTING: (Job.WORD,),
}

# The jobs that move a study on: one that is given up fails the study.
MOVING = (Job.SEGMENT, Job.DRAFT, Job.WORD)

Step = Callable[[str], object]  # a job's body: it is given a Study Instance UID


def owed_jobs(record: StudyRecord) -> tuple[Job, ...]:
    """Return the jobs that take the study on from where it stands."""
    sign = (Job.SIGN,) if any(report.sr_instance_uid is None for report in record.signed) else ()
    marks = (Job.MARKS,) if record.marks.wait else ()
    redraft = (Job.DRAFT,) if redraft_owed(record) else ()
    return (*OWED.get(State(record.state), ()), *sign, *marks, *redraft)


class DeadLetter(NamedTuple):
    """A job that was tried as often as allowed."""

    message_id: str
    queue: str
    job: Job
    study_uid: str
    failure: Failure | None = None  # None where nothing was noted, as of a job that ran too long


class JobQueue:
    """Asks for jobs.

    Parameters
    ----------
    broker
        From `build_broker`.
    """

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self.notes = DeadLetterNotes(broker.client)
        for queue in QUEUES:
            broker.declare_queue(queue)

    def ask(self, job: Job, study_uid: str, *, urgent: bool = False) -> None:
        """Put `job` for the study on its queue.

        Raises
        ------
        RegistryUnavailableError
            If Redis does not answer.
        """
        urgent = urgent and QUEUE[job] not in BESIDE  # which have threads of their own
        queue = URGENT if urgent else QUEUE[job]
        name = f"{job}_urgent" if urgent else str(job)
        message: dramatiq.Message[Any] = dramatiq.Message(
            queue_name=queue, actor_name=name, args=(study_uid,), kwargs={}, options={}
        )
        try:
            self._broker.enqueue(message)
        except (redis.RedisError, dramatiq.errors.BrokerConnectionError) as error:
            raise RegistryUnavailableError("Redis does not answer: the job could not be queued") from error

    def ask_owed(self, record: StudyRecord) -> None:
        """Put every job that the study is owed as it stands on its queue."""
        for job in owed_jobs(record):
            self.ask(job, record.study_uid, urgent=record.critical)

    def lengths(self) -> dict[str, int]:
        """Return how many jobs each queue holds: waiting for a worker, for their next try, or running."""
        try:
            return {q: int(self._broker.do_qsize(q)) for q in QUEUES}
        except redis.RedisError as error:
            raise RegistryUnavailableError("Redis does not answer") from error

    def waiting(self) -> int:
        """Return how many jobs wait for a worker.

        Those that wait for their next try are not counted, nor those that keep no study waiting.
        """
        try:
            pipeline = self._broker.client.pipeline(transaction=False)
            for queue in QUEUES:
                if queue not in BESIDE:
                    pipeline.llen(_key(queue))
            return sum(cast("list[int]", pipeline.execute()))
        except redis.RedisError as error:
            raise RegistryUnavailableError("Redis does not answer") from error

    def held(self) -> set[tuple[Job, str]]:
        """Return every job, with its study, that waits, runs, or is to be tried again."""
        found = set()
        try:
            for queue in QUEUES:
                for name in (queue, dq_name(queue)):
                    payloads = cast("list[bytes]", self._broker.client.hvals(_key(name) + ".msgs"))
                    found |= {_meaning(payload) for payload in payloads}
        except redis.RedisError as error:
            raise RegistryUnavailableError("Redis does not answer") from error
        return found

    def dead_letters(self) -> list[DeadLetter]:
        """Return the jobs that were given up, newest last."""
        letters = []
        try:
            for queue in QUEUES:
                held = self._broker.client.hgetall(_dead(queue) + ".msgs")
                for key, payload in cast("dict[bytes, bytes]", held).items():
                    letters.append(DeadLetter(key.decode(), queue, *_meaning(payload)))
        except redis.RedisError as error:
            raise RegistryUnavailableError("Redis does not answer") from error
        return [
            letter._replace(failure=why)
            for letter, why in zip(letters, self.notes.of([each.message_id for each in letters]), strict=True)
        ]

    def replay(self, message_id: str | None = None) -> int:
        """Put a dead letter, or all of them, back on its queue; returns how many."""
        chosen = [d for d in self.dead_letters() if message_id in (None, d.message_id)]
        for letter in chosen:
            self.ask(letter.job, letter.study_uid, urgent=letter.queue == URGENT)
            self.forget(letter)
        return len(chosen)

    def forget(self, letter: DeadLetter) -> None:
        """Drop a dead letter."""
        self._broker.client.zrem(_dead(letter.queue), letter.message_id)
        self._broker.client.hdel(_dead(letter.queue) + ".msgs", letter.message_id)
        self.notes.drop(letter.message_id)


def _key(queue: str) -> str:
    """Return the key under which Dramatiq keeps `queue`."""
    return f"dramatiq:{queue}"


def _dead(queue: str) -> str:
    """Return the key under which Dramatiq keeps the dead letters of `queue`."""
    return _key(queue) + ".XQ"


def _meaning(payload: bytes) -> tuple[Job, str]:
    """Return the job that a message of the engine stands for, and its study."""
    message: dramatiq.Message[Any] = dramatiq.Message.decode(payload)
    return Job(message.actor_name.removesuffix("_urgent")), str(message.args[0])


def register(broker: Broker, steps: Mapping[Job, Step], ledger: Ledger, queue: JobQueue) -> None:
    """Declare an actor for each job, and one more for its urgent twin."""
    for job, step in steps.items():
        run = _boundary(job, step, ledger, queue)
        retries, longest = RETRIES[job]
        for urgent in (False, True):
            dramatiq.actor(
                actor_name=f"{job}_urgent" if urgent else str(job),
                queue_name=URGENT if urgent else QUEUE[job],
                priority=0 if urgent else 10,
                broker=broker,
                max_retries=retries,
                min_backoff=1_000,
                max_backoff=longest,
            )(run)


class JobFailedError(KidrayError):
    """Raised to the engine in place of what failed, which may quote a header."""

    retryable = True


def _boundary(job: Job, step: Step, ledger: Ledger, queue: JobQueue) -> Callable[[str], None]:
    """Return `step` as a job: the one place where every error is caught."""

    def run(study_uid: str) -> None:
        began = time.perf_counter()
        try:
            step(study_uid)
            _ask_following(job, study_uid, ledger, queue)
        except Exception as error:  # noqa: BLE001 - the job boundary, the one catch-all
            retryable = error.retryable if isinstance(error, KidrayError) else True
            last = not retryable or _tries() >= RETRIES[job][0]
            reason = str(error) if isinstance(error, KidrayError) else type(error).__name__
            telemetry.JOBS.labels(job=job, outcome="failed" if last else "retried").inc()
            log.warning(
                "job_failed" if last else "job_retried",
                job=job,
                study_uid=study_uid,
                reason=reason,
                where=None if isinstance(error, KidrayError) else telemetry.where(error),
            )
            if last:
                message = CurrentMessage.get_current_message()
                if retryable and message is not None:
                    queue.notes.add(str(message.options["redis_message_id"]), error)  # its dead letter's
                if job in MOVING:
                    fail_study(study_uid, str(job), error, retryable=retryable, ledger=ledger)
            if retryable:  # the engine tries again, or keeps it as a dead letter, and logs what it gets
                raise JobFailedError(reason) from None
        else:
            elapsed = time.perf_counter() - began
            telemetry.JOBS.labels(job=job, outcome="done").inc()
            telemetry.JOB_SECONDS.labels(job=job).observe(elapsed)
            log.info("job_done", job=job, study_uid=study_uid, ms=round(elapsed * 1000))

    run.__name__ = str(job)
    return run


def _ask_following(job: Job, study_uid: str, ledger: Ledger, queue: JobQueue) -> None:
    record = ledger.record(study_uid)
    if record is None:
        return
    segmented = job is Job.SEGMENT and record.state == State.SEGMENTED
    if segmented or (job is Job.DRAFT and record.state == State.DRAFTING):
        queue.ask_owed(record)
    elif job in (Job.SIGN, Job.MARKS):
        queue.ask(Job.DELIVER, study_uid, urgent=record.critical)
    if job in (Job.MARKS, Job.WORD) and redraft_owed(record):
        queue.ask(Job.DRAFT, study_uid, urgent=record.critical)


def _tries() -> int:
    message = CurrentMessage.get_current_message()
    return int(message.options.get("retries", 0)) if message is not None else 0
