"""The trunk of a child by age: soft tissue, lungs, heart, liver, spine, ribs and pelvis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from training.canvas import Plane, blob, smooth_curve, texture

if TYPE_CHECKING:
    from numpy.typing import NDArray

TEEN_MONTHS = 204  # 17 years: the oldest that is drawn


@dataclass(frozen=True)
class Habitus:
    """Build of one child.

    Attributes
    ----------
    maturity
        0 for a newborn to 1 at 17 years.
    unit_mm, depth_mm
        Half width and full front-to-back depth of the trunk.
    dome_right, dome_left
        Height (v) of the top of each hemidiaphragm.
    waist
        How much the flanks draw in.
    """

    maturity: float
    unit_mm: float
    depth_mm: float
    dome_right: float
    dome_left: float
    waist: float


def draw_habitus(rng: np.random.Generator, age_months: int) -> Habitus:
    """Return a plausible build for an age in months."""
    maturity = min(1.0, (age_months / TEEN_MONTHS) ** 0.62)
    size = float(np.clip(rng.normal(1.0, 0.06), 0.85, 1.2))
    dome = rng.uniform(0.10, 0.21)
    return Habitus(
        maturity=maturity,
        unit_mm=(56 + 92 * maturity) * size,
        depth_mm=(88 + 108 * maturity) * float(np.clip(rng.normal(1.0, 0.08), 0.8, 1.25)),
        dome_right=dome,
        dome_left=dome + rng.uniform(0.0, 0.03),
        waist=rng.uniform(0.0, 0.05) + 0.06 * maturity,
    )


def half_width(habitus: Habitus, v: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return half the width of the trunk (in u) at heights `v`."""
    width = 1.0 - habitus.waist * np.exp(-(((v - 0.58) / 0.16) ** 2)) - 0.05 * np.clip(0.25 - v, 0, 1) / 0.25
    return width.astype(np.float32)


def dome_height(habitus: Habitus, u: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the height (v) of the diaphragm's silhouette at `u`; it falls towards the flanks and the midline."""
    right = habitus.dome_right + 0.17 * ((u + 0.46) / 0.46) ** 2
    left = habitus.dome_left + 0.17 * ((u - 0.46) / 0.46) ** 2
    return np.where(
        u < 0, np.minimum(right, habitus.dome_right + 0.26), np.minimum(left, habitus.dome_left + 0.26)
    )


def trunk(plane: Plane, habitus: Habitus, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return the path through soft tissue, liver and heart included, in mm, float32 (H, W)."""
    u, v = plane.body_grid()
    across = np.clip(np.abs(u) / half_width(habitus, v), 0, 1)
    soft = habitus.depth_mm * (1 - across**2.6) ** 0.6 * (1 - 0.12 * np.clip((v - 0.75) / 0.25, 0, 1))
    soft *= 1 - _crotch(u, v)
    soft *= 1 + 0.012 * texture(rng, plane.shape, 14)
    soft -= _lung_air(plane, habitus, u, v, soft)
    for mask, extra in (_liver(habitus, u, v), _heart(habitus, u, v)):
        soft += soft * extra * cv2.GaussianBlur(mask, (0, 0), max(1.0, 1.2 / plane.mm_per_pixel))
    return soft - _fat_planes(plane, habitus, soft)


def _crotch(u: NDArray[np.float32], v: NDArray[np.float32]) -> NDArray[np.float32]:
    gap = np.clip((v - 0.985 - 0.25 * np.abs(u)) / 0.015, 0, 1)
    return gap.astype(np.float32)


def _lung_air(
    plane: Plane, habitus: Habitus, u: NDArray[np.float32], v: NDArray[np.float32], soft: NDArray[np.float32]
) -> NDArray[np.float32]:
    above = dome_height(habitus, u) - v
    share = 0.54 * np.clip(above / 0.012, 0, 1) * np.clip(0.55 + above / 0.12, 0, 1)
    share += 0.10 * np.clip(1 + above / 0.10, 0, 1) * (above < 0)  # the sulcus behind the dome
    wall = np.clip((half_width(habitus, v) * 0.93 - np.abs(u)) / 0.05, 0, 1)
    mediastinum = np.clip((np.abs(u + 0.0) - 0.16) / 0.03, 0, 1)
    heart = 1 - _heart(habitus, u, v)[0]
    air = cv2.GaussianBlur(
        (share * wall * mediastinum * heart).astype(np.float32), (0, 0), 0.8 / plane.mm_per_pixel
    )
    return air * soft


def _heart(
    habitus: Habitus, u: NDArray[np.float32], v: NDArray[np.float32]
) -> tuple[NDArray[np.float32], float]:
    inside = ((u - 0.16) / 0.42) ** 2 + ((v - habitus.dome_left + 0.10) / 0.17) ** 2 < 1
    return inside.astype(np.float32), 0.04


def _liver(
    habitus: Habitus, u: NDArray[np.float32], v: NDArray[np.float32]
) -> tuple[NDArray[np.float32], float]:
    edge = (
        habitus.dome_right + 0.34 - 0.30 * np.clip(u + 0.85, 0, 2)
    )  # rises from the right flank to the left
    inside = (v > dome_height(habitus, u)) & (v < edge) & (u > -0.9) & (u < 0.35)
    return inside.astype(np.float32), 0.055


def _fat_planes(plane: Plane, habitus: Habitus, soft: NDArray[np.float32]) -> NDArray[np.float32]:
    """Flank stripes and psoas margins: fat absorbs a little less, drawn as missing soft tissue."""
    v = np.linspace(0.34, 0.74, 60)
    lines = np.zeros(plane.shape, np.uint8)
    for side in (-1, 1):
        flank = np.stack([side * (half_width(habitus, v.astype(np.float32)) - 0.09), v], axis=1)
        plane.tube(flank, 0.014 * plane.unit_mm, lines)
        psoas = np.stack([side * np.linspace(0.10, 0.34, 60), np.linspace(0.40, 0.78, 60)], axis=1)
        plane.tube(psoas, 0.009 * plane.unit_mm, lines)
    spread = cv2.GaussianBlur(
        lines.astype(np.float32), (0, 0), max(0.8, 0.012 * plane.unit_mm / plane.mm_per_pixel)
    )
    return 0.045 * spread * soft


def skeleton(plane: Plane, habitus: Habitus, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return the path through bone, in mm, float32 (H, W): spine, ribs, pelvis and femora."""
    scale = 0.75 + 0.45 * habitus.maturity
    bone = _tubular(plane, _ribs(plane, habitus, rng), 0.042 * plane.unit_mm, cortex=1.1, core=0.30)
    bone = np.maximum(bone, 0.8 * _spine(plane, habitus, rng))
    return (bone + _pelvis(plane, habitus, rng)) * np.float32(scale)


def _tubular(
    plane: Plane, mask: NDArray[np.uint8], radius_mm: float, *, cortex: float, core: float
) -> NDArray[np.float32]:
    """Return the path through a bone with a dense cortex and a spongy core."""
    outer = plane.inflate(mask, 2 * radius_mm)
    wall = max(1, round(0.3 * radius_mm / plane.mm_per_pixel))
    eroded = cv2.erode(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * wall + 1, 2 * wall + 1)))
    inner = plane.inflate(eroded, 2 * 0.7 * radius_mm)
    return cortex * (outer - inner).clip(0) + core * inner


def _ribs(plane: Plane, habitus: Habitus, rng: np.random.Generator) -> NDArray[np.uint8]:
    canvas = np.zeros(plane.shape, np.uint8)
    slope = rng.uniform(0.05, 0.13)
    gap = rng.uniform(0.068, 0.078)
    first = habitus.dome_right - 0.26
    for number in range(8):
        start = first + gap * number
        reach = 0.97 if number < 6 else 0.62 - 0.22 * (number - 6)
        for side in (-1, 1):
            rib = [
                (0.10, start),
                (0.35 * reach, start + 0.1 * slope),
                (0.72 * reach, start + 0.55 * slope),
                (0.93 * reach, start + 1.25 * slope),
            ]
            if number < 6:
                rib += [(0.95, start + 1.8 * slope), (0.84, start + 2.5 * slope)]
            curve = smooth_curve([(side * x, y) for x, y in rib], 90)
            plane.tube(curve, 0.030 * plane.unit_mm, canvas)
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
            [(-half, -tall), (-0.8 * half, 0), (-half, tall), (half, tall), (0.8 * half, 0), (half, -tall)]
        )
        bodies |= plane.polygon(box + (centre, v))
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
    body = _tubular(plane, bodies, depth, cortex=0.75, core=0.50)
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
    bone = _tubular(plane, wing, 0.055 * plane.unit_mm, cortex=1.0, core=0.45)
    bone += 0.28 * plane.inflate(sacrum, 0.2 * plane.unit_mm) * (1 + 0.25 * texture(rng, plane.shape, 40))
    return np.maximum(bone, _tubular(plane, ring, 0.075 * plane.unit_mm, cortex=0.9, core=0.40))


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
    bone = _tubular(plane, ribs, 0.035 * plane.unit_mm, cortex=1.0, core=0.3)
    return soft, bone + 0.5 * plane.inflate(spine, 0.2 * plane.unit_mm), air
