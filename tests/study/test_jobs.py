from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import structlog

from study.archive import Archive
from study.errors import DeliveryError, ModelError
from study.failure import Failure
from study.failure_code import FailureCode
from study.history import Queued, Received, Segmented
from study.jobs import QUEUES, Job, JobQueue, build_broker, register
from study.ledger import Ledger
from study.model import ModelIdentity, Segmentation, StudySummary
from study.redis_server import running_redis
from study.registry import Registry, connect
from study.state import State
from study.telemetry import now
from study.workers import start_worker, stop_workers

MODEL = ModelIdentity(name="m", version="1", sha256="0" * 64, disclaimer="d")

# A worker process whose first segmentation never ends, so that it can be killed in the middle.
WORKER = """
import sys, threading, time
from pathlib import Path
from study.archive import Archive
from study.history import Segmented
from study.jobs import Job, JobQueue, build_broker, register
from study.workers import start_worker
from study.ledger import Ledger
from study.model import ModelIdentity, Segmentation
from study.registry import Registry, connect
from study.telemetry import now
url, root, hang = sys.argv[1], Path(sys.argv[2]), sys.argv[3] == "hang"
ledger = Ledger(Archive(root / "archive"), Registry(connect(url)))
model = ModelIdentity(name="m", version="1", sha256="0" * 64, disclaimer="d")
def segment(uid):
    (root / f"began-{hang}").touch()
    if hang:
        time.sleep(600)
    ledger.append(uid, lambda r: Segmented(at=now(), revision=r.revision,
        segmentation=Segmentation(model=model, radiographs=[], findings=[])) if r.state == "queued" else None)
broker = build_broker(url)
register(broker, {Job.SEGMENT: segment, Job.DRAFT: lambda uid: None, Job.DELIVER: lambda uid: None},
         ledger, JobQueue(broker))
start_worker(broker, threads=1)
threading.Event().wait()
"""


def queued_study(ledger: Ledger, uid: str = "1.2.3") -> None:
    ledger.append(uid, lambda _: Received(at=now(), revision=1, calling_ae_title="X", summary=StudySummary()))
    ledger.append(uid, lambda _: Queued(at=now(), revision=1, instances=1))


def wait_for(condition, seconds: float = 30.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)


def test_a_killed_workers_job_is_done_by_another(tmp_path: Path, redis_url: str, registry: Registry):
    ledger = Ledger(Archive(tmp_path / "archive"), registry)
    broker = build_broker(redis_url)
    queued_study(ledger)
    JobQueue(broker).ask(Job.SEGMENT, "1.2.3")
    start = [sys.executable, "-c", WORKER, redis_url, str(tmp_path)]
    victim = subprocess.Popen([*start, "hang"])
    wait_for((tmp_path / "began-True").exists)
    os.kill(victim.pid, signal.SIGKILL)
    victim.wait()
    killed = time.monotonic()
    other = subprocess.Popen([*start, "work"])
    try:
        wait_for(lambda: ledger.held("1.2.3").state == State.SEGMENTED, 30)
    finally:
        other.terminate()
        other.wait(20)
        broker.client.close()
    assert time.monotonic() - killed < 30
    assert [t.step for t in ledger.held("1.2.3").timeline] == ["received", "queued", "segmented"]


def test_workers_end_soon_though_redis_is_gone(tmp_path: Path):
    with running_redis(tmp_path / "redis") as url:
        broker = build_broker(url)
        register(broker, {}, Ledger(Archive(tmp_path / "archive"), Registry(connect(url))), JobQueue(broker))
        workers = [start_worker(broker, threads=1, queues=[queue]) for queue in QUEUES]
    time.sleep(0.5)  # each finds its connection lost
    began = time.monotonic()
    stop_workers(workers)
    assert time.monotonic() - began < 16


@pytest.fixture
def worker(redis_url: str, registry: Registry, ledger: Ledger):
    """Return a function that starts a worker in this process on the given steps."""
    started = []

    def start(steps):
        broker = build_broker(redis_url)
        queue = JobQueue(broker)
        register(broker, steps, ledger, queue)
        started.append((start_worker(broker, threads=1), broker))
        return queue

    yield start
    for running, broker in started:
        running.stop()
        broker.client.connection_pool.disconnect()


def test_segmenting_asks_for_draft_and_delivery(worker, ledger: Ledger):
    seen = []
    queued_study(ledger)

    def segment(uid: str) -> None:
        segmentation = Segmentation(model=MODEL, radiographs=[], findings=[])
        ledger.append(uid, lambda r: Segmented(at=now(), revision=1, segmentation=segmentation))

    queue = worker(
        {
            Job.SEGMENT: segment,
            Job.DRAFT: lambda uid: seen.append(("draft", uid)),
            Job.DELIVER: lambda uid: seen.append(("deliver", uid)),
        }
    )
    queue.ask(Job.SEGMENT, "1.2.3")
    wait_for(lambda: len(seen) == 2)
    assert sorted(seen) == [("deliver", "1.2.3"), ("draft", "1.2.3")]


def test_what_cannot_succeed_fails_the_study_at_once_with_its_reason(worker, ledger: Ledger):
    def segment(uid: str) -> None:
        raise ModelError("the model package is damaged; run kidray models verify")

    queued_study(ledger)
    worker({Job.SEGMENT: segment}).ask(Job.SEGMENT, "1.2.3")
    wait_for(lambda: ledger.held("1.2.3").state == State.FAILED)
    record = ledger.held("1.2.3")
    assert (record.failed_stage, record.retryable) == ("segment", False)
    assert record.reason == "the model package is damaged; run kidray models verify"
    assert record.failure == Failure.of(FailureCode.MODEL)


def test_an_unexpected_error_is_tried_again_and_logged_without_what_it_quotes(worker, ledger: Ledger):
    tries = []
    logged = structlog.testing.CapturingLogger()
    structlog.configure(logger_factory=lambda: logged, cache_logger_on_first_use=False)

    def segment(uid: str) -> None:
        tries.append(uid)
        if len(tries) == 1:
            raise RuntimeError("DOE^JANE")
        segmentation = Segmentation(model=MODEL, radiographs=[], findings=[])
        ledger.append(uid, lambda r: Segmented(at=now(), revision=1, segmentation=segmentation))

    queued_study(ledger)
    worker({Job.SEGMENT: segment, Job.DRAFT: print, Job.DELIVER: print}).ask(Job.SEGMENT, "1.2.3")
    wait_for(lambda: ledger.held("1.2.3").state == State.SEGMENTED)
    structlog.reset_defaults()
    assert len(tries) == 2
    assert "job_retried" in str(logged.calls)
    assert "test_jobs.py" in str(logged.calls)
    assert "DOE" not in str(logged.calls)


def test_a_job_given_up_is_a_dead_letter_that_can_be_replayed(
    worker, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(__import__("study.jobs", fromlist=["RETRIES"]).RETRIES, Job.DELIVER, (0, 1000))
    broken = [True]
    delivered = []

    def deliver(uid: str) -> None:
        if broken[0]:
            raise DeliveryError("PACS@127.0.0.1:1 does not answer")
        delivered.append(uid)

    queued_study(ledger)
    queue = worker({Job.DELIVER: deliver})
    queue.ask(Job.DELIVER, "1.2.3")
    wait_for(lambda: len(queue.dead_letters()) == 1)
    assert (queue.dead_letters()[0].job, queue.dead_letters()[0].study_uid) == (Job.DELIVER, "1.2.3")
    assert queue.dead_letters()[0].failure == Failure.of(FailureCode.DESTINATION)
    assert ledger.held("1.2.3").state == State.QUEUED  # a delivery never fails the study
    broken[0] = False
    assert queue.replay() == 1
    wait_for(lambda: delivered == ["1.2.3"])
    assert queue.dead_letters() == []


def test_an_urgent_job_overtakes_the_others(worker, ledger: Ledger):
    done = []

    def draft(uid: str) -> None:
        time.sleep(0.1)
        done.append(uid)

    queue = worker({Job.DRAFT: draft})
    for n in range(10):
        queue.ask(Job.DRAFT, f"1.{n}")
    wait_for(lambda: len(done) >= 1)
    queue.ask(Job.DRAFT, "9.9", urgent=True)
    wait_for(lambda: len(done) == 11)
    assert done.index("9.9") <= 4


def test_jobs_asked_for_are_counted_by_queue(queue: JobQueue):
    queue.ask(Job.SEGMENT, "1.2")
    queue.ask(Job.DRAFT, "1.2", urgent=True)
    queue.ask(Job.WORD, "1.2", urgent=True)  # nobody waits for a wording: it is never before others
    waiting = {**dict.fromkeys(QUEUES, 0), "urgent": 1, "segment": 1, "word": 1}
    assert queue.lengths() == waiting
    assert queue.waiting() == 2


def test_redis_that_does_not_answer_is_one_clear_error(tmp_path: Path):
    from study.errors import RegistryUnavailableError

    with pytest.raises(RegistryUnavailableError):
        Registry(connect(f"unix://{tmp_path}/none.sock")).ping()


def test_what_the_engine_keeps_of_a_failure_quotes_nothing(
    worker, ledger: Ledger, redis_url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(__import__("study.jobs", fromlist=["RETRIES"]).RETRIES, Job.DELIVER, (1, 1000))

    def deliver(uid: str) -> None:
        raise ValueError("DOE^JANE is no date")

    queued_study(ledger)
    queue = worker({Job.DELIVER: deliver})
    queue.ask(Job.DELIVER, "1.2.3")
    wait_for(lambda: len(queue.dead_letters()) == 1)
    client = connect(redis_url)
    kept = str(client.hgetall("dramatiq:deliver.XQ.msgs"))
    client.close()
    assert "ValueError" in kept
    assert "DOE" not in kept


def test_a_replayed_draft_takes_a_failed_study_through_the_model_again(
    worker, ledger: Ledger, queue: JobQueue, redis_url: str
):
    from study.commands import replay
    from study.service import Service

    def segment(uid: str) -> None:
        raise RuntimeError("the disk was away")

    monkey = pytest.MonkeyPatch()
    monkey.setitem(__import__("study.jobs", fromlist=["RETRIES"]).RETRIES, Job.SEGMENT, (0, 1000))
    queued_study(ledger)
    working = worker({Job.SEGMENT: segment})
    working.ask(Job.SEGMENT, "1.2.3")
    wait_for(lambda: len(working.dead_letters()) == 1)
    monkey.undo()
    assert ledger.held("1.2.3").state == State.FAILED

    service = Service(None, redis_url, ledger, None, working)  # type: ignore[arg-type]
    replay(service, working.dead_letters()[0])
    wait_for(lambda: "replay" in [t.detail for t in ledger.held("1.2.3").timeline])
    assert "1.2.3" not in [d.study_uid for d in working.dead_letters()] or ledger.held("1.2.3").state in (
        State.QUEUED,
        State.FAILED,
    )
