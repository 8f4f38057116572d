"""Other parts of the body than the abdomen: a leg, a hand, a skull."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from training.canvas import Plane, blob, smooth_curve
from training.physics import Thickness
from training.skeleton import tubular

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _bones_in(
    plane: Plane, flesh: NDArray[np.uint8], bones: NDArray[np.float32], deep_mm: float
) -> Thickness:
    nothing = np.zeros(plane.shape, np.float32)
    return Thickness(plane.inflate(flesh, deep_mm), bones, nothing, nothing.copy())


def leg(plane: Plane, rng: np.random.Generator) -> Thickness:
    """Return a knee and what lies next to it: thigh bone above, shin and calf bones below."""
    flesh = plane.tube(smooth_curve([(0.0, -0.3), (0.03, 0.5), (-0.05, 1.3)], 90), 0.62 * plane.unit_mm)
    knee = rng.uniform(0.3, 0.7)
    femur = plane.tube(smooth_curve([(-0.05, -0.3), (0.0, knee - 0.06)], 60), 0.15 * plane.unit_mm)
    femur |= plane.polygon(blob(rng, (0.0, knee - 0.045), (0.36, 0.045), rough=0.05))
    shin = plane.tube(smooth_curve([(0.0, knee + 0.06), (-0.05, 1.3)], 60), 0.14 * plane.unit_mm)
    shin |= plane.polygon(blob(rng, (0.0, knee + 0.04), (0.34, 0.035), rough=0.05))
    calf = plane.tube(smooth_curve([(-0.36, knee + 0.08), (-0.34, 1.3)], 60), 0.06 * plane.unit_mm)
    bones = sum(
        (tubular(plane, bone, 0.15 * plane.unit_mm, cortex=1.0, core=0.4) for bone in (femur, shin, calf)),
        start=np.zeros(plane.shape, np.float32),
    )
    return _bones_in(plane, flesh, bones, 1.1 * plane.unit_mm)


def hand(plane: Plane, rng: np.random.Generator) -> Thickness:
    """Return a hand, fingers up, with metacarpals, phalanges and a forearm."""
    flesh = plane.polygon(blob(rng, (0.0, 0.64), (0.52, 0.17), rough=0.04))
    flesh |= plane.tube(np.array([(0.0, 0.75), (0.0, 1.3)]).repeat(40, axis=0), 0.3 * plane.unit_mm)
    bones = np.zeros(plane.shape, np.uint8)
    spread = rng.uniform(0.9, 1.2)
    for finger, length in enumerate((0.55, 0.85, 0.95, 0.88, 0.68)):
        base = np.array([(finger - 2) * 0.21, 0.62])
        lean = np.array([(finger - 2) * 0.17 * spread, -0.5 * length])
        plane.tube(base + np.linspace(0, 1, 60)[:, None] * lean, 0.11 * plane.unit_mm, flesh)
        for start, stop in ((-0.25, 0.12), (0.17, 0.5), (0.54, 0.75), (0.79, 0.95)):
            bone = base + np.linspace(start, stop, 24)[:, None] * lean
            plane.tube(bone, 0.05 * plane.unit_mm, bones)
    for across in (-0.12, 0.12):
        plane.tube(np.array([(across, 0.86 + 0.01 * k) for k in range(45)]), 0.085 * plane.unit_mm, bones)
    for _ in range(7):
        spot = (rng.uniform(-0.22, 0.22), rng.uniform(0.76, 0.82))
        bones |= plane.polygon(blob(rng, spot, (0.055, 0.02), rough=0.1))
    return _bones_in(
        plane, flesh, tubular(plane, bones, 0.055 * plane.unit_mm, cortex=1.0, core=0.45), 0.4 * plane.unit_mm
    )


def skull(plane: Plane, rng: np.random.Generator) -> Thickness:
    """Return a head from the front: vault, orbits, jaw and teeth over the neck."""
    head = plane.polygon(blob(rng, (0.0, 0.42), (0.78, 0.36), rough=0.03))
    inner = plane.polygon(blob(rng, (0.0, 0.40), (0.70, 0.32), rough=0.02))
    flesh = head | plane.tube(np.array([(0.0, 0.7 + 0.012 * k) for k in range(50)]), 0.42 * plane.unit_mm)
    bone = 10.0 * (head - (head & inner)).astype(np.float32) + 4.0 * inner
    for side in (-1, 1):
        orbit = plane.polygon(blob(rng, (side * 0.31, 0.50), (0.17, 0.06), rough=0.05))
        bone += 4.0 * (cv2.dilate(orbit, np.ones((5, 5), np.uint8)) - orbit) - 2.0 * orbit
    jaw = plane.tube(
        smooth_curve([(-0.5, 0.56), (-0.34, 0.74), (0.0, 0.79), (0.34, 0.74), (0.5, 0.56)], 80), 6.0
    )
    bone += 7.0 * jaw
    for tooth in range(-4, 5):
        bone += 5.0 * plane.polygon(blob(rng, (0.07 * tooth, 0.70), (0.028, 0.02), rough=0.05))
    bone = cv2.GaussianBlur(bone.astype(np.float32), (0, 0), max(0.8, 0.8 / plane.mm_per_pixel)).clip(0)
    return _bones_in(plane, flesh, bone, 1.5 * plane.unit_mm)
