"""The bones of a child's trunk by age: spine, ribs, pelvis with growth plates, and the upper femora."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from training.anatomy import Habitus, half_width
from training.canvas import Plane, smooth_curve, texture

if TYPE_CHECKING:
    from numpy.typing import NDArray


def skeleton(plane: Plane, habitus: Habitus, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return the path through bone, in mm, float32 (H, W): spine, ribs, pelvis and femora."""
    scale = 0.75 + 0.45 * habitus.maturity
    bone = tubular(plane, _ribs(plane, habitus, rng), 0.036 * plane.unit_mm, cortex=0.85, core=0.28)
    bone = np.maximum(bone, 0.8 * _spine(plane, habitus, rng))
    return (bone + _pelvis(plane, habitus, rng)) * np.float32(scale)


def tubular(
    plane: Plane, mask: NDArray[np.uint8], radius_mm: float, *, cortex: float, core: float
) -> NDArray[np.float32]:
    """Return the path through a bone with a dense cortex and a spongy core."""
    outer = plane.inflate(mask, 2 * radius_mm)
    wall = max(1, round(0.3 * radius_mm / plane.mm_per_pixel))
    eroded = cv2.erode(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * wall + 1, 2 * wall + 1)))
    inner = plane.inflate(eroded, 2 * 0.7 * radius_mm)
    return cortex * (outer - inner).clip(0) + core * inner


def _ribs(plane: Plane, habitus: Habitus, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return ribs 7 to 12 on both sides; the last two are short and end free in the flank."""
    canvas = np.zeros(plane.shape, np.uint8)
    slope = rng.uniform(0.06, 0.11)
    gap = rng.uniform(0.062, 0.072)
    first = habitus.dome_right - 0.30
    lengths = (1.0, 1.0, 1.0, 1.0, 1.0, 0.98, rng.uniform(0.72, 0.88), rng.uniform(0.38, 0.58))
    for number, reach in enumerate(lengths):
        start = first + gap * number
        steep = slope * (1 + 0.10 * number)
        for side in (-1, 1):
            rib = [
                (0.10, start),
                (0.10 + 0.26 * reach, start + 0.10 * steep),
                (0.10 + 0.58 * reach, start + 0.62 * steep),
                (0.10 + 0.82 * reach, start + 1.35 * steep),
            ]
            if number < 5:
                rib += [
                    (0.955, start + 2.0 * steep),
                    (0.90, start + 2.6 * steep),
                    (0.74, start + 2.7 * steep),
                ]
            curve = smooth_curve([(side * x, y) for x, y in rib], 90)
            inside = half_width(habitus, curve[:, 1].astype(np.float32)) - 0.05  # below the skin
            curve[:, 0] = np.clip(curve[:, 0], -inside, inside)
            taper = np.clip((90 - np.arange(90)) / 12, 0.35, 1.0)
            plane.tube(curve, 0.027 * plane.unit_mm * taper, canvas)
    return canvas


def _spine(plane: Plane, habitus: Habitus, rng: np.random.Generator) -> NDArray[np.float32]:
    bodies, pedicles = np.zeros(plane.shape, np.uint8), np.zeros(plane.shape, np.uint8)
    pitch, lean = 0.076, rng.uniform(-0.03, 0.03)
    fill = 0.62 + 0.18 * habitus.maturity  # discs and cartilage are taller in the young
    for level in range(-1, 10):
        v = habitus.dome_right - 0.10 + pitch * level
        if v > 0.76:
            break
        centre = lean * np.sin(np.pi * v)
        half, tall = 0.105 + 0.004 * level, pitch * fill / 2
        box = np.array(
            [(-half, -tall), (-0.9 * half, 0), (-half, tall), (half, tall), (0.9 * half, 0), (half, -tall)]
        )
        bodies |= plane.polygon(box + np.array([centre, v]))
        for side in (-1, 1):
            spot = smooth_curve(
                [(centre + side * 0.6 * half, v - 0.3 * tall), (centre + side * 0.6 * half, v + 0.2 * tall)],
                8,
            )
            plane.tube(spot, 0.026 * plane.unit_mm, pedicles)
            wing = smooth_curve([(centre + side * half, v), (centre + side * 1.9 * half, v - 0.2 * tall)], 16)
            plane.tube(wing, 0.020 * plane.unit_mm, pedicles)
        process = smooth_curve([(centre, v + 0.2 * tall), (centre, v + 0.9 * tall)], 10)
        plane.tube(process, 0.018 * plane.unit_mm, pedicles)
    depth = 0.16 * plane.unit_mm
    body = tubular(plane, bodies, depth, cortex=0.75, core=0.50)
    return body + 0.8 * plane.inflate(pedicles, 0.08 * plane.unit_mm)


def _pelvis(plane: Plane, habitus: Habitus, rng: np.random.Generator) -> NDArray[np.float32]:
    wing, ring = np.zeros(plane.shape, np.uint8), np.zeros(plane.shape, np.uint8)
    young = 1 - habitus.maturity
    crest = 0.685 + rng.uniform(-0.015, 0.015)
    outline = [
        (0.19, crest + 0.045),
        (0.34, crest + 0.002),
        (0.53, crest - 0.008),
        (0.73, crest + 0.035),
        (0.74, crest + 0.075),
        (0.64, crest + 0.13),
        (0.52, crest + 0.18),
        (0.36, crest + 0.185),
        (0.31, crest + 0.145),
        (0.22, crest + 0.115),
        (0.19, crest + 0.045),
    ]
    for side in (-1, 1):
        wing |= plane.polygon(smooth_curve([(side * x, y) for x, y in outline], 90))
        gap = 0.012 + 0.014 * young  # triradiate cartilage
        pubis = [
            (0.36, crest + 0.185 + gap),
            (0.22, crest + 0.205 + gap),
            (0.05 + 0.03 * young, crest + 0.225),
        ]
        ischium = [
            (0.37, crest + 0.20 + gap),
            (0.31, crest + 0.27),
            (0.20, crest + 0.285),
            (0.08, crest + 0.25),
        ]
        for part in (pubis, ischium):
            plane.tube(smooth_curve([(side * x, y) for x, y in part], 60), 0.055 * plane.unit_mm, ring)
        plane.tube(
            smooth_curve([(side * 0.475, crest + 0.205), (side * 0.48, crest + 0.21)], 4),
            0.085 * plane.unit_mm,
            ring,
        )
        neck = [(0.56, crest + 0.225 + 0.01 * young), (0.70, crest + 0.26), (0.72, crest + 0.36)]
        plane.tube(smooth_curve([(side * x, y) for x, y in neck], 50), 0.075 * plane.unit_mm, ring)
    sacrum = plane.polygon(
        np.array([(-0.19, 0.765), (0.19, 0.765), (0.10, 0.87), (0.03, 0.92), (-0.03, 0.92), (-0.10, 0.87)])
    )
    bone = tubular(plane, wing, 0.055 * plane.unit_mm, cortex=1.0, core=0.45)
    bone *= 1 + 0.10 * texture(rng, plane.shape, 30)  # the wings are thin in the middle
    bone += 0.28 * plane.inflate(sacrum, 0.2 * plane.unit_mm) * (1 + 0.25 * texture(rng, plane.shape, 40))
    return np.maximum(bone, tubular(plane, ring, 0.075 * plane.unit_mm, cortex=0.9, core=0.40))
