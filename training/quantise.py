"""Quantise a network to int8, its ranges taken from radiographs that it was trained on."""

from __future__ import annotations

import contextlib
import io
import logging
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)

from inference.models import QUANTISED_FILE, ModelPackage
from training.dataset import PreparedSet

_CONVOLUTIONS = ("Conv", "ConvTranspose")
_PERCENTILE = 99.99  # of the activations lie within the range; outliers would widen every step


def quantise(package: ModelPackage, trained_on: PreparedSet) -> Path:
    """Write ``model.int8.onnx`` into a package: weights and activations in 8 bits, weights by channel.

    Parameters
    ----------
    trained_on
        Radiographs from which the ranges of the activations are taken; never the held-out ones.
    """
    target = package.folder / QUANTISED_FILE
    whole = target.with_suffix(".float32")
    try:
        network = _without_casts(onnx.load(package.network))
        onnx.save(network, whole)
        convolutions = [n.name for n in network.graph.node if n.op_type in _CONVOLUTIONS]
        logging.disable(logging.WARNING)  # the quantiser's advice
        with contextlib.redirect_stdout(io.StringIO()):  # and its progress
            quantize_static(
                whole,
                target,
                _Radiographs(package.description.input_name, trained_on),
                quant_format=QuantFormat.QDQ,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                per_channel=True,
                calibrate_method=CalibrationMethod.Percentile,
                op_types_to_quantize=[*_CONVOLUTIONS, "MaxPool", "Concat"],
                # What reads the pixels and what writes the answer lose most by few steps, and cost little.
                nodes_to_exclude=[convolutions[0], convolutions[-1]],
                extra_options={"CalibPercentile": _PERCENTILE},
            )
    finally:
        logging.disable(logging.NOTSET)
        whole.unlink(missing_ok=True)
    return target


class _Radiographs(CalibrationDataReader):  # type: ignore[misc]
    """Gives one radiograph at a time."""

    def __init__(self, input_name: str, prepared: PreparedSet) -> None:
        self._name = input_name
        self._images = iter(np.asarray(prepared.images, np.float32))

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """Return the next input; None after the last."""
        image = next(self._images, None)
        return None if image is None else {self._name: image[None, None]}


def _without_casts(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the network with float32 weights in the place of half-precision ones and their casts."""
    graph = model.graph
    halves = {i.name: i for i in graph.initializer}
    nodes = []
    for node in graph.node:
        half = halves.get(node.input[0]) if node.op_type == "Cast" else None
        if half is None:
            nodes.append(node)
            continue
        values = numpy_helper.to_array(half).astype(np.float32)
        half.CopyFrom(numpy_helper.from_array(values, node.output[0]))
    del graph.node[:]
    graph.node.extend(nodes)
    return model
