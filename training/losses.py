"""The losses that training minimises: of the pixels, and of the image as a whole."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

SMOOTH = 1.0  # keeps the ratio defined where a class is neither there nor found
CLAMP = 1e-4  # below this a share does not enter a power


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


def unified_focal_loss(
    logits: Tensor, labels: Tensor, *, region_share: float = 0.5, delta: float = 0.6, gamma: float = 0.5
) -> Tensor:
    """Return the asymmetric unified focal loss of Yeung et al. (2022), a scalar.

    The sum of two losses of one pair of parameters: a cross-entropy whose background is focused on what is
    hard, and a Tversky loss whose findings are focused on what is hard, in each image by itself (so is the
    figure that is reported). `delta` weighs what is missed against what is invented. A finding that an image
    does not have has no overlap to improve and counts in the cross-entropy alone.

    Parameters
    ----------
    logits
        Float (N, C, H, W), background first.
    labels
        Class indices, int64 (N, H, W).
    region_share
        Weight of the Tversky loss: 1 - lambda in the paper.

    References
    ----------
    Yeung, M. et al., Unified Focal loss, Computerized Medical Imaging and Graphics 95, 2022.
    """
    logits = logits.float()
    log_shares = functional.log_softmax(logits, dim=1)
    truth = functional.one_hot(labels, logits.shape[1]).permute(0, 3, 1, 2).to(log_shares.dtype)
    entropy = _focused_entropy(log_shares, labels, delta, gamma)
    region = _focal_tversky(log_shares.exp(), truth, delta, gamma)
    return (1 - region_share) * entropy + region_share * region


def _focused_entropy(log_shares: Tensor, labels: Tensor, delta: float, gamma: float) -> Tensor:
    chosen = log_shares.gather(1, labels[:, None])[:, 0]
    # Clamped before the power: its slope at zero has no bound for a gamma below 1.
    hard = (1 - chosen.exp()).clamp(min=CLAMP) ** gamma
    weights = torch.where(labels == 0, (1 - delta) * hard, torch.full_like(hard, delta))
    return -(weights * chosen).mean()


def _focal_tversky(shares: Tensor, truth: Tensor, delta: float, gamma: float) -> Tensor:
    pixels = (2, 3)
    overlap = (shares * truth).sum(pixels)
    there = truth.sum(pixels)
    missed, invented = there - overlap, shares.sum(pixels) - overlap
    index = (overlap + SMOOTH) / (overlap + delta * missed + (1 - delta) * invented + SMOOTH)
    lost = (1 - index).clamp(min=CLAMP)
    powers = torch.cat([lost[:, :1], lost[:, 1:] ** (1 - gamma)], dim=1)
    present = (there > 0).to(powers.dtype)
    return (powers * present).sum() / present.sum().clamp(min=1)


def image_loss(logits: Tensor, present: Tensor) -> Tensor:
    """Return the cross-entropy of the image-level head, a scalar.

    Parameters
    ----------
    logits
        Float (N, 4).
    present
        Whether the image has the finding, bool (N, 4).
    """
    return functional.binary_cross_entropy_with_logits(logits.float(), present.to(torch.float32))
