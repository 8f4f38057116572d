"""A crude frontal chest radiograph: what a service for abdomens must recognise as not for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from training.canvas import Plane, blob, smooth_curve, texture
from training.skeleton import tubular

if TYPE_CHECKING:
    from numpy.typing import NDArray


def chest_cage(
    plane: Plane, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return soft tissue, bone and lung air (mm, float32 (H, W) each) of a crude frontal chest radiograph."""
    u, v = plane.body_grid()
    depth = 1.35 * plane.unit_mm
    across = np.clip(np.abs(u) / (0.98 - 0.25 * np.clip(0.18 - v, 0, 1) / 0.18), 0, 1)
    soft = depth * (1 - across**2.8) ** 0.6
    lungs = np.zeros(plane.shape, np.uint8)
    for side in (-1, 1):
        outline = [
            (0.14, 0.2),
            (0.36, 0.10),
            (0.62, 0.26),
            (0.80, 0.55),
            (0.84, 0.80),
            (0.5, 0.74),
            (0.18, 0.80),
            (0.12, 0.5),
        ]
        lungs |= plane.polygon(smooth_curve([(side * x, y) for x, y in [*outline, outline[0]]], 120))
    heart = plane.polygon(blob(rng, (0.14, 0.62), (0.34, 0.19), rough=0.1, tilt=0.5))
    air = (
        0.75
        * plane.inflate(lungs & (1 - heart), 0.9 * plane.unit_mm)
        * (1 + 0.06 * texture(rng, plane.shape, 60))
    )
    ribs, spine = np.zeros(plane.shape, np.uint8), np.zeros(plane.shape, np.uint8)
    for number in range(10):
        start = 0.10 + 0.072 * number
        for side in (-1, 1):
            arc = [
                (0.1, start),
                (0.45, start - 0.015),
                (0.82, start + 0.06),
                (0.88, start + 0.12),
                (0.6, start + 0.19),
            ]
            plane.tube(smooth_curve([(side * x, y) for x, y in arc], 90), 0.03 * plane.unit_mm, ribs)
    for side in (-1, 1):
        clavicle = [(0.08, 0.16), (0.4, 0.10), (0.85, 0.07)]
        plane.tube(smooth_curve([(side * x, y) for x, y in clavicle], 60), 0.035 * plane.unit_mm, ribs)
    for level in range(14):
        v0 = 0.02 + 0.075 * level
        spine |= plane.polygon(np.array([(-0.11, v0), (0.11, v0), (0.11, v0 + 0.055), (-0.11, v0 + 0.055)]))
    bone = tubular(plane, ribs, 0.035 * plane.unit_mm, cortex=1.0, core=0.3)
    return soft, bone + 0.5 * plane.inflate(spine, 0.2 * plane.unit_mm), air
