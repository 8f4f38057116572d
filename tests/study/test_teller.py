"""Redis learns what has arrived, once for each study, and keeps no sender waiting."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from study.archive import Archive
from study.errors import RegistryUnavailableError
from study.history import Received, apply
from study.intake import Intake
from study.jobs import JobQueue, build_broker
from study.ledger import Ledger
from study.model import StudyRecord, StudySummary
from study.redis_server import command, url, wait_until_ready
from study.registry import CHANNEL, Registry, connect
from study.room import Room
from study.telemetry import now
from study.teller import Teller
from tests.peers import wait_for
from tests.study.instances import a_radiograph, encoded


def a_record(study_uid: str, version: int = 1) -> StudyRecord:
    event = Received(at=now(), revision=1, calling_ae_title="CR", summary=StudySummary())
    return apply(study_uid, None, event, version)


@contextmanager
def running(teller: Teller) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=teller.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_many_instances_of_a_study_are_told_as_one(
    registry: Registry, queue: JobQueue, redis_url: str
) -> None:
    client = connect(redis_url)
    messages = client.pubsub(ignore_subscribe_messages=True)
    messages.subscribe(CHANNEL)
    teller = Teller(registry, queue, quiet_period=60)
    teller._runs = True  # what comes from here on is only collected
    for version in range(1, 51):
        teller.arrived(a_record("1.2.3", version), has_radiograph=version == 7)
    assert teller.tell() == 0
    wait_for(lambda: messages.get_message(timeout=0.1), what="the message")
    assert messages.get_message(timeout=0.2) is None
    assert queue.lengths()["segment"] == 1
    assert registry.version("1.2.3") == 50
    messages.close()
    client.close()


def test_what_arrives_is_told_while_it_runs_and_at_its_end(registry: Registry, queue: JobQueue) -> None:
    teller = Teller(registry, queue, quiet_period=60)
    with running(teller):
        teller.arrived(a_record("1.2.3"), has_radiograph=True)
        wait_for(lambda: registry.version("1.2.3") == 1, what="the study on the worklist")
        teller.arrived(a_record("1.2.4"), has_radiograph=False)
    assert registry.version("1.2.4") == 1


def test_a_release_makes_a_study_due_and_a_later_instance_makes_it_wait_again(
    registry: Registry, queue: JobQueue
) -> None:
    teller = Teller(registry, queue, quiet_period=60)
    teller._runs = True
    teller.arrived(a_record("1.2.3"), has_radiograph=False)
    teller.released("1.2.3")
    teller.arrived(a_record("1.2.4"), has_radiograph=False)
    teller.released("1.2.4")
    teller.arrived(a_record("1.2.4", 2), has_radiograph=False)
    assert teller.tell() == 0
    assert registry.due(time.time()) == ["1.2.3"]


def test_what_is_acknowledged_while_redis_hangs_is_told_once_it_answers(tmp_path: Path) -> None:
    folder = tmp_path / "redis"
    server = subprocess.Popen(command(folder), stdout=subprocess.DEVNULL)
    try:
        wait_until_ready(url(folder))
        client, broker = connect(url(folder)), build_broker(url(folder))
        ledger, queue = Ledger(Archive(tmp_path / "archive"), Registry(client)), JobQueue(broker)
        room = Room(
            ledger.archive.root, reserve=0, waiting=lambda: sum(queue.lengths().values()), most_waiting=100
        )
        intake = Intake(ledger, queue, quiet_period=60, room=room)
        stop = threading.Event()
        beside = threading.Thread(target=intake.tell_beside, args=(stop,))
        beside.start()
        datasets = [a_radiograph() for _ in range(20)]
        give(intake, datasets[0])
        wait_for(ledger.registry.worklist, what="the first study on the worklist")
        server.send_signal(signal.SIGSTOP)
        for dataset in datasets[1:]:
            give(intake, dataset)
        assert all(ledger.archive.events(d.StudyInstanceUID) for d in datasets)
        server.send_signal(signal.SIGCONT)
        wait_for(lambda: worklist_length(ledger) == len(datasets), seconds=60, what="the whole worklist")
        stop.set()
        beside.join()
        client.close()
        broker.client.close()
    finally:
        server.kill()
        server.wait(10)


def worklist_length(ledger: Ledger) -> int:
    try:
        return len(ledger.registry.worklist())
    except RegistryUnavailableError:
        return 0


def give(intake: Intake, dataset: object) -> None:
    intake.take(
        encoded(dataset),  # type: ignore[arg-type]
        sop_class_uid=str(dataset.SOPClassUID),  # type: ignore[attr-defined]
        instance_uid=str(dataset.SOPInstanceUID),  # type: ignore[attr-defined]
        transfer_syntax_uid="1.2.840.10008.1.2.1",
        calling_ae_title="CR",
    )
