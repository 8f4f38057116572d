"""Turn back each switch of a recipe alone, train at a small scale, and write down what came of it.

`python -m training.ablation` trains one network a row on the same phantoms and writes the table of
docs/training.md, beside it the classic recipe as it stands. A row that is done is kept under OUT and
not trained again.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from inference.scores import image_features
from study.findings import FINDINGS
from training.dataset import PreparedSet, prepared_phantoms
from training.feed import Feed, plain_batches
from training.metrics import auroc
from training.ranks import ALONE
from training.recipe import Recipe, read_recipe
from training.split import Split
from training.train import Training, run_epoch, start

BEGINS, ENDS = "<!-- ablation begins -->", "<!-- ablation ends -->"
DOCUMENT = Path("docs/training.md")
_ROOM = Path(__file__).parent


class Switch(NamedTuple):
    """What is turned back, in words, and the entries that do it."""

    said: str
    entries: Mapping[str, Any]


SWITCHES = {
    "best": Switch("nothing: `best.toml`", {}),
    "stem": Switch("first level at full side (`stem = 1`)", {"network": {"stem": 1}}),
    "residual": Switch("no residual blocks", {"network": {"residual": False}}),
    "deep_supervision": Switch("no deep supervision", {"network": {"deep_supervision": False}}),
    "loss": Switch("soft Dice and cross-entropy", {"loss": {"kind": "dice_entropy"}}),
    "schedule": Switch("the rate halved on a plateau", {"optimizer": {"schedule": "plateau"}}),
    "average": Switch("no average of the weights", {"optimizer": {"average_decay": 0.0}}),
    "precision": Switch("fp32", {"precision": "fp32"}),
    "image_head": Switch("no image-level head", {"network": {"image_head": False}}),
    "half_size": Switch("every epoch at full size", {"half_size_epochs": 0}),
    "augmentation": Switch("Albumentations", {"augmentation": {"engine": "albumentations"}}),
    "drawing": Switch("trained on one finding at a time, none subtle", {"data": {"drawing": "cycle"}}),
}
CLASSIC = Switch("all of them: the network and loss of `unet.toml`, at this rate and schedule", {
    "network": {"stem": 1, "residual": False, "deep_supervision": False, "image_head": False, "widest": None},
    "loss": {"kind": "dice_entropy"},
    "optimizer": {"average_decay": 0.0},
    "augmentation": {"engine": "albumentations"},
})  # fmt: skip


SEED = Switch("the whole of `unet.toml`, its rate and plateau too", {
    "half_size_epochs": 0,
    **read_recipe(_ROOM / "configs" / "unet.toml").model_dump(
        include={"batch": True, "network": {"depth", "widest", "stem", "residual", "deep_supervision",
                 "image_head"}, "loss": True, "optimizer": True, "augmentation": True}
    ),
})  # fmt: skip
ROWS = {"best": SWITCHES["best"], "seed": SEED, **SWITCHES, "classic": CLASSIC}


class Row(NamedTuple):
    """What came of one switch.

    Attributes
    ----------
    dice
        Mean per-image Dice of the findings that the validation images have.
    by_maps, by_head
        Area under the ROC curve, mean over the findings: of the largest smoothed probability in the map,
        and of the image-level head where there is one.
    seconds
        Of the processor, which others may use too.
    """

    dice: float
    dices: dict[str, float]
    by_maps: float
    by_head: float | None
    seconds: float


def switched(recipe: Recipe, switch: Switch) -> Recipe:
    """Return the recipe with a switch turned back."""
    entries = recipe.model_dump()
    for name, value in switch.entries.items():
        entries[name] = entries[name] | value if isinstance(value, Mapping) else value
    return Recipe.model_validate(entries)


def small(recipe: Recipe, scale: argparse.Namespace) -> Recipe:
    """Return the recipe at a scale that many rows can be trained at."""
    entries = recipe.model_dump()
    entries |= {"epochs": scale.epochs, "half_size_epochs": scale.epochs // 3, "patience": scale.epochs}
    entries["data"] |= {"size": scale.size, "train": scale.train, "validation": scale.validation}
    entries["network"] |= {"width": scale.width, "widest": 12 * scale.width}
    entries["optimizer"] |= {"average_decay": 0.99}  # of fewer steps than the whole recipe takes
    return Recipe.model_validate(entries)


def run(recipe: Recipe, train: PreparedSet, validation: PreparedSet) -> Row:
    """Train by a recipe and return what came of it."""
    feed, began = Feed(train, recipe), time.process_time()
    training = start(recipe, feed.steps)
    while training.epoch < recipe.epochs:
        result = run_epoch(training, feed, validation)
    seconds = time.process_time() - began
    heads = list(result.aurocs.values())
    return Row(
        result.validation_dice,
        result.dices,
        _by_maps(training, validation),
        float(np.mean(heads)) if heads else None,
        seconds,
    )


@torch.no_grad()
def _by_maps(training: Training, validation: PreparedSet) -> float:
    network, largest = training.reader.eval(), []
    for batch in plain_batches(validation, training.recipe, half=False, ranks=ALONE):
        for maps in torch.softmax(network(batch.images).logits, dim=1).numpy():
            largest.append(image_features(maps)[:, 2])
    scores, present = np.array(largest), np.asarray(validation.findings)
    return float(np.mean([auroc(scores[:, n], present[:, n]) for n in range(len(FINDINGS))]))


def table(rows: Mapping[str, Row], scale: argparse.Namespace) -> str:
    """Return the table of docs/training.md."""
    lines = [
        BEGINS,
        f"{scale.size} x {scale.size} pixels, width {scale.width}, {scale.train} phantoms, {scale.epochs} "
        f"epochs (a third of them at half size), one seed; on {scale.validation} validation phantoms. "
        "At so small a scale differences below about 0.01 are chance.",
        "",
        "| turned back | Dice | AUROC by the maps | AUROC by the head | CPU seconds |",
        "|---|---|---|---|---|",
    ]
    for name, row in rows.items():
        head = "none" if row.by_head is None else f"{row.by_head:.3f}"
        lines.append(
            f"| {ROWS[name].said} | {row.dice:.3f} | {row.by_maps:.3f} | {head} | {row.seconds:.0f} |"
        )
    return "\n".join([*lines, ENDS])


def write(text: str, document: Path) -> None:
    """Put the table in its place in a document."""
    before, _, rest = document.read_text(encoding="utf-8").partition(BEGINS)
    _, _, after = rest.partition(ENDS)
    document.write_text(before + text + after, encoding="utf-8")


def main() -> None:
    """Train what has not been trained, and write the table anew after each row."""
    scale = _arguments()
    torch.set_num_threads(scale.threads)
    base = small(read_recipe(scale.config), scale)
    scale.out.mkdir(parents=True, exist_ok=True)
    validation = _drawn(base, Split.VALIDATION, scale.threads)
    rows: dict[str, Row] = {}
    for name, switch in ROWS.items():
        if scale.only and name not in scale.only:
            continue
        recipe, kept = switched(base, switch), scale.out / f"{name}.json"
        if not kept.exists():
            row = run(recipe, _drawn(recipe, Split.TRAIN, scale.threads), validation)
            kept.write_text(json.dumps(row._asdict()), encoding="utf-8")
        rows[name] = Row(**json.loads(kept.read_text(encoding="utf-8")))
        print(name, rows[name], flush=True)
        write(table(rows, scale), scale.document)


def _drawn(recipe: Recipe, split: Split, workers: int) -> PreparedSet:
    data = recipe.data
    count = data.train if split is Split.TRAIN else data.validation
    return prepared_phantoms(split, count, data.size, cache=data.cache, drawing=data.drawing, workers=workers)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training.ablation", description=__doc__)
    parser.add_argument("--config", type=Path, default=_ROOM / "configs" / "best.toml")
    parser.add_argument("--out", type=Path, default=Path("runs/ablation"), help="where done rows are kept")
    parser.add_argument("--document", type=Path, default=DOCUMENT)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--train", type=int, default=1000)
    parser.add_argument("--validation", type=int, default=200)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", nargs="*", choices=list(ROWS), help="these rows alone")
    return parser.parse_args()


if __name__ == "__main__":
    main()
