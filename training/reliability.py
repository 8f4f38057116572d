"""Whether probabilities mean what they say: reliability diagram, calibration error, Brier score. Pure."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from training.metrics import NOTHING, Estimate, bootstrapped, patient_draws

BINS = 10  # of equal width
_SMALLEST = 1e-9


class Bin(NamedTuple):
    """The images whose probability lies in one stretch: how sure on average, and how often right."""

    mean_probability: float
    observed_share: float
    images: int


def reliability(probabilities: NDArray[np.float64], present: NDArray[np.bool_]) -> list[Bin]:
    """Return the bins of the reliability diagram that hold an image, in rising order."""
    which = _bins(probabilities)
    return [
        Bin(
            float(probabilities[which == b].mean()),
            float(present[which == b].mean()),
            int((which == b).sum()),
        )
        for b in range(BINS)
        if (which == b).any()
    ]


def calibration_error(
    probabilities: NDArray[np.float64],
    present: NDArray[np.bool_],
    patients: NDArray[np.int64] | None = None,
    *,
    seed: int = 0,
) -> Estimate:
    """Return the expected calibration error over `BINS` bins of equal width, bootstrapped by patient.

    It is biased upwards in small samples, and the bootstrap's interval more so.
    """
    if len(probabilities) == 0:
        return NOTHING
    which = _bins(probabilities)
    gaps = np.zeros((len(probabilities), BINS), np.float32)
    gaps[np.arange(len(which)), which] = probabilities - present
    patients = np.arange(len(which)) if patients is None else patients
    draws = patient_draws(patients, seed=seed)
    errors = np.abs(draws @ gaps).sum(axis=1) / draws.sum(axis=1)
    return bootstrapped(float(np.abs(gaps.sum(axis=0)).sum() / len(which)), errors, patients)


def brier(probabilities: NDArray[np.float64], present: NDArray[np.bool_]) -> float:
    """Return the mean squared distance of probability and truth."""
    return float(((probabilities - present) ** 2).mean()) if len(probabilities) else float("nan")


def at_temperature(probabilities: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Return probabilities whose logits are divided by a temperature."""
    clipped = np.clip(probabilities, _SMALLEST, 1 - _SMALLEST)
    logits = np.log(clipped / (1 - clipped)) / temperature
    return np.asarray(1 / (1 + np.exp(-logits)), np.float64)


def _bins(probabilities: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.minimum((probabilities * BINS).astype(np.int64), BINS - 1)
