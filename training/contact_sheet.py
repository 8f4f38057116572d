"""Draw a sheet of an imported data set: a row of radiographs for each class, outlines in colour."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.preprocess import Letterbox, prepare
from study.findings import FINDINGS
from training.annotation import NORMAL
from training.manifest import Row, read_row

SIDE = 192  # pixels of one picture
A_CLASS = 6  # pictures of it
_GAP = 4


def write_contact_sheet(path: Path, rows: Sequence[Row], folder: Path) -> None:
    """Write the sheet as a PNG; the pictures are spread evenly over each class.

    Raises
    ------
    ManifestError
        If an image or mask that a row names cannot be read.
    """
    by_category: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_category[row.category].append(row)
    lines = [
        [_picture(folder, row) for row in _spread(by_category[category])]
        for category in (*FINDINGS, NORMAL)
        if by_category[category]
    ]
    step = SIDE + _GAP
    sheet = np.full((step * len(lines) + _GAP, step * A_CLASS + _GAP, 3), 24, np.uint8)
    for line, pictures in enumerate(lines):
        for column, picture in enumerate(pictures):
            top, left = _GAP + line * step, _GAP + column * step
            sheet[top : top + SIDE, left : left + SIDE] = picture
    _, content = cv2.imencode(".png", sheet)
    content.tofile(path)


def _spread(rows: Sequence[Row]) -> list[Row]:
    chosen = np.unique(np.linspace(0, len(rows) - 1, A_CLASS).astype(int))
    return [rows[index] for index in chosen]


def _picture(folder: Path, row: Row) -> NDArray[np.uint8]:
    """Return one radiograph as the network sees it, with its outlines, uint8 (S, S, 3), BGR."""
    image, masks = read_row(folder, row)
    shown, box = prepare(image, SIDE)
    gray = np.round((shown[0] + 1) * 127.5).astype(np.uint8)
    picture = cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR)
    for definition, mask in zip(FINDINGS.values(), masks, strict=True):
        if mask.any():
            outlines, _ = cv2.findContours(_square(mask, box), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
            cv2.drawContours(picture, outlines, -1, definition.color[::-1], 1)
    return np.asarray(picture, np.uint8)


def _square(mask: NDArray[np.bool_], box: Letterbox) -> NDArray[np.uint8]:
    return (box.pad(box.shrink(mask.astype(np.float32)), 0.0) > 0.5).astype(np.uint8)
