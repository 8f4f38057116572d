"""A child's abdomen from the side: front on the left, back on the right, head up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from training.anatomy import Habitus
from training.bowel import Contents, above_level, empty, together
from training.canvas import Plane, blob, smooth_curve, texture
from training.case import Projection
from training.signs import Sign
from training.skeleton import tubular

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FRONT, _BACK = -0.72, 0.72  # u of the belly and of the back


def lateral_trunk(plane: Plane, habitus: Habitus, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return the path through soft tissue, lung air taken out, in mm, float32 (H, W)."""
    u, v = plane.body_grid()
    belly = _FRONT - 0.10 * np.sin(np.pi * np.clip((v - 0.15) / 0.75, 0, 1)) + 0.12 * np.clip(v - 0.8, 0, 1)
    back = _BACK + 0.08 * np.sin(2 * np.pi * (v - 0.1)) * (v > 0.1)
    middle, half = (belly + back) / 2, (back - belly) / 2
    across = np.clip(np.abs(u - middle) / half, 0, 1)
    soft = 1.7 * plane.unit_mm * (1 - across**2.4) ** 0.55
    soft *= 1 + 0.012 * texture(rng, plane.shape, 14)
    dome = habitus.dome_right + 0.02 + 0.30 * np.clip(u - 0.05, 0, 1) ** 1.3 + 0.06 * np.clip(-u, 0, 1)
    air = np.clip((dome - v) / 0.015, 0, 1) * np.clip((0.9 - across) / 0.1, 0, 1)
    heart = np.clip((0.62 - np.hypot(u + 0.46, (v - habitus.dome_right + 0.20) / 0.42)) / 0.05, 0, 1)
    return np.asarray(soft * (1 - 0.5 * air * (1 - heart)), np.float32)


def lateral_skeleton(plane: Plane, habitus: Habitus, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return the path through bone, in mm, float32 (H, W): spine in profile, ribs, pelvis and femora."""
    bodies, arches = np.zeros(plane.shape, np.uint8), np.zeros(plane.shape, np.uint8)
    pitch, fill = 0.076, 0.62 + 0.18 * habitus.maturity
    for level in range(12):
        v = -0.04 + pitch * level
        u = 0.40 - 0.07 * np.sin(np.pi * (v - 0.1)) + 0.12 * np.clip(v - 0.72, 0, 1) / 0.2
        tall, half = pitch * fill / 2, 0.115
        box = [(-half, -tall), (-0.85 * half, 0), (-half, tall), (half, tall), (0.9 * half, 0), (half, -tall)]
        bodies |= plane.polygon(np.asarray(box) + np.array([u, v]))
        spine = smooth_curve([(u + half, v), (u + 0.3, v + 0.02)], 12)
        plane.tube(spine, 0.03 * plane.unit_mm, arches)
    ribs = np.zeros(plane.shape, np.uint8)
    for number in range(9):
        start = -0.14 + 0.05 * number
        course = [(0.5, start), (0.2, start + 0.07), (-0.25, start + 0.15), (-0.5, start + 0.17)]
        plane.tube(smooth_curve(course, 70), 0.026 * plane.unit_mm, ribs)
    wing = plane.polygon(
        smooth_curve([(0.55, 0.70), (0.2, 0.68), (-0.1, 0.74), (0.0, 0.86), (0.3, 0.88), (0.55, 0.70)], 60)
    )
    thigh = plane.tube(smooth_curve([(0.1, 0.90), (-0.05, 1.0), (-0.12, 1.15)], 40), 0.10 * plane.unit_mm)
    bone = 0.9 * tubular(plane, bodies, 0.17 * plane.unit_mm, cortex=0.8, core=0.5)
    bone += 0.5 * plane.inflate(arches, 0.06 * plane.unit_mm)
    bone += tubular(plane, ribs, 0.034 * plane.unit_mm, cortex=0.8, core=0.28)
    bone += 0.45 * plane.inflate(wing, 0.16 * plane.unit_mm) + 0.6 * plane.inflate(thigh, 0.2 * plane.unit_mm)
    return bone * np.float32(0.75 + 0.45 * habitus.maturity)


def lateral_bowel(plane: Plane, habitus: Habitus, rng: np.random.Generator) -> Contents:
    """Return loops of a child on its back: gas in front, often with a level across the beam."""
    contents = empty(plane)
    for _ in range(rng.integers(6, 12)):
        centre = (rng.uniform(-0.62, 0.0), rng.uniform(habitus.dome_right + 0.18, 0.78))
        radius = rng.uniform(0.06, 0.14)
        shape = plane.polygon(blob(rng, centre, (radius, 1.2 * radius * plane.v_per_u), rough=0.18))
        gas = plane.inflate(shape, 0.3 * plane.unit_mm)
        if rng.random() < 0.3:
            gas = gas * above_level(shape, rng.uniform(0.4, 0.7), Projection.CROSS_TABLE_LATERAL)
        contents = together(contents, Contents(gas.astype(np.float32), np.zeros_like(gas)))
    return contents


def gas_in_front(plane: Plane, habitus: Habitus, rng: np.random.Generator, severity: float) -> Sign:
    """Return free gas of a child on its back, seen from the side: between the belly's wall and the bowel."""
    middle = rng.uniform(0.40, 0.5)
    reach = plane.along(15) + 0.18 * severity
    v = np.linspace(middle - reach, middle + reach, 60)
    outer = _FRONT - 0.10 * np.sin(np.pi * np.clip((v - 0.15) / 0.75, 0, 1)) + 0.10
    bow = np.sin(np.linspace(0, np.pi, 60)).clip(0, 1) ** 0.5
    inner = outer + plane.across(2.0 + severity * 0.2 * plane.unit_mm) * bow
    outline = np.concatenate([np.stack([outer, v], 1), np.stack([inner, v], 1)[::-1]])
    silhouette = plane.polygon(outline)
    gas = silhouette * np.float32((0.15 + 0.25 * severity) * plane.unit_mm)
    return Sign(Contents(gas, np.zeros_like(gas)), silhouette)
