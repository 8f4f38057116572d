"""How far two outlines lie apart. Pure."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


class SurfaceDistance(NamedTuple):
    """Distances between two outlines, in the unit of the spacing.

    Attributes
    ----------
    mean
        Average symmetric surface distance: over the points of both outlines together, to the nearest
        point of the other.
    hausdorff95
        The larger of the two directions' 95th percentiles.
    """

    mean: float
    hausdorff95: float


def surface_distance(
    found: NDArray[np.bool_], there: NDArray[np.bool_], spacing: tuple[float, float]
) -> SurfaceDistance:
    """Return the distances between the outlines of two masks of one shape; NaN where one is empty.

    Parameters
    ----------
    found, there
        bool (H, W).
    spacing
        Of rows and of columns: in mm at the detector, the distances are in mm at the detector.
    """
    ours, theirs = _outline(found) * spacing, _outline(there) * spacing
    if len(ours) == 0 or len(theirs) == 0:
        return SurfaceDistance(float("nan"), float("nan"))
    to_theirs = np.asarray(cKDTree(theirs).query(ours)[0], np.float64)
    to_ours = np.asarray(cKDTree(ours).query(theirs)[0], np.float64)
    mean = (to_theirs.sum() + to_ours.sum()) / (len(ours) + len(theirs))
    far = max(np.quantile(to_theirs, 0.95), np.quantile(to_ours, 0.95))
    return SurfaceDistance(float(mean), float(far))


def _outline(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return row and column of each pixel of the mask that has a neighbour outside it, float64 (K, 2)."""
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    if not width:
        return np.empty((0, 2))
    inside = np.ascontiguousarray(mask[top : top + height, left : left + width]).view(np.uint8)
    core = cv2.erode(inside, _CROSS, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.argwhere(inside & ~core) + np.array([float(top), float(left)])
