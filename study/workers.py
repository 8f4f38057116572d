"""Threads that do the jobs in this process, started and stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Sequence

import dramatiq

from study.broker import Broker
from study.jobs import QUEUES

_LOOK_EVERY_MS = 40  # an idle worker looks for work; two such waits lie between an image and its delivery
_GRACE_MS = 15_000  # for what is in hand when a worker is to end


def start_worker(broker: Broker, *, threads: int, queues: Collection[str] = QUEUES) -> dramatiq.Worker:
    """Start working on `queues` in this process, and return the worker."""
    worker = dramatiq.Worker(
        broker, queues=set(queues), worker_timeout=_LOOK_EVERY_MS, worker_threads=threads
    )
    worker.queue_prefetch = 1  # an urgent job waits for one running job at most
    worker.start()
    return worker


def stop_workers(workers: Sequence[dramatiq.Worker]) -> None:
    """Let `workers` finish what they have in hand, all at the same time and for 15 seconds at most.

    One after the other, each would wait for a Redis that is gone. What is not done by then ends with this
    process, and goes to another worker.
    """
    until = time.monotonic() + _GRACE_MS / 1000
    ends = [threading.Thread(target=worker.stop, args=(_GRACE_MS,), daemon=True) for worker in workers]
    for end in ends:
        end.start()
    for end in ends:
        end.join(max(0.0, until - time.monotonic()))
