"""How many images a second the DICOM node stores durably, beside DCMTK's storescp and Orthanc.

`make bench-node`. Senders are DCMTK's `storescu`, each association one process; a run is timed from
their start to their end, so that every image counted was answered with Success. Each run has a fresh
receiver with an empty folder. What is not installed is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil
from pydicom.uid import generate_uid

from benchmarks.machine import in_words
from study.redis_server import running_redis
from tests.study.radiographs import radiograph

SIDES = {"big": 2048, "small": 512}  # 8 and 0.5 MiB of 16-bit pixels
EACH = {"big": 2, "small": 6}  # images of an association at least, where there are many
FSYNC_SHIM = """\
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>
int fclose(FILE *file) {
    static int (*real)(FILE *);
    if (!real) real = dlsym(RTLD_NEXT, "fclose");
    if (file && fflush(file) == 0) fdatasync(fileno(file));
    return real(file);
}
"""


class Run(NamedTuple):
    """What one run gave."""

    images_per_second: float
    cpu_ms_per_image: float


class Contender(NamedTuple):
    """A receiver: its command for a folder and a port, and what it needs in its environment."""

    name: str
    command: Callable[[Path, int], list[str]]
    environment: dict[str, str]


def contenders(work: Path, redis_url: str, processes: int = 1) -> list[Contender]:
    found = [
        Contender(
            "Kidray (durable)",
            lambda folder, port: [sys.executable, "-m", "cli", "receive"],
            {"KIDRAY_REDIS_URL": redis_url, "KIDRAY_DICOM_PROCESSES": str(processes)},
        )
    ]
    storescp = shutil.which("storescp")
    if storescp is not None:

        def dcmtk(folder: Path, port: int) -> list[str]:
            return [storescp, "--fork", "-pdu", "131072", "-od", str(folder), str(port)]

        found.append(Contender("storescp, no fsync", dcmtk, {}))
        shim = work / "fsync.so"
        compiler = shutil.which("cc")
        if compiler is not None:
            subprocess.run(
                [compiler, "-shared", "-fPIC", "-x", "c", "-", "-o", str(shim), "-ldl"],
                input=FSYNC_SHIM.encode(),
                check=True,
            )
            found.append(Contender("storescp, fdatasync per file", dcmtk, {"LD_PRELOAD": str(shim)}))
    orthanc = shutil.which("Orthanc") or shutil.which("Orthanc", path="/usr/sbin")
    if orthanc is not None:
        found.append(Contender("Orthanc, default", lambda f, p: [orthanc, str(_orthanc(f, p))], {}))
    return found


def _orthanc(folder: Path, port: int) -> Path:
    configuration = folder / "orthanc.json"
    configuration.write_text(
        json.dumps(
            {
                "StorageDirectory": str(folder / "storage"),
                "IndexDirectory": str(folder / "storage"),
                "Plugins": [],
                "HttpServerEnabled": False,
                "DicomPort": port,
                "DicomCheckCalledAet": False,
                "DicomAlwaysAllowStore": True,
            }
        )
    )
    return configuration


def images(folder: Path, side: int, count: int) -> list[Path]:
    """Write `count` DX images of one study each four, as `storescu` will send them."""
    folder.mkdir(parents=True)
    noise = np.random.default_rng(7).integers(0, 4096, (side, side), dtype=np.uint16)
    written = []
    for number in range(count):
        if number % 4 == 0:
            dataset = radiograph(noise)
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        written.append(folder / f"{number:04d}.dcm")
        dataset.save_as(written[-1], enforce_file_format=True)
    return written


@contextmanager
def running(contender: Contender, folder: Path, *, nagle: bool) -> Iterator[tuple[int, psutil.Process]]:
    """Start a receiver on a free port; yields port and process once it listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        **contender.environment,
        "KIDRAY_HOME": str(folder),
        "KIDRAY_DICOM_PORT": str(port),
        "KIDRAY_DICOM_HOST": "127.0.0.1",
        **({} if nagle else {"TCP_NODELAY": "1"}),
    }
    process = subprocess.Popen(
        contender.command(folder, port),
        env=environment,
        cwd=Path(__file__).parents[1],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + 60
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"{contender.name} did not start")
            time.sleep(0.05)
        yield port, psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _processor_seconds(process: psutil.Process) -> float:
    """Return what a process, those it has reaped and those it still has, have used."""
    own = sum(process.cpu_times()[:4])
    return own + sum(sum(child.cpu_times()[:2]) for child in process.children())


def measure(contender: Contender, files: list[Path], associations: int, *, nagle: bool) -> Run:
    """Send `files` over so many associations at once, and wait for the last answer."""
    folder = Path(tempfile.mkdtemp(prefix="kidray-bench-"))
    environment = {**os.environ, **({} if nagle else {"TCP_NODELAY": "1"})}
    try:
        with running(contender, folder, nagle=nagle) as (port, process):
            os.sync()
            before = _processor_seconds(process)
            began = time.perf_counter()
            senders = [
                subprocess.Popen(
                    [
                        *("storescu", "-R", "-pdu", "131072", "--max-send-pdu", "131072"),
                        *("-aec", "KIDRAY", "127.0.0.1", str(port), *files[i::associations]),
                    ],
                    env=environment,
                    stdout=subprocess.DEVNULL,
                )
                for i in range(associations)
            ]
            failed = [sender for sender in senders if sender.wait(300)]
            seconds = time.perf_counter() - began
            time.sleep(0.2)  # a fork's processor time counts once it has been reaped
            used = _processor_seconds(process) - before
        if failed:
            raise SystemExit(f"{contender.name}: a sender failed")
        return Run(len(files) / seconds, used * 1000 / len(files))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def compare(
    chosen: list[Contender], files: list[Path], associations: int, repeat: int, nagle: bool
) -> dict[str, str]:
    """Return each contender's cell; they take turns, for what else the machine does changes all the time."""
    runs: dict[str, list[Run]] = {contender.name: [] for contender in chosen}
    for _ in range(repeat):
        for contender in chosen:
            runs[contender.name].append(measure(contender, files, associations, nagle=nagle))
    return {
        name: f"{statistics.median(r.images_per_second for r in each):.0f} "
        f"({min(r.cpu_ms_per_image for r in each):.1f})"
        for name, each in runs.items()
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=3, help="runs for each cell, whose median counts")
    parser.add_argument("--processes", type=int, default=1, help="processes of Kidray that receive")
    parser.add_argument("--big", type=int, default=16, help="big images in a run")
    parser.add_argument("--small", type=int, default=96, help="small images in a run")
    parser.add_argument("--associations", type=int, nargs="+", default=[1, 4, 32])
    parser.add_argument("--nagle", choices=["on", "off"], nargs="+", default=["off", "on"])
    parser.add_argument("--only", nargs="+", default=[""], help="contenders whose name begins so")
    given = parser.parse_args()
    if shutil.which("storescu") is None:
        print("left out: storescu was not found; it comes with DCMTK")
        return 0
    print(f"{in_words()}\n")
    columns = [(size, n) for size in SIDES for n in given.associations]
    with tempfile.TemporaryDirectory() as name, running_redis(Path(name) / "redis") as redis_url:
        work = Path(name)
        counts = {"big": given.big, "small": given.small}
        most = max(given.associations)
        sets = {
            size: images(work / size, side, max(counts[size], most * EACH[size]))
            for size, side in SIDES.items()
        }
        for nagle in given.nagle:
            print(f"Images per second (processor ms per image), Nagle {nagle}\n")
            print("| receiver | " + " | ".join(f"{size}, {n}" for size, n in columns) + " |")
            print("|---" * (len(columns) + 1) + "|")
            chosen = [
                c
                for c in contenders(work, redis_url, given.processes)
                if c.name.startswith(tuple(given.only))
            ]
            rows = {contender.name: [f"| {contender.name}"] for contender in chosen}
            for size, associations in columns:
                files = sets[size][: max(counts[size], associations * EACH[size])]
                for row, cell in compare(chosen, files, associations, given.repeat, nagle == "on").items():
                    rows[row].append(cell)
            for cells in rows.values():
                print(" | ".join(cells) + " |", flush=True)
            print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
