"""The U-Net of Ronneberger et al. (2015) with batch normalisation and padding; needs torch."""

from __future__ import annotations

import torch
from torch import Tensor, nn

CLASSES = 5  # background and four findings


class DoubleConvolution(nn.Sequential):
    """Two 3 x 3 convolutions, each normalised and rectified: (N, C_in, H, W) to (N, C_out, H, W)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )


class UNet(nn.Module):
    """Contracting path, expanding path, and skip connections between them.

    Parameters
    ----------
    width
        Channels of the first layer; doubled at each level (64 in the paper, 16 as shipped).
    depth
        Number of levels below the first (4 in the paper).
    classes
        Output channels, background first.
    """

    def __init__(self, width: int = 16, depth: int = 4, classes: int = CLASSES) -> None:
        super().__init__()
        self.width, self.depth = width, depth
        channels = [width * 2**level for level in range(depth + 1)]
        inputs = [1, *channels[:-1]]
        self.down = nn.ModuleList(DoubleConvolution(i, o) for i, o in zip(inputs, channels, strict=True))
        self.pool = nn.MaxPool2d(2)
        lower, upper = channels[:0:-1], channels[-2::-1]
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(i, o, 2, stride=2) for i, o in zip(lower, upper, strict=True)
        )
        self.merge = nn.ModuleList(DoubleConvolution(2 * o, o) for o in upper)
        self.head = nn.Conv2d(width, classes, 1)
        self.apply(_initialise)

    def forward(self, image: Tensor) -> Tensor:
        """Return logits (N, classes, S, S) of images (N, 1, S, S); S must divide by 2 ** depth."""
        skips: list[Tensor] = []
        features = image
        for level, block in enumerate(self.down):
            features = block(features if level == 0 else self.pool(features))
            skips.append(features)
        skips.pop()
        for up, merge in zip(self.up, self.merge, strict=True):
            features = merge(torch.cat([skips.pop(), up(features)], dim=1))
        logits: Tensor = self.head(features)
        return logits


def _initialise(module: nn.Module) -> None:
    """Draw weights as the paper does: Gaussian, variance 2 / fan-in."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
