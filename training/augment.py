"""On-the-fly augmentation: shift, scale, rotation, brightness and contrast, elastic deformation."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from training.recipe import AugmentationPart

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # it would ask its registry at import
import albumentations

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Augmentation:
    """Augments a radiograph together with its ground truth; the same seed gives the same result."""

    def __init__(self, strength: AugmentationPart) -> None:
        shift, scale = strength.shift, strength.scale
        self._pipeline = albumentations.Compose(
            [
                albumentations.Affine(
                    translate_percent=(-shift, shift),
                    scale=(1 - scale, 1 + scale),
                    rotate=(-strength.rotation, strength.rotation),
                    fill=0,
                    fill_mask=0,
                    p=0.8,
                ),
                albumentations.ElasticTransform(
                    alpha=40, sigma=6, fill=0, fill_mask=0, p=strength.elastic_chance
                ),
                albumentations.RandomBrightnessContrast(
                    brightness_limit=strength.brightness, contrast_limit=strength.contrast, p=0.7
                ),
                albumentations.RandomGamma(gamma_limit=(75, 130), p=0.4),
            ],
            seed=0,
        )

    def __call__(
        self, image: NDArray[np.float32], labels: NDArray[np.uint8], *, seed: int
    ) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Return an augmented image, float32 (S, S) in -1 to 1, and its labels, uint8 (S, S).

        There is no mirroring: a liver on the left is another patient.
        """
        self._pipeline.set_random_seed(seed)
        unit = ((image + 1) / 2)[..., None]
        augmented = self._pipeline(image=unit, mask=labels)
        shown = np.clip(augmented["image"][..., 0], 0, 1) * np.float32(2) - np.float32(1)
        return shown.astype(np.float32), augmented["mask"]
