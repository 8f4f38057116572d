"""Evaluate the network with OpenVINO on the CPU, in the precision asked for and no other."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.models import ModelPackage
from inference.runtime import Answer, Precision
from study.errors import ModelError

# What is not quantised is computed so; left unsaid, OpenVINO takes bf16 wherever the processor has it.
_HINTS = {Precision.FP32: "f32", Precision.BF16: "bf16", Precision.INT8: "f32"}
_CAPABILITY = "BF16"


class OpenVinoRuntime:
    """OpenVINO on the CPU; several threads may ask at once, each has its own request.

    Parameters
    ----------
    package
        A verified model package.
    threads
        Threads for one evaluation.
    precision
        FP32; BF16 where the processor has it; INT8 where the package holds a quantised network.
    cache
        Folder of compiled networks, which makes later starts faster; None keeps none.

    Raises
    ------
    ModelError
        If OpenVINO is not installed, the processor lacks the precision, or the network does not load.
    """

    def __init__(
        self,
        package: ModelPackage,
        *,
        threads: int = 1,
        precision: Precision = Precision.FP32,
        cache: Path | None = None,
    ) -> None:
        openvino = _openvino()
        core = openvino.Core()
        if precision is Precision.BF16 and _CAPABILITY not in _property(core, "OPTIMIZATION_CAPABILITIES"):
            raise ModelError("this processor computes no bf16; set KIDRAY_PRECISION=fp32")
        self.precision = precision
        self._version = str(openvino.__version__).partition("-")[0]
        self._outputs = package.description.output_names
        options: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": _HINTS[precision],
            "INFERENCE_NUM_THREADS": threads,
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1,  # one evaluation gets every thread
        }
        self._network = _compiled(core, package, precision, options, cache)
        names = [port.get_any_name() for port in self._network.outputs]
        if names != self._outputs:
            raise ModelError(f"{package.network_for(precision)} has outputs {names}")
        self._request = threading.local()

    @property
    def name(self) -> str:
        """What evaluates the network."""
        return f"OpenVINO {self._version} on the CPU"

    def __call__(self, batch: NDArray[np.float32]) -> Answer:
        """Return what the network says of inputs (N, 1, S, S)."""
        request = getattr(self._request, "own", None)
        if request is None:
            request = self._request.own = self._network.create_infer_request()
        try:
            answers = request.infer({0: batch})
        except RuntimeError as error:  # OpenVINO's only one
            raise ModelError(f"OpenVINO could not evaluate a batch of shape {batch.shape}") from error
        return Answer(*(np.array(answers[index], np.float32) for index in range(len(self._outputs))))


def is_installed() -> bool:
    """Return whether OpenVINO can be imported here."""
    try:
        _openvino()
    except ModelError:
        return False
    return True


def _openvino() -> Any:
    # Its package for usage statistics tells a server of each import. None in its place: it tells nobody.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    try:
        import openvino
    except ImportError as error:
        raise ModelError(
            "OpenVINO is not installed: `pip install openvino`, or set KIDRAY_RUNTIME=onnxruntime"
        ) from error
    return openvino


def _property(core: Any, name: str) -> Any:
    return core.get_property("CPU", name)


def _compiled(
    core: Any, package: ModelPackage, precision: Precision, options: dict[str, Any], cache: Path | None
) -> Any:
    """Return the compiled network; a cache that is damaged is done without."""
    network = str(package.network_for(precision))
    if cache is not None:
        try:
            cache.mkdir(parents=True, exist_ok=True)
            return core.compile_model(network, "CPU", {**options, "CACHE_DIR": str(cache)})
        except (RuntimeError, OSError):
            pass
    try:
        return core.compile_model(network, "CPU", options)
    except RuntimeError as error:
        raise ModelError(f"{network} cannot be loaded: {type(error).__name__}") from error
