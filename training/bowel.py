"""Hollow organs of the abdomen: stomach, small bowel and colon, with their gas, fluid and faeces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from training.anatomy import Habitus
from training.canvas import Plane, blob, smooth_curve, texture
from training.case import Projection

if TYPE_CHECKING:
    from numpy.typing import NDArray

COLON_POINTS = 240
# Stretches of the colon as shares of its length, from caecum to rectum.
ASCENDING, TRANSVERSE, DESCENDING, SIGMOID, RECTUM = (
    (0.0, 0.22),
    (0.22, 0.5),
    (0.5, 0.74),
    (0.74, 0.88),
    (0.88, 1.0),
)


@dataclass(frozen=True)
class Contents:
    """What fills hollow organs, each float32 (H, W), mm of path: gas, and tissue added by distension."""

    gas: NDArray[np.float32]
    added: NDArray[np.float32]


def empty(plane: Plane) -> Contents:
    """Return contents with nothing in them."""
    return Contents(np.zeros(plane.shape, np.float32), np.zeros(plane.shape, np.float32))


def together(first: Contents, second: Contents) -> Contents:
    """Return both contents: gas in front of gas is not twice as dark, for loops push each other aside."""
    return Contents(
        np.maximum(first.gas, second.gas) + np.float32(0.3) * np.minimum(first.gas, second.gas),
        first.added + second.added,
    )


def colon_centreline(rng: np.random.Generator, habitus: Habitus) -> NDArray[np.float64]:
    """Return the centreline of the colon, (240, 2) in body coordinates, from caecum to rectum."""
    top = habitus.dome_right + 0.27
    sag = rng.uniform(0.0, 0.14)
    knots = [
        (-0.60, 0.745),
        (-0.68, 0.62),
        (-0.66, top + 0.06),
        (-0.50, top + 0.02),
        (-0.22, top + 0.05 + sag),
        (0.08, top + 0.06 + sag),
        (0.40, top - 0.02),
        (0.62, top - 0.10),
        (0.74, top + 0.0),
        (0.74, 0.58),
        (0.66, 0.70),
        (0.42, 0.79),
        (rng.uniform(0.05, 0.3), 0.745),
        (-0.08, 0.80),
        (0.0, 0.86),
        (0.0, 0.945),
    ]
    jittered = [(x + rng.normal(0, 0.025), y + rng.normal(0, 0.008)) for x, y in knots]
    return smooth_curve(jittered, COLON_POINTS)


def colon_tube(
    plane: Plane,
    centreline: NDArray[np.float64],
    stretch: tuple[float, float],
    radius_mm: float,
    rng: np.random.Generator,
) -> NDArray[np.uint8]:
    """Return the silhouette (uint8 (H, W)) of a stretch of colon, with haustra."""
    start, stop = (round(share * (COLON_POINTS - 1)) for share in stretch)
    line = centreline[start : stop + 1]
    phase = rng.uniform(0, np.pi)
    haustra = 1 - 0.22 * np.abs(np.sin(phase + np.arange(len(line)) * (np.pi / 7.5))) ** 6
    ends = np.minimum(np.arange(len(line)), np.arange(len(line))[::-1])
    return plane.tube(line, radius_mm * haustra * np.clip(0.65 + ends / 10, 0, 1))


def faeces(
    plane: Plane, silhouette: NDArray[np.uint8], rng: np.random.Generator, *, gassiness: float
) -> Contents:
    """Return faecal contents of a silhouette: soft matter speckled with small gas bubbles.

    `gassiness` (0 to 1) is how much of the depth the bubbles take on average.
    """
    depth = plane.inflate(silhouette, 0.55 * plane.unit_mm)
    cells = round(260 * 70 / plane.unit_mm) if plane.unit_mm > 70 else 240
    fine, coarse = texture(rng, plane.shape, cells), texture(rng, plane.shape, cells // 3)
    bubbles = np.clip(0.55 * fine + 0.5 * coarse + 0.15, 0, 2.2)
    gas = np.asarray(depth * gassiness * bubbles, np.float32)
    return Contents(gas, np.float32(0.16) * depth)


def small_bowel_gas(plane: Plane, habitus: Habitus, rng: np.random.Generator, *, amount: float) -> Contents:
    """Return normal small-bowel gas: many faceted pockets in a newborn, few in a teenager."""
    count = max(0, round(amount * rng.uniform(0.6, 1.4) * (26 - 19 * habitus.maturity)))
    contents = empty(plane)
    for _ in range(count):
        radius = rng.uniform(0.05, 0.115) * (1.12 - 0.37 * habitus.maturity)
        aside = 0.68 - 0.13 * habitus.maturity
        centre = (rng.uniform(-aside, aside), rng.uniform(0.38 + 0.04 * habitus.maturity, 0.78))
        if rng.random() < 0.5:
            shape = plane.polygon(
                blob(rng, centre, (radius, 0.42 * radius), rough=0.22, tilt=rng.uniform(0, 3.1))
            )
        else:
            shape = _short_loop(plane, rng, centre, radius)
        deep = 1.9 - 0.7 * habitus.maturity
        depth = plane.inflate(shape, deep * radius * plane.unit_mm) * np.float32(rng.uniform(0.8, 1.6))
        contents = together(contents, Contents(depth, np.zeros_like(depth)))
    return contents


def _short_loop(
    plane: Plane, rng: np.random.Generator, centre: tuple[float, float], radius: float
) -> NDArray[np.uint8]:
    angle, bend = rng.uniform(0, 2 * np.pi), rng.uniform(-1, 1)
    along = np.linspace(-1, 1, 24)
    x = centre[0] + radius * (2 * along * np.cos(angle) - bend * along**2 * np.sin(angle))
    y = centre[1] + 0.42 * radius * (2 * along * np.sin(angle) + bend * along**2 * np.cos(angle))
    folds = 1 - 0.12 * np.abs(np.sin(along * 12))
    return plane.tube(np.stack([x, y], axis=1), 0.52 * radius * plane.unit_mm * folds)


def colon_gas(
    plane: Plane, centreline: NDArray[np.float64], rng: np.random.Generator, *, amount: float
) -> Contents:
    """Return normal colonic gas: a few stretches of the frame, and often the rectum."""
    contents = empty(plane)
    for _ in range(rng.binomial(4, min(1.0, 0.6 * amount))):
        start = rng.uniform(0.02, 0.8)
        stretch = (start, min(0.87, start + rng.uniform(0.05, 0.16)))
        shape = colon_tube(plane, centreline, stretch, plane.unit_mm * rng.uniform(0.06, 0.115), rng)
        depth = plane.inflate(shape, 0.3 * plane.unit_mm) * rng.uniform(0.8, 1.4)
        contents = together(contents, Contents(depth, np.zeros_like(depth)))
    if rng.random() < 0.6 * amount:
        shape = plane.polygon(blob(rng, (rng.normal(0, 0.03), 0.90), (0.10, 0.035), rough=0.15))
        depth = plane.inflate(shape, 0.2 * plane.unit_mm) * rng.uniform(0.8, 1.5)
        contents = together(contents, Contents(depth, np.zeros_like(depth)))
    return contents


def above_level(
    silhouette: NDArray[np.uint8], share: float, projection: Projection = Projection.ERECT
) -> NDArray[np.uint8]:
    """Return the part of a silhouette above a level drawn across it.

    Gravity runs down the picture in an erect child. On the left side it runs to the patient's left, which
    is the picture's right, and in a cross-table lateral to the back, which is drawn on the right too.

    Parameters
    ----------
    share
        The part of the height that gas takes, 0 to 1.
    """
    left, top, width, height = cv2.boundingRect(silhouette)
    above = silhouette.copy()
    if projection is Projection.ERECT:
        above[top + round(share * height) :] = 0
    else:
        above[:, left + round(share * width) :] = 0
    return above


def gastric_bubble(
    plane: Plane, habitus: Habitus, rng: np.random.Generator, projection: Projection, *, swollen: float = 1.0
) -> Contents:
    """Return the gas of a normal stomach: a bubble with a level when erect, a smear when supine.

    On the left side gas leaves the fundus for the antrum. `swollen` scales it: a crying child swallows air.
    """
    reach = 0.45 + 0.55 * swollen
    if projection is Projection.ERECT:
        centre = (rng.uniform(0.34, 0.52), habitus.dome_left + rng.uniform(0.055, 0.085) * reach)
        radii, rough, tilt = (rng.uniform(0.13, 0.22), rng.uniform(0.035, 0.055)), 0.10, 0.0
    elif projection is Projection.SUPINE:
        centre = (rng.uniform(0.26, 0.46), habitus.dome_left + rng.uniform(0.10, 0.17))
        radii, rough, tilt = (rng.uniform(0.15, 0.27), rng.uniform(0.03, 0.055)), 0.18, rng.uniform(-0.4, 0.2)
    else:
        centre = (rng.uniform(0.02, 0.2), habitus.dome_left + rng.uniform(0.16, 0.22))
        radii, rough, tilt = (rng.uniform(0.10, 0.18), rng.uniform(0.035, 0.055)), 0.12, 0.0
    radii = (radii[0] * (0.6 + 0.4 * swollen), radii[1] * swollen)
    shape = plane.polygon(blob(rng, centre, radii, rough=rough, tilt=tilt))
    if projection is not Projection.SUPINE:
        shape = above_level(shape, rng.uniform(0.55, 0.85), projection)
    depth = plane.inflate(shape, 0.34 * plane.unit_mm) * rng.uniform(0.8, 1.5)
    return Contents(depth, np.zeros_like(depth))


def normal_stool(plane: Plane, centreline: NDArray[np.float64], rng: np.random.Generator) -> Contents:
    """Return the little stool of a healthy colon: one short, narrow stretch."""
    start = rng.choice([rng.uniform(0.0, 0.15), rng.uniform(0.5, 0.7)])
    shape = colon_tube(
        plane,
        centreline,
        (start, start + rng.uniform(0.05, 0.11)),
        plane.unit_mm * rng.uniform(0.06, 0.085),
        rng,
    )
    return faeces(plane, shape, rng, gassiness=rng.uniform(0.15, 0.3))
