"""A worker that makes objects of what readers draw, beside a server that is tested."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from inference.marks import Reading, keep_marks
from study.jobs import QUEUE, Job, JobQueue, Step, build_broker, register
from study.ledger import Ledger
from study.pixels import file_attenuation, file_modality
from study.short_header import file_header
from study.workers import start_worker


@contextmanager
def a_marks_worker(
    redis_url: str, ledger: Ledger, queue: JobQueue, further: Mapping[Job, Step] | None = None
) -> Iterator[None]:
    """Make objects of marks, and do `further` jobs, for as long as the context lasts."""
    broker = build_broker(redis_url)
    reading = Reading(file_header, file_attenuation, file_modality)
    marks = partial(keep_marks, ledger=ledger, reading=reading)
    steps = {Job.MARKS: marks, **(further or {})}
    register(broker, steps, ledger, queue)
    worker = start_worker(broker, threads=1, queues=sorted({"urgent", *(QUEUE[job] for job in steps)}))
    try:
        yield
    finally:
        worker.stop(timeout=15_000)
        broker.client.close()
