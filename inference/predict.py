"""Run the network on one radiograph, on whichever runtime there is."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as native

from inference.models import ModelPackage
from inference.preprocess import Letterbox, prepare
from inference.scores import image_scores
from study.errors import ModelError
from study.findings import FINDINGS

# ONNX Runtime's own errors have no common base but Exception.
_CANNOT_LOAD = (
    native.Fail,
    native.InvalidArgument,
    native.InvalidGraph,
    native.InvalidProtobuf,
    native.NoSuchFile,
    native.NotImplemented,
    native.RuntimeException,
    RuntimeError,
)
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


class Runtime(Protocol):
    """Something that evaluates the network."""

    @property
    def name(self) -> str:
        """What evaluates it, for logs."""

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return softmax probabilities (N, 5, S, S) of inputs (N, 1, S, S), both float32."""


class OnnxRuntime:
    """ONNX Runtime on the CPU; one session may be used by several threads at once.

    Parameters
    ----------
    package
        A verified model package.
    threads
        Threads for one evaluation.

    Raises
    ------
    ModelError
        If the network cannot be loaded or does not have the described input and output.
    """

    def __init__(self, package: ModelPackage, *, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Idle threads sleep: receiver, viewer and Redis share these cores.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(
                str(package.network), options, providers=["CPUExecutionProvider"]
            )
        except _CANNOT_LOAD as error:
            raise ModelError(f"{package.network} cannot be loaded: {type(error).__name__}") from error
        self._input, self._output = package.description.input_name, package.description.output_name
        names = [i.name for i in self._session.get_inputs()], [o.name for o in self._session.get_outputs()]
        if names != ([self._input], [self._output]):
            raise ModelError(f"{package.network} has inputs {names[0]} and outputs {names[1]}")

    @property
    def name(self) -> str:
        """What evaluates the network."""
        return f"ONNX Runtime {onnxruntime.__version__} on the CPU"

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return softmax probabilities (N, 5, S, S) of inputs (N, 1, S, S)."""
        return np.asarray(self._session.run([self._output], {self._input: batch})[0], np.float32)


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
        probabilities = self.runtime(prepared[None])
        expected = (1, _CLASSES, self.package.size, self.package.size)
        if probabilities.shape != expected or not np.isfinite(probabilities).all():
            raise ModelError(
                f"{self.package.description.name} answered {probabilities.shape}, expected {expected}"
            )
        scores = image_scores(probabilities[0], self.package.calibration)
        return Prediction(probabilities[0], scores, letterbox, prepared[0])
