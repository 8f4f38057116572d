"""Decide from its pixels whether a radiograph can be read at all. Pure."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from study.decision import Decision
from study.unread import Unread, UnreadCode

# From pixels in the standard hanging, float32 (rows, columns), to whether they can be read.
Judge = Callable[[NDArray[np.float32]], Decision]

SMALLEST_SIDE = 128  # pixels; below, levels and crescents are not resolved
LARGEST_ASPECT = 4.0
SMALLEST_STANDARD_DEVIATION = 0.02  # of the range, after outliers are cut
SMALLEST_NEIGHBOUR_CORRELATION = 0.5  # of a small copy; noise alone has none


def check_pixels(values: NDArray[np.float32]) -> Decision:
    """Return whether an image holds enough to be read, and if not, why.

    Parameters
    ----------
    values
        Float32 (H, W), any linear scale.
    """
    rows, columns = values.shape
    if min(rows, columns) < SMALLEST_SIDE:
        return Decision(False, Unread.of(UnreadCode.TOO_SMALL, rows=rows, columns=columns))
    if max(rows, columns) > LARGEST_ASPECT * min(rows, columns):
        return Decision(False, Unread.of(UnreadCode.STRIP, rows=rows, columns=columns))
    small = cv2.resize(np.ascontiguousarray(values), (128, 128), interpolation=cv2.INTER_AREA)
    low, high = np.quantile(small, (0.005, 0.995))
    if high <= low:
        return Decision(False, Unread.of(UnreadCode.BLANK))
    scaled = np.clip((small - low) / (high - low), 0, 1)
    if scaled.std() < SMALLEST_STANDARD_DEVIATION:
        return Decision(False, Unread.of(UnreadCode.NEARLY_BLANK))
    if np.corrcoef(scaled[:, 1:].ravel(), scaled[:, :-1].ravel())[0, 1] < SMALLEST_NEIGHBOUR_CORRELATION:
        return Decision(False, Unread.of(UnreadCode.LOOKS_NOISE))
    return Decision(True)
