"""From probability maps to one calibrated probability a finding, for the radiograph as a whole."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

FEATURES = ("log_area", "top_mean", "smoothed_max")  # of the finding's probability map
ALL_FEATURES = (*FEATURES, "head_logit")  # where the network has an image-level head
LARGEST_LOGIT = 12.0  # a head that is surer than this is not listened to more
TOP_SHARE = 0.002  # of the pixels, averaged for `top_mean`
SMOOTHING = 1 / 64  # Gaussian sigma for `smoothed_max`, as a share of the side


@dataclass(frozen=True)
class Calibration:
    """Logistic regression from the features of a finding to its probability.

    Attributes
    ----------
    weights
        float64 (4, F): a row a finding in segment order, a column a feature of the package.
    bias
        float64 (4,).
    """

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]


def image_features(
    probabilities: NDArray[np.float32], head: NDArray[np.float32] | None = None
) -> NDArray[np.float64]:
    """Return what the score rests on, float64 (4, 3), or (4, 4) with a head: see `ALL_FEATURES`.

    Parameters
    ----------
    probabilities
        Softmax output, float32 (5, S, S), background first.
    head
        Logits of the image-level head, float32 (4,).
    """
    features = np.empty((len(probabilities) - 1, len(FEATURES)), np.float64)
    pixels = probabilities[0].size
    top = max(1, round(TOP_SHARE * pixels))
    for index, channel in enumerate(probabilities[1:]):
        area = np.count_nonzero(channel > 0.5) / pixels
        strongest = np.partition(channel.ravel(), pixels - top)[pixels - top :]
        smooth = cv2.GaussianBlur(np.ascontiguousarray(channel), (0, 0), SMOOTHING * channel.shape[0])
        features[index] = (np.log10(area + 1e-4) + 4, strongest.mean(), smooth.max())
    if head is None:
        return features
    logits = np.clip(head.astype(np.float64), -LARGEST_LOGIT, LARGEST_LOGIT)
    return np.column_stack([features, logits])


def image_scores(
    probabilities: NDArray[np.float32], calibration: Calibration, head: NDArray[np.float32] | None = None
) -> NDArray[np.float64]:
    """Return the calibrated probability of each finding, float64 (4,), in segment order.

    Parameters
    ----------
    probabilities
        Softmax output, float32 (5, S, S), background first.
    head
        Logits of the image-level head, float32 (4,), where the network has one.
    """
    return calibrated(image_features(probabilities, head), calibration)


def calibrated(features: NDArray[np.float64], calibration: Calibration) -> NDArray[np.float64]:
    """Return probabilities (..., 4) of features (..., 4, F)."""
    logits = (features * calibration.weights).sum(axis=-1) + calibration.bias
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -30, 30))), np.float64)
