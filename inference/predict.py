"""Run the network on one radiograph, on whichever runtime there is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.models import ModelPackage
from inference.onnx_runtime import OnnxRuntime
from inference.preprocess import Letterbox, prepare
from inference.runtime import Answer, Runtime
from inference.scores import image_scores
from study.errors import ModelError
from study.findings import FINDINGS

_CLASSES = len(FINDINGS) + 1


class Prediction(NamedTuple):
    """What the network says of one radiograph.

    Attributes
    ----------
    probabilities
        Softmax output, float32 (5, S, S), background first.
    scores
        Calibrated probability of each finding, float64 (4,), in segment order.
    letterbox
        Where the radiograph lies in the S x S square.
    field
        Network input, float32 (S, S) in -1 to 1, as `inference.preprocess.prepare` gives it.
    """

    probabilities: NDArray[np.float32]
    scores: NDArray[np.float64]
    letterbox: Letterbox
    field: NDArray[np.float32]


class Predictor:
    """A model package and the runtime that evaluates it.

    Parameters
    ----------
    package
        A verified model package.
    threads
        Threads for one radiograph on the CPU.
    runtime
        What evaluates the network; ONNX Runtime on the CPU where not given.
    """

    def __init__(self, package: ModelPackage, *, threads: int = 1, runtime: Runtime | None = None) -> None:
        self.package = package
        self.runtime: Runtime = runtime or OnnxRuntime(package, threads=threads)

    def predict(self, values: NDArray[np.float32]) -> Prediction:
        """Return what the network says of a radiograph.

        Parameters
        ----------
        values
            Float32 (H, W), bright where more is absorbed: `study.pixels.attenuation_values`.

        Raises
        ------
        ModelError
            If the network answers in another shape, or not in numbers.
        """
        prepared, letterbox = prepare(values, self.package.size)
        answer = self.runtime(prepared[None])
        self._check(answer)
        probabilities, head = answer.probabilities[0], None if answer.head is None else answer.head[0]
        scores = image_scores(probabilities, self.package.calibration, head)
        return Prediction(probabilities, scores, letterbox, prepared[0])

    def _check(self, answer: Answer) -> None:
        """Raise unless the answer to one radiograph has the described shapes and holds numbers only."""
        described, found = self.package.description, answer.probabilities.shape
        expected = (1, _CLASSES, described.size, described.size)
        if found != expected or not np.isfinite(answer.probabilities).all():
            raise ModelError(f"{described.name} answered {found}, expected {expected}")
        head = None if answer.head is None else answer.head.shape
        asked = None if described.head_name is None else (1, len(FINDINGS))
        if head != asked or (answer.head is not None and not np.isfinite(answer.head).all()):
            raise ModelError(f"{described.name}'s image-level head answered {head}, expected {asked}")
