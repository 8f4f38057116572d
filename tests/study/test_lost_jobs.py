"""No job stays where nobody looks: not with a worker that lost its connection, not in an empty queue."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest
from dramatiq import Message

from study.broker import Broker, build_broker
from study.destination import DestinationPolicy
from study.history import Queued, Received
from study.jobs import Job, JobQueue, register
from study.ledger import Ledger
from study.model import StudyRecord, StudySummary
from study.reconcile import AGAIN, OVERDUE, Reconciler
from study.registry import Registry, connect
from study.settings import Destination
from study.telemetry import now
from study.workers import start_worker
from tests.peers import wait_for
from tests.study.test_retention import drafted

PACS = DestinationPolicy(node=Destination("PACS", "127.0.0.1", 104))
LATER = OVERDUE + timedelta(seconds=1)


@pytest.fixture
def broker(redis_url: str, registry: Registry) -> Iterator[Broker]:
    built = build_broker(redis_url)
    built.heartbeat_timeout, built.maintenance_chance = 500, 1_000_000
    yield built
    built.client.connection_pool.disconnect()


def a_queued_study(ledger: Ledger, uid: str = "1.2.3") -> None:
    ledger.append(uid, lambda _: Received(at=now(), revision=1, calling_ae_title="X", summary=StudySummary()))
    ledger.append(uid, lambda _: Queued(at=now(), revision=1, instances=1))


def test_what_was_on_its_way_to_a_worker_when_its_connection_broke_is_done(
    broker: Broker, ledger: Ledger, redis_url: str
):
    queue = JobQueue(broker)
    queue.ask(Job.DRAFT, "1.2.3")
    broker.do_fetch("draft", 1)  # handed out; the answer never came
    name = broker.broker_id
    done: list[str] = []
    register(broker, {Job.DRAFT: done.append}, ledger, queue)
    worker = start_worker(broker, threads=1)
    try:
        client = connect(redis_url)
        client.client_kill_filter(_type="normal", skipme=True)
        client.close()
        broker.consume("draft")  # as each of the engine's threads does when it has lost its connection
        broker.consume("draft")
        wait_for(lambda: done == ["1.2.3"], what="the job")
    finally:
        worker.stop()
    assert broker.broker_id != name


def test_the_consumers_of_one_loss_share_the_new_name(broker: Broker):
    names = []
    for queue in ("urgent", "draft", "urgent", "draft", "urgent"):
        broker.consume(queue)
        names.append(broker.broker_id)
    assert names[0] == names[1]
    assert names[2] == names[3] not in (names[0], names[4])


def test_a_job_that_waits_for_its_next_try_keeps_no_instance_out(broker: Broker):
    queue = JobQueue(broker)
    queue.ask(Job.SEGMENT, "1.1")
    message = broker.client.hvals("dramatiq:segment.msgs")[0]
    broker.enqueue(Message.decode(message), delay=60_000)
    assert queue.waiting() == 1
    assert sum(queue.lengths().values()) == 2
    assert queue.held() == {(Job.SEGMENT, "1.1")}


def test_a_job_that_no_queue_holds_is_asked_for_again_and_one_that_waits_is_not(
    queue: JobQueue, ledger: Ledger, registry: Registry
):
    a_queued_study(ledger, "1.2.3")
    a_queued_study(ledger, "1.2.4")
    queue.ask(Job.SEGMENT, "1.2.4")
    reconciler = Reconciler(ledger, queue, clock=(now() + LATER).timestamp)
    assert reconciler.ask_overdue() == 1
    assert queue.held() == {(Job.SEGMENT, "1.2.3"), (Job.SEGMENT, "1.2.4")}
    assert reconciler.ask_overdue() == 0
    assert queue.waiting() == 2


def test_a_young_study_is_left_to_its_worker(queue: JobQueue, ledger: Ledger):
    a_queued_study(ledger)
    assert Reconciler(ledger, queue).ask_overdue() == 0
    assert queue.waiting() == 0


def test_a_job_that_a_killed_node_did_not_ask_for_is_asked_for_at_the_next_start(
    queue: JobQueue, ledger: Ledger
):
    a_queued_study(ledger)
    ledger.registry.set_whole()
    stop = threading.Event()
    thread = threading.Thread(target=Reconciler(ledger, queue).run, args=(stop,))
    thread.start()
    try:
        wait_for(lambda: queue.held() == {(Job.SEGMENT, "1.2.3")}, seconds=30, what="the job")
    finally:
        stop.set()
        thread.join()


def test_a_delivery_whose_next_try_was_lost_is_asked_for_again(
    queue: JobQueue, ledger: Ledger, registry: Registry
):
    uid = drafted(ledger)
    at = [(now() + LATER).timestamp()]
    reconciler = Reconciler(ledger, queue, destinations=[PACS], clock=lambda: at[0])
    assert reconciler.ask_overdue() == 1
    assert queue.held() == {(Job.DELIVER, uid)}
    queue._broker.client.flushall()
    registry.publish(ledger.held(uid))
    assert reconciler.ask_overdue() == 0, "it changed nothing a moment ago"
    at[0] += AGAIN
    assert reconciler.ask_overdue() == 1


def test_a_study_that_is_owed_nothing_is_read_again_only_when_it_changed(
    queue: JobQueue, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
):
    uid = drafted(ledger)
    read: list[str] = []
    records = ledger.registry.read

    def counted(study_uids: Sequence[str], shape: type[StudyRecord]) -> Iterator[StudyRecord]:
        read.extend(study_uids)
        return records(study_uids, shape)

    monkeypatch.setattr(ledger.registry, "read", counted)
    reconciler = Reconciler(ledger, queue, clock=(now() + LATER).timestamp)
    assert reconciler.ask_overdue() == reconciler.ask_overdue() == 0
    assert read == [uid]
    ledger.append(uid, lambda _: Queued(at=now(), revision=1, instances=1, why="asked for"))
    assert reconciler.ask_overdue() == 1
    assert queue.held() == {(Job.SEGMENT, uid)}
