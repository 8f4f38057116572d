"""Certify that a network computed in less than float32 decides as in float32; see `inference.parity`."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np

from inference.golden import write_golden
from inference.models import DESCRIPTION_FILE, ModelPackage, load_package
from inference.onnx_runtime import OnnxRuntime
from inference.parity import Case, Certificate, compare, keep
from inference.predict import Predictor
from inference.runtime import Precision
from inference.serving import Serving, open_runtime
from study.errors import ModelError
from training.dataset import PreparedSet
from training.phantom import PhantomKind, draw_phantom

GOLDEN_SEED, GOLDEN_SIDE = 20, 512


def certify(
    package: ModelPackage, serving: Serving, held_out: PreparedSet, *, described: str, made_at: datetime
) -> Certificate:
    """Compare a precision with float32 on ONNX Runtime, keep the certificate in the package, return it.

    A certificate that states shortfalls is kept too: it serves nothing, and says why.

    Parameters
    ----------
    serving
        Names engine, precision and threads.
    held_out
        Radiographs that the network was not trained on.
    described
        What they are, in a few words.

    Raises
    ------
    ModelError
        If the precision cannot be computed here.
    """
    certificate = compare(
        package,
        open_runtime(package, serving),
        OnnxRuntime(package, threads=serving.threads),
        _cases(held_out),
        described=described,
        processor=processor(),
        made_at=made_at,
    )
    keep(package, certificate)
    return certificate


def certify_bf16(
    package: ModelPackage, held_out: PreparedSet, *, described: str, made_at: datetime
) -> Certificate | None:
    """Certify bf16 on OpenVINO; None where this machine does not compute it."""
    serving = Serving(engine="openvino", precision=Precision.BF16, threads=2)
    try:
        return certify(package, serving, held_out, described=described, made_at=made_at)
    except ModelError:
        return None


def add_golden(package: ModelPackage) -> ModelPackage:
    """Give a package a golden image, a phantom with free gas, and return the package anew."""
    phantom = draw_phantom(GOLDEN_SEED, PhantomKind.PNEUMOPERITONEUM, size=(GOLDEN_SIDE, GOLDEN_SIDE))
    golden = write_golden(Predictor(package), phantom.attenuation_image)
    described = package.description.model_copy(update={"golden": golden})
    (package.folder / DESCRIPTION_FILE).write_text(described.model_dump_json(indent=2) + "\n", "utf-8")
    return load_package(package.folder)


def processor() -> str:
    """Return the processor's name, as far as the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _cases(prepared: PreparedSet) -> Iterator[Case]:
    for image, labels in zip(prepared.images, prepared.labels, strict=True):
        yield Case(np.asarray(image, np.float32), np.asarray(labels, np.uint8))
