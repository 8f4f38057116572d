"""Figures of merit, with their intervals. Pure numpy; nothing here knows where predictions come from.

Intervals are by patient: images of one patient are drawn together or not at all.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
FEWEST_PATIENTS = 5  # of a bootstrap; fewer have no interval
_Z = 1.959964  # of a 95 % interval
_QUANTILES = (0.025, 0.975)


class Estimate(NamedTuple):
    """A figure and its 95 % interval: NaN where there was nothing to count, or too few for an interval."""

    value: float
    low: float
    high: float
    images: int


NOTHING = Estimate(float("nan"), float("nan"), float("nan"), 0)


def dice(found: NDArray[np.bool_], there: NDArray[np.bool_]) -> float:
    """Return the Dice coefficient of two masks of one shape; 1 where both are empty."""
    total = np.count_nonzero(found) + np.count_nonzero(there)
    return 2 * np.count_nonzero(found & there) / total if total else 1.0


def patient_draws(patients: NDArray[np.int64], *, seed: int = 0) -> NDArray[np.float32]:
    """Return how often each image is drawn when patients are drawn with replacement.

    Parameters
    ----------
    patients
        Number of the patient of each image, int (N,).

    Returns
    -------
    float32 (`RESAMPLES`, N): a row a bootstrap sample of as many patients as there are.
    """
    known, which = np.unique(patients, return_inverse=True)
    shares = np.full(len(known), 1 / len(known))
    drawn = np.random.default_rng(seed).multinomial(len(known), shares, size=RESAMPLES)
    return drawn.astype(np.float32)[:, which]


def bootstrap_mean(
    values: NDArray[np.float64], patients: NDArray[np.int64] | None = None, *, seed: int = 0
) -> Estimate:
    """Return the mean over images with a percentile bootstrap interval over patients.

    Parameters
    ----------
    values
        float64 (N,).
    patients
        int (N,); each image is a patient of its own where None.
    """
    if len(values) == 0:
        return NOTHING
    patients = np.arange(len(values)) if patients is None else patients
    draws = patient_draws(patients, seed=seed)
    return bootstrapped(float(values.mean()), draws @ values / draws.sum(axis=1), patients)


def bootstrapped(value: float, resampled: NDArray[np.floating[Any]], patients: NDArray[np.int64]) -> Estimate:
    """Return a figure with the percentiles of what it is in bootstrap samples of its patients."""
    if len(np.unique(patients)) < FEWEST_PATIENTS:
        return Estimate(value, float("nan"), float("nan"), len(patients))
    low, high = np.quantile(resampled, _QUANTILES)
    return Estimate(value, float(low), float(high), len(patients))


def wilson(successes: float, trials: float) -> Estimate:
    """Return a share with its Wilson score interval."""
    if trials == 0:
        return NOTHING
    share = successes / trials
    spread = 1 + _Z**2 / trials
    centre = (share + _Z**2 / (2 * trials)) / spread
    reach = _Z * np.sqrt(share * (1 - share) / trials + _Z**2 / (4 * trials**2)) / spread
    return Estimate(share, float(max(0.0, centre - reach)), float(min(1.0, centre + reach)), round(trials))


def share_of(hits: NDArray[np.bool_], patients: NDArray[np.int64] | None = None) -> Estimate:
    """Return the share of True with a Wilson interval for as many trials as the images are worth.

    Several images of one patient are worth less than as many patients: their number is divided by the
    design effect, the variance between patients over that of independent images (Kish 1965). A share
    of 0 or 1 has no variance to estimate that from; there, each patient counts once. With one image a
    patient this is the plain Wilson interval. A bootstrap would give 100 % an interval without width.
    """
    if len(hits) == 0:
        return NOTHING
    trials = effective_trials(hits, np.arange(len(hits)) if patients is None else patients)
    share = float(hits.mean())
    _, low, high, _ = wilson(share * trials, trials)
    return Estimate(share, low, high, len(hits))


def effective_trials(hits: NDArray[np.bool_], patients: NDArray[np.int64]) -> float:
    """Return how many independent images these images of some patients are worth."""
    known, which = np.unique(patients, return_inverse=True)
    images, number, share = len(hits), len(known), float(hits.mean())
    if number == images:
        return float(images)
    if share in {0.0, 1.0} or number < 2:
        return float(number)
    residual = np.bincount(which, hits - share, minlength=number)
    between = number / (number - 1) * float((residual**2).sum()) / images**2
    effect = between / (share * (1 - share) / images)
    return images / max(1.0, effect)


def auroc(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve: the chance that a positive outscores a negative."""
    ups, downs = scores[positive], scores[~positive]
    if len(ups) == 0 or len(downs) == 0:
        return float("nan")
    order = np.sort(downs)
    below = np.searchsorted(order, ups, side="left")
    equal = np.searchsorted(order, ups, side="right") - below
    return float((below + 0.5 * equal).sum() / (len(ups) * len(downs)))


def auroc_estimate(
    scores: NDArray[np.float64],
    positive: NDArray[np.bool_],
    patients: NDArray[np.int64] | None = None,
    *,
    seed: int = 0,
) -> Estimate:
    """Return the area under the ROC curve with a percentile bootstrap interval over patients.

    Samples without a positive or without a negative are left out. Where nothing overlaps, the area is 1
    in every sample and the interval has no width: that says nothing of how rare an overlap is.
    """
    ups, downs = scores[positive], scores[~positive]
    if len(ups) == 0 or len(downs) == 0:
        return NOTHING
    patients = np.arange(len(scores)) if patients is None else patients
    draws = patient_draws(patients, seed=seed)
    wins = (ups[:, None] > downs).astype(np.float32) + np.float32(0.5) * (ups[:, None] == downs)
    of_ups, of_downs = draws[:, positive], draws[:, ~positive]
    pairs = of_ups.sum(axis=1) * of_downs.sum(axis=1)
    areas = (of_ups @ wins * of_downs).sum(axis=1)[pairs > 0] / pairs[pairs > 0]
    return bootstrapped(auroc(scores, positive), areas, patients)


def roc_points(
    scores: NDArray[np.float64], positive: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the ROC curve as false-positive and true-positive shares, both float64 (K,), from 0 to 1."""
    thresholds = np.unique(scores)[::-1]
    ups, downs = np.sort(scores[positive]), np.sort(scores[~positive])
    above_up = len(ups) - np.searchsorted(ups, thresholds, side="left")
    above_down = len(downs) - np.searchsorted(downs, thresholds, side="left")
    false_share = np.concatenate([[0.0], above_down / max(len(downs), 1)])
    return false_share, np.concatenate([[0.0], above_up / max(len(ups), 1)])


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
