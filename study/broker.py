"""The engine's connection to Redis: tuned so that a dead worker is soon noticed, and nothing goes astray."""

from __future__ import annotations

import threading
import uuid

from dramatiq import Consumer
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import AgeLimit, CurrentMessage, Retries, ShutdownNotifications, TimeLimit

from study.registry import TIMEOUT, connect
from study.silence import Silence

HEARTBEAT_TIMEOUT_MS = 8_000  # a worker silent for so long is dead: its jobs go to others
MAINTENANCE_CHANCE = 300_000  # of a million commands: how often the dead are looked for

# How long an idle worker waits before it looks into a queue again, in milliseconds, where nobody waits at a
# screen for what is in it: every other queue is looked into twenty-five times a second.
LOOKED_INTO_EVERY_MS = {"alert": 200, "map": 100, "priors": 500, "shadow": 500}
DELAYED_EVERY_MS = 500  # jobs that are put off are put off for a second and more


class Broker(RedisBroker):
    """A broker that takes a new name whenever its connection was lost.

    Redis keeps what it hands out under the name of who asked, until it is done or its owner is dead. A
    job that was on its way when the connection broke, and one that waited in memory for its next try,
    would stay under the name of a worker that lives and knows nothing of it. Under a new name the old
    one dies, and all that it held goes to the queues again; what runs meanwhile is done twice.
    """

    def __init__(self, **parameters: object) -> None:
        super().__init__(**parameters)  # type: ignore[no-untyped-call]
        self._consumed: set[str] = set()  # queues, since the name was taken
        self._naming = threading.Lock()

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5000) -> Consumer:
        """Return a consumer; the second one of a queue is there because the first lost its connection."""
        with self._naming:
            if queue_name in self._consumed:
                self.broker_id = str(uuid.uuid4())
                self._consumed.clear()
            self._consumed.add(queue_name)
        least = DELAYED_EVERY_MS if queue_name.endswith(".DQ") else LOOKED_INTO_EVERY_MS.get(queue_name, 0)
        return super().consume(queue_name, prefetch, max(timeout, least))


def build_broker(redis_url: str, *, timeout: float = TIMEOUT, silence: Silence | None = None) -> Broker:
    """Return the engine's connection to `redis_url`.

    Parameters
    ----------
    timeout, silence
        Those of `study.registry.connect`.
    """
    return Broker(
        client=connect(redis_url, timeout=timeout, decode=False, silence=silence),
        heartbeat_timeout=HEARTBEAT_TIMEOUT_MS,
        maintenance_chance=MAINTENANCE_CHANCE,
        middleware=[
            AgeLimit(),
            TimeLimit(time_limit=600_000),
            ShutdownNotifications(),
            CurrentMessage(),
            Retries(min_backoff=1_000),
        ],
    )
