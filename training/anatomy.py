"""The soft parts of a child's trunk by age: body, lungs, heart, liver and fat planes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from training.canvas import Plane, blob, smooth_curve, texture
from training.case import Site

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


def draw_habitus(rng: np.random.Generator, age_months: int, site: Site = Site.A) -> Habitus:
    """Return a plausible build for an age in months; the children of site B are heavier and vary more."""
    maturity = min(1.0, (age_months / TEEN_MONTHS) ** 0.62)
    mean, spread = (1.09, 0.10) if site is Site.B else (1.0, 0.06)
    size = float(np.clip(rng.normal(mean, spread), 0.85, 1.35))
    dome = rng.uniform(0.10, 0.21)
    return Habitus(
        maturity=maturity,
        unit_mm=(56 + 92 * maturity) * size,
        depth_mm=(88 + 108 * maturity) * float(np.clip(rng.normal(mean, 0.08), 0.8, 1.35)),
        dome_right=dome,
        dome_left=dome + rng.uniform(0.0, 0.03),
        waist=rng.uniform(0.0, 0.05) + 0.06 * maturity,
    )


def half_width(habitus: Habitus, v: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return half the width of the trunk (in u) at heights `v`."""
    width = 1.0 - habitus.waist * np.exp(-(((v - 0.58) / 0.16) ** 2)) - 0.05 * np.clip(0.25 - v, 0, 1) / 0.25
    return width.astype(np.float32)


def dome_height(habitus: Habitus, u: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the height (v) of the diaphragm's silhouette at `u`; lowest at the flanks and the midline."""
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
    soft *= 1 + 0.012 * texture(rng, plane.shape, 14) + 0.005 * texture(rng, plane.shape, 48)
    heart = _heart(plane, habitus, rng)
    soft -= _lung_air(plane, habitus, u, v, heart, rng) * soft
    soft *= 1 - 0.10 * heart  # the chest is flatter than the belly
    for mask, extra in ((_liver(habitus, u, v), 0.055), *_smaller_organs(plane, habitus, rng)):
        soft += soft * np.float32(extra) * cv2.GaussianBlur(mask, (0, 0), max(1.0, 1.2 / plane.mm_per_pixel))
    return soft - _fat_planes(plane, habitus, soft)


def _crotch(u: NDArray[np.float32], v: NDArray[np.float32]) -> NDArray[np.float32]:
    gap = np.clip((v - 0.985 - 0.25 * np.abs(u)) / 0.015, 0, 1)
    return gap.astype(np.float32)


def _lung_air(
    plane: Plane,
    habitus: Habitus,
    u: NDArray[np.float32],
    v: NDArray[np.float32],
    heart: NDArray[np.float32],
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Return the share of the depth that is air of the lungs, vessels left out, float32 (H, W)."""
    above = dome_height(habitus, u) - v
    share = 0.54 * np.clip(above / 0.012, 0, 1) * np.clip(0.55 + above / 0.12, 0, 1)
    share += 0.10 * np.clip(1 + above / 0.10, 0, 1) * (above < 0)  # the sulcus behind the dome
    wall = np.clip((half_width(habitus, v) * 0.93 - np.abs(u)) / 0.05, 0, 1)
    mediastinum = np.clip((np.abs(u) - 0.13) / 0.04, 0, 1)
    filled = 1 - 0.16 * _vessels(plane, habitus, rng)
    air = cv2.GaussianBlur(
        (share * wall * mediastinum * (1 - heart) * filled).astype(np.float32),
        (0, 0),
        0.8 / plane.mm_per_pixel,
    )
    return air


def _vessels(plane: Plane, habitus: Habitus, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return the lower lobes' vessels: they fan out from the hila and thin towards the domes."""
    drawn = np.zeros(plane.shape, np.uint8)
    for side in (-1, 1):
        for _ in range(9):
            start = np.array([side * rng.uniform(0.16, 0.24), -0.10])
            stop = np.array([side * rng.uniform(0.2, 0.85), habitus.dome_right + rng.uniform(0.0, 0.12)])
            bend = np.array([side * rng.uniform(0.0, 0.08), 0.0])
            course = smooth_curve([tuple(start), tuple((start + stop) / 2 + bend), tuple(stop)], 30)
            plane.tube(course, plane.unit_mm * np.linspace(0.022, 0.006, 30), drawn)
    return cv2.GaussianBlur(drawn.astype(np.float32), (0, 0), max(0.7, 0.7 / plane.mm_per_pixel))


def _heart(plane: Plane, habitus: Habitus, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return the lower heart, 0 to 1: it rests on the left dome and leaves the picture at the top."""
    dome = habitus.dome_left
    reach = rng.uniform(0.46, 0.60)
    outline = smooth_curve(
        [
            (-0.15, dome - 0.40), (-0.22, dome - 0.16), (-0.20, dome - 0.02), (-0.06, dome + 0.06),
            (0.24, dome + 0.07), (reach - 0.04, dome + 0.02), (reach, dome - 0.03),
            (reach - 0.12, dome - 0.15), (0.20, dome - 0.40),
        ],
        90,
    )  # fmt: skip
    shape = plane.polygon(outline).astype(np.float32)
    return cv2.GaussianBlur(shape, (0, 0), max(1.0, 1.0 / plane.mm_per_pixel))


def _liver(habitus: Habitus, u: NDArray[np.float32], v: NDArray[np.float32]) -> NDArray[np.float32]:
    edge = (
        habitus.dome_right + 0.34 - 0.30 * np.clip(u + 0.85, 0, 2)
    )  # rises from the right flank to the left
    inside = (v > dome_height(habitus, u)) & (v < edge) & (u > -0.9) & (u < 0.35)
    return inside.astype(np.float32)


def _smaller_organs(
    plane: Plane, habitus: Habitus, rng: np.random.Generator
) -> list[tuple[NDArray[np.float32], float]]:
    """Return kidneys, spleen and a bladder more or less full, each with the share it adds to the path."""
    top = habitus.dome_right + 0.28
    organs = []
    for side in (-1, 1):
        kidney = blob(
            rng, (side * 0.36, top + 0.03 * (side < 0)), (0.13, 0.085), rough=0.06, tilt=-side * 0.2
        )
        organs.append((plane.polygon(kidney).astype(np.float32), 0.02))
    spleen = blob(rng, (0.74, habitus.dome_left + 0.17), (0.12, 0.075), rough=0.08)
    organs.append((plane.polygon(spleen).astype(np.float32), 0.025))
    fill = rng.uniform(0.4, 1.0)
    bladder = blob(rng, (rng.normal(0, 0.02), 0.90 - 0.03 * fill), (0.20 * fill, 0.055 * fill), rough=0.06)
    organs.append((plane.polygon(bladder).astype(np.float32), 0.03))
    return organs


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
