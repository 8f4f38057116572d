"""Write a trained network as a model package: ONNX, safetensors, a description and a card."""

from __future__ import annotations

import copy
import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from inference.models import (
    DESCRIPTION_FILE,
    NETWORK_FILE,
    WEIGHTS_FILE,
    ModelDescription,
    ModelPackage,
    file_sha256,
    load_package,
)
from inference.predict import Predictor
from inference.scores import ALL_FEATURES, FEATURES, image_features
from inference.unet import UNet
from study import telemetry
from study.findings import FINDINGS
from study.model import DISCLAIMER_EN
from training.calibrate import choice_for, fit_score
from training.card import write_card
from training.certify import add_golden, certify_bf16
from training.checkpoint import read_checkpoint, reading_weights
from training.dataset import PreparedSet
from training.recipe import Recipe
from training.temperature import with_temperature

INPUT, OUTPUT, HEAD = "radiograph", "probabilities", "findings"
OPSET = 18
OTHER_DISCLAIMER = "Trained on radiographs of its maker's choice, not for clinical use"
_LARGE = 64  # initialisers of at least so many numbers are stored in half precision


class _WithSoftmax(nn.Module):
    """The network and the softmax after it, as one graph."""

    def __init__(self, network: UNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, radiograph: Tensor) -> tuple[Tensor, ...]:
        """Return probabilities (N, 5, S, S), and the head's logits (N, 4) where there is one."""
        answers = self.network(radiograph)
        probabilities = torch.softmax(answers.logits, dim=1)
        return (probabilities,) if answers.findings is None else (probabilities, answers.findings)


def export_package(
    checkpoint: Path, out: Path, validation: PreparedSet, *, name: str, version: str
) -> ModelPackage:
    """Write the network of a checkpoint as a model package, scores fitted on the validation set.

    With it go a golden image, and where this machine computes bf16, its parity certificate.

    Raises
    ------
    OSError
        If the checkpoint cannot be read or the folder not be written.
    """
    content = read_checkpoint(checkpoint)
    recipe = Recipe.model_validate(content["recipe"])
    network = serving_network(recipe, content)
    out.mkdir(parents=True, exist_ok=True)
    write_onnx(network, recipe.data.size, out / NETWORK_FILE)
    halves = {k: v.half() if v.is_floating_point() else v for k, v in network.state_dict().items()}
    save_file({k: v.contiguous() for k, v in halves.items()}, out / WEIGHTS_FILE)
    (out / WEIGHTS_FILE).chmod(0o644)
    description = _description(out, recipe, content, name=name, version=version)
    _write_description(out, description)
    _write_description(out, calibrated_description(load_package(out), validation))
    package = add_golden(load_package(out))
    kind = "phantoms" if recipe.data.is_drawn else "radiographs"
    certify_bf16(package, validation, described=f"{kind} of its validation split", made_at=telemetry.now())
    write_card(package)
    return package


def serving_network(recipe: Recipe, content: dict[str, Any]) -> UNet:
    """Return the network that a checkpoint's weights make, without what only trains."""
    parts = recipe.network.model_dump() | {"deep_supervision": False}
    network = UNet(**parts)
    weights = reading_weights(content)
    network.load_state_dict({n: value for n, value in weights.items() if not n.startswith("deeper.")})
    return network.eval()


def write_onnx(network: UNet, size: int, path: Path) -> None:
    """Write the network with softmax as ONNX: batch normalisation folded in, weights in half precision.

    The half-precision weights are cast to float32 in the graph, which the runtime does once, at load:
    the file is half as large, the arithmetic is float32.
    """
    example = torch.zeros(2, 1, size, size)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own deprecations
        program = torch.onnx.export(
            _WithSoftmax(folded(network)).eval(),
            (example,),
            dynamo=True,
            opset_version=OPSET,
            input_names=[INPUT],
            output_names=[OUTPUT] if network.image_head is None else [OUTPUT, HEAD],
            dynamic_shapes={"radiograph": {0: torch.export.Dim("batch")}},
            verbose=False,
        )
    save_program(program, path)


def save_program(program: torch.onnx.ONNXProgram | None, path: Path) -> None:
    """Write what torch exported as ONNX, checked, its large weights in half precision.

    Raises
    ------
    RuntimeError
        If torch exported nothing.
    """
    if program is None:
        raise RuntimeError("torch wrote no ONNX program")
    model = program.model_proto
    halve(model.graph)
    for node in model.graph.node:
        del node.metadata_props[:]
    model.doc_string = ""
    onnx.checker.check_model(model)
    onnx.save(model, path)


def folded(network: UNet) -> UNet:
    """Return a copy with each batch normalisation folded into the convolution before it."""
    copied = copy.deepcopy(network).eval()
    for layers in [module for module in copied.modules() if isinstance(module, nn.Sequential)]:
        for index in range(len(layers) - 1):
            before, after = layers[index], layers[index + 1]
            if isinstance(before, nn.Conv2d) and isinstance(after, nn.BatchNorm2d):
                layers[index], layers[index + 1] = fuse_conv_bn_eval(before, after), nn.Identity()
    return copied


def halve(graph: onnx.GraphProto) -> None:
    """Keep large float32 weights in half precision, cast to float32 in the graph."""
    casts = []
    for initializer in graph.initializer:
        values = numpy_helper.to_array(initializer)
        if values.dtype != np.float32 or values.size < _LARGE:
            continue
        name = initializer.name
        initializer.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        casts.append(
            helper.make_node("Cast", [f"{name}.half"], [name], name=f"{name}.cast", to=TensorProto.FLOAT)
        )
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend([*casts, *nodes])


def _description(
    out: Path, recipe: Recipe, content: dict[str, Any], *, name: str, version: str
) -> ModelDescription:
    features = ALL_FEATURES if recipe.network.image_head else FEATURES
    neutral = {
        "weights": [0.0] * len(features),
        "bias": 0.0,
        "operating_point": 0.5,
        "indeterminate_from": 0.25,
    }
    entries: dict[str, Any] = {
        "name": name,
        "version": version,
        "sha256": file_sha256(out / NETWORK_FILE),
        "weights_sha256": file_sha256(out / WEIGHTS_FILE),
        "architecture": _architecture(recipe),
        **recipe.network.model_dump(exclude={"deep_supervision"}),
        "size": recipe.data.size,
        "labels": list(FINDINGS),
        "input_name": INPUT,
        "output_name": OUTPUT,
        "head_name": HEAD if recipe.network.image_head else None,
        "preprocessing": "letterbox; quantiles 0.01 and 0.99 of the exposed field to -1 and 1",
        "features": list(features),
        "scores": dict.fromkeys(FINDINGS, neutral),
        "disclaimer": DISCLAIMER_EN if recipe.data.is_drawn else OTHER_DISCLAIMER,
        "training": {
            "recipe": recipe.model_dump(mode="json", exclude={"data": {"cache"}}),
            "earlier_recipes": [_without_cache(part) for part in content.get("earlier", [])],
            "epochs": content["epoch"],
            "processes": content.get("processes", 1),
            "best_epoch": content["best_epoch"],
            "validation_dice": round(float(content["best_dice"]), 4),
        },
        "metrics": {},
    }
    return ModelDescription.model_validate(entries)


def _without_cache(earlier: dict[str, Any]) -> dict[str, Any]:
    """Return an earlier recipe without the folder of the machine that it was trained on."""
    recipe = Recipe.model_validate(earlier["recipe"])
    return earlier | {"recipe": recipe.model_dump(mode="json", exclude={"data": {"cache"}})}


def _architecture(recipe: Recipe) -> str:
    part = recipe.network
    added = {
        "a first level at half the image's side": part.stem == 2,
        "a residual contracting path": part.residual,
        "an image-level head": part.image_head,
    }
    said = ", ".join(name for name, is_there in added.items() if is_there)
    plain = "U-Net (Ronneberger et al. 2015) with batch normalisation and padding"
    return f"{plain}; {said}" if said else plain


def calibrated_description(package: ModelPackage, validation: PreparedSet) -> ModelDescription:
    """Return the package's description with scores fitted on the network's answers as exported."""
    predictor = Predictor(package, threads=torch.get_num_threads())
    features = np.empty((len(validation), len(FINDINGS), len(package.description.features)))
    for index in range(len(validation)):
        answer = predictor.runtime(validation.images[index].astype(np.float32)[None, None])
        head = None if answer.head is None else answer.head[0]
        features[index] = image_features(answer.probabilities[0], head)
    present = np.asarray(validation.findings, np.bool_)
    scores = {}
    for number, label in enumerate(FINDINGS):
        fitted = fit_score(features[:, number], present[:, number], choice_for(label))
        scores[label] = with_temperature(fitted, features[:, number], present[:, number])
    return package.description.model_copy(update={"scores": scores})


def _write_description(out: Path, description: ModelDescription) -> None:
    (out / DESCRIPTION_FILE).write_text(description.model_dump_json(indent=2) + "\n", encoding="utf-8")
