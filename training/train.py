"""Train the network by a recipe; stop at any time, and resume to the same numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from inference.unet import CLASSES, Answers, UNet
from study.findings import FINDINGS
from training.average import AverageNetwork
from training.dataset import PreparedSet
from training.feed import Batch, Feed, plain_batches
from training.losses import image_loss, segmentation_loss, unified_focal_loss
from training.metrics import auroc
from training.ranks import ALONE, Ranks
from training.recipe import OptimizerPart, Recipe

Scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau | torch.optim.lr_scheduler.LambdaLR
LARGEST_GRADIENT = 5.0


class EpochResult(NamedTuple):
    """What one epoch came to.

    Attributes
    ----------
    validation_dice
        Mean over the findings that the validation images have, each image by itself.
    dices, aurocs
        By finding: mean Dice where it is present; area under the ROC curve of the image-level head.
    """

    epoch: int
    train_loss: float
    validation_loss: float
    validation_dice: float
    learning_rate: float
    dices: dict[str, float]
    aurocs: dict[str, float]


@dataclass
class Training:
    """All that changes while a network is trained: what a checkpoint holds."""

    recipe: Recipe
    ranks: Ranks
    network: UNet
    reached: nn.Module  # the network, or what keeps it alike in all processes
    optimizer: torch.optim.AdamW
    scheduler: Scheduler
    average: AverageNetwork | None
    epoch: int = 0  # finished epochs
    best_dice: float = -1.0
    best_epoch: int = 0
    earlier: list[dict[str, Any]] = field(default_factory=list)  # recipes before this one, and until when

    @property
    def is_over(self) -> bool:
        """Whether all epochs ran, or the validation Dice has not risen for the recipe's patience."""
        return self.epoch >= self.recipe.epochs or self.epoch - self.best_epoch >= self.recipe.patience

    @property
    def reads_half_size(self) -> bool:
        """Whether this epoch's images have half their side."""
        return self.epoch < self.recipe.half_size_epochs

    @property
    def reader(self) -> UNet:
        """The network that reads best: the average of the weights, where one is kept."""
        return self.network if self.average is None else self.average.network


StepReport = Callable[[int, int, float], None]  # step, of, loss


def start(recipe: Recipe, steps_per_epoch: int, ranks: Ranks = ALONE) -> Training:
    """Return a training at its beginning, on CUDA where there is one."""
    torch.manual_seed(recipe.seed)
    network = UNet(**recipe.network.model_dump())
    network = network.to(ranks.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    part = recipe.optimizer
    optimizer = torch.optim.AdamW(network.parameters(), part.learning_rate, weight_decay=part.weight_decay)
    steps = -(-steps_per_epoch // part.accumulation)
    scheduler = _scheduler(optimizer, part, steps, recipe.epochs)
    average = AverageNetwork(network, part.average_decay) if part.average_decay else None
    return Training(recipe, ranks, network, _reached(network, ranks), optimizer, scheduler, average)


def _reached(network: UNet, ranks: Ranks) -> nn.Module:
    if ranks.world == 1:
        return network
    devices = [ranks.device] if ranks.device.type == "cuda" else None
    return DistributedDataParallel(network, device_ids=devices)


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
    training: Training, feed: Feed, validation: PreparedSet, report: StepReport | None = None
) -> EpochResult:
    """Train for one epoch and validate; advances `training`."""
    training.network.train()
    losses: list[float] = []
    for step, batch in enumerate(feed.epoch(training.epoch), start=1):
        ends = step % training.recipe.optimizer.accumulation == 0 or step == feed.steps
        losses.append(_step(training, batch, ends=ends))
        if report is not None:
            report(step, feed.steps, losses[-1])
    rate = training.optimizer.param_groups[0]["lr"]
    if training.epoch == training.recipe.half_size_epochs:
        training.best_dice = -1.0  # Dice at half size does not compare
    validated = validate(training, validation)
    if isinstance(training.scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau):
        training.scheduler.step(validated.dice)
    training.epoch += 1
    if validated.dice > training.best_dice:
        training.best_dice, training.best_epoch = validated.dice, training.epoch
    total, count = training.ranks.summed([float(np.sum(losses)), float(len(losses))])
    return EpochResult(
        training.epoch, total / count, validated.loss, validated.dice, rate, validated.dices, validated.aurocs
    )


def _step(training: Training, batch: Batch, *, ends: bool) -> float:
    """Add a batch's gradients, and step where its group of batches ends; returns the loss."""
    loss = _loss(training, _answers(training, training.reached, batch), batch)
    (loss / training.recipe.optimizer.accumulation).backward()  # type: ignore[no-untyped-call]
    if ends:
        torch.nn.utils.clip_grad_norm_(training.network.parameters(), LARGEST_GRADIENT)
        training.optimizer.step()
        training.optimizer.zero_grad(set_to_none=True)
        if isinstance(training.scheduler, torch.optim.lr_scheduler.LambdaLR):
            training.scheduler.step()
        if training.average is not None:
            training.average.follow(training.network)
    return float(loss.detach())


def _answers(training: Training, network: nn.Module, batch: Batch) -> Answers:
    device = training.ranks.device
    images = batch.images.to(device, memory_format=torch.channels_last)
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=training.recipe.precision == "bf16"):
        answers: Answers = network(images)
    return answers


def _loss(training: Training, answers: Answers, batch: Batch) -> Tensor:
    part, labels = training.recipe.loss, batch.labels.to(training.ranks.device)
    loss = _pixel_loss(training, answers.logits, labels)
    whole, weight = 1.0, part.deeper_weight
    for logits in answers.deeper:
        stride = labels.shape[-1] // logits.shape[-1]
        loss = loss + weight * _pixel_loss(training, logits, labels[:, ::stride, ::stride])
        whole, weight = whole + weight, weight / 2
    loss = loss / whole
    if answers.findings is not None:
        loss = loss + part.head_weight * image_loss(answers.findings, batch.present.to(loss.device))
    return loss


def _pixel_loss(training: Training, logits: Tensor, labels: Tensor) -> Tensor:
    part = training.recipe.loss
    if part.kind == "unified_focal":
        return unified_focal_loss(
            logits, labels, region_share=part.region_share, delta=part.delta, gamma=part.gamma
        )
    weights = torch.ones(CLASSES, device=logits.device)
    weights[0] = part.background_weight
    return segmentation_loss(logits, labels, class_weights=weights, dice_share=part.dice_share)


class Validated(NamedTuple):
    """Mean loss, Dice and areas under the curve on the validation set, as in `EpochResult`."""

    loss: float
    dice: float
    dices: dict[str, float]
    aurocs: dict[str, float]


@torch.no_grad()
def validate(training: Training, validation: PreparedSet) -> Validated:
    """Return the figures on the validation set of the network that reads best, all processes together."""
    reader = training.reader.eval()
    sums = np.zeros((len(FINDINGS) + 1, 2))  # of Dice by finding, then of the loss; and how many
    heads = np.zeros((len(validation), len(FINDINGS)))
    at = training.ranks.rank * training.recipe.batch
    batches = plain_batches(validation, training.recipe, half=training.reads_half_size, ranks=training.ranks)
    for batch in batches:
        answers = _answers(training, reader, batch)
        sums[-1] += (float(_loss(training, answers, batch)), 1)
        for number, dice in present_dice(answers.logits.argmax(dim=1).cpu().numpy(), batch.labels.numpy()):
            sums[number - 1] += (dice, 1)
        if answers.findings is not None:
            heads[at : at + len(batch.images)] = answers.findings.float().cpu().numpy()
        at += training.ranks.world * training.recipe.batch
    flat = training.ranks.summed([*sums.ravel().tolist(), *heads.ravel().tolist()])
    return _validated(
        np.array(flat[: sums.size]).reshape(sums.shape), flat[sums.size :], training, validation
    )


def _validated(
    sums: NDArray[np.float64], heads: list[float], training: Training, validation: PreparedSet
) -> Validated:
    *rows, (loss, batches) = sums.tolist()
    dices = {label.value: s / n for label, (s, n) in zip(FINDINGS, rows, strict=True) if n}
    total, count = sums[:-1].sum(axis=0)
    aurocs = {}
    if training.network.image_head is not None:
        scores = np.array(heads).reshape(len(validation), len(FINDINGS))
        for index, label in enumerate(FINDINGS):
            present = np.asarray(validation.findings[:, index], np.bool_)
            if present.any() and not present.all():
                aurocs[label.value] = auroc(scores[:, index], present)
    return Validated(loss / batches, float(total / count) if count else 0.0, dices, aurocs)


def present_dice(predicted: NDArray[np.int64], truth: NDArray[np.int64]) -> list[tuple[int, float]]:
    """Return class and Dice of each finding present in each image; both (N, H, W) class indices."""
    dices = []
    for one, other in zip(predicted, truth, strict=True):
        for number in np.unique(other[other > 0]):
            found, there = one == number, other == number
            dices.append((int(number), 2 * float((found & there).sum()) / float(found.sum() + there.sum())))
    return dices
