"""Figures of merit, with their intervals. Pure numpy; nothing here knows where predictions come from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
_Z = 1.959964  # of a 95 % interval


class Estimate(NamedTuple):
    """A figure and its 95 % interval; all NaN where there was nothing to count."""

    value: float
    low: float
    high: float
    images: int


def dice(found: NDArray[np.bool_], there: NDArray[np.bool_]) -> float:
    """Return the Dice coefficient of two masks of one shape; 1 where both are empty."""
    total = np.count_nonzero(found) + np.count_nonzero(there)
    return 2 * np.count_nonzero(found & there) / total if total else 1.0


def bootstrap_mean(values: NDArray[np.float64], *, seed: int = 0) -> Estimate:
    """Return the mean with a percentile bootstrap interval over images."""
    if len(values) == 0:
        return Estimate(float("nan"), float("nan"), float("nan"), 0)
    drawn = np.random.default_rng(seed).integers(len(values), size=(RESAMPLES, len(values)))
    means = values[drawn].mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return Estimate(float(values.mean()), float(low), float(high), len(values))


def wilson(successes: int, trials: int) -> Estimate:
    """Return a share with its Wilson score interval."""
    if trials == 0:
        return Estimate(float("nan"), float("nan"), float("nan"), 0)
    share = successes / trials
    spread = 1 + _Z**2 / trials
    centre = (share + _Z**2 / (2 * trials)) / spread
    reach = _Z * np.sqrt(share * (1 - share) / trials + _Z**2 / (4 * trials**2)) / spread
    return Estimate(share, float(max(0.0, centre - reach)), float(min(1.0, centre + reach)), trials)


def auroc(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve: the chance that a positive outscores a negative."""
    ups, downs = scores[positive], scores[~positive]
    if len(ups) == 0 or len(downs) == 0:
        return float("nan")
    order = np.sort(downs)
    below = np.searchsorted(order, ups, side="left")
    equal = np.searchsorted(order, ups, side="right") - below
    return float((below + 0.5 * equal).sum() / (len(ups) * len(downs)))


def batch_pooled_soft_dice(probabilities: NDArray[np.float32], labels: NDArray[np.uint8]) -> float:
    """Return soft Dice pooled over one batch, background included, smoothed by 1, as one number.

    Some publications print this. It rises with the batch size and with the share of background, so it
    cannot be compared with a per-image Dice; it is printed beside that one only for such comparisons.

    Parameters
    ----------
    probabilities
        Softmax output, float32 (N, 5, S, S), background first.
    labels
        Class indices, uint8 (N, S, S).
    """
    truth = labels[:, None] == np.arange(probabilities.shape[1])[None, :, None, None]
    pixels = (0, 2, 3)
    overlap = np.where(truth, probabilities, 0).sum(pixels, dtype=np.float64)
    total = probabilities.sum(pixels, dtype=np.float64) + truth.sum(pixels)
    return float(((2 * overlap + 1) / (total + 1)).mean())
