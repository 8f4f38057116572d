"""The four signs that the model looks for, each drawn with its ground truth.

What is ground truth: the whole distended stomach; the free gas; the gas above each level down to
the level; the loaded lengths of colon and rectum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from training.anatomy import Habitus, dome_height, half_width
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

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Sign:
    """One drawn sign: what it puts into the body, and its ground truth, uint8 (H, W) of 0 and 1."""

    contents: Contents
    truth: NDArray[np.uint8]


def distended_stomach(plane: Plane, habitus: Habitus, rng: np.random.Generator, *, erect: bool) -> Sign:
    """Return a stomach held up at the pylorus: large, crossing the midline, often with peristaltic waves."""
    top = habitus.dome_left + rng.uniform(0.05, 0.085)
    drop = rng.uniform(0.26, 0.36) * (1.12 if erect else 1.0)
    pylorus = (-rng.uniform(0.12, 0.36), top + drop - rng.uniform(0.03, 0.10))
    path = smooth_curve(
        [
            (0.42, top + 0.07),
            (0.50, top + 0.52 * drop),
            (0.24, top + drop),
            (-0.02, top + drop + 0.005),
            pylorus,
        ],
        120,
    )
    along = np.linspace(0, 1, 120)
    width = plane.unit_mm * rng.uniform(0.25, 0.33)
    waves = 1 - rng.uniform(0.0, 0.24) * np.clip(np.sin(along * rng.uniform(16, 24)), 0, 1) ** 2 * (
        along > 0.3
    )
    taper = np.interp(along, [0, 0.15, 0.5, 0.85, 1], [0.85, 1.0, 0.92, 0.68, 0.38])
    silhouette = plane.tube(path, width * taper * waves)
    depth = plane.inflate(silhouette, 0.62 * plane.unit_mm)
    if erect:
        gas = depth * above_level(plane, silhouette, rng.uniform(0.35, 0.75)) * rng.uniform(0.7, 0.95)
    else:
        gas = depth * rng.uniform(0.55, 0.95)
    return Sign(Contents(gas, 0.12 * depth), silhouette)


def free_gas_under_domes(plane: Plane, habitus: Habitus, rng: np.random.Generator) -> Sign:
    """Return free gas of an erect child: a crescent under one or both hemidiaphragms."""
    sides = [(-1,), (-1,), (1,), (-1, 1), (-1, 1)][rng.integers(5)]
    crescents = []
    for side in sides:
        middle = side * rng.uniform(0.40, 0.54)
        reach = rng.uniform(0.16, 0.36)
        left, right = max(middle - reach, -0.88), min(middle + reach, 0.88)
        u = np.linspace(left, right, 60)
        upper = dome_height(habitus, u.astype(np.float32)) + 0.008  # the muscle itself
        bow = np.clip(np.sin(np.pi * (u - left) / (right - left)), 0, 1)
        lower = upper + rng.uniform(0.012, 0.06) * bow ** rng.uniform(0.5, 0.9)
        crescents.append(np.concatenate([np.stack([u, upper], 1), np.stack([u, lower], 1)[::-1]]))
    silhouette = plane.polygon(*crescents)
    gas = plane.inflate(silhouette, 0.5 * plane.unit_mm)
    gas = np.maximum(gas, silhouette * np.float32(0.16 * plane.unit_mm)) * rng.uniform(1.0, 2.0)
    return Sign(Contents(gas.astype(np.float32), np.zeros_like(gas)), silhouette)


def free_gas_in_front(plane: Plane, habitus: Habitus, rng: np.random.Generator, bowel: Contents) -> Sign:
    """Return free gas of a supine child: football sign, falciform ligament, both sides of bowel walls."""
    u0, v0 = rng.uniform(-0.12, 0.12), habitus.dome_right + rng.uniform(0.27, 0.33)
    half_u, half_v = rng.uniform(0.48, 0.80), rng.uniform(0.15, 0.25)
    angle = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    power = rng.uniform(0.75, 1.0)
    wobble = 1 + sum(
        rng.normal(0, 0.035) * np.cos(order * angle + rng.uniform(0, 2 * np.pi)) for order in range(2, 6)
    )
    x = wobble * half_u * np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** power
    y = wobble * half_v * np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** power
    u, v = u0 + x, v0 + y
    v = np.maximum(v, dome_height(habitus, u.astype(np.float32)) + 0.012)
    limit = half_width(habitus, v.astype(np.float32)) - 0.12
    silhouette = plane.polygon(np.stack([np.clip(u, -limit, limit), v], axis=1))
    depth = plane.inflate(silhouette, rng.uniform(0.16, 0.42) * plane.unit_mm) * rng.uniform(0.7, 1.0)
    depth = cv2.GaussianBlur(depth, (0, 0), rng.uniform(0.4, 2.0) / plane.mm_per_pixel)
    ligament = np.zeros(plane.shape, np.uint8)
    course = smooth_curve([(-0.10, v0 - half_v), (-0.07, v0 - 0.4 * half_v), (0.0, v0 + 0.15 * half_v)], 60)
    plane.tube(course, 0.012 * plane.unit_mm, ligament)
    walls = _walls(plane, bowel.gas)
    keep = 1 - 0.85 * _soften(plane, ligament) - 0.45 * _soften(plane, walls)
    return Sign(Contents(depth * np.clip(keep, 0, 1), np.zeros_like(depth)), silhouette)


def _walls(plane: Plane, gas: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return rings just outside gas-filled loops: bowel walls with gas on both sides (Rigler's sign)."""
    lumen = (gas > 1.0).astype(np.uint8)
    size = 2 * max(1, round(0.016 * plane.unit_mm / plane.mm_per_pixel)) + 1
    return cv2.dilate(lumen, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))) - lumen


def _soften(plane: Plane, mask: NDArray[np.uint8]) -> NDArray[np.float32]:
    return cv2.GaussianBlur(mask.astype(np.float32), (0, 0), max(0.5, 0.3 / plane.mm_per_pixel))


def fluid_levels(plane: Plane, habitus: Habitus, rng: np.random.Generator) -> Sign:
    """Return dilated loops of an erect child, each with gas above a flat level."""
    truth = np.zeros(plane.shape, np.uint8)
    contents = empty(plane)
    count = int(rng.integers(3, 9))
    rows = rng.permutation(np.linspace(habitus.dome_right + 0.28, 0.80, count))
    for index in range(count):
        centre = (rng.uniform(-0.55, 0.55), rows[index] + rng.normal(0, 0.01))
        silhouette = _hooped_loop(plane, rng, centre)
        gas_mask = above_level(plane, silhouette, rng.uniform(0.28, 0.6)) & (1 - truth)
        depth = plane.inflate(silhouette, 0.42 * plane.unit_mm)
        contents = together(
            contents,
            Contents(depth * gas_mask * np.float32(rng.uniform(0.6, 0.95)), np.float32(0.10) * depth),
        )
        truth |= gas_mask
    return Sign(contents, truth)


def _hooped_loop(plane: Plane, rng: np.random.Generator, centre: tuple[float, float]) -> NDArray[np.uint8]:
    """Return a dilated loop that arches upwards, as gas lifts it."""
    reach, radius = rng.uniform(0.10, 0.30), rng.uniform(0.10, 0.165)
    along = np.linspace(-1, 1, 40)
    arch = rng.uniform(0.0, 0.07)
    x = centre[0] + reach * along
    y = centre[1] + arch * along**2 + rng.uniform(-0.012, 0.012) * along
    folds = 1 - 0.10 * np.abs(np.sin(along * rng.uniform(8, 14)))
    return plane.tube(np.stack([x, y], axis=1), radius * plane.unit_mm * folds)


def faecal_loading(plane: Plane, centreline: NDArray[np.float64], rng: np.random.Generator) -> Sign:
    """Return a colon loaded with stool: rectum and left side first, further up when severe."""
    stretches = [RECTUM, SIGMOID]
    for stretch, chance in ((DESCENDING, 0.8), (TRANSVERSE, 0.45), (ASCENDING, 0.55)):
        if rng.random() < chance:
            stretches.append(stretch)
    truth = np.zeros(plane.shape, np.uint8)
    contents = empty(plane)
    gassiness = rng.uniform(0.22, 0.42)
    for stretch in stretches:
        radius = plane.unit_mm * rng.uniform(0.115, 0.17) * (1.35 if stretch is RECTUM else 1.0)
        silhouette = colon_tube(plane, centreline, stretch, radius, rng)
        contents = together(contents, faeces(plane, silhouette & (1 - truth), rng, gassiness=gassiness))
        truth |= silhouette
    return Sign(contents, truth)
