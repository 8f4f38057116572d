"""From C-STORE to SEG and draft: the whole service, one 2048 x 2048 DX at a time.

Starts `kidray up` on free ports in a temporary folder, sends phantoms with DCMTK's storescu, and
reads the moments from the files that the archive gains. Writes benchmarks/results/flow.md.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

import psutil
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks import machine
from training.phantom_set import WrittenPhantom, write_phantoms

RESULTS = Path(__file__).parent / "results" / "flow.md"
SIZE = (2048, 2048)
SEED = 4242
_READY = re.compile(r"ready\s+DICOM (?P<ae>\w+)@[\d.]+:(?P<dicom>\d+)\s+viewer (?P<viewer>\S+)")

WHOLE = {
    "stored": "storescu, from its start to its end (association and C-STORE)",
    "results": "C-STORE start to SEG and SR in the archive",
    "segmented": "C-STORE start to state segmented",
    "template": "C-STORE start to the template's draft, stored",
    "draft": "C-STORE start to the final draft (wording by the LLM, or the reason why not)",
}
TARGETS = {"results": 3.0, "draft": 5.0}


class Service(NamedTuple):
    """A running service."""

    home: Path
    dicom_port: int
    process: subprocess.Popen[str]


@contextmanager
def running_service(home: Path, **settings: object) -> Iterator[Service]:
    """Run `kidray up` while the block runs; `settings` as in the environment, without their prefix."""
    environment = {**os.environ, "KIDRAY_COMPLETE_ON_RELEASE": "*", "COLUMNS": "300", "NO_COLOR": "1"}
    environment |= {f"KIDRAY_{name.upper()}": str(value) for name, value in settings.items()}
    command = [sys.executable, "-m", "cli", "up", "--home", str(home), "--dicom-port", "0", "--web-port", "0"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                ready = _READY.search(line)
                if ready is not None:
                    yield Service(home, int(ready["dicom"]), process)
                    break
            else:
                raise SystemExit("the service did not become ready")
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def events(study: Path) -> dict[str, float]:
    """Return when each kind of event was stored, POSIX seconds; of drafts, template and final."""
    found: dict[str, float] = {}
    for file in sorted(study.glob("events/*.json")):
        event = json.loads(file.read_text())
        name = str(event["kind"])
        if name == "drafted":
            name = "draft" if event["final"] else "template"
        found[name] = file.stat().st_mtime
    return found


def measured(service: Service, phantom: WrittenPhantom, *, seconds: float = 120.0) -> dict[str, float]:
    """Send one radiograph and return the seconds to each moment of `WHOLE`."""
    study = service.home / "archive" / phantom.study_uid
    command = ["storescu", "-aec", "KIDRAY", "127.0.0.1", str(service.dicom_port), str(phantom.image)]
    began = time.time()
    subprocess.run(command, check=True, timeout=60)
    stored = time.time()
    while "draft" not in (seen := events(study)):
        if "failed" in seen or "skipped" in seen or time.time() - began > seconds:
            raise SystemExit(f"{phantom.study_uid} did not reach its draft: {sorted(seen)}")
        time.sleep(0.02)
    derived = [
        file.stat().st_mtime
        for file in study.glob("*/*.dcm")
        if file.stem != phantom.instance_uid and file.stat().st_mtime <= seen["segmented"]
    ]
    moments = {
        "stored": stored,
        "results": max(derived),
        "segmented": seen["segmented"],
        "template": seen.get("template", seen["draft"]),
        "draft": seen["draft"],
    }
    return {name: moment - began for name, moment in moments.items()}


def parts(home: Path, study_uids: Sequence[str]) -> dict[str, list[float]]:
    """Return the seconds of every job of the given studies, by job, from the worker's log."""
    found: dict[str, list[float]] = {}
    for line in (home / "logs" / "work.log").read_text().splitlines():
        if not line.startswith("{"):
            continue
        entry = json.loads(line)
        if entry.get("event") == "job_done" and entry.get("study_uid") in study_uids:
            found.setdefault(f"job {entry['job']}", []).append(entry["ms"] / 1000)
    return found


def memory(service: Service) -> dict[str, float]:
    """Return the resident memory of each role in MiB, by what its command line ends with."""
    names = {"reporting.server": "llm", "receive": "receive", "work": "work", "web": "web"}
    found = {}
    for child in psutil.Process(service.process.pid).children():
        name = next((names[word] for word in child.cmdline() if word in names), "redis")
        found[name] = child.memory_info().rss / 2**20
    return found


class Row(NamedTuple):
    """One line of the result."""

    what: str
    seconds: list[float]
    target: float | None

    def cells(self) -> list[str]:
        """Return the line as text: what, count, min, median, max, target."""
        low, middle, high = min(self.seconds), statistics.median(self.seconds), max(self.seconds)
        target = "" if self.target is None else f"{self.target:.0f}"
        return [self.what, str(len(self.seconds)), f"{low:.2f}", f"{middle:.2f}", f"{high:.2f}", target]


def rows(runs: Sequence[Mapping[str, float]], jobs: Mapping[str, list[float]]) -> list[Row]:
    """Return the lines of the result: the whole first, then its parts."""
    whole = [Row(said, [run[name] for run in runs], TARGETS.get(name)) for name, said in WHOLE.items()]
    return whole + [Row(name, jobs[name], None) for name in sorted(jobs)]


HEADINGS = ("seconds", "n", "min", "median", "max", "target")


def markdown(lines: Sequence[Row], used: Mapping[str, float], about: str) -> str:
    """Return the page that is kept."""
    table = ["| " + " | ".join(HEADINGS) + " |", "|---|" + "---:|" * (len(HEADINGS) - 1)]
    table += ["| " + " | ".join(line.cells()) + " |" for line in lines]
    roles = ", ".join(f"{name} {mib:.0f} MiB" for name, mib in sorted(used.items()))
    return "\n".join(
        [
            "# From C-STORE to SEG and draft",
            "",
            f"Measured {datetime.now(timezone.utc):%Y-%m-%d} by `python -m benchmarks flow` on {about}.",
            "",
            "The whole service on one machine (Redis, DICOM node, worker, viewer, embedded LLM); one",
            f"{SIZE[0]} x {SIZE[1]} phantom DX at a time by DCMTK's storescu, each its own study,",
            "which is complete when the association is released (`KIDRAY_COMPLETE_ON_RELEASE=*`).",
            "",
            *table,
            "",
            f"Resident memory at the end: {roles}.",
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, default=20, help="radiographs to measure")
    parser.add_argument("--warm-ups", type=int, default=3, help="radiographs sent before, not counted")
    parser.add_argument("--out", type=Path, default=RESULTS, help="page that keeps the figures")
    given = parser.parse_args()
    if shutil.which("storescu") is None:
        raise SystemExit("storescu was not found: install DCMTK")
    about, console = machine.in_words(), Console()
    with tempfile.TemporaryDirectory(prefix="kidray-bench-") as folder:
        count = given.warm_ups + given.number
        drawn = write_phantoms(Path(folder, "phantoms"), count, SEED, size=SIZE)
        phantoms = [w for _, w in track(drawn, "Drawing", total=count, console=console, transient=True)]
        with running_service(Path(folder, "home")) as service:
            sent = track(phantoms, "Sending", console=console, transient=True)
            runs = [measured(service, phantom) for phantom in sent][given.warm_ups :]
            uids = [phantom.study_uid for phantom in phantoms[given.warm_ups :]]
            time.sleep(0.5)  # the log line of the last job
            lines, used = rows(runs, parts(service.home, uids)), memory(service)
    table = Table(*HEADINGS, title=f"C-STORE to SEG and draft; {about}")
    for line in lines:
        table.add_row(*line.cells())
    console.print(table)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(markdown(lines, used, about))
    console.print(f"kept in {given.out}")
    missed = [line.what for line in lines if line.target and statistics.median(line.seconds) > line.target]
    if missed:
        raise SystemExit(f"the median is over the target: {'; '.join(missed)}")


if __name__ == "__main__":
    main()
