"""The golden image of a package: one radiograph whose answer is known, asked for at each start."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.models import GOLDEN_FILE, Golden, ModelPackage, file_sha256
from inference.predict import Prediction, Predictor
from inference.runtime import Precision
from study.errors import ModelError
from study.findings import FINDINGS

# How far a calibrated probability, and a label's share of the square, may lie from what is expected.
SCORE_TOLERANCE = {Precision.FP32: 0.01, Precision.BF16: 0.1, Precision.INT8: 0.1}
SHARE_TOLERANCE = {Precision.FP32: 0.001, Precision.BF16: 0.01, Precision.INT8: 0.01}


def write_golden(predictor: Predictor, values: NDArray[np.float32]) -> Golden:
    """Write a radiograph into the predictor's package as its golden image; return what is expected of it.

    Parameters
    ----------
    predictor
        Computing in float32.
    values
        Float32 (H, W), bright where more is absorbed; kept in 8 bits, at the network's size at most.
    """
    package = predictor.package
    shrink = min(1.0, package.size / max(values.shape))
    small = cv2.resize(values, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    low, high = float(small.min()), float(small.max())
    picture = np.round((small - low) * (255 / max(high - low, 1e-6))).astype(np.uint8)
    path = package.folder / GOLDEN_FILE
    if not cv2.imwrite(str(path), picture, [cv2.IMWRITE_PNG_COMPRESSION, 9]):
        raise ModelError(f"{path} cannot be written")
    scores, shares = _figures(predictor.predict(picture.astype(np.float32)))
    return Golden(sha256=file_sha256(path), scores=scores, label_shares=shares)


def check_golden(predictor: Predictor) -> None:
    """Raise `ModelError` unless the network answers to the golden image as it did when it was exported.

    A package without one is taken as it is.
    """
    package = predictor.package
    golden = package.description.golden
    if golden is None:
        return
    picture = cv2.imread(str(package.folder / GOLDEN_FILE), cv2.IMREAD_UNCHANGED)
    if picture is None or picture.ndim != 2:
        raise ModelError(f"{package.folder / GOLDEN_FILE} is no grey image; restore the package")
    scores, shares = _figures(predictor.predict(picture.astype(np.float32)))
    precision = predictor.runtime.precision
    apart = np.abs(np.subtract(scores, golden.scores))
    if apart.max() > SCORE_TOLERANCE[precision]:
        label = list(FINDINGS)[int(apart.argmax())]
        raise ModelError(_wrong(package, predictor.runtime.name, f"{label} is off by {apart.max():.3f}"))
    share = float(np.abs(np.subtract(shares, golden.label_shares)).max())
    if share > SHARE_TOLERANCE[precision]:
        raise ModelError(_wrong(package, predictor.runtime.name, f"{share:.1%} of the pixels change label"))


def _figures(prediction: Prediction) -> tuple[list[float], list[float]]:
    labels = prediction.probabilities.argmax(axis=0)
    counts = np.bincount(labels.ravel(), minlength=len(FINDINGS) + 1)
    return [round(float(s), 5) for s in prediction.scores], [round(float(c) / labels.size, 6) for c in counts]


def _wrong(package: ModelPackage, runtime: str, what: str) -> str:
    return (
        f"{package.description.name} on {runtime} does not answer as it should to its golden image: {what}; "
        "nothing is served so, as something in this installation computes wrongly"
    )
