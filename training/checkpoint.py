"""Keep a training on disk, so that it can be killed at any time and resumed to the same numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from training.ranks import ALONE, Ranks
from training.recipe import Recipe
from training.train import Training, start

LAST, BEST = "last.pt", "best.pt"


def save_checkpoint(training: Training, path: Path) -> None:
    """Write a checkpoint that carries its own recipe; a broken write leaves the old one."""
    content = {
        "recipe": training.recipe.model_dump(mode="json"),
        "network": training.network.state_dict(),
        "average": None if training.average is None else training.average.state_dict(),
        "optimizer": training.optimizer.state_dict(),
        "scheduler": training.scheduler.state_dict(),
        "epoch": training.epoch,
        "best_dice": training.best_dice,
        "best_epoch": training.best_epoch,
        "earlier": training.earlier,
        "torch_rng": torch.get_rng_state(),
        "processes": training.ranks.world,
    }
    partial = path.with_suffix(".part")
    torch.save(content, partial)
    partial.replace(path)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Return the content of a checkpoint; no code in it is run."""
    content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return content


def reading_weights(content: dict[str, Any]) -> dict[str, Tensor]:
    """Return the weights that read best: their average, where the checkpoint has one."""
    average = content.get("average")
    weights: dict[str, Tensor] = content["network"] if average is None else average
    return {name: value for name, value in weights.items() if name != "steps"}


def resume(path: Path, steps_per_epoch: int, recipe: Recipe | None = None, ranks: Ranks = ALONE) -> Training:
    """Return the training that a checkpoint holds, ready for its next epoch.

    A recipe that differs from the checkpoint's takes over from here; the checkpoint remembers both.
    """
    content = read_checkpoint(path)
    former = Recipe.model_validate(content["recipe"])
    training = start(recipe or former, steps_per_epoch, ranks)
    training.earlier = list(content.get("earlier", []))
    if recipe is not None and recipe != former:
        training.earlier.append({"until_epoch": content["epoch"], "recipe": content["recipe"]})
    training.network.load_state_dict(content["network"])
    if training.average is not None and content.get("average") is not None:
        training.average.load_state_dict(content["average"])
    training.optimizer.load_state_dict(content["optimizer"])
    training.scheduler.load_state_dict(content["scheduler"])
    training.epoch, training.best_dice = content["epoch"], content["best_dice"]
    training.best_epoch = content["best_epoch"]
    torch.set_rng_state(content["torch_rng"])
    return training
