"""Put a model package and what evaluates it together, and refuse what was not shown to be right."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import structlog

from inference.golden import check_golden
from inference.models import ModelPackage
from inference.onnx_runtime import OnnxRuntime
from inference.openvino_runtime import OpenVinoRuntime, is_installed
from inference.parity import check_certified
from inference.predict import Predictor
from inference.runtime import Precision, Runtime
from study.errors import ModelError

log = structlog.get_logger()

Engine = Literal["auto", "openvino", "onnxruntime"]


@dataclass(frozen=True)
class Serving:
    """How networks are evaluated here.

    Attributes
    ----------
    device
        ``cpu``, or a CUDA device of torch.
    engine
        On the CPU; ``auto`` takes OpenVINO where it is installed, else ONNX Runtime.
    precision
        The arithmetic.
    threads
        For one radiograph on the CPU.
    cache
        Folder of compiled networks; None keeps none.
    compiled
        Whether torch compiles the network at the start.
    batch_window
        Seconds in which radiographs of several studies become one batch on CUDA; 0 for none.
    """

    device: str = "cpu"
    engine: Engine = "auto"
    precision: Precision = Precision.FP32
    threads: int = 1
    cache: Path | None = None
    compiled: bool = False
    batch_window: float = 0.02


def open_predictor(package: ModelPackage, serving: Serving) -> Predictor:
    """Return the predictor of a package: certified for its precision, and right on its golden image.

    Raises
    ------
    ModelError
        If the runtime is not there, the precision is not certified, or the golden image comes out wrong.
    """
    runtime = open_runtime(package, serving)
    check_certified(package, runtime)
    predictor = Predictor(package, runtime=runtime)
    check_golden(predictor)
    return predictor


def log_ready(predictor: Predictor) -> None:
    """Log what serves, on what and in which precision."""
    package, runtime = predictor.package, predictor.runtime
    certificate = check_certified(package, runtime)
    log.info(
        "network_ready",
        model=package.description.name,
        version=package.description.version,
        sha256=package.description.sha256[:16],
        runtime=runtime.name,
        precision=runtime.precision,
        certified_on=None if certificate is None else f"{certificate.images} {certificate.set}",
        golden="right" if package.description.golden is not None else "the package has none",
    )


def open_runtime(package: ModelPackage, serving: Serving) -> Runtime:
    """Return what evaluates a package's network; nothing of its answers was checked yet.

    Raises
    ------
    ModelError
        If the engine or the device is not there, or does not compute in that precision.
    """
    if serving.device != "cpu":
        return _on_device(package, serving)
    engine = serving.engine
    if engine == "auto":
        engine = "openvino" if is_installed() else "onnxruntime"
    if engine == "openvino":
        return OpenVinoRuntime(
            package, threads=serving.threads, precision=serving.precision, cache=serving.cache
        )
    return OnnxRuntime(package, threads=serving.threads, precision=serving.precision)


def _on_device(package: ModelPackage, serving: Serving) -> Runtime:
    try:
        from inference.torch_runtime import TorchRuntime  # torch is there on such a machine only
    except ImportError as error:
        raise ModelError(
            f"the device {serving.device} needs PyTorch: `pip install 'kidray[gpu]'`; "
            "or set KIDRAY_DEVICE=cpu"
        ) from error
    from inference.batching import LARGEST_BATCH, Batcher

    runtime = TorchRuntime(
        package, device=serving.device, precision=serving.precision, compiled=serving.compiled
    )
    if not serving.batch_window and not serving.compiled:
        return runtime
    batcher = Batcher(runtime, window=serving.batch_window)  # CUDA graphs need its one thread, too
    if serving.compiled:
        for count in (1, 2, 4, LARGEST_BATCH):
            batcher(np.zeros((count, 1, package.size, package.size), np.float32))
    return batcher
