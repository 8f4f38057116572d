"""Train the U-Net by a recipe; stop at any time, and resume to the same numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import avg_pool2d

from inference.unet import CLASSES, UNet
from training.augment import Augmentation
from training.dataset import PreparedSet
from training.losses import segmentation_loss
from training.recipe import OptimizerPart, Recipe

LAST, BEST = "last.pt", "best.pt"
Scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau | torch.optim.lr_scheduler.LambdaLR


class EpochResult(NamedTuple):
    """What one epoch came to; Dice is the mean per-image foreground Dice on the validation set."""

    epoch: int
    train_loss: float
    validation_loss: float
    validation_dice: float
    learning_rate: float


@dataclass
class Training:
    """All that changes while a network is trained: what a checkpoint holds."""

    recipe: Recipe
    device: torch.device
    network: UNet
    optimizer: torch.optim.AdamW
    scheduler: Scheduler
    epoch: int = 0  # finished epochs
    best_dice: float = -1.0
    best_epoch: int = 0
    earlier: list[dict[str, Any]] = field(default_factory=list)  # recipes before this one, and until when

    @property
    def is_over(self) -> bool:
        """Whether all epochs ran, or the validation Dice has not risen for the recipe's patience."""
        return self.epoch >= self.recipe.epochs or self.epoch - self.best_epoch >= self.recipe.patience


StepReport = Callable[[int, int, float], None]  # step, of, loss


def start(recipe: Recipe, steps_per_epoch: int) -> Training:
    """Return a training at its beginning, on CUDA where there is one."""
    torch.manual_seed(recipe.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = UNet(recipe.network.width, recipe.network.depth)
    network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    part = recipe.optimizer
    optimizer = torch.optim.AdamW(network.parameters(), part.learning_rate, weight_decay=part.weight_decay)
    scheduler = _scheduler(optimizer, part, steps_per_epoch, recipe.epochs)
    return Training(recipe, device, network, optimizer, scheduler)


def _scheduler(
    optimizer: torch.optim.AdamW, part: OptimizerPart, steps_per_epoch: int, epochs: int
) -> Scheduler:
    if part.schedule == "plateau":
        return torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimizer, mode="max", factor=part.plateau_factor, patience=part.plateau_patience
        )
    total, rise = steps_per_epoch * epochs, max(1.0, part.warm_up_epochs * steps_per_epoch)

    def share(step: int) -> float:
        if step < rise:
            return (step + 1) / rise
        return 0.5 * (1 + float(np.cos(np.pi * min(1.0, (step - rise) / max(1.0, total - rise)))))

    return torch.optim.lr_scheduler.LambdaLR(optimizer, share)


def run_epoch(
    training: Training, train: PreparedSet, validation: PreparedSet, report: StepReport | None = None
) -> EpochResult:
    """Train for one epoch and validate; advances `training`.

    Order and augmentation depend on the recipe's seed and the epoch alone, so a resumed run sees what
    an unbroken one would have.
    """
    training.network.train()
    losses = []
    augmentation = Augmentation(training.recipe.augmentation)
    steps = steps_in(train, training.recipe.batch)
    for step, (images, labels) in enumerate(
        _batches(train, training.recipe, training.epoch, augmentation), start=1
    ):
        losses.append(_step(training, images, labels))
        if report is not None:
            report(step, steps, losses[-1])
    rate = training.optimizer.param_groups[0]["lr"]
    if training.epoch == training.recipe.half_size_epochs:
        training.best_dice = -1.0  # Dice at half size does not compare
    validation_loss, dice = validate(training, validation)
    if isinstance(training.scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau):
        training.scheduler.step(dice)
    training.epoch += 1
    if dice > training.best_dice:
        training.best_dice, training.best_epoch = dice, training.epoch
    return EpochResult(training.epoch, float(np.mean(losses)), validation_loss, dice, rate)


def steps_in(prepared: PreparedSet, batch: int) -> int:
    """Return how many batches one epoch has; the last may be smaller."""
    return -(-len(prepared) // batch)


def _batches(
    prepared: PreparedSet, recipe: Recipe, epoch: int, augmentation: Augmentation
) -> Iterator[tuple[Tensor, Tensor]]:
    order = np.random.default_rng([recipe.seed, epoch]).permutation(len(prepared))
    for start_at in range(0, len(order), recipe.batch):
        chosen = order[start_at : start_at + recipe.batch]
        pairs = []
        for index in chosen:
            seed = int(np.random.default_rng([recipe.seed, epoch, int(index)]).integers(2**31))
            image = prepared.images[index].astype(np.float32)
            pairs.append(augmentation(image, np.asarray(prepared.labels[index]), seed=seed))
        images, labels = np.stack([i for i, _ in pairs]), np.stack([m for _, m in pairs])
        yield _tensors(images, labels, half=epoch < recipe.half_size_epochs)


def _tensors(images: NDArray[np.float32], labels: NDArray[np.uint8], *, half: bool) -> tuple[Tensor, Tensor]:
    shown, truth = torch.from_numpy(images)[:, None], torch.from_numpy(labels.astype(np.int64))
    return (avg_pool2d(shown, 2), truth[:, ::2, ::2]) if half else (shown, truth)


def _step(training: Training, images: Tensor, labels: Tensor) -> float:
    training.optimizer.zero_grad(set_to_none=True)
    loss = _loss(training, _logits(training, images), labels)
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(training.network.parameters(), 5.0)
    training.optimizer.step()
    if isinstance(training.scheduler, torch.optim.lr_scheduler.LambdaLR):
        training.scheduler.step()
    return float(loss.detach())


def _logits(training: Training, images: Tensor) -> Tensor:
    images = images.to(training.device, memory_format=torch.channels_last)
    half = training.recipe.precision == "bf16"
    with torch.autocast(training.device.type, dtype=torch.bfloat16, enabled=half):
        logits: Tensor = training.network(images)
    return logits.float()


def _loss(training: Training, logits: Tensor, labels: Tensor) -> Tensor:
    weights = torch.ones(CLASSES, device=training.device)
    weights[0] = training.recipe.loss.background_weight
    return segmentation_loss(
        logits, labels.to(training.device), class_weights=weights, dice_share=training.recipe.loss.dice_share
    )


@torch.no_grad()
def validate(training: Training, validation: PreparedSet) -> tuple[float, float]:
    """Return the mean loss and the mean per-image Dice of the findings that are there."""
    training.network.eval()
    losses, dices = [], []
    for start_at in range(0, len(validation), training.recipe.batch):
        part = slice(start_at, start_at + training.recipe.batch)
        shown, truth = validation.images[part].astype(np.float32), np.asarray(validation.labels[part])
        images, labels = _tensors(shown, truth, half=training.epoch < training.recipe.half_size_epochs)
        logits = _logits(training, images)
        losses.append(float(_loss(training, logits, labels)))
        dices += present_dice(logits.argmax(dim=1).cpu().numpy(), labels.numpy())
    return float(np.mean(losses)), float(np.mean(dices)) if dices else 0.0


def present_dice(predicted: NDArray[np.int64], truth: NDArray[np.int64]) -> list[float]:
    """Return the Dice of each finding present in each image; both (N, H, W) class indices."""
    dices = []
    for one, other in zip(predicted, truth, strict=True):
        for number in np.unique(other[other > 0]):
            found, there = one == number, other == number
            dices.append(2 * float((found & there).sum()) / float(found.sum() + there.sum()))
    return dices


def save_checkpoint(training: Training, path: Path) -> None:
    """Write a checkpoint that carries its own recipe; a broken write leaves the old one."""
    content = {
        "recipe": training.recipe.model_dump(mode="json"),
        "network": training.network.state_dict(),
        "optimizer": training.optimizer.state_dict(),
        "scheduler": training.scheduler.state_dict(),
        "epoch": training.epoch,
        "best_dice": training.best_dice,
        "best_epoch": training.best_epoch,
        "earlier": training.earlier,
        "torch_rng": torch.get_rng_state(),
    }
    partial = path.with_suffix(".part")
    torch.save(content, partial)
    partial.replace(path)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Return the content of a checkpoint; no code in it is run."""
    content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return content


def resume(path: Path, steps_per_epoch: int, recipe: Recipe | None = None) -> Training:
    """Return the training that a checkpoint holds, ready for its next epoch.

    A recipe that differs from the checkpoint's takes over from here; the checkpoint remembers both.
    """
    content = read_checkpoint(path)
    former = Recipe.model_validate(content["recipe"])
    training = start(recipe or former, steps_per_epoch)
    training.earlier = list(content.get("earlier", []))
    if recipe is not None and recipe != former:
        training.earlier.append({"until_epoch": content["epoch"], "recipe": content["recipe"]})
    training.network.load_state_dict(content["network"])
    training.optimizer.load_state_dict(content["optimizer"])
    training.scheduler.load_state_dict(content["scheduler"])
    training.epoch, training.best_dice = content["epoch"], content["best_dice"]
    training.best_epoch = content["best_epoch"]
    torch.set_rng_state(content["torch_rng"])
    return training
