"""Evaluate a model package, as it is served, on phantoms that it never saw."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.measure import measure
from inference.models import DESCRIPTION_FILE, ModelPackage, load_package
from inference.predict import Predictor
from study.findings import FINDINGS
from study.model import Presence
from training.card import write_card
from training.dataset import split_seed
from training.metrics import Estimate, auroc, batch_pooled_soft_dice, bootstrap_mean, dice, wilson
from training.phantom import ABDOMINAL_KINDS, Phantom, draw_phantom
from training.phantom_dicom import radiograph_dataset
from training.phantom_set import DETECTOR_SIZES
from training.split import Split

METRICS_FILE = "metrics.json"
POOLED_BATCH = 16
AGE_GROUPS = (
    ("under 1 month", 1),
    ("1 to 23 months", 24),
    ("2 to 11 years", 144),
    ("12 years and over", 10_000),
)
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Reading:
    """What the model said of one phantom, beside the truth.

    Attributes
    ----------
    scores
        Calibrated probabilities, float64 (4,).
    called, present
        Found to be present, and truly so, bool (4,).
    dices
        Dice of the served mask, on the radiograph's pixels; NaN where the finding is not there (4,).
    """

    view: str
    age_months: int
    scores: NDArray[np.float64]
    called: NDArray[np.bool_]
    present: NDArray[np.bool_]
    dices: NDArray[np.float64]


def unseen_phantoms(count: int, seed: int, size: tuple[int, int] | None = None) -> Iterator[Phantom]:
    """Yield phantoms of the test split, the five classes in turn, at detector sizes."""
    for index in range(count):
        kind = ABDOMINAL_KINDS[index % len(ABDOMINAL_KINDS)]
        drawn_size = size or DETECTOR_SIZES[index % len(DETECTOR_SIZES)]
        yield draw_phantom(split_seed(Split.TEST, index, seed), kind, size=drawn_size)


def evaluate(
    package: ModelPackage,
    count: int,
    seed: int,
    *,
    size: tuple[int, int] | None = None,
    threads: int = 2,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Return the figures of a model package on `count` test phantoms, ready for JSON.

    Each goes the served way: preprocessing, the exported network, scores, masks on the radiograph.
    """
    predictor = Predictor(package, threads=threads)
    readings: list[Reading] = []
    batch: list[tuple[NDArray[np.float32], NDArray[np.uint8]]] = []
    pooled: list[float] = []
    for phantom in unseen_phantoms(count, seed, size):
        reading, maps = _read(phantom, predictor, package)
        readings.append(reading)
        batch.append(maps)
        if len(batch) == POOLED_BATCH:
            pooled.append(_pooled(batch))
            batch = []
        if progress is not None:
            progress(len(readings), count)
    if batch and not pooled:
        pooled.append(_pooled(batch))
    summary = summarise(readings)
    summary["batch_pooled_soft_dice"] = round(float(np.mean(pooled)), 4)
    summary["test"] = {"phantoms": count, "seed": seed, "pooled_batch": POOLED_BATCH}
    return summary


def _pooled(batch: list[tuple[NDArray[np.float32], NDArray[np.uint8]]]) -> float:
    return batch_pooled_soft_dice(np.stack([p for p, _ in batch]), np.stack([m for _, m in batch]))


def _read(
    phantom: Phantom, predictor: Predictor, package: ModelPackage
) -> tuple[Reading, tuple[NDArray[np.float32], NDArray[np.uint8]]]:
    prediction = predictor.predict(phantom.attenuation_image)
    measured = measure(prediction, radiograph_dataset(phantom, number=1), package)
    present = np.asarray(phantom.mask.any(axis=(1, 2)), np.bool_)
    dices = np.full(len(FINDINGS), np.nan)
    for index in np.flatnonzero(present):
        dices[index] = dice(measured.labels == index + 1, phantom.mask[index])
    called = np.array([finding.presence is Presence.PRESENT for finding in measured.findings])
    reading = Reading(phantom.view.value, phantom.age_months, prediction.scores, called, present, dices)
    return reading, (prediction.probabilities, prediction.letterbox.square_labels(phantom.mask))


def summarise(readings: list[Reading]) -> dict[str, Any]:
    """Return figures a finding, over all findings, and by subgroup."""
    views = sorted({reading.view for reading in readings})
    by_age = {name: _ages(readings, index) for index, (name, _) in enumerate(AGE_GROUPS)}
    return {
        "findings": {label.value: _finding(readings, index) for index, label in enumerate(FINDINGS)},
        "all": _overall(readings),
        "by_view": {view: _overall([r for r in readings if r.view == view]) for view in views},
        "by_age": {name: _overall(group) for name, group in by_age.items() if group},
    }


def _ages(readings: list[Reading], index: int) -> list[Reading]:
    youngest = AGE_GROUPS[index - 1][1] if index else 0
    return [r for r in readings if youngest <= r.age_months < AGE_GROUPS[index][1]]


def _finding(readings: list[Reading], index: int) -> dict[str, Any]:
    present = np.array([r.present[index] for r in readings])
    called = np.array([r.called[index] for r in readings])
    dices = np.array([r.dices[index] for r in readings])
    return {
        "dice": _shown(bootstrap_mean(dices[present])),
        "sensitivity": _shown(wilson(int((called & present).sum()), int(present.sum()))),
        "specificity": _shown(wilson(int((~called & ~present).sum()), int((~present).sum()))),
        "auroc": _rounded(auroc(np.array([r.scores[index] for r in readings]), present)),
    }


def _overall(readings: list[Reading]) -> dict[str, Any]:
    dices = np.array([r.dices for r in readings]).ravel()
    present, called = np.array([r.present for r in readings]), np.array([r.called for r in readings])
    return {
        "phantoms": len(readings),
        "dice": _shown(bootstrap_mean(dices[~np.isnan(dices)])),
        "sensitivity": _shown(wilson(int((called & present).sum()), int(present.sum()))),
        "specificity": _shown(wilson(int((~called & ~present).sum()), int((~present).sum()))),
    }


def _shown(estimate: Estimate) -> dict[str, float | int | None]:
    return {
        "value": _rounded(estimate.value),
        "low": _rounded(estimate.low),
        "high": _rounded(estimate.high),
        "count": estimate.images,
    }


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 4)


def record(package: ModelPackage, summary: dict[str, Any]) -> ModelPackage:
    """Write the figures into the package: ``metrics.json``, ``model.json`` and the card."""
    folder = package.folder
    (folder / METRICS_FILE).write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    described = package.description.model_copy(update={"metrics": summary})
    (folder / DESCRIPTION_FILE).write_text(described.model_dump_json(indent=2) + "\n", encoding="utf-8")
    write_card(load_package(folder))
    return load_package(folder)
