"""Feed a training with batches, prepared ahead by threads so that no step waits for its radiographs."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.dataset import PreparedSet
from training.ranks import ALONE, Ranks
from training.recipe import AugmentationPart, Recipe

AHEAD = 3  # batches that are ready or under way while a step runs

Augment = Callable[..., tuple[NDArray[np.float32], NDArray[np.uint8]]]


class Batch(NamedTuple):
    """Radiographs with ground truth.

    Attributes
    ----------
    images
        float32 (N, 1, S, S) in -1 to 1.
    labels
        Class indices, int64 (N, S, S).
    present
        Findings of the image as a whole, bool (N, 4).
    """

    images: Tensor
    labels: Tensor
    present: Tensor


def augmentation_for(strength: AugmentationPart) -> Augment:
    """Return the augmentation that a recipe names."""
    if strength.engine == "one_map":
        from training.warp import OneMap

        return OneMap(strength)
    from training.augment import Augmentation

    return Augmentation(strength)


class Feed:
    """The batches of each epoch, for one process among those that train together.

    Order and augmentation depend on the recipe's seed and the epoch alone, so a resumed run sees what an
    unbroken one would have. Together the processes see what one alone would see with a batch as many times
    as large; radiographs that do not go round are left out of that epoch.

    Attributes
    ----------
    waited_s
        Seconds for which the training waited for batches so far.
    """

    def __init__(self, prepared: PreparedSet, recipe: Recipe, ranks: Ranks = ALONE, workers: int = 1) -> None:
        self._prepared, self._recipe, self._ranks, self._workers = prepared, recipe, ranks, workers
        self._per_thread = threading.local()  # an augmentation holds the state of its random numbers
        self.waited_s = 0.0

    @property
    def steps(self) -> int:
        """How many batches one epoch has; the last may be smaller."""
        return -(-(len(self._prepared) // self._ranks.world) // self._recipe.batch)

    def epoch(self, epoch: int) -> Iterator[Batch]:
        """Yield the batches of an epoch, counted from 0."""
        order = np.random.default_rng([self._recipe.seed, epoch]).permutation(len(self._prepared))
        own = order[: len(order) - len(order) % self._ranks.world][self._ranks.rank :: self._ranks.world]
        size = self._recipe.batch
        chosen = [own[start : start + size] for start in range(0, len(own), size)]
        with ThreadPoolExecutor(self._workers, "feed") as pool:
            waiting: deque[Future[Batch]] = deque()
            try:
                for indices in chosen:
                    waiting.append(pool.submit(self._batch, indices, epoch))
                    if len(waiting) > max(AHEAD, self._workers):
                        yield self._next(waiting)
                while waiting:
                    yield self._next(waiting)
            finally:
                for future in waiting:
                    future.cancel()

    def _next(self, waiting: deque[Future[Batch]]) -> Batch:
        began = time.perf_counter()
        batch = waiting.popleft().result()
        self.waited_s += time.perf_counter() - began
        return batch

    def _batch(self, indices: NDArray[np.int64], epoch: int) -> Batch:
        pairs = [self._augmented(int(index), epoch) for index in indices]
        images, labels = np.stack([i for i, _ in pairs]), np.stack([m for _, m in pairs])
        return _batch(images, labels, self._prepared.findings[indices])

    def _augmented(self, index: int, epoch: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        recipe = self._recipe
        if not hasattr(self._per_thread, "augment"):
            self._per_thread.augment = augmentation_for(recipe.augmentation)
        seed = int(np.random.default_rng([recipe.seed, epoch, index]).integers(2**31))
        image, labels = self._prepared.images[index].astype(np.float32), self._prepared.labels[index]
        half, first = epoch < recipe.half_size_epochs, recipe.augmentation.engine == "one_map"
        if half and first:  # its strength is relative to the side, so the smaller image may go through it
            image, labels = halved(image, labels)
        image, labels = self._per_thread.augment(image, np.ascontiguousarray(labels), seed=seed)
        return halved(image, labels) if half and not first else (image, labels)


def plain_batches(prepared: PreparedSet, recipe: Recipe, *, half: bool, ranks: Ranks) -> Iterator[Batch]:
    """Yield this process's share of a set in order, as it is."""
    for start in range(ranks.rank * recipe.batch, len(prepared), ranks.world * recipe.batch):
        part = slice(start, start + recipe.batch)
        pairs = list(zip(prepared.images[part].astype(np.float32), prepared.labels[part], strict=True))
        if half:
            pairs = [halved(image, labels) for image, labels in pairs]
        images, labels = np.stack([i for i, _ in pairs]), np.stack([m for _, m in pairs])
        yield _batch(images, labels, np.asarray(prepared.findings[part]))


def halved(
    image: NDArray[np.float32], labels: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Return image and ground truth at half their side: means of 2 x 2 pixels, and every other label."""
    side = image.shape[0] // 2
    small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32), np.ascontiguousarray(labels[::2, ::2])


def _batch(images: NDArray[np.float32], labels: NDArray[np.uint8], present: NDArray[np.bool_]) -> Batch:
    return Batch(
        torch.from_numpy(images)[:, None],
        torch.from_numpy(labels.astype(np.int64)),
        torch.from_numpy(np.ascontiguousarray(present, np.bool_)),
    )
