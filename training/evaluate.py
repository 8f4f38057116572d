"""Evaluate a model package, as it is served, on radiographs that it never saw."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.eligibility import Judge
from inference.models import DESCRIPTION_FILE, ModelPackage, load_package
from inference.predict import Predictor
from inference.view import ViewClassifier
from inference.view_package import load_view_package
from study.findings import FINDINGS
from training.card import write_card
from training.comparison import comparison
from training.failures import Failure, failure_picture, worst
from training.figure_tables import FORMAT
from training.held_out import HeldOut, PhantomSet
from training.metrics import batch_pooled_soft_dice
from training.reading import Reading, Sample, judged, left_unread, read_sample
from training.subgroups import rounded
from training.summary import summarise

POOLED_BATCH = 16
METRICS_FILE = "metrics.json"
IMAGES = "images"  # folder of pictures beside a report
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Evaluation:
    """What came of an evaluation: the figures, ready for JSON, and every reading, set by set."""

    metrics: dict[str, Any]
    readings: list[list[Reading]]


def evaluate(
    package: ModelPackage,
    sets: Sequence[HeldOut],
    *,
    threads: int = 2,
    progress: Progress | None = None,
    pictures: Path | None = None,
    beside: Sequence[ModelPackage] = (),
    judge: Judge | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
) -> Evaluation:
    """Return the figures of a model package on one or more sets; the first is the one it is judged by.

    Each radiograph goes the served way: what judges from its pixels whether it is read, preprocessing, the
    exported network, scores, masks on its pixels. One that is left unread counts as called for nothing.

    Parameters
    ----------
    beside
        Other packages that read the same radiographs, for comparison.
    judge
        What says whether a radiograph is read; that of the shipped view package where None.
    pictures
        Folder that holds, or will hold, the report: pictures of failures go to ``images`` in it. None
        draws none.
    """
    began = now()
    judge = judge or ViewClassifier(load_view_package()).judge
    predictors = [Predictor(each, threads=threads) for each in (package, *beside)]
    total, done = sum(map(len, sets)), 0
    parts, readings = [], []
    for number, held_out in enumerate(sets):

        def report(count: int, before: int = done) -> None:
            if progress is not None:
                progress(before + count, total)

        part, read = _figures(predictors, judge, held_out, report)
        if pictures is not None:
            part["failures"] = _failures(read, held_out, predictors[0], pictures / IMAGES, number)
        done += len(held_out)
        parts.append(part)
        readings.append(read)
    metrics = {
        "format": FORMAT,
        "model": _named(package),
        **parts[0],
        "other_sets": parts[1:],
        "run": _run(began, now(), predictors[0], threads),
    }
    return Evaluation(metrics, readings)


def _named(package: ModelPackage) -> dict[str, str]:
    identity = package.identity
    return {"name": identity.name, "version": identity.version, "sha256": identity.sha256}


def _figures(
    predictors: Sequence[Predictor], judge: Judge, held_out: HeldOut, progress: Callable[[int], None]
) -> tuple[dict[str, Any], list[Reading]]:
    """Return the first predictor's figures on a set, with the others' beside them, and its readings."""
    predictor, *others = predictors
    readings: list[Reading] = []
    by_others: list[list[Reading]] = [[] for _ in others]
    batch: list[tuple[NDArray[np.float32], NDArray[np.uint8]]] = []
    pooled: list[float] = []
    for index, sample in enumerate(_samples(held_out)):
        began = time.perf_counter()
        unread = judged(sample, judge)
        judging = time.perf_counter() - began
        if unread is not None:
            for read in (readings, *by_others):
                read.append(left_unread(sample, index, unread, judging))
            progress(len(readings))
            continue
        reading, prediction, _ = read_sample(sample, index, predictor)
        readings.append(replace(reading, seconds=reading.seconds + judging))
        for other, read in zip(others, by_others, strict=True):
            read.append(read_sample(sample, index, other)[0])
        masks = sample.upright_masks
        if masks is not None:
            batch.append((prediction.probabilities, prediction.letterbox.square_labels(masks)))
        if len(batch) == POOLED_BATCH:
            pooled.append(_pooled(batch))
            batch = []
        progress(len(readings))
    if batch and not pooled:
        pooled.append(_pooled(batch))
    temperatures = {label: predictor.package.score(label).temperature for label in FINDINGS}
    part = {"test": _described(held_out), **summarise(readings, temperatures)}
    part["batch_pooled_soft_dice"] = rounded(float(np.mean(pooled))) if pooled else None
    part["beside"] = [
        {"model": _named(other.package), **comparison(readings, read)}
        for other, read in zip(others, by_others, strict=True)
    ]
    return part, readings


def _samples(held_out: HeldOut) -> Iterator[Sample]:
    """Yield the radiographs of a set; the next is drawn or read while the last is looked at."""
    with ThreadPoolExecutor(1) as pool:
        upcoming = pool.submit(held_out.sample, 0)
        for index in range(1, len(held_out) + 1):
            sample = upcoming.result()
            if index < len(held_out):
                upcoming = pool.submit(held_out.sample, index)
            yield sample


def _pooled(batch: list[tuple[NDArray[np.float32], NDArray[np.uint8]]]) -> float:
    return batch_pooled_soft_dice(np.stack([p for p, _ in batch]), np.stack([m for _, m in batch]))


def _described(held_out: HeldOut) -> dict[str, Any]:
    described = {
        "title": held_out.title,
        "description": held_out.description,
        "images": len(held_out),
        "pooled_batch": POOLED_BATCH,
    }
    if isinstance(held_out, PhantomSet):
        described |= {"phantoms": held_out.count, "seed": held_out.seed, "site": held_out.site.value}
    return described


def _failures(
    readings: Sequence[Reading],
    held_out: HeldOut,
    predictor: Predictor,
    folder: Path,
    number: int,
) -> list[dict[str, Any]]:
    """Draw the worst readings again, write their pictures and say what each shows."""
    folder.mkdir(parents=True, exist_ok=True)
    described = []
    for place, failure in enumerate(worst(readings), start=1):
        sample = held_out.sample(failure.reading.index)
        _, prediction, measured = read_sample(sample, failure.reading.index, predictor)
        name = f"set{number + 1}-failure-{place:02d}.png"
        _, content = cv2.imencode(".png", failure_picture(sample, prediction, measured))
        content.tofile(folder / name)
        described.append({**_failure(failure, predictor.package), "picture": f"{IMAGES}/{name}"})
    return described


def _failure(failure: Failure, package: ModelPackage) -> dict[str, Any]:
    reading, number = failure.reading, failure.finding
    label = list(FINDINGS)[number]
    severity = reading.facts.severities.get(label)
    return {
        "sort": failure.sort.value,
        "finding": label.value,
        "name": reading.name,
        "view": reading.facts.view,
        "age_months": reading.facts.age_months,
        "severity": None if severity is None else round(severity, 2),
        "mimics": list(reading.facts.mimics),
        "truly": [each.value for each, there in zip(FINDINGS, reading.present, strict=True) if there],
        "score": rounded(float(reading.scores[number])),
        "operating_point": package.score(label).operating_point,
        "dice": rounded(float(reading.dices[number])),
    }


def _run(began: datetime, ended: datetime, predictor: Predictor, threads: int) -> dict[str, Any]:
    return {
        "date": began.date().isoformat(),
        "minutes": round((ended - began).total_seconds() / 60, 1),
        "processor": _processor(),
        "threads": threads,
        "runtime": predictor.runtime.name,
        "python": platform.python_version(),
    }


def _processor() -> str:
    """Return the processor's name as the system gives it; its architecture where it gives none."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def record(package: ModelPackage, metrics: dict[str, Any]) -> ModelPackage:
    """Write the figures into the package: ``metrics.json``, the card, and ``model.json`` without curves."""
    folder = package.folder
    (folder / METRICS_FILE).write_text(json.dumps(metrics, indent=1) + "\n", encoding="utf-8")
    kept = _without_curves(metrics) | {
        "other_sets": [_without_curves(part) for part in metrics["other_sets"]]
    }
    described = package.description.model_copy(update={"metrics": kept})
    (folder / DESCRIPTION_FILE).write_text(described.model_dump_json(indent=2) + "\n", encoding="utf-8")
    write_card(load_package(folder))
    return load_package(folder)


def _without_curves(part: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in part.items() if key not in {"curves", "failures"}}
