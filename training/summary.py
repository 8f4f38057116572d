"""Put readings together into figures, ready for JSON. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from study.findings import FINDINGS, FindingLabel
from training.froc import RATES, Marks, froc, sensitivity_at
from training.metrics import (
    NOTHING,
    Estimate,
    auroc_estimate,
    bootstrap_mean,
    bootstrapped,
    patient_draws,
    roc_points,
    share_of,
)
from training.reading import COUNT, Reading
from training.reliability import at_temperature, brier, calibration_error, reliability
from training.subgroups import overall, rounded, shown, subgroups

_CURVE_POINTS = 200  # kept of a curve


def summarise(readings: Sequence[Reading], temperatures: Mapping[FindingLabel, float]) -> dict[str, Any]:
    """Return the figures of a set: of each finding, of all together, of subgroups, and the curves.

    Parameters
    ----------
    readings
        At least one.
    temperatures
        Of each finding's score, to print the calibration without it too.
    """
    if not readings:
        raise ValueError("no radiograph was read, so there is nothing to sum up")
    everything = overall(readings)
    everything["mean_dice"] = shown(mean_of_findings(readings))
    return {
        "images": len(readings),
        "patients": len({r.patient for r in readings}),
        "findings": {
            label.value: _finding(readings, number, temperatures[label])
            for number, label in enumerate(FINDINGS)
        },
        "all": everything,
        **subgroups(readings),
        "abstained": _abstained(readings),
        "curves": {label.value: _curves(readings, number) for number, label in enumerate(FINDINGS)},
        "seconds": _times(readings),
    }


def mean_of_findings(readings: Sequence[Reading]) -> Estimate:
    """Return the mean of the findings' mean Dice: a frequent finding counts no more than a rare one."""
    dices = np.array([r.dices for r in readings]).reshape(-1, COUNT)
    known = ~np.isnan(dices)
    if not known.any(axis=0).all():
        return NOTHING
    patients = np.array([r.patient for r in readings])
    draws = patient_draws(patients)
    counted = draws @ known
    usable = counted.all(axis=1)  # samples that hold every finding
    means = (draws @ np.where(known, dices, 0))[usable] / counted[usable]
    return bootstrapped(float(np.nanmean(dices, axis=0).mean()), means.mean(axis=1), patients)


def _finding(readings: Sequence[Reading], number: int, temperature: float) -> dict[str, Any]:
    present = np.array([r.present[number] for r in readings])
    called = np.array([r.called[number] for r in readings])
    undecided = np.array([r.undecided[number] for r in readings])
    scores = np.array([r.scores[number] for r in readings])
    patients = np.array([r.patient for r in readings])
    dices = np.array([r.dices[number] for r in readings])
    distances = np.array([r.distances[number] for r in readings])
    read = ~np.isnan(scores)
    return {
        "present": int(present.sum()),
        "dice": shown(_mean_known(dices, patients)),
        "surface_distance_mm": shown(_mean_known(distances[:, 0], patients)),
        "hausdorff95_mm": shown(_mean_known(distances[:, 1], patients)),
        "without_distance": int((~np.isnan(dices) & np.isnan(distances[:, 0])).sum()),
        "sensitivity": shown(share_of(called[present], patients[present])),
        "specificity": shown(share_of(~called[~present], patients[~present])),
        "auroc": shown(auroc_estimate(scores[read], present[read], patients[read])),
        "undecided_present": shown(share_of(undecided[present], patients[present])),
        "undecided_absent": shown(share_of(undecided[~present], patients[~present])),
        "froc": _lesions(_marks(readings, number)),
        "calibration": _calibration(scores[read], present[read], patients[read], temperature),
    }


def _calibration(
    scores: NDArray[np.float64],
    present: NDArray[np.bool_],
    patients: NDArray[np.int64],
    temperature: float,
) -> dict[str, Any]:
    """Return how far probabilities may be believed; of what was left unread there is none."""
    if not len(scores):
        nothing = shown(NOTHING)
        return {
            "temperature": temperature, "error": nothing, "error_without_temperature": nothing, "brier": None,
        }  # fmt: skip
    uncooled = at_temperature(scores, 1 / temperature)
    return {
        "temperature": temperature,
        "error": shown(calibration_error(scores, present, patients)),
        "error_without_temperature": shown(calibration_error(uncooled, present, patients)),
        "brier": rounded(brier(scores, present)),
    }


def _abstained(readings: Sequence[Reading]) -> dict[str, Any]:
    """Return how many radiographs were left unread, in all and for each reason, and what they show."""
    unread = np.array([r.unread is not None for r in readings])
    patients = np.array([r.patient for r in readings])
    by_reason: dict[str, dict[str, int]] = {}
    for reading in readings:
        if reading.unread is not None:
            row = by_reason.setdefault(reading.unread.code.value, {"images": 0, "with_a_finding": 0})
            row["images"] += 1
            row["with_a_finding"] += int(reading.present.any())
    there = {
        label.value: sum(bool(r.present[number]) for r in readings if r.unread is not None)
        for number, label in enumerate(FINDINGS)
    }
    return {
        "images": int(unread.sum()),
        "share": shown(share_of(unread, patients)),
        "by_reason": by_reason,
        "findings": there,
    }


def _mean_known(values: NDArray[np.float64], patients: NDArray[np.int64]) -> Estimate:
    known = ~np.isnan(values)
    return bootstrap_mean(values[known], patients[known])


def _marks(readings: Sequence[Reading], number: int) -> list[Marks]:
    return [r.marks[number] for r in readings if r.marks is not None]


def _lesions(marks: Sequence[Marks]) -> dict[str, Any]:
    curve = froc(marks)
    lesions = sum(each.lesions for each in marks)
    at = {f"{rate:g}": rounded(sensitivity_at(curve, rate)) if lesions else None for rate in RATES}
    return {"images": len(marks), "lesions": lesions, "sensitivity_at": at}


def _curves(readings: Sequence[Reading], number: int) -> dict[str, Any]:
    """Return what the plots are drawn from: ROC, FROC, reliability, and the Dice of each image."""
    answered = [r for r in readings if r.unread is None]
    present = np.array([r.present[number] for r in answered], np.bool_)
    scores = np.array([r.scores[number] for r in answered], np.float64)
    curve = froc(_marks(readings, number))
    dices = np.array([r.dices[number] for r in readings])
    both = bool(present.any() and not present.all())
    return {
        "roc": corners(*roc_points(scores, present)) if both else [],
        "froc": corners(curve.rates, curve.sensitivities),
        "reliability": [[rounded(b.mean_probability), rounded(b.observed_share), b.images]
                        for b in reliability(scores, present)],
        "dice": [rounded(each) for each in dices[~np.isnan(dices)]],
    }  # fmt: skip


def corners(across: NDArray[np.float64], up: NDArray[np.float64]) -> list[list[float | None]]:
    """Return a curve of steps by its corners, thinned where there are many."""
    moved = np.append(True, (np.diff(across) != 0) | (np.diff(up) != 0))
    across, up = across[moved], up[moved]
    level, upright = np.diff(up) == 0, np.diff(across) == 0
    turns = np.ones(len(across), np.bool_)
    turns[1:-1] = ~(level[:-1] & level[1:]) & ~(upright[:-1] & upright[1:])
    kept = np.flatnonzero(turns)
    if len(kept) > _CURVE_POINTS:
        kept = kept[np.unique(np.linspace(0, len(kept) - 1, _CURVE_POINTS).astype(int))]
    return [[rounded(float(across[k])), rounded(float(up[k]))] for k in kept]


def _times(readings: Sequence[Reading]) -> dict[str, float | None]:
    seconds = np.array([r.seconds for r in readings])
    return {"median": rounded(float(np.median(seconds))), "p95": rounded(float(np.quantile(seconds, 0.95)))}
