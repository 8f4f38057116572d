"""The U-Net of Ronneberger et al. (2015) with batch normalisation and padding; needs torch."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

CLASSES = 5  # background and four findings
_LOCAL = 8  # side of the squares over which the image-level head averages a map before it takes the largest


class Answers(NamedTuple):
    """What the network answers to images (N, 1, S, S).

    Attributes
    ----------
    logits
        Of each pixel, float (N, 5, S, S), background first.
    deeper
        The same from deeper levels of the expanding path, each half as large as the one before; only while a
        network with deep supervision is trained.
    findings
        Of each finding in the image as a whole, float (N, 4); where there is an image-level head.
    """

    logits: Tensor
    deeper: tuple[Tensor, ...] = ()
    findings: Tensor | None = None


class DoubleConvolution(nn.Sequential):
    """Two 3 x 3 convolutions, each normalised and rectified: (N, C_in, H, W) to (N, C_out, H, W)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(*_normalised(inputs, outputs, 3), *_normalised(outputs, outputs, 3))


class ResidualBlock(nn.Module):
    """The same two convolutions, and a way around them (He et al. 2016)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *_normalised(inputs, outputs, 3),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.around = (
            nn.Identity()
            if inputs == outputs
            else nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))
        )

    def forward(self, features: Tensor) -> Tensor:
        """Return (N, C_out, H, W) of (N, C_in, H, W)."""
        return functional.relu(self.body(features) + self.around(features))


class ImageHead(nn.Module):
    """Says of each finding whether the image has it, from the deepest features and the network's own maps."""

    def __init__(self, deepest: int, classes: int, hidden: int = 64) -> None:
        super().__init__()
        findings = classes - 1
        self.layers = nn.Sequential(
            nn.Linear(2 * deepest + 2 * findings, hidden), nn.ReLU(inplace=True), nn.Linear(hidden, findings)
        )

    def forward(self, features: Tensor, logits: Tensor) -> Tensor:
        """Return logits (N, 4) of the deepest features (N, C, h, w) and the pixels' logits (N, 5, S, S)."""
        maps = torch.softmax(logits.float(), dim=1)[:, 1:]
        largest = functional.avg_pool2d(maps, _LOCAL).amax(dim=(2, 3))
        area = torch.log10(maps.mean(dim=(2, 3)) + 1e-4) + 4
        deepest = features.float()
        seen = torch.cat([deepest.mean(dim=(2, 3)), deepest.amax(dim=(2, 3)), largest, area], dim=1)
        found: Tensor = self.layers(seen)
        return found


class UNet(nn.Module):
    """Contracting path, expanding path, and skip connections between them.

    Parameters
    ----------
    width
        Channels of the first level; doubled at each level (64 in the paper).
    depth
        Number of levels below the first (4 in the paper).
    classes
        Output channels, background first.
    widest
        No level has more channels than that; no bound where None.
    stem
        1, or 2: the first level lies at half the image's side, and each of its places answers for 2 x 2
        pixels (Shi et al. 2016). On a CPU a level at full side costs more time than all others together.
    residual
        Whether each block of the contracting path has a way around it.
    deep_supervision
        Whether the expanding path's inner levels answer too while the network is trained (Lee et al. 2015).
    image_head
        Whether there is an image-level head.
    """

    def __init__(
        self,
        width: int = 16,
        depth: int = 4,
        classes: int = CLASSES,
        *,
        widest: int | None = None,
        stem: int = 1,
        residual: bool = False,
        deep_supervision: bool = False,
        image_head: bool = False,
    ) -> None:
        super().__init__()
        channels = [min(width * 2**level, widest or width * 2**level) for level in range(depth + 1)]
        inputs = [1 if stem == 1 else width, *channels[:-1]]
        block = ResidualBlock if residual else DoubleConvolution
        self.stem = nn.Identity() if stem == 1 else nn.Sequential(*_normalised(1, width, 6, stride=2))
        self.down = nn.ModuleList(block(i, o) for i, o in zip(inputs, channels, strict=True))
        self.pool = nn.MaxPool2d(2)
        lower, upper = channels[:0:-1], channels[-2::-1]
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(i, o, 2, stride=2) for i, o in zip(lower, upper, strict=True)
        )
        self.merge = nn.ModuleList(DoubleConvolution(2 * o, o) for o in upper)
        self.head = (
            nn.Conv2d(width, classes, 1)
            if stem == 1
            else nn.Sequential(nn.Conv2d(width, 4 * classes, 3, padding=1), nn.PixelShuffle(2))
        )
        inner = upper[:-1][-2:] if deep_supervision else []
        self.deeper = nn.ModuleList(nn.Conv2d(o, classes, 1) for o in inner)
        self.image_head = ImageHead(channels[-1], classes) if image_head else None
        self.apply(_initialise)

    def forward(self, image: Tensor) -> Answers:
        """Return the answers to images (N, 1, S, S); S must divide by ``stem * 2 ** depth``."""
        skips: list[Tensor] = []
        features = self.stem(image)
        for level, block in enumerate(self.down):
            features = block(features if level == 0 else self.pool(features))
            skips.append(features)
        deepest = skips.pop()
        levels = []
        for up, merge in zip(self.up, self.merge, strict=True):
            features = merge(torch.cat([skips.pop(), up(features)], dim=1))
            levels.append(features)
        logits = self.head(features)
        inner = levels[:-1][-len(self.deeper) :] if self.training else []
        deeper = [head(one) for head, one in zip(self.deeper, inner, strict=False)]
        findings = None if self.image_head is None else self.image_head(deepest, logits)
        return Answers(logits, tuple(reversed(deeper)), findings)


def _normalised(inputs: int, outputs: int, side: int, stride: int = 1) -> list[nn.Module]:
    padding = (side - 1) // 2
    return [
        nn.Conv2d(inputs, outputs, side, stride=stride, padding=padding, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    ]


def _initialise(module: nn.Module) -> None:
    """Draw weights as the paper does: Gaussian, variance 2 / fan-in."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
