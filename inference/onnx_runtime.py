"""Evaluate the network with ONNX Runtime on the CPU: wherever OpenVINO is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as native

from inference.models import ModelPackage
from inference.runtime import Answer, Precision
from study.errors import ModelError

# ONNX Runtime's own errors have no common base but Exception.
CANNOT_LOAD = (
    native.Fail,
    native.InvalidArgument,
    native.InvalidGraph,
    native.InvalidProtobuf,
    native.NoSuchFile,
    native.NotImplemented,
    native.RuntimeException,
    RuntimeError,
)


class OnnxRuntime:
    """ONNX Runtime on the CPU; one session may be used by several threads at once.

    Parameters
    ----------
    package
        A verified model package.
    threads
        Threads for one evaluation.
    precision
        FP32, or INT8 where the package holds a quantised network.

    Raises
    ------
    ModelError
        If the network cannot be loaded or does not have the described input and outputs.
    """

    def __init__(
        self, package: ModelPackage, *, threads: int = 1, precision: Precision = Precision.FP32
    ) -> None:
        if precision is Precision.BF16:
            raise ModelError("ONNX Runtime computes no bf16 on the CPU; install openvino or set fp32")
        self.precision = precision
        network = package.network_for(precision)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Idle threads sleep: receiver, viewer and Redis share these cores.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = _session(network, options)
        self._input, self._outputs = package.description.input_name, package.description.output_names
        names = [i.name for i in self._session.get_inputs()], [o.name for o in self._session.get_outputs()]
        if names != ([self._input], self._outputs):
            raise ModelError(f"{network} has inputs {names[0]} and outputs {names[1]}")

    @property
    def name(self) -> str:
        """What evaluates the network."""
        return f"ONNX Runtime {onnxruntime.__version__} on the CPU"

    def __call__(self, batch: NDArray[np.float32]) -> Answer:
        """Return what the network says of inputs (N, 1, S, S)."""
        answers = self._session.run(self._outputs, {self._input: batch})
        return Answer(*(np.asarray(each, np.float32) for each in answers))


def _session(network: Path, options: onnxruntime.SessionOptions) -> onnxruntime.InferenceSession:
    try:
        return onnxruntime.InferenceSession(str(network), options, providers=["CPUExecutionProvider"])
    except CANNOT_LOAD as error:
        raise ModelError(f"{network} cannot be loaded: {type(error).__name__}") from error
