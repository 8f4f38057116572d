"""Name the region of the abdomen that a mask lies in, the patient's own sides named. Pure."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.preprocess import Letterbox
from study.model import Region

_EXPOSED = 0.999  # of the network's input range: beyond lie shutters and the open beam
_CENTRAL = (0.42, 0.58)  # of the field's width: neither side
_UPPER, _LOWER = 0.46, 0.62  # of the height of the field, which shows the lung bases too
_UMBILICUS = 0.56  # parts the quadrants
_PELVIC = 0.76
_WIDE = 0.5  # share of the field across which a mask belongs to no one side
_EVERYWHERE = 0.5
_COARSE = 64


class Field(NamedTuple):
    """The exposed body in a radiograph: pixels of its edges, and the patient's directions in it."""

    left: float
    top: float
    right: float
    bottom: float
    directions: tuple[str, str]  # towards the image's right and bottom, as in PatientOrientation

    @classmethod
    def of(cls, network_input: NDArray[np.float32], box: Letterbox, directions: tuple[str, str]) -> Field:
        """Return the field of a radiograph from its network input, float32 (S, S) in -1 to 1."""
        inside = network_input[box.top : box.top + box.height, box.left : box.left + box.width]
        exposed = np.abs(inside) < _EXPOSED
        columns = np.flatnonzero(exposed.mean(axis=0) > 0.25)
        rows = np.flatnonzero(exposed.mean(axis=1) > 0.25)
        if len(columns) < 0.2 * box.width or len(rows) < 0.2 * box.height:
            return cls(0, 0, box.columns, box.rows, directions)
        x, y = box.columns / box.width, box.rows / box.height
        return cls(columns[0] * x, rows[0] * y, (columns[-1] + 1) * x, (rows[-1] + 1) * y, directions)


def region_of(mask: NDArray[np.bool_], field: Field) -> Region:
    """Return the region in which a mask, bool (rows, columns) with at least one pixel, lies.

    The mask's middle and its spread (between the 5th and 95th hundredths) decide, measured along
    the patient's own axes as shares of the exposed field.
    """
    leftward, footward = _along_the_patient(mask, field)
    (x, width), (y, height) = _middle_and_spread(leftward), _middle_and_spread(footward)
    if width > _EVERYWHERE and height > _EVERYWHERE:
        return Region.WHOLE_ABDOMEN
    sided = bool({"L", "R"} & set(field.directions)) and width <= _WIDE
    side = 0 if not sided or _CENTRAL[0] <= x <= _CENTRAL[1] else (-1, 1)[x > 0.5]
    level = 0 if height > _WIDE else -1 if y < _UPPER else 1 if y > _LOWER else 0
    if side == 0:
        if level > 0 and y > _PELVIC and width < _WIDE:
            return Region.PELVIS
        return (Region.UPPER_ABDOMEN, Region.CENTRAL_ABDOMEN, Region.LOWER_ABDOMEN)[level + 1]
    if level < 0 or (level == 0 and y < _UMBILICUS):
        return Region.RIGHT_UPPER_QUADRANT if side < 0 else Region.LEFT_UPPER_QUADRANT
    return Region.RIGHT_LOWER_QUADRANT if side < 0 else Region.LEFT_LOWER_QUADRANT


def _along_the_patient(
    mask: NDArray[np.bool_], field: Field
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mask's positions towards the patient's left and feet, each 0..1 of the field."""
    scale = _COARSE / max(mask.shape)
    coarse = cv2.resize(mask.astype(np.uint8) * 255, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    rows, columns = np.nonzero(coarse >= min(128, int(coarse.max())))
    across = ((columns + 0.5) / coarse.shape[1] * mask.shape[1] - field.left) / (field.right - field.left)
    down = ((rows + 0.5) / coarse.shape[0] * mask.shape[0] - field.top) / (field.bottom - field.top)
    axes = dict(zip(field.directions, (across, down), strict=True))
    leftward = axes.get("L", 1 - axes["R"] if "R" in axes else across)
    footward = axes.get("F", 1 - axes["H"] if "H" in axes else down)
    return leftward, footward


def _middle_and_spread(positions: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.quantile(positions, (0.05, 0.95))
    return float(positions.mean()), float(high - low)
