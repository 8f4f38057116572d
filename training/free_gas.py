"""Free gas in the abdomen, from a sliver to a football, by projection, with its ground truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from training.anatomy import Habitus, dome_height, half_width
from training.bowel import Contents
from training.canvas import Plane, smooth_curve
from training.case import Projection
from training.signs import Sign

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOOTBALL_FROM = 0.35  # severity; below, supine free gas shows in small places only
_THINNEST_MM, _SHORTEST_MM = 2.0, 30.0


def free_gas(
    plane: Plane,
    habitus: Habitus,
    rng: np.random.Generator,
    bowel: Contents,
    severity: float,
    projection: Projection,
) -> Sign:
    """Return free gas where gravity takes it.

    Erect, crescents under the domes; on the left side, a stripe along the liver's right flank; supine, a
    football, or small signs of it.
    """
    if projection is Projection.ERECT:
        return _under_domes(plane, habitus, rng, severity)
    if projection is Projection.LEFT_LATERAL_DECUBITUS:
        return _along_the_flank(plane, habitus, rng, severity)
    if severity < FOOTBALL_FROM:
        return _small_signs(plane, habitus, rng, bowel, severity)
    return _football(plane, habitus, rng, bowel, severity)


def _under_domes(plane: Plane, habitus: Habitus, rng: np.random.Generator, severity: float) -> Sign:
    """Return crescents under one or both hemidiaphragms; at least 2 mm thick and 3 cm long."""
    both = rng.random() < 0.15 + 0.5 * severity
    first = -1 if rng.random() < 0.7 else 1
    crescents = []
    for side in (first, -first)[: 2 if both else 1]:
        middle = side * rng.uniform(0.36, 0.56)
        longest = 0.36
        shortest = min(longest, 0.5 * plane.across(_SHORTEST_MM))
        reach = shortest + (longest - shortest) * np.clip(severity * rng.uniform(0.8, 1.2), 0, 1)
        left, right = max(middle - reach, -0.88), min(middle + reach, 0.88)
        u = np.linspace(left, right, 60)
        upper = dome_height(habitus, u.astype(np.float32)) + 0.008  # the muscle itself
        bow = np.clip(np.sin(np.pi * (u - left) / (right - left)), 0, 1) ** rng.uniform(0.4, 0.8)
        thick = _THINNEST_MM + severity**1.4 * rng.uniform(0.10, 0.20) * plane.unit_mm
        lower = upper + plane.along(thick) * bow
        crescents.append(np.concatenate([np.stack([u, upper], 1), np.stack([u, lower], 1)[::-1]]))
    return _sheet(plane, rng, plane.polygon(*crescents), severity)


def _along_the_flank(plane: Plane, habitus: Habitus, rng: np.random.Generator, severity: float) -> Sign:
    """Return gas between the right abdominal wall and the liver of a child that lies on its left side."""
    middle = habitus.dome_right + rng.uniform(0.20, 0.32)
    shortest = 0.5 * plane.along(_SHORTEST_MM)
    reach = shortest + (0.21 - shortest) * np.clip(severity * rng.uniform(0.8, 1.2), 0, 1)
    v = np.linspace(max(middle - reach, habitus.dome_right + 0.12), middle + reach, 60)
    wall = rng.uniform(0.085, 0.12)
    outer = -(half_width(habitus, v.astype(np.float32)) - wall)
    bow = np.clip(np.sin(np.pi * np.linspace(0, 1, 60)), 0, 1) ** rng.uniform(0.3, 0.7)
    thick = _THINNEST_MM + severity**1.3 * rng.uniform(0.14, 0.26) * plane.unit_mm
    inner = outer + plane.across(thick) * bow
    outline = np.concatenate([np.stack([outer, v], 1), np.stack([inner, v], 1)[::-1]])
    return _sheet(plane, rng, plane.polygon(outline), severity)


def _sheet(plane: Plane, rng: np.random.Generator, silhouette: NDArray[np.uint8], severity: float) -> Sign:
    """Return a thin pool of gas: from front to back it is far deeper than it is thick."""
    gas = plane.inflate(silhouette, 0.5 * plane.unit_mm)
    sheet = silhouette * np.float32((0.08 + 0.12 * severity) * plane.unit_mm)
    gas = np.maximum(gas, sheet) * np.float32(rng.uniform(1.0, 1.7))
    return Sign(Contents(gas, np.zeros_like(gas)), silhouette)


def _small_signs(
    plane: Plane, habitus: Habitus, rng: np.random.Generator, bowel: Contents, severity: float
) -> Sign:
    """Return little supine free gas: triangles between loops, gas below the liver, both sides of a wall."""
    silhouette = np.zeros(plane.shape, np.uint8)
    scale = plane.across(9 + 34 * severity)
    if rng.random() < 0.45:
        silhouette |= plane.polygon(_cap_of_liver(plane, habitus, rng, 1.4 * scale))
    if not silhouette.any() or rng.random() < 0.5:
        for _ in range(rng.integers(1, 4)):
            centre = (
                rng.choice([-1, 1]) * rng.uniform(0.16, 0.45),
                habitus.dome_right + rng.uniform(0.28, 0.46),
            )
            silhouette |= plane.polygon(_triangle(plane, rng, centre, scale * rng.uniform(0.8, 1.3)))
    depth = plane.inflate(silhouette, 0.3 * plane.unit_mm)
    depth = np.maximum(depth, silhouette * np.float32((0.07 + 0.2 * severity) * plane.unit_mm))
    keep = 1 - 0.5 * soft_edge(plane, bowel_walls(plane, bowel.gas))
    return Sign(Contents(depth * keep, np.zeros_like(depth)), silhouette)


def _triangle(
    plane: Plane, rng: np.random.Generator, centre: tuple[float, float], size: float
) -> NDArray[np.float64]:
    """Return a triangle with hollow sides, as three round loops leave it between them."""
    turn = rng.uniform(0, 2 * np.pi)
    corners = turn + np.array([0, 2.1, 4.2]) + rng.normal(0, 0.15, 3)
    points = []
    for first, second in zip(corners, np.roll(corners, -1), strict=True):
        span = (second - first) % (2 * np.pi)
        for share in np.linspace(0, 1, 12, endpoint=False):
            angle, hollow = first + span * share, 1 - 0.52 * np.sin(np.pi * share)
            points.append((np.cos(angle) * hollow * size, np.sin(angle) * hollow * size * plane.v_per_u))
    return np.asarray(points) + np.asarray(centre)


def _cap_of_liver(
    plane: Plane, habitus: Habitus, rng: np.random.Generator, size: float
) -> NDArray[np.float64]:
    """Return the doge's cap: a triangle of gas in Morison's pouch, below the liver's edge."""
    tip = np.array([-0.42 + rng.normal(0, 0.04), habitus.dome_right + 0.20])
    high = plane.v_per_u * size
    course = [(0.0, 0.0), (0.55 * size, 0.7 * high), (0.45 * size, 1.5 * high), (-0.35 * size, 1.0 * high)]
    return tip + smooth_curve([*course, course[0]], 48)


def _football(
    plane: Plane, habitus: Habitus, rng: np.random.Generator, bowel: Contents, severity: float
) -> Sign:
    """Return much supine free gas: a football with the falciform ligament and both sides of bowel walls."""
    grown = (severity - FOOTBALL_FROM) / (1 - FOOTBALL_FROM)
    u0, v0 = rng.uniform(-0.12, 0.12), habitus.dome_right + rng.uniform(0.25, 0.31)
    half_u = (0.36 + 0.42 * grown) * rng.uniform(0.9, 1.1)
    half_v = (0.11 + 0.12 * grown) * rng.uniform(0.9, 1.1)
    angle = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    power = rng.uniform(0.75, 1.0)
    wobble = 1 + sum(
        rng.normal(0, 0.035) * np.cos(order * angle + rng.uniform(0, 2 * np.pi)) for order in range(2, 6)
    )
    u = u0 + wobble * half_u * np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** power
    v = v0 + wobble * half_v * np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** power
    v = np.maximum(v, dome_height(habitus, u.astype(np.float32)) + 0.012)
    limit = half_width(habitus, v.astype(np.float32)) - 0.12
    silhouette = plane.polygon(np.stack([np.clip(u, -limit, limit), v], axis=1))
    depth = plane.inflate(silhouette, (0.12 + 0.26 * grown) * rng.uniform(0.85, 1.15) * plane.unit_mm)
    depth = cv2.GaussianBlur(depth, (0, 0), rng.uniform(0.4, 2.0) / plane.mm_per_pixel)
    ligament = np.zeros(plane.shape, np.uint8)
    course = smooth_curve([(-0.10, v0 - half_v), (-0.07, v0 - 0.4 * half_v), (0.0, v0 + 0.15 * half_v)], 60)
    plane.tube(course, 0.010 * plane.unit_mm, ligament)
    walls = bowel_walls(plane, bowel.gas)
    keep = 1 - 0.75 * soft_edge(plane, ligament) - 0.40 * soft_edge(plane, walls)
    return Sign(Contents(depth * np.clip(keep, 0, 1), np.zeros_like(depth)), silhouette)


def bowel_walls(plane: Plane, gas: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return rings just outside gas-filled loops: bowel walls with gas on both sides (Rigler's sign)."""
    lumen = (gas > 1.0).astype(np.uint8)
    size = 2 * max(1, round(0.013 * plane.unit_mm / plane.mm_per_pixel)) + 1
    return cv2.dilate(lumen, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))) - lumen


def soft_edge(plane: Plane, mask: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return a mask (0 or 1) with edges about 0.3 mm soft, float32 (H, W)."""
    return cv2.GaussianBlur(mask.astype(np.float32), (0, 0), max(0.5, 0.3 / plane.mm_per_pixel))
