"""Fit the temperature of a finding's score: how far its logits must be cooled or warmed to be calibrated.

A score fitted on a validation set is surer of it than of new images. So the temperature is fitted on
answers for images that the score was not fitted on: each fifth of the set is answered by a score
fitted on the other four. Decisions stay as they are, since the operating points move along.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inference.finding_score import FindingScore
from training.calibrate import fit_logistic
from training.reliability import at_temperature

FOLDS = 5
COLDEST, HOTTEST = 0.25, 4.0
_HALVINGS = 60


def with_temperature(
    score: FindingScore, features: NDArray[np.float64], present: NDArray[np.bool_]
) -> FindingScore:
    """Return the score with a temperature fitted on the set that it was fitted on, decisions unchanged.

    Parameters
    ----------
    features
        float64 (N, F), as `inference.scores.image_features` gives them for the finding.
    present
        Ground truth, bool (N,).
    """
    temperature = round(fit_temperature(out_of_fold_logits(features, present), present), 4)
    points = np.array([score.operating_point, score.indeterminate_from])
    moved = at_temperature(points, temperature / score.temperature)
    return score.model_copy(
        update={
            "temperature": temperature,
            "operating_point": round(float(moved[0]), 6),
            "indeterminate_from": round(float(moved[1]), 6),
        }
    )


def out_of_fold_logits(features: NDArray[np.float64], present: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return each image's logit from a score fitted without its fifth of the set, float64 (N,).

    A fifth holds every fifth image with the finding and every fifth without it.
    """
    logits = np.empty(len(present))
    if min(int(present.sum()), int((~present).sum())) < 2:  # too few for folds
        whole = fit_logistic(features, present)
        return np.asarray(features @ whole.weights + whole.bias, np.float64)
    fold = np.empty(len(present), np.int64)
    for group in (present, ~present):
        fold[group] = np.arange(int(group.sum())) % FOLDS
    for number in range(FOLDS):
        left_out = fold == number
        fit = fit_logistic(features[~left_out], present[~left_out])
        logits[left_out] = features[left_out] @ fit.weights + fit.bias
    return logits


def fit_temperature(logits: NDArray[np.float64], present: NDArray[np.bool_]) -> float:
    """Return the temperature of the least cross-entropy, within `COLDEST` to `HOTTEST`.

    The targets are those of Platt (1999), (n + 1) / (n + 2) and 1 / (n + 2): a set that is separated
    without error would otherwise ask for certainty. The loss is convex in the inverse temperature, so
    its derivative is brought to zero by halving.
    """
    with_it, without = int(present.sum()), int((~present).sum())
    targets = np.where(present, (with_it + 1) / (with_it + 2), 1 / (without + 2))
    low, high = 1 / HOTTEST, 1 / COLDEST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        slope = ((1 / (1 + np.exp(-np.clip(middle * logits, -60, 60))) - targets) * logits).sum()
        low, high = (low, middle) if slope > 0 else (middle, high)
    return float(np.clip(2 / (low + high), COLDEST, HOTTEST))
