"""The loss that training minimises: multi-class soft Dice plus weighted cross-entropy."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

SMOOTH = 1.0  # keeps the ratio defined where a class is neither there nor found


def soft_dice(probabilities: Tensor, labels: Tensor, *, background: bool = False) -> Tensor:
    """Return the soft Dice of each class, pooled over the batch.

    Parameters
    ----------
    probabilities
        Float (N, C, H, W), summing to 1 over C.
    labels
        Class indices, int64 (N, H, W).
    background
        Whether class 0 counts.

    Returns
    -------
    Tensor
        (C,) with the background, else (C - 1,); 1 is perfect.
    """
    truth = functional.one_hot(labels, probabilities.shape[1]).permute(0, 3, 1, 2).to(probabilities.dtype)
    pixels = (0, 2, 3)
    overlap = (probabilities * truth).sum(pixels)
    total = probabilities.sum(pixels) + truth.sum(pixels)
    dice = (2 * overlap + SMOOTH) / (total + SMOOTH)
    return dice if background else dice[1:]


def segmentation_loss(
    logits: Tensor, labels: Tensor, *, class_weights: Tensor, dice_share: float = 0.5
) -> Tensor:
    """Return ``dice_share * (1 - mean soft Dice) + (1 - dice_share) * weighted cross-entropy``, a scalar.

    Parameters
    ----------
    logits
        Float (N, C, H, W).
    labels
        Class indices, int64 (N, H, W).
    class_weights
        (C,): below 1 for the background, which most pixels of most radiographs are.
    """
    logits = logits.float()
    dice = soft_dice(torch.softmax(logits, dim=1), labels).mean()
    entropy = functional.cross_entropy(logits, labels, weight=class_weights)
    return dice_share * (1 - dice) + (1 - dice_share) * entropy
