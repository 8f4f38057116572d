"""The signs of stomach and bowel that the model looks for, each drawn with its ground truth.

What is ground truth: the whole distended stomach; the gas above each level down to the level; the loaded
lengths of colon and rectum. Severity runs from 0, what readers miss, to 1, gross.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from training.anatomy import Habitus
from training.bowel import (
    ASCENDING,
    DESCENDING,
    RECTUM,
    SIGMOID,
    TRANSVERSE,
    Contents,
    above_level,
    colon_tube,
    empty,
    faeces,
    together,
)
from training.canvas import Plane, smooth_curve
from training.case import Projection

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Sign:
    """One drawn sign: what it puts into the body, and its ground truth, uint8 (H, W) of 0 and 1."""

    contents: Contents
    truth: NDArray[np.uint8]


def distended_stomach(
    plane: Plane, habitus: Habitus, rng: np.random.Generator, severity: float, projection: Projection
) -> Sign:
    """Return a stomach held up at the pylorus: moderately full, or huge, across the midline and in waves."""
    erect = projection is Projection.ERECT
    top = habitus.dome_left + rng.uniform(0.05, 0.085)
    drop = (0.19 + 0.15 * severity) * rng.uniform(0.92, 1.08) * (1.12 if erect else 1.0)
    pylorus = (-(0.04 + 0.28 * severity) * rng.uniform(0.8, 1.2), top + drop - rng.uniform(0.03, 0.08))
    path = smooth_curve(
        [
            (0.42, top + 0.07),
            (0.48 + 0.02 * severity, top + 0.52 * drop),
            (0.24, top + drop),
            (0.02 - 0.04 * severity, top + drop + 0.005),
            pylorus,
        ],
        120,
    )
    along = np.linspace(0, 1, 120)
    width = plane.unit_mm * (0.18 + 0.14 * severity) * rng.uniform(0.93, 1.07)
    waves = 1 - rng.uniform(0.06, 0.26) * np.clip(np.sin(along * rng.uniform(16, 24)), 0, 1) ** 2 * (
        along > 0.3
    )
    taper = np.interp(along, [0, 0.15, 0.5, 0.85, 1], [0.85, 1.0, 0.92, 0.68, 0.38])
    silhouette = plane.tube(path, width * taper * waves)
    depth = plane.inflate(silhouette, 0.62 * plane.unit_mm)
    if projection is Projection.SUPINE:
        gas = depth * np.float32(rng.uniform(0.45, 0.9))
    else:
        filled = above_level(silhouette, rng.uniform(0.35, 0.75), projection)
        gas = depth * filled * np.float32(rng.uniform(0.65, 0.95))
    return Sign(Contents(gas, np.float32(0.12) * depth), silhouette)


def fluid_levels(
    plane: Plane, habitus: Habitus, rng: np.random.Generator, severity: float, projection: Projection
) -> Sign:
    """Return dilated loops, each with gas above a flat level: one or two short ones, or a ladder of many."""
    truth = np.zeros(plane.shape, np.uint8)
    contents = empty(plane)
    most = 1 + round(7 * severity)
    count = max(1, int(rng.integers(max(1, most - 2), most + 1))) + (severity > 0.1)
    rows = rng.permutation(np.linspace(habitus.dome_right + 0.30, 0.78, count + 2)[1:-1])
    for row in rows:
        centre = (rng.uniform(-0.52, 0.52), row + rng.normal(0, 0.01))
        silhouette = _hooped_loop(plane, rng, centre, severity, projection)
        gas_mask = above_level(silhouette, rng.uniform(0.3, 0.6), projection) & (1 - truth)
        depth = plane.inflate(silhouette, 0.42 * plane.unit_mm)
        contents = together(
            contents,
            Contents(depth * gas_mask * np.float32(rng.uniform(0.6, 0.95)), np.float32(0.10) * depth),
        )
        truth |= gas_mask
    return Sign(contents, truth)


def _hooped_loop(
    plane: Plane,
    rng: np.random.Generator,
    centre: tuple[float, float],
    severity: float,
    projection: Projection,
) -> NDArray[np.uint8]:
    """Return a dilated loop that arches upwards, as gas lifts it."""
    reach = (0.07 + 0.17 * severity) * rng.uniform(0.75, 1.3)
    radius = (0.085 + 0.06 * severity) * rng.uniform(0.88, 1.15)
    along = np.linspace(-1, 1, 40)
    hang = rng.uniform(0.0, 0.18) * along**2 + rng.uniform(-0.03, 0.03) * along  # in half widths
    folds = 1 - 0.10 * np.abs(np.sin(along * rng.uniform(8, 14)))
    if projection is Projection.ERECT:
        course = np.stack([centre[0] + reach * along, centre[1] + plane.v_per_u * hang], axis=1)
    else:
        course = np.stack([centre[0] + hang, centre[1] + plane.v_per_u * reach * along], axis=1)
    return plane.tube(course, radius * plane.unit_mm * folds)


def faecal_loading(
    plane: Plane, centreline: NDArray[np.float64], rng: np.random.Generator, severity: float
) -> Sign:
    """Return a colon loaded with stool: the rectum alone when mild, further up the worse it is."""
    stretches = [RECTUM]
    for stretch, begins in ((SIGMOID, 0.15), (DESCENDING, 0.35), (ASCENDING, 0.6), (TRANSVERSE, 0.75)):
        if severity * rng.uniform(0.8, 1.4) > begins:
            stretches.append(stretch)
    truth = np.zeros(plane.shape, np.uint8)
    contents = empty(plane)
    gassiness = rng.uniform(0.22, 0.42)
    for stretch in stretches:
        radius = plane.unit_mm * (0.112 + 0.05 * severity) * rng.uniform(0.92, 1.1)
        radius *= 1.35 if stretch is RECTUM else 1.0
        silhouette = colon_tube(plane, centreline, stretch, radius, rng)
        contents = together(contents, faeces(plane, silhouette & (1 - truth), rng, gassiness=gassiness))
        truth |= silhouette
    return Sign(contents, truth)
