"""Fit the image-level scores and choose the operating points, on the validation set alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from inference.finding_score import Choice, FindingScore
from study.findings import FINDINGS, FindingLabel

PENALTY = 0.005  # keeps a perfectly separated finding from claiming certainty
LARGEST_WEIGHT = 4.0  # of a feature as it is; 0 is the least: more of a sign never speaks against the finding
LEAST_SPECIFICITY = 0.95
OPERATING_RANGE = (0.2, 0.8)
INDETERMINATE_SHARES = (0.2, 0.5)  # of the operating point: bounds of where indeterminate begins
CLEARLY_ABSENT = 0.98  # share of radiographs without the finding that lies below that

# From probabilities (N,) and the truth (N,) to the operating point.
Chooser = Callable[[NDArray[np.float64], NDArray[np.bool_]], float]


class Fit(NamedTuple):
    """A logistic regression: weights (F,) and bias."""

    weights: NDArray[np.float64]
    bias: float


def fit_score(
    features: NDArray[np.float64], present: NDArray[np.bool_], choice: Choice = Choice.BEST_SUM
) -> FindingScore:
    """Return the score of one finding.

    Parameters
    ----------
    features
        float64 (N, F): see `inference.scores.ALL_FEATURES`.
    present
        Ground truth, bool (N,).
    choice
        How the operating point is chosen.

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
    point = CHOOSERS[choice](probabilities, present)
    return FindingScore(
        weights=[round(float(w), 6) for w in fit.weights],
        bias=round(fit.bias, 6),
        operating_point=round(point, 4),
        indeterminate_from=round(indeterminate_from(probabilities[~present], point), 4),
        choice=choice,
    )


def choice_for(label: FindingLabel) -> Choice:
    """Return how the operating point of a finding is chosen: what is critical must not be missed."""
    return Choice.SENSITIVITY_FIRST if FINDINGS[label].critical else Choice.BEST_SUM


def fit_logistic(features: NDArray[np.float64], present: NDArray[np.bool_]) -> Fit:
    """Return the penalised maximum-likelihood fit on standardised features, its weights within bounds.

    A set that is separated without error has no largest likelihood, and a feature that hardly varies in
    it would get any weight: the penalty settles the one, `LARGEST_WEIGHT` the other.
    """
    mean, deviation = features.mean(axis=0), features.std(axis=0) + 1e-9
    design = np.hstack([(features - mean) / deviation, np.ones((len(features), 1))])
    penalty = PENALTY * np.append(np.ones(features.shape[1]), 0.0)

    def loss(beta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logits = design @ beta
        unlikelihood = (np.logaddexp(0, logits) - present * logits).mean()
        share = 1 / (1 + np.exp(-np.clip(logits, -60, 60)))
        gradient = design.T @ (share - present) / len(design) + penalty * beta
        return float(unlikelihood + 0.5 * (penalty * beta**2).sum()), gradient

    bounds = [(0.0, LARGEST_WEIGHT * each) for each in deviation] + [(None, None)]
    found = minimize(
        loss,
        np.zeros(design.shape[1]),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 2000, "ftol": 1e-14, "gtol": 1e-9},
    )
    weights = found.x[:-1] / deviation
    return Fit(weights, float(found.x[-1] - (weights * mean).sum()))


def indeterminate_from(negatives: NDArray[np.float64], point: float) -> float:
    """Return the probability above which absence is not clear: few without the finding reach it."""
    low, high = (share * point for share in INDETERMINATE_SHARES)
    return float(np.clip(np.quantile(negatives, CLEARLY_ABSENT), low, high))


def operating_point(probabilities: NDArray[np.float64], present: NDArray[np.bool_]) -> float:
    """Return the threshold of the best sensitivity plus specificity, specificity at least 0.95.

    It lies halfway between the scores on either side, within `OPERATING_RANGE`.
    """
    tried = _tried(probabilities, present)
    merit = tried.sensitivity + tried.specificity - 10 * (tried.specificity < LEAST_SPECIFICITY)
    return _middle(tried.points[merit >= merit.max() - 1e-12])


def sensitive_point(probabilities: NDArray[np.float64], present: NDArray[np.bool_]) -> float:
    """Return the threshold of the highest sensitivity that a specificity of 0.95 allows.

    Of several it is the most specific; it lies halfway between the scores on either side, within
    `OPERATING_RANGE`.
    """
    tried = _tried(probabilities, present)
    merit = tried.specificity + 10 * tried.sensitivity - 1000 * (tried.specificity < LEAST_SPECIFICITY)
    return _middle(tried.points[merit >= merit.max() - 1e-12])


CHOOSERS: dict[Choice, Chooser] = {
    Choice.BEST_SUM: operating_point,
    Choice.SENSITIVITY_FIRST: sensitive_point,
}


class _Tried(NamedTuple):
    """Thresholds (K,), and what each would come to."""

    points: NDArray[np.float64]
    sensitivity: NDArray[np.float64]
    specificity: NDArray[np.float64]


def _tried(probabilities: NDArray[np.float64], present: NDArray[np.bool_]) -> _Tried:
    ordered = np.unique(probabilities)
    points = np.append((ordered[1:] + ordered[:-1]) / 2, 0.5)
    called = probabilities[None, :] >= points[:, None]
    return _Tried(points, called[:, present].mean(axis=1), 1 - called[:, ~present].mean(axis=1))


def _middle(points: NDArray[np.float64]) -> float:
    return float(np.clip(np.median(points), *OPERATING_RANGE))
