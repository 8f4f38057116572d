"""From probability maps to one calibrated probability a finding, for the radiograph as a whole."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

FEATURES = ("log_area", "top_mean", "smoothed_max")
TOP_SHARE = 0.002  # of the pixels, averaged for `top_mean`
SMOOTHING = 1 / 64  # Gaussian sigma for `smoothed_max`, as a share of the side


@dataclass(frozen=True)
class Calibration:
    """Logistic regression from the features of a finding to its probability.

    Attributes
    ----------
    weights
        float64 (4, 3): a row a finding in segment order, a column a feature of `FEATURES`.
    bias
        float64 (4,).
    """

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]


def image_features(probabilities: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return what the score rests on, float64 (4, 3): see `FEATURES`.

    Parameters
    ----------
    probabilities
        Softmax output, float32 (5, S, S), background first.
    """
    features = np.empty((len(probabilities) - 1, len(FEATURES)), np.float64)
    pixels = probabilities[0].size
    top = max(1, round(TOP_SHARE * pixels))
    for index, channel in enumerate(probabilities[1:]):
        area = np.count_nonzero(channel > 0.5) / pixels
        strongest = np.partition(channel.ravel(), pixels - top)[pixels - top :]
        smooth = cv2.GaussianBlur(np.ascontiguousarray(channel), (0, 0), SMOOTHING * channel.shape[0])
        features[index] = (np.log10(area + 1e-4) + 4, strongest.mean(), smooth.max())
    return features


def image_scores(probabilities: NDArray[np.float32], calibration: Calibration) -> NDArray[np.float64]:
    """Return the calibrated probability of each finding, float64 (4,), in segment order.

    Parameters
    ----------
    probabilities
        Softmax output, float32 (5, S, S), background first.
    """
    return calibrated(image_features(probabilities), calibration)


def calibrated(features: NDArray[np.float64], calibration: Calibration) -> NDArray[np.float64]:
    """Return probabilities (..., 4) of features (..., 4, 3)."""
    logits = (features * calibration.weights).sum(axis=-1) + calibration.bias
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -30, 30))), np.float64)
