"""Each role is killed at random moments under load: nothing acknowledged is lost, nothing is doubled."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
import redis

from study.redis_server import url
from study.registry import connect
from tests.fault.checks import check_all
from tests.fault.load import Reader, Sender, StoreScp, running
from tests.flow.service import RunningService
from tests.fuzz.mutation import TIMES
from tests.peers import wait_for

ROLES = ("receive", "work", "web", "redis", "llm")
SUPERVISOR = "up"
CAMPAIGNS = [(*ROLES, SUPERVISOR)] if TIMES == 1 else [ROLES, (SUPERVISOR,)]
KILLS = 1 if TIMES == 1 else 2 * TIMES  # of each
PAUSE = 1.0 if TIMES == 1 else 4.0  # seconds between two studies: a long campaign hardly lets a worker live
SEED = 20260301

pytestmark = [pytest.mark.peer, pytest.mark.timeout(600 + 90 * KILLS)]


class Redelivery(threading.Thread):
    """Measures how long the jobs that a killed worker had in hand stay its own."""

    def __init__(self, home: Path, worker: str) -> None:
        super().__init__(name="redelivery", daemon=True)
        self._client = connect(url(home / "redis"))
        self._held = f"dramatiq:__acks__.{worker}.*"
        self._began = time.monotonic()
        self.seconds: float | None = None  # until nothing was its own; None: it had nothing in hand

    def run(self) -> None:
        """Look until nothing is the dead worker's."""
        had = False
        while time.monotonic() - self._began < 120:
            with suppress(redis.RedisError):
                held = bool(self._client.keys(self._held))
                if had and not held:
                    self.seconds = time.monotonic() - self._began
                    break
                if not held:
                    break
                had = True
            time.sleep(0.05)
        self._client.close()


@pytest.mark.parametrize("roles", CAMPAIGNS, ids=" ".join)
def test_whatever_is_killed_nothing_is_lost_partial_or_doubled(
    tmp_path: Path, sources: list[Path], pacs: StoreScp, roles: tuple[str, ...]
) -> None:
    chance = random.Random(SEED)
    watches = []
    with RunningService(tmp_path / "home", pacs=pacs.destination, quiet_period=2) as service:
        sender = Sender(service.dicom_port, sources, tmp_path / "sent", seed=SEED, pause=PAUSE)
        reader = Reader(service.url, seed=SEED)
        sender.start()
        reader.start()
        for role in [role for _ in range(KILLS) for role in chance.sample(roles, len(roles))]:
            watches += kill(service, role, age=chance.uniform(0.5, 8.0))
        sender.finish()
        reader.finish()
        counted = check_all(service, sender, reader, pacs, seconds=180)
        assert service.stop() == 0
    for watch in watches:
        watch.join(60)
    redelivered = sorted(watch.seconds for watch in watches if watch.seconds is not None)
    assert all(seconds < 60 for seconds in redelivered)
    print(
        f"{KILLS} kills of each of {', '.join(roles)}: {counted}; answers of the web {dict(reader.answers)}"
    )
    if redelivered:
        middle, longest = redelivered[len(redelivered) // 2], redelivered[-1]
        times = f"{middle:.1f} s median, {longest:.1f} s at most"
        print(f"jobs of {len(redelivered)} killed workers went to others: {times}")


def kill(service: RunningService, role: str, *, age: float) -> list[Redelivery]:
    """Kill a role that has run for `age` seconds; for a worker, return the watch over its jobs in hand.

    A supervisor that was killed is started again at once, as an init system does.
    """
    if role == SUPERVISOR:
        time.sleep(age)
        service.kill()
        service.start()
        return []
    victim = wait_for(lambda: running(service, role, age), seconds=60, what=f"a process of {role}")
    watches = []
    if role == "work":
        named = service.home / "run" / "work.ready"
        watches = [Redelivery(service.home, named.read_text())] if named.exists() else []
    os.kill(victim.pid, signal.SIGKILL)
    for watch in watches:
        watch.start()
    return watches
