"""How far two pictures of a page are alike, as a person would say. Pure.

Other machines draw the same page with hairs of difference: an edge of the model's outline, a last digit
of an area, the colours of a picture kept with a palette. A tile of the picture counts as another one
only where a good share of it has other colours, and a few such tiles are let pass: fewer than a line
of text that moved, an outline that is gone, or a panel that stands elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]  # (H, W, 3)

TILE = 24  # pixels a side
OTHER_COLOUR = 22  # of 255 in any channel, after what is next to it was mixed in
OTHER_SHARE = 0.12  # of a tile's pixels
MOST_TILES = 5


class Box(NamedTuple):
    """A part of a page, pixels."""

    left: int
    top: int
    width: int
    height: int


def other_tiles(kept: Picture, now: Picture, unlike: Sequence[Box] = ()) -> list[tuple[int, int]]:
    """Return the tiles that look otherwise, as (row, column) of the tile; all of them where the size does.

    Parameters
    ----------
    unlike
        What is never the same twice, and left out: clocks, loads, versions.
    """
    if kept.shape != now.shape:
        return [(0, 0)] * (MOST_TILES + 1)
    one, other = (cv2.blur(each, (3, 3)).astype(np.int16) for each in (kept, now))
    changed = np.abs(one - other).max(axis=2) > OTHER_COLOUR
    for left, top, width, height in unlike:
        changed[max(top, 0) : top + height, max(left, 0) : left + width] = False
    rows, columns = (-(-side // TILE) for side in changed.shape)
    padded = np.zeros((rows * TILE, columns * TILE), np.bool_)
    padded[: changed.shape[0], : changed.shape[1]] = changed
    share = padded.reshape(rows, TILE, columns, TILE).mean(axis=(1, 3))
    return [(int(row), int(column)) for row, column in np.argwhere(share > OTHER_SHARE)]


def alike(kept: Picture, now: Picture, unlike: Sequence[Box] = ()) -> bool:
    """Return whether two pictures show the same."""
    return len(other_tiles(kept, now, unlike)) <= MOST_TILES
