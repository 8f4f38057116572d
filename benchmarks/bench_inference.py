"""Milliseconds of each part of reading one radiograph, from file to SEG and SR in the archive."""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import TypeVar

import pydicom
from rich.console import Console
from rich.table import Table

from benchmarks import machine
from inference.hanging import Hanging
from inference.measure import measure
from inference.models import load_package
from inference.predict import Predictor
from inference.preprocess import prepare
from inference.results import result_uids
from inference.scores import image_scores
from inference.seg import write_seg
from inference.sr import write_sr
from study.archive import Archive
from study.decoding import stored_values
from study.pixels import attenuation_values
from training.phantom import PhantomKind, draw_phantom
from training.phantom_dicom import radiograph_dataset

T = TypeVar("T")
PARTS = (
    "read the file",
    "decode",
    "attenuation values",
    "prepare for the network",
    "network",
    "scores",
    "masks and measurements",
    "SEG",
    "measurement SR",
    "write both, durably",
)


class Stopwatch:
    """Collects the milliseconds of each part over many runs."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, list[float]] = {part: [] for part in PARTS}

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Time what is done within."""
        began = time.perf_counter()
        yield
        self.milliseconds[name].append((time.perf_counter() - began) * 1000)

    def timed(self, name: str, work: Callable[[], T]) -> T:
        """Return what `work` returns, timed."""
        with self.part(name):
            return work()


def run(file: Path, predictor: Predictor, watch: Stopwatch, folder: Path) -> None:
    """Do what the segment step does to one radiograph, each part timed."""
    package, now = predictor.package, datetime.now(timezone.utc)
    dataset = watch.timed("read the file", lambda: pydicom.dcmread(file))
    watch.timed("decode", lambda: stored_values(dataset))
    values = watch.timed("attenuation values", lambda: attenuation_values(dataset))
    square, _ = watch.timed("prepare for the network", lambda: prepare(values, package.size))
    answer = watch.timed("network", lambda: predictor.runtime(square[None]))
    head = None if answer.head is None else answer.head[0]
    watch.timed("scores", lambda: image_scores(answer.probabilities[0], package.calibration, head))
    prediction = predictor.predict(Hanging.of(dataset).upright(values))
    measured = watch.timed("masks and measurements", lambda: measure(prediction, dataset, package))
    seg_uids, sr_uids = result_uids(dataset.StudyInstanceUID, dataset.SOPInstanceUID, package.identity)
    seg, findings = watch.timed(
        "SEG",
        lambda: write_seg(measured.labels, measured.findings, dataset, package.identity, seg_uids, now),
    )
    sr = watch.timed(
        "measurement SR", lambda: write_sr(findings, dataset, seg, package.identity, sr_uids, now)
    )
    archive = Archive(folder)
    with watch.part("write both, durably"):
        for derived in filter(None, (seg, sr)):
            archive.write_dataset(derived)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_inference", description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--size", type=int, default=2048, help="rows and columns of the radiographs")
    parser.add_argument("--model", type=Path, default=None)
    arguments = parser.parse_args()
    began = time.perf_counter()
    predictor = Predictor(load_package(arguments.model), threads=arguments.threads)
    loaded = (time.perf_counter() - began) * 1000
    watch = Stopwatch()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        files = []
        for kind in (PhantomKind.PNEUMOPERITONEUM, PhantomKind.AIR_FLUID_LEVELS, PhantomKind.CONSTIPATION):
            phantom = draw_phantom(1, kind, size=(arguments.size, arguments.size))
            files.append(folder / f"{kind}.dcm")
            radiograph_dataset(phantom, number=1).save_as(files[-1], enforce_file_format=True)
        for file in files:
            run(file, predictor, Stopwatch(), folder / "warm")
        for number in range(arguments.runs):
            run(files[number % len(files)], predictor, watch, folder / f"run-{number}")
    table = Table(
        title=f"{arguments.size} x {arguments.size}, {predictor.runtime.name}, {arguments.threads} threads"
    )
    table.add_column("part")
    for column in ("median ms", "slowest ms"):
        table.add_column(column, justify="right")
    for part, values in watch.milliseconds.items():
        table.add_row(part, f"{statistics.median(values):.1f}", f"{max(values):.1f}")
    parts = [v for part, v in watch.milliseconds.items() if part != "decode"]  # attenuation decodes again
    table.add_section()
    table.add_row("all", f"{sum(map(statistics.median, parts)):.1f}", f"{sum(map(max, parts)):.1f}")
    console = Console(width=100)
    console.print(machine.in_words(), highlight=False)
    console.print(table)
    console.print(f"Loading the model took {loaded:.0f} ms; {arguments.runs} runs.")


if __name__ == "__main__":
    main()
