"""Fit the image-level scores and choose the operating points, on the validation set alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.models import FindingScore

PENALTY = 0.02  # keeps a perfectly separated finding from claiming certainty
LEAST_SPECIFICITY = 0.95
OPERATING_RANGE = (0.2, 0.8)
INDETERMINATE_SHARES = (0.2, 0.5)  # of the operating point: bounds of where indeterminate begins
CLEARLY_ABSENT = 0.98  # share of radiographs without the finding that lies below that
_ITERATIONS = 100


class Fit(NamedTuple):
    """A logistic regression: weights (F,) and bias."""

    weights: NDArray[np.float64]
    bias: float


def fit_score(features: NDArray[np.float64], present: NDArray[np.bool_]) -> FindingScore:
    """Return the score of one finding.

    Parameters
    ----------
    features
        float64 (N, F): see `inference.scores.ALL_FEATURES`.
    present
        Ground truth, bool (N,).

    Raises
    ------
    ValueError
        If the finding is present in all radiographs or in none.
    """
    if present.all() or not present.any():
        raise ValueError("a score needs radiographs with the finding and radiographs without it")
    fit = fit_logistic(features, present)
    logits = features @ fit.weights + fit.bias
    probabilities = 1 / (1 + np.exp(-logits))
    point = operating_point(probabilities, present)
    return FindingScore(
        weights=[round(float(w), 6) for w in fit.weights],
        bias=round(fit.bias, 6),
        operating_point=round(point, 4),
        indeterminate_from=round(indeterminate_from(probabilities[~present], point), 4),
    )


def fit_logistic(features: NDArray[np.float64], present: NDArray[np.bool_]) -> Fit:
    """Return the penalised maximum-likelihood fit, by Newton's method on standardised features."""
    mean, deviation = features.mean(axis=0), features.std(axis=0) + 1e-9
    design = np.hstack([(features - mean) / deviation, np.ones((len(features), 1))])
    penalty = PENALTY * np.diag([1.0] * features.shape[1] + [0.0])
    beta = np.zeros(design.shape[1])
    for _ in range(_ITERATIONS):
        share = 1 / (1 + np.exp(-np.clip(design @ beta, -30, 30)))
        gradient = design.T @ (share - present) / len(design) + penalty @ beta
        hessian = (design * (share * (1 - share))[:, None]).T @ design / len(design) + penalty
        step = np.linalg.solve(hessian + 1e-9 * np.eye(len(beta)), gradient)
        beta = beta - step
        if np.abs(step).max() < 1e-9:
            break
    weights = beta[:-1] / deviation
    return Fit(weights, float(beta[-1] - (weights * mean).sum()))


def indeterminate_from(negatives: NDArray[np.float64], point: float) -> float:
    """Return the probability above which absence is not clear: few without the finding reach it."""
    low, high = (share * point for share in INDETERMINATE_SHARES)
    return float(np.clip(np.quantile(negatives, CLEARLY_ABSENT), low, high))


def operating_point(probabilities: NDArray[np.float64], present: NDArray[np.bool_]) -> float:
    """Return the threshold of the best sensitivity plus specificity, specificity at least 0.95.

    It lies halfway between the scores on either side, within `OPERATING_RANGE`.
    """
    ordered = np.unique(probabilities)
    between = (ordered[1:] + ordered[:-1]) / 2
    candidates = np.concatenate([between, [0.5]]) if len(between) else np.array([0.5])
    called = probabilities[None, :] >= candidates[:, None]
    sensitivity = called[:, present].mean(axis=1)
    specificity = 1 - called[:, ~present].mean(axis=1)
    merit = sensitivity + specificity - 10 * (specificity < LEAST_SPECIFICITY)
    best = candidates[merit >= merit.max() - 1e-12]
    return float(np.clip(np.median(best), *OPERATING_RANGE))
