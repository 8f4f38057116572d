"""What a reader's annotation measures on the values of its radiograph. Pure."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from study.geometry import Spacing
from study.marks import Annotation, AnnotationKind

Floats = NDArray[np.float32]
_BOXES = (AnnotationKind.RECTANGLE, AnnotationKind.ELLIPSE)


class Region(NamedTuple):
    """Statistics of the modality values whose pixels' middles lie inside, and the drawn shape's own area."""

    mean: float
    deviation: float
    smallest: float
    largest: float
    area: float  # in mm² where the spacing is known, else in pixels


def length_of(annotation: Annotation, spacing: Spacing | None) -> float:
    """Return the length in mm where the spacing is known, else in pixels."""
    (x1, y1), (x2, y2) = annotation.points[:2]
    across, down = _pixel(spacing)
    return math.hypot((x2 - x1) * across, (y2 - y1) * down)


def angle_of(annotation: Annotation, spacing: Spacing | None) -> float:
    """Return the angle at the second point in degrees, 0 to 180, with the pixels' own shape."""
    across, down = _pixel(spacing)
    (x1, y1), (x0, y0), (x2, y2) = annotation.points
    one = math.atan2((y1 - y0) * down, (x1 - x0) * across)
    other = math.atan2((y2 - y0) * down, (x2 - x0) * across)
    degrees = abs(math.degrees(one - other)) % 360
    return min(degrees, 360 - degrees)


def region_of_interest(annotation: Annotation, values: Floats, spacing: Spacing | None) -> Region | None:
    """Return the statistics of a rectangle or ellipse; None where no pixel's middle lies inside.

    Parameters
    ----------
    values
        float32 (rows, columns): modality values.
    """
    if annotation.kind not in _BOXES:
        raise ValueError(f"{annotation.kind} surrounds nothing")
    left, right, top, bottom = corners(annotation)
    width, height = right - left, bottom - top
    columns = np.arange(max(0, math.floor(left)), min(values.shape[1], math.ceil(right) + 1))
    rows = np.arange(max(0, math.floor(top)), min(values.shape[0], math.ceil(bottom) + 1))
    x, y = columns + 0.5, (rows + 0.5)[:, None]
    if annotation.kind is AnnotationKind.RECTANGLE:
        inside = (x >= left) & (x < right) & (y >= top) & (y < bottom)
        share = 1.0
    else:
        a, b = max(width / 2, 1e-9), max(height / 2, 1e-9)
        inside = ((x - (left + right) / 2) / a) ** 2 + ((y - (top + bottom) / 2) / b) ** 2 <= 1
        share = math.pi / 4
    if not inside.any():
        return None
    chosen = values[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1][inside].astype(np.float64)
    across, down = _pixel(spacing)
    area = width * height * share * across * down
    return Region(float(chosen.mean()), float(chosen.std()), float(chosen.min()), float(chosen.max()), area)


def corners(annotation: Annotation) -> tuple[float, float, float, float]:
    """Return the left, right, top and bottom of the box between an annotation's first two points."""
    (x1, y1), (x2, y2) = annotation.points[:2]
    return min(x1, x2), max(x1, x2), min(y1, y2), max(y1, y2)


def _pixel(spacing: Spacing | None) -> tuple[float, float]:
    """Return a pixel's width and height."""
    return (1.0, 1.0) if spacing is None else (spacing.column, spacing.row)
