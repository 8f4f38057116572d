"""Judge a view classifier, set its threshold, and write it as a package with its card."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from inference.models import CARD_FILE, DESCRIPTION_FILE, NETWORK_FILE, file_sha256
from inference.view import ViewClassifier
from inference.view_package import (
    SHIPPED_VIEW,
    TASK,
    ViewDescription,
    ViewPackage,
    load_view_package,
)
from study.image_kind import READABLE
from study.model import DISCLAIMER_EN
from training.document import Table, markdown_table
from training.eligibility_set import KINDS, Drawn
from training.export import OPSET, save_program
from training.metrics import wilson
from training.view_network import ViewNetwork

Floats = NDArray[np.float64]
REFUSED_AT_MOST = 0.01  # of validation's readable ones
_READABLE = np.array([kind in READABLE for kind in KINDS])
_INPUT, _OUTPUT = "radiograph", "kinds"
_TITLES = {
    "val": "validation, site A",
    "a": "test, site A",
    "b": "test, site B",
}


def logits_of(network: ViewNetwork, drawn: Drawn) -> Floats:
    """Return logits (N, kinds) of a set that has the network's size."""
    network.eval()
    parts = []
    with torch.inference_mode():
        for start in range(0, len(drawn.kinds), 128):
            part = torch.from_numpy(as_inputs(drawn.images[start : start + 128]))
            parts.append(network(part[:, None]).double().numpy())
    return np.concatenate(parts)


def as_inputs(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return kept images as the network reads them, float32 in -1 to 1."""
    return np.asarray(images / np.float32(127.5) - 1, np.float32)


def judged(network: ViewNetwork, drawn: Drawn) -> tuple[float, float]:
    """Return which share has its kind found, and which is rightly taken or left."""
    found = logits_of(network, drawn).argmax(axis=1)
    right = _READABLE[found] == _READABLE[drawn.kinds]
    return float(np.mean(found == drawn.kinds)), float(np.mean(right))


def shares(logits: Floats, temperature: float) -> Floats:
    """Return probabilities (N, kinds) of logits."""
    powers = np.exp((logits - logits.max(axis=1, keepdims=True)) / temperature)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float64)


def fitted_temperature(logits: Floats, kinds: NDArray[np.int64]) -> float:
    """Return the temperature of the least cross-entropy (Guo et al. 2017), from 0.25 to 8."""

    def loss(logarithm: float) -> float:
        chosen = shares(logits, float(np.exp(logarithm)))[np.arange(len(kinds)), kinds]
        return float(-np.log(chosen + 1e-12).mean())

    fit = minimize_scalar(loss, bounds=(np.log(0.25), np.log(8)), method="bounded")
    return round(float(np.exp(fit.x)), 4)


def fitted_threshold(readable: Floats, is_readable: NDArray[np.bool_]) -> float:
    """Return from which probability on an image is read.

    As strict as it can be with at most `REFUSED_AT_MOST` of the readable ones refused; where that is
    stricter than every stranger asks for, in the middle of both, in log odds.
    """
    odds = np.log(np.clip(readable, 1e-9, 1 - 1e-9) / np.clip(1 - readable, 1e-9, 1))
    strictest = float(np.quantile(odds[is_readable], REFUSED_AT_MOST, method="lower"))
    needed = float(odds[~is_readable].max())
    chosen = strictest if needed > strictest else (needed + strictest) / 2
    return round(float(1 / (1 + np.exp(-chosen))), 4)


def write_package(
    out: Path,
    network: ViewNetwork,
    sets: dict[str, Drawn],
    *,
    version: str,
    training: dict[str, Any],
) -> ViewPackage:
    """Write a view package, threshold and temperature fitted on the set `val`, figures on every set."""
    out.mkdir(parents=True, exist_ok=True)
    size = next(iter(sets.values())).images.shape[1]
    _write_onnx(network, size, out / NETWORK_FILE)
    logits = {name: logits_of(network, drawn) for name, drawn in sets.items()}
    kinds = sets["val"].kinds
    temperature = fitted_temperature(logits["val"], kinds)
    readable = {name: shares(each, temperature)[:, _READABLE].sum(axis=1) for name, each in logits.items()}
    threshold = fitted_threshold(readable["val"], _READABLE[kinds])
    figures = {
        name: _figures(drawn.kinds, readable[name] >= threshold, logits[name].argmax(axis=1))
        for name, drawn in sets.items()
    }
    description = ViewDescription(
        name=SHIPPED_VIEW,
        version=version,
        task=TASK,
        sha256=file_sha256(out / NETWORK_FILE),
        architecture=f"residual network, stages of {', '.join(map(str, network.widths))} channels",
        size=size,
        kinds=list(KINDS),
        threshold=threshold,
        temperature=temperature,
        input_name=_INPUT,
        output_name=_OUTPUT,
        preprocessing="letterbox; quantiles 0.01 and 0.99 of the exposed field to -1 and 1",
        disclaimer=DISCLAIMER_EN,
        training=training,
        metrics=figures,
    )
    (out / DESCRIPTION_FILE).write_text(description.model_dump_json(indent=2) + "\n", encoding="utf-8")
    package = load_view_package(out)
    _check_served(package, network, sets["val"])
    (out / CARD_FILE).write_text(card_text(description), encoding="utf-8")
    return package


def _check_served(package: ViewPackage, network: ViewNetwork, drawn: Drawn) -> None:
    """Raise unless what is served answers as the network that was judged."""
    few = Drawn(drawn.images[::97], drawn.kinds[::97])
    served = ViewClassifier(package).logits(as_inputs(few.images)[:, None])
    worst = float(np.abs(served - logits_of(network, few)).max())
    if worst > 0.05:
        raise RuntimeError(f"the exported network differs by {worst:.3f}")


def _write_onnx(network: ViewNetwork, size: int, path: Path) -> None:
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own deprecations
        program = torch.onnx.export(
            network.eval(),
            (torch.zeros(2, 1, size, size),),
            dynamo=True,
            opset_version=OPSET,
            input_names=[_INPUT],
            output_names=[_OUTPUT],
            dynamic_shapes={"images": {0: torch.export.Dim("batch")}},
            verbose=False,
        )
    save_program(program, path)


def _figures(kinds: NDArray[np.int64], is_read: NDArray[np.bool_], found: NDArray[np.intp]) -> dict[str, Any]:
    """Return how many of each kind there are, are read, and are called what they are."""
    good = _READABLE[kinds]
    rows = {
        str(kind): {
            "images": int((kinds == index).sum()),
            "read": int(is_read[kinds == index].sum()),
            "named": int((found[kinds == index] == index).sum()),
        }
        for index, kind in enumerate(KINDS)
        if (kinds == index).any()
    }
    return {
        "good": {"images": int(good.sum()), "refused": int((good & ~is_read).sum())},
        "strangers": {"images": int((~good).sum()), "abstained": int((~good & ~is_read).sum())},
        "kinds_named": round(float(np.mean(found == kinds)), 4),
        "kinds": rows,
    }


def card_text(described: ViewDescription) -> str:
    """Return the model card of a view package, as Markdown."""
    sections = [
        f"# {described.name} {described.version}",
        f"**{described.disclaimer}.** It has seen no patient: what it leaves unread are drawings of what "
        "should be left unread. A hospital's own odd images will surprise it.",
        "## What it is\n\n"
        f"A {described.architecture}, {described.training['parameters']:,} parameters, reading "
        f"{described.size} x {described.size} pixels. It tells {len(described.kinds)} kinds apart: "
        + ", ".join(kind.replace("_", " ") for kind in described.kinds)
        + f". A radiograph is read where the three views of a child's abdomen have together at least "
        f"{described.threshold} of its probability (chosen on the validation set); otherwise it is left "
        "unread, and the likeliest other kind is the reason that is given.\n\n"
        f"SHA-256 of the network: `{described.sha256}`",
        "## Figures\n\n"
        + markdown_table(
            Table(
                ["set", "good ones refused", "strangers left unread", "kind named rightly"],
                [_row(name, figures) for name, figures in described.metrics.items()],
            )
        )
        + "\n\nIntervals are Wilson's, 95 %. At site B the strangers are its abdomens, spoilt; nothing of "
        "its equipment was trained on.",
        *(_by_kind(name, figures) for name, figures in described.metrics.items() if name != "val"),
    ]
    return "\n\n".join(sections) + "\n"


def _row(name: str, figures: dict[str, Any]) -> list[str]:
    good, strangers = figures["good"], figures["strangers"]
    return [
        _TITLES[name],
        _share(good["refused"], good["images"]),
        _share(strangers["abstained"], strangers["images"]),
        f"{figures['kinds_named']:.1%}",
    ]


def _by_kind(name: str, figures: dict[str, Any]) -> str:
    rows = [
        [kind.replace("_", " "), str(row["images"]), str(row["read"]), str(row["named"])]
        for kind, row in figures["kinds"].items()
    ]
    table = Table(["kind", "images", "read", "named"], rows)
    title = _TITLES[name]
    return f"### {title[0].upper()}{title[1:]}\n\n{markdown_table(table)}"


def _share(part: int, whole: int) -> str:
    share = wilson(part, whole)
    return f"{part} of {whole} ({share.value:.1%}; {share.low:.1%} to {share.high:.1%})"
