"""A Redis that hangs costs a caller one time-out, whatever it wanted to ask; a restart costs nothing."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from study.errors import RegistryUnavailableError
from study.jobs import Job, JobQueue, build_broker
from study.redis_server import command, running_redis, url, wait_until_ready
from study.registry import Registry, connect
from study.silence import Silence


class Counted(Silence):
    """Counts the commands that ran into their time-out."""

    waited = 0

    def call_with_retry(self, do, fail, *arguments, **options):
        def counted():
            try:
                return do()
            except redis.TimeoutError:
                self.waited += 1
                raise

        return super().call_with_retry(counted, fail, *arguments, **options)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    folder = tmp_path / "redis"
    with subprocess.Popen(command(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        wait_until_ready(url(folder))
        yield process
        process.send_signal(signal.SIGCONT)
        process.kill()


def test_one_caller_waits_for_a_redis_that_hangs_and_the_others_learn_it_at_once(
    server: subprocess.Popen[bytes], tmp_path: Path
):
    now = [0.0]
    silence = Counted(pause=2.0, clock=lambda: now[0])
    address = url(tmp_path / "redis")
    client = connect(address, timeout=0.3, silence=silence)
    broker = build_broker(address, timeout=0.3, silence=silence)
    registry, queue = Registry(client), JobQueue(broker)
    registry.ping()
    queue.ask(Job.SEGMENT, "1.2")
    os.kill(server.pid, signal.SIGSTOP)
    for _ in range(5):
        with pytest.raises(RegistryUnavailableError):
            registry.ping()
        with pytest.raises(RegistryUnavailableError):
            queue.ask(Job.SEGMENT, "1.2")
        with pytest.raises(RegistryUnavailableError):
            registry.records(["1.2"])
    assert silence.waited == 1
    now[0] = 3.0
    with pytest.raises(RegistryUnavailableError):
        registry.ping()
    assert silence.waited == 2
    os.kill(server.pid, signal.SIGCONT)
    now[0] = 6.0
    registry.ping()
    queue.ask(Job.SEGMENT, "1.3")
    assert (Job.SEGMENT, "1.3") in queue.held()
    client.close()
    broker.client.close()


def test_a_restarted_redis_is_connected_to_again_without_an_error(tmp_path: Path):
    folder = tmp_path / "redis"
    with running_redis(folder) as address:
        client = connect(address)
        Registry(client).ping()
    with running_redis(folder):
        Registry(client).ping()
        client.close()
