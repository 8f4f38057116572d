"""How soon the job of a worker that was killed in the middle of it goes to another worker.

Starts `kidray up` in a temporary folder, sends one study after another, and gives the worker `kill -9`
while it has a job of the study in hand. Timed from the kill to the moment at which the engine has taken
the job from the dead worker, and to the study's results. Writes benchmarks/results/redelivery.md.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

import redis

from benchmarks import machine
from study.redis_server import url
from study.registry import connect
from tests.flow.service import RunningService
from training.phantom_set import write_phantoms

RESULTS = Path(__file__).parent / "results" / "redelivery.md"
GOAL = 15.0  # seconds


class Run(NamedTuple):
    """One kill, in seconds from it.

    Attributes
    ----------
    taken
        Until the dead worker's job was in its queue again.
    read
        Until the study was segmented.
    """

    taken: float
    read: float


def killed(service: RunningService, client: redis.Redis, image: Path, study_uid: str) -> Run | None:
    """Send a study and kill the worker over it; None where the worker was quicker."""
    worker = (service.home / "run" / "work.ready").read_text()
    pid = service.pid("work")
    held = f"dramatiq:__acks__.{worker}.*"
    subprocess.run(
        ["storescu", "-aec", "KIDRAY", "127.0.0.1", str(service.dicom_port), str(image)],
        check=True,
        timeout=60,
    )
    until = time.monotonic() + 10
    while not client.keys(held):
        if time.monotonic() > until:
            return None
    os.kill(pid, signal.SIGKILL)
    began = time.monotonic()
    if not client.keys(held):
        return None
    while client.keys(held):
        time.sleep(0.02)
    taken = time.monotonic() - began
    service.wait_until(study_uid, "segmented", "drafting", "drafted", seconds=120)
    read = time.monotonic() - began
    service.wait_until(study_uid, "drafted", seconds=120)
    return Run(taken, read)


def is_reached(runs: list[Run]) -> bool:
    """Return whether every job was in its queue again in time."""
    return bool(runs) and max(run.taken for run in runs) < GOAL


def page(runs: list[Run]) -> str:
    """Return what is kept of the runs."""
    rows = {
        "the job is in its queue again": [r.taken for r in runs],
        "the study is segmented": [r.read for r in runs],
    }
    table = [
        f"| {name} | {statistics.median(values):.1f} | {max(values):.1f} |" for name, values in rows.items()
    ]
    return "\n".join([
        "# The job of a killed worker",
        "",
        f"Measured {datetime.now(tz=timezone.utc):%Y-%m-%d} by `python -m benchmarks redelivery` on "
        f"{machine.in_words()}.",
        "",
        f"{len(runs)} times, the only worker of a service got `kill -9` with a job in hand. The supervisor "
        "starts it again; the engine counts a worker as dead that has been silent for 8 s.",
        "",
        "| seconds from the kill until | median | largest |",
        "|---|---:|---:|",
        *table,
        "",
        f"Goal: redelivered within {GOAL:.0f} s: {'reached' if is_reached(runs) else 'missed'}.",
        "",
    ])  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10, help="kills")
    given = parser.parse_args()
    runs = []
    with tempfile.TemporaryDirectory(prefix="kidray-bench-") as name:
        work = Path(name)
        with RunningService(work / "home") as service:
            client = connect(url(service.home / "redis"))
            for _phantom, written in write_phantoms(work / "phantoms", given.count, 4242, size=(1024, 1024)):
                run = killed(service, client, written.image, written.study_uid)
                if run is not None:
                    runs.append(run)
                    print(
                        f"in its queue after {run.taken:.1f} s, segmented after {run.read:.1f} s", flush=True
                    )
            client.close()
    RESULTS.write_text(page(runs))
    print(f"kept in {RESULTS}")
    return 0 if is_reached(runs) else 1


if __name__ == "__main__":
    sys.exit(main())
