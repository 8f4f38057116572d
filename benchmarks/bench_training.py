"""Images a second of the augmentations and of a training step, and the share of a step that waits."""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from rich.console import Console
from rich.table import Table

import training
from benchmarks import machine
from training.dataset import PreparedSet
from training.feed import Feed, augmentation_for
from training.recipe import Recipe, read_recipe
from training.train import start

RECIPES = Path(training.__file__).parent / "configs"


def noise(count: int, size: int) -> PreparedSet:
    rng = np.random.default_rng(0)
    images = rng.uniform(-1, 1, (count, size, size)).astype(np.float16)
    labels = rng.integers(5, size=(count, size, size)).astype(np.uint8)
    return PreparedSet(images, labels, rng.random((count, 4)) < 0.3)


def augmented_a_second(recipe: Recipe, size: int, runs: int, **strength: float) -> float:
    """Return how many images one thread augments in a second, the median of five rounds."""
    augment = augmentation_for(recipe.augmentation.model_copy(update=strength))
    prepared = noise(1, size)
    image, labels = prepared.images[0].astype(np.float32), prepared.labels[0]
    rates = []
    for number in range(5):
        began = time.perf_counter()
        for seed in range(runs):
            augment(image, labels, seed=number * runs + seed)
        rates.append(runs / (time.perf_counter() - began))
    return statistics.median(rates)


def trained(recipe: Recipe, size: int, batches: int, feeders: int) -> tuple[float, float]:
    """Return images a second of training, and the share of the time that waited for batches."""
    from training.train import _step

    recipe = recipe.model_copy(update={"half_size_epochs": 0})
    feed = Feed(noise(batches * recipe.batch, size), recipe, workers=feeders)
    job = start(recipe, feed.steps)
    job.network.train()
    for batch in feed.epoch(0):  # the first step of a shape is slower
        _step(job, batch, ends=True)
        break
    began, waited = 0.0, 0.0
    for number, batch in enumerate(feed.epoch(1)):
        if number == 1:  # the first batch of an epoch cannot be ready
            began, waited = time.perf_counter(), feed.waited_s
        _step(job, batch, ends=True)
    seconds = time.perf_counter() - began
    return (batches - 1) * recipe.batch / seconds, (feed.waited_s - waited) / seconds


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_training", description=__doc__)
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--batches", type=int, default=6)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--feeders", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    cv2.setNumThreads(1)
    console = Console(width=100)
    console.print(machine.in_words(), highlight=False)
    classic, best = (read_recipe(RECIPES / f"{name}.toml") for name in ("unet", "best"))
    table = Table("augmentation, one thread", "side", "Albumentations", "one look-up", "ratio")
    for what, strength in (
        ("as each recipe has it", {}),
        ("elastic always, nothing else new", {"elastic_chance": 1.0}),
    ):
        for size in (256, 512):
            plain = best.model_copy(
                update={"augmentation": classic.augmentation.model_copy(update={"engine": "one_map"})}
            )
            slow = augmented_a_second(classic, size, arguments.runs, **strength)
            fast = augmented_a_second(plain if strength else best, size, arguments.runs, **strength)
            table.add_row(what, str(size), f"{slow:.0f}/s", f"{fast:.0f}/s", f"{fast / slow:.1f}")
    console.print(table)
    table = Table(f"training, {arguments.threads} threads", "side", "images/s", "waiting for batches")
    for recipe in (classic, best):
        for size in (256, 512):
            rate, waiting = trained(recipe, size, arguments.batches, arguments.feeders)
            table.add_row(f"{recipe.name}.toml", str(size), f"{rate:.1f}", f"{waiting:.1%}")
    console.print(table)


if __name__ == "__main__":
    main()
