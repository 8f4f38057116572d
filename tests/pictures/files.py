"""The pictures as they are kept: PNG files that a documentation page can hold."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from tests.pictures.likeness import Picture

FOLDER = Path(__file__).parents[2] / "docs" / "viewer"
LARGEST = 300_000  # bytes
_COLOURED = 48  # between a pixel's channels
_COLOURS = (256, 192, 128, 96, 64, 48)


def read(name: str) -> Picture:
    """Return a picture that is kept: uint8 (H, W, 3), RGB."""
    with Image.open(FOLDER / f"{name}.png") as held:
        return np.asarray(held.convert("RGB"))


def decoded(png: bytes) -> Picture:
    """Return a screenshot as it was taken: uint8 (H, W, 3), RGB."""
    pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return np.ascontiguousarray(pixels[..., ::-1], dtype=np.uint8)


def keep(name: str, picture: Picture) -> int:
    """Write a picture with as many colours as the size allows; returns its bytes.

    Raises
    ------
    ValueError
        If it is too large with the fewest.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    file = FOLDER / f"{name}.png"
    image, weighed = Image.fromarray(picture), _weighed(picture)
    for colours in _COLOURS:
        palette = weighed.quantize(colours, Image.Quantize.MEDIANCUT, kmeans=2)
        few = image.quantize(palette=palette, dither=Image.Dither.NONE)
        few.save(file, optimize=True)
        if file.stat().st_size < LARGEST:
            return file.stat().st_size
    raise ValueError(f"{name} takes {file.stat().st_size} bytes with {_COLOURS[-1]} colours")


def _weighed(picture: Picture) -> Image.Image:
    """Return pixels to choose a palette by: of a radiograph's greys there are many, of a green dot few."""
    pixels = picture.reshape(-1, 3)
    coloured = pixels[np.ptp(pixels, axis=1) > _COLOURED]
    if not len(coloured):
        return Image.fromarray(picture)
    times = max(1, len(pixels) // (2 * len(coloured)))
    return Image.fromarray(np.concatenate([pixels, np.tile(coloured, (times, 1))])[None])
