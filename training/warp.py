"""Augment with one look-up for shift, scale, rotation and elastic deformation, then in brightness."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from training.recipe import AugmentationPart

MOVED, BRIGHTENED, BENT, GAMMA, SHADED, SOFTENED, NOISED = 0.8, 0.7, 0.5, 0.4, 0.3, 0.3, 0.3  # chances
ELASTIC_KNOTS = (4, 12)  # of the coarse grid that is displaced, along a side
ELASTIC_SHARE = (0.05, 0.18)  # deviation of a knot, in distances between knots: below 0.25 nothing folds
GAMMAS = (0.75, 1.30)


class OneMap:
    """Augments a radiograph together with its ground truth; the same seed gives the same result.

    Where each pixel comes from is worked out once, as the sum of an affine map and a smooth displacement:
    random at the knots of a coarse grid, enlarged with a cubic spline. So image and ground truth are each
    interpolated once. There is no mirroring: a liver on the left is another patient.
    """

    def __init__(self, strength: AugmentationPart) -> None:
        self._strength = strength

    def __call__(
        self, image: NDArray[np.float32], labels: NDArray[np.uint8], *, seed: int
    ) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Return an augmented image, float32 (S, S) in -1 to 1, and its labels, uint8 (S, S)."""
        rng = np.random.default_rng(seed)
        source = self._source(rng, image.shape[0])
        if source is not None:
            # Black and background, as the margin around a letterboxed radiograph.
            image = cv2.remap(image, source, None, cv2.INTER_LINEAR, borderValue=-1.0)
            labels = cv2.remap(labels, source, None, cv2.INTER_NEAREST, borderValue=0)
        return self._shown(rng, image), labels

    def _source(self, rng: np.random.Generator, side: int) -> NDArray[np.float32] | None:
        """Return where each pixel comes from, float32 (S, S, 2) as (x, y); None for where it is."""
        moved, deformed = rng.random() < MOVED, rng.random() < self._strength.elastic_chance
        if not (moved or deformed):
            return None
        matrix = self._affine(rng, side) if moved else np.eye(2, 3, dtype=np.float32)
        across = np.arange(side, dtype=np.float32)
        x, y = across[None, :], across[:, None]
        source = np.empty((side, side, 2), np.float32)
        for axis, (by_x, by_y, constant) in enumerate(matrix):
            np.add(by_x * x + constant, by_y * y, out=source[..., axis])
        if deformed:
            knots = int(rng.integers(*ELASTIC_KNOTS, endpoint=True))
            reach = rng.uniform(*ELASTIC_SHARE) * side / knots
            grid = rng.normal(0, reach, (knots, knots, 2)).astype(np.float32)
            source += cv2.resize(grid, (side, side), interpolation=cv2.INTER_CUBIC)
        return source

    def _affine(self, rng: np.random.Generator, side: int) -> NDArray[np.float32]:
        strength, middle = self._strength, (side - 1) / 2
        angle = rng.uniform(-strength.rotation, strength.rotation)
        matrix = cv2.getRotationMatrix2D(
            (middle, middle), angle, 1 / rng.uniform(1 - strength.scale, 1 + strength.scale)
        )
        matrix[:, 2] += rng.uniform(-strength.shift, strength.shift, 2) * side
        return np.asarray(matrix, np.float32)

    def _shown(self, rng: np.random.Generator, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the image in another brightness, contrast, tone, sharpness and noise, -1 to 1."""
        strength = self._strength
        shown = (image + 1) * np.float32(0.5)
        if rng.random() < BRIGHTENED:
            gain = np.float32(1 + rng.uniform(-strength.contrast, strength.contrast))
            shown = shown * gain + np.float32(rng.uniform(-strength.brightness, strength.brightness))
        if strength.shading and rng.random() < SHADED:
            knots = rng.uniform(-strength.shading, strength.shading, (3, 3)).astype(np.float32)
            shown += cv2.resize(knots, shown.shape[::-1], interpolation=cv2.INTER_CUBIC)
        shown = np.clip(shown, 0, 1)
        if rng.random() < GAMMA:
            shown = cv2.pow(shown, rng.uniform(*GAMMAS))
        if strength.curve and rng.random() < BENT:
            bend = np.float32(rng.uniform(-strength.curve, strength.curve))
            shown = shown + bend * shown * (1 - shown) * (2 * shown - 1) * np.float32(2)
        if strength.blur and rng.random() < SOFTENED:
            shown = cv2.GaussianBlur(shown, (0, 0), rng.uniform(0.2, max(0.2, strength.blur)))
        if strength.noise and rng.random() < NOISED:
            noise = rng.standard_normal(shown.shape, np.float32)
            shown = shown + noise * np.float32(rng.uniform(0, strength.noise))
        return np.asarray(np.clip(shown, 0, 1) * np.float32(2) - np.float32(1), np.float32)
