"""The soft parts of a child's trunk by age: body, lungs, heart, liver and fat planes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from training.canvas import Plane, texture

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
