"""The small network that tells views and body parts apart."""

from __future__ import annotations

import torch
from torch import Tensor, nn

STEM_STRIDE = 4


class ViewNetwork(nn.Module):
    """Residual stages at a quarter, an eighth and a sixteenth of the side, averaged into one score a kind.

    Parameters
    ----------
    kinds
        How many are told apart.
    widths
        Channels of the stages.
    """

    def __init__(self, kinds: int, widths: tuple[int, ...] = (24, 40, 64)) -> None:
        super().__init__()
        self.widths = widths
        self.stem = nn.Sequential(
            nn.Conv2d(1, widths[0], 7, stride=STEM_STRIDE, padding=3, bias=False),
            nn.BatchNorm2d(widths[0]),
            nn.ReLU(),
        )
        pairs = zip((widths[0], *widths[:-1]), widths, strict=True)
        self.stages = nn.Sequential(*(_Block(before, after) for before, after in pairs))
        self.drop = nn.Dropout(0.1)
        # Where something lies counts: a head is above, hips are below.
        self.pool = nn.AdaptiveAvgPool2d((2, 1))
        self.head = nn.Linear(2 * widths[-1], kinds)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits (N, kinds) of images (N, 1, S, S) in -1 to 1."""
        features = self.pool(self.stages(self.stem(images)))
        return self.head(self.drop(features.flatten(1)))


class _Block(nn.Module):
    """Two convolutions beside a shortcut; halves the side where the width changes."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        stride = 1 if before == after else 2
        self.body = nn.Sequential(
            nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(),
            nn.Conv2d(after, after, 3, padding=1, bias=False),
            nn.BatchNorm2d(after),
        )
        self.shortcut: nn.Module = nn.Identity()
        if before != after:
            self.shortcut = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(before, after, 1))

    def forward(self, features: Tensor) -> Tensor:
        return torch.relu(self.body(features) + self.shortcut(features))
