"""Train the view classifier: `python -m training.train_view --out models/view`, and write its package."""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from training.eligibility_set import KINDS, Drawn, Wanted, draw_set, varied, wanted
from training.split import Split
from training.view_network import ViewNetwork
from training.view_report import judged, write_package

_DRAWN_SIZE = 128  # side that is kept; the network reads less
_KEPT = 0.98  # of the averaged weights, at each step


class Recipe(NamedTuple):
    """How the view classifier is trained; goes into its package."""

    size: int = 96
    epochs: int = 18
    batch: int = 64
    rate: float = 3e-3
    decay: float = 0.02
    seed: int = 0
    abdomens: int = 640
    strangers: int = 130


def main() -> None:
    """Draw what is not in the cache, train, and write the package with its figures and card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of the model package")
    parser.add_argument("--cache", type=Path, default=Path("runs/view"), help="folder of the drawn sets")
    parser.add_argument("--version", default="0.1.0", help="version of the model")
    parser.add_argument("--threads", type=int, default=2, help="processes that draw, threads that train")
    parser.add_argument("--epochs", type=int, default=Recipe().epochs)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    cv2.setNumThreads(1)
    recipe = Recipe(epochs=asked.epochs)
    sets = {
        name: _cached(asked.cache / f"{name}.npz", drawings, asked.threads)
        for name, drawings in _sets(recipe).items()
    }
    network = trained(sets["train"], sets["val"], recipe)
    package = write_package(
        asked.out,
        network,
        {name: shrunk(each, recipe.size) for name, each in sets.items() if name != "train"},
        version=asked.version,
        training={**recipe._asdict(), "parameters": sum(p.numel() for p in network.parameters())},
    )
    print(f"{package.description.name} {package.description.version} in {package.folder}")


def _sets(recipe: Recipe) -> dict[str, list[Wanted]]:
    size = _DRAWN_SIZE
    return {
        "train": wanted(Split.TRAIN, recipe.abdomens, recipe.strangers, rows=256, size=size),
        "val": wanted(Split.VALIDATION, 150, 40, rows=256, size=size),
        "a": wanted(Split.TEST, 200, 30, rows=384, size=size),
        "b": wanted(Split.TEST, 200, 0, rows=384, size=size, site_b=True),
    }


def _cached(path: Path, drawings: list[Wanted], workers: int) -> Drawn:
    if not path.is_file():
        came = draw_set(drawings, workers)
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, images=came.images, kinds=came.kinds)
    with np.load(path) as held:
        return Drawn(held["images"], held["kinds"])


def shrunk(drawn: Drawn, size: int) -> Drawn:
    """Return a set at the side that a network reads."""
    small = [cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA) for image in drawn.images]
    return Drawn(np.stack(small), drawn.kinds)


def trained(train: Drawn, validation: Drawn, recipe: Recipe) -> ViewNetwork:
    """Return the network after all epochs, its weights averaged over the last steps."""
    torch.manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    network = ViewNetwork(len(KINDS)).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = copy.deepcopy(network).requires_grad_(False).eval()
    train, validation = shrunk(train, recipe.size), shrunk(validation, recipe.size)
    optimizer = torch.optim.AdamW(network.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    steps = recipe.epochs * (len(train.kinds) // recipe.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.rate, total_steps=steps, pct_start=0.15)
    loss_of = nn.CrossEntropyLoss(weight=_weights(train.kinds))
    for epoch in range(recipe.epochs):
        network.train()
        began, losses = time.perf_counter(), []
        for images, kinds in _batches(train, recipe.batch, rng):
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast("cpu", torch.bfloat16):
                logits = network(images)
            loss = loss_of(logits.float(), kinds)
            loss.backward()
            optimizer.step()
            schedule.step()
            _follow(average, network)
            losses.append(float(loss.detach()))
        right, readable = judged(average, validation)
        print(
            f"epoch {epoch + 1}/{recipe.epochs}: loss {np.mean(losses):.3f}, validation: kinds right "
            f"{right:.3f}, readable or not {readable:.3f}, {time.perf_counter() - began:.0f} s",
            flush=True,
        )
    return average.to(memory_format=torch.contiguous_format)


@torch.no_grad()
def _follow(average: ViewNetwork, network: ViewNetwork) -> None:
    followed = network.state_dict()
    for name, own in average.state_dict().items():
        if own.is_floating_point():
            own.lerp_(followed[name], 1 - _KEPT)
        else:
            own.copy_(followed[name])


def _weights(kinds: NDArray[np.int64]) -> Tensor:
    counts = np.maximum(np.bincount(kinds, minlength=len(KINDS)), 1)
    weights = counts.mean() / counts
    return torch.as_tensor(np.sqrt(weights), dtype=torch.float32)


def _batches(train: Drawn, batch: int, rng: np.random.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    order = rng.permutation(len(train.kinds))
    for start in range(0, len(order) - batch + 1, batch):
        chosen = order[start : start + batch]
        images = torch.from_numpy(varied(train.images[chosen], rng))[:, None]
        yield images.to(memory_format=torch.channels_last), torch.from_numpy(train.kinds[chosen])


if __name__ == "__main__":
    main()
