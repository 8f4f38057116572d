"""Turn a radiograph into what the network reads, and what it answers back into the radiograph's pixels.

Training and serving share this code, so a network is served exactly what it was trained on.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

CLIPPED_SHARE = 0.02  # within this share of the range, a pixel counts as shutter, open beam or saturated
INNER_QUANTILES = (0.01, 0.99)  # of the rest: mapped to -1 and 1
SMALLEST_SHARE = 0.05  # of pixels that must remain; else all are used
PADDING = -1.0  # black, as an unexposed margin is shown


@dataclass(frozen=True)
class Letterbox:
    """Where a radiograph lies in the square that the network reads.

    Attributes
    ----------
    rows, columns
        Of the radiograph.
    size
        Side of the square, S.
    top, left, height, width
        Of the radiograph within the square, in pixels of the square.
    """

    rows: int
    columns: int
    size: int
    top: int
    left: int
    height: int
    width: int

    @classmethod
    def fit(cls, rows: int, columns: int, size: int) -> Letterbox:
        """Return the letterbox that keeps the aspect of a radiograph and centres it."""
        scale = size / max(rows, columns)
        height, width = max(1, round(rows * scale)), max(1, round(columns * scale))
        return cls(rows, columns, size, (size - height) // 2, (size - width) // 2, height, width)

    def shrink(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the radiograph, float32 (rows, columns), at its size in the square: (height, width)."""
        smaller = self.height <= self.rows
        return np.asarray(
            cv2.resize(
                image,
                (self.width, self.height),
                interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR,
            ),
            np.float32,
        )

    def pad(self, content: NDArray[np.float32], value: float) -> NDArray[np.float32]:
        """Return (height, width) content within the square, float32 (S, S)."""
        square = np.full((self.size, self.size), value, np.float32)
        square[self.top : self.top + self.height, self.left : self.left + self.width] = content
        return square

    def square_labels(self, mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
        """Return ground truth, bool (4, rows, columns), as class indices in the square, uint8 (S, S)."""
        labels = np.zeros((self.size, self.size), np.uint8)
        inside = labels[self.top : self.top + self.height, self.left : self.left + self.width]
        for number, channel in enumerate(mask, start=1):
            if channel.any():
                inside[self.shrink(channel.astype(np.float32)) > 0.5] = number
        return labels

    def crop(self, maps: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the part of (C, S, S) maps that shows the radiograph, (C, height, width)."""
        return maps[:, self.top : self.top + self.height, self.left : self.left + self.width]

    def masks(self, probabilities: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Return the masks of the segments on the radiograph, bool (4, rows, columns), never overlapping.

        The margin of each class over the best other class is interpolated and cut at zero: smooth
        outlines, and the same answer as an argmax at every pixel of the network's grid.

        Parameters
        ----------
        probabilities
            Softmax output, float32 (5, S, S), background first.
        """
        content = self.crop(probabilities)
        masks = np.zeros((len(content) - 1, self.rows, self.columns), np.bool_)
        for index in range(1, len(content)):
            others = np.delete(content, index, axis=0).max(axis=0)
            margin = content[index] - others
            if margin.max() > 0:
                enlarged = cv2.resize(margin, (self.columns, self.rows), interpolation=cv2.INTER_LINEAR)
                masks[index - 1] = enlarged > 0
        return masks

    def enlarge(self, channel: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return one map of the square, float32 (S, S), on the radiograph's pixels (rows, columns)."""
        content = self.crop(channel[None])[0]
        enlarged = cv2.resize(content, (self.columns, self.rows), interpolation=cv2.INTER_LINEAR)
        return np.asarray(enlarged, np.float32)


def prepare(image: NDArray[np.float32], size: int) -> tuple[NDArray[np.float32], Letterbox]:
    """Return the network's input, float32 (1, S, S) in -1 to 1, and where the radiograph lies in it.

    Parameters
    ----------
    image
        Float32 (H, W), bright where more is absorbed: as MONOCHROME2 after the modality LUT, or after
        the VOI LUT; any linear scale, since it is set anew within the exposed field.
    size
        Side of the square, S.

    Raises
    ------
    ValueError
        If the image is not two-dimensional or is empty.
    """
    if image.ndim != 2 or image.size == 0:
        raise ValueError(f"a radiograph is a two-dimensional image, not one of shape {image.shape}")
    box = Letterbox.fit(image.shape[0], image.shape[1], size)
    content = box.shrink(np.ascontiguousarray(image, np.float32))
    low, high = exposed_range(content)
    scaled = (content - np.float32(low)) * np.float32(2 / max(high - low, 1e-6)) - 1
    return box.pad(np.clip(scaled, -1, 1), PADDING)[None], box


def exposed_range(image: NDArray[np.float32]) -> tuple[float, float]:
    """Return the values shown black and white: those of the body within the collimated field.

    Shutters, the open beam and saturated pixels crowd at the ends of the range and are left out, so
    that neither a wide black margin nor a white one changes how the abdomen looks.
    """
    darkest, brightest = np.quantile(image, (0.001, 0.999))
    slack = CLIPPED_SHARE * (brightest - darkest)
    inside = image[(image > darkest + slack) & (image < brightest - slack)]
    if inside.size < SMALLEST_SHARE * image.size:
        inside = image.ravel()
    low, high = np.quantile(inside, INNER_QUANTILES)
    return float(low), float(high)
