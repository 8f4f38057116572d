"""What is in or on a child besides the child: tubes, leads, studs, a shield; each absorbs, none is stuck on.

All return the attenuation (dimensionless, at any tube voltage) to add along the ray, float32 (H, W).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

import cv2
import numpy as np

from training.anatomy import Habitus
from training.canvas import Plane, smooth_curve
from training.case import Appliance

if TYPE_CHECKING:
    from numpy.typing import NDArray

Drawing = Callable[[Plane, Habitus, np.random.Generator], "NDArray[np.float32]"]
OLDEST_WITH_UMBILICAL_CATHETERS = 1  # months


def appliances(
    plane: Plane, habitus: Habitus, rng: np.random.Generator, chosen: Collection[Appliance]
) -> NDArray[np.float32]:
    """Return the attenuation of all appliances that a case asks for; text is not one that absorbs."""
    total = np.zeros(plane.shape, np.float32)
    for appliance in Appliance:
        if appliance in chosen and appliance in _DRAWN:
            total += _DRAWN[appliance](plane, habitus, rng)
    return total


def _nasogastric_tube(plane: Plane, habitus: Habitus, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return a tube down the oesophagus into the stomach, with its opaque line."""
    top = habitus.dome_left
    course = [
        (rng.normal(0.02, 0.02), -0.12),
        (0.06, top - 0.05),
        (0.14, top + 0.05),
        (rng.uniform(0.3, 0.5), top + rng.uniform(0.08, 0.14)),
        (rng.uniform(0.1, 0.34), top + rng.uniform(0.17, 0.24)),
    ]
    return _hollow(plane, course, radius_mm=0.9 + 0.7 * habitus.maturity, strength=rng.uniform(0.12, 0.3))


def _umbilical_catheters(plane: Plane, habitus: Habitus, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return an umbilical venous line up through the liver and an arterial one that first dips."""
    navel = (rng.normal(0, 0.03), 0.60 + rng.normal(0, 0.015))
    tip = habitus.dome_right
    vein = [navel, (-0.04, 0.50), (-0.10, tip + 0.16), (-0.08, tip + rng.uniform(-0.02, 0.06))]
    artery = [navel, (0.05, 0.70), (0.12, 0.775), (0.10, 0.70), (0.06, 0.55)]
    artery.append((0.055, rng.choice([tip - rng.uniform(0.02, 0.15), 0.50])))
    strength = rng.uniform(0.15, 0.3)
    drawn = _hollow(plane, vein, radius_mm=0.8, strength=strength)
    return drawn + _hollow(plane, artery, radius_mm=0.7, strength=strength)


def _ecg_leads(plane: Plane, habitus: Habitus, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return electrodes with their snaps, and wires that leave the picture."""
    drawn = np.zeros(plane.shape, np.float32)
    spots = [
        (-rng.uniform(0.5, 0.8), rng.uniform(0.02, 0.2)),
        (rng.uniform(0.5, 0.8), rng.uniform(0.02, 0.2)),
        (rng.choice([-1, 1]) * rng.uniform(0.4, 0.75), rng.uniform(0.4, 0.62)),
    ]
    for spot in spots[: rng.integers(1, 4)]:
        pad, snap = np.zeros(plane.shape, np.uint8), np.zeros(plane.shape, np.uint8)
        plane.tube(np.array([spot]), 7.0, pad)
        plane.tube(np.array([spot]), 2.4, snap)
        away = (spot[0] + rng.normal(0, 0.5), rng.choice([-0.2, 1.2]))
        bend = ((spot[0] + away[0]) / 2 + rng.normal(0, 0.3), (spot[1] + away[1]) / 2)
        drawn += 0.08 * pad + 1.4 * snap + _line(plane, [spot, bend, away], 0.6, rng.uniform(0.6, 1.1))
    return drawn


def _press_studs(plane: Plane, habitus: Habitus, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return a row of metal studs, rings that a beam just pierces in the middle."""
    drawn = np.zeros(plane.shape, np.float32)
    u, v = rng.uniform(-0.3, 0.3), rng.uniform(0.62, 0.85)
    step = rng.uniform(0.14, 0.28)
    across = rng.random() < 0.6
    for index in range(rng.integers(2, 6)):
        spot = (u + step * (index - 2), v) if across else (u, v - 0.4 * step * index)
        ring = plane.tube(np.array([spot]), 4.2) - plane.tube(np.array([spot]), 2.0)
        drawn += np.float32(1.6) * ring + np.float32(0.5) * plane.tube(np.array([spot]), 2.0)
    return drawn


def _gonad_shield(plane: Plane, habitus: Habitus, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return a lead shield below the pubis: nothing shows through."""
    low = rng.uniform(0.955, 0.985)
    wide = rng.uniform(0.12, 0.2)
    outline = [(-0.35 * wide, low), (0.35 * wide, low), (wide, 1.15), (-wide, 1.15)]
    return plane.polygon(np.asarray(outline)) * np.float32(4.0)


def _hollow(
    plane: Plane, course: list[tuple[float, float]], *, radius_mm: float, strength: float
) -> NDArray[np.float32]:
    curve = smooth_curve(course, 160)
    wide = plane.tube(curve, max(radius_mm, 0.6 * plane.mm_per_pixel)).astype(np.float32)
    stripe = _line(plane, course, 0.45 * radius_mm, 1.4 * strength)
    return np.float32(strength) * wide + stripe


def _line(
    plane: Plane, course: list[tuple[float, float]], radius_mm: float, strength: float
) -> NDArray[np.float32]:
    """Return a thin, soft line: as much absorption as one of this radius has, at any drawn size."""
    points = np.round(plane.pixels(smooth_curve(course, 120)) * 16).astype(np.int32)
    drawn = np.zeros(plane.shape, np.uint8)
    wide = max(1, round(2 * radius_mm / plane.mm_per_pixel))
    cv2.polylines(drawn, [points.reshape(-1, 1, 2)], False, 1, wide, cv2.LINE_8, 4)
    share = min(1.0, 2 * radius_mm / (wide * plane.mm_per_pixel))
    return drawn.astype(np.float32) * np.float32(strength * share)


_DRAWN: dict[Appliance, Drawing] = {
    Appliance.NASOGASTRIC_TUBE: _nasogastric_tube,
    Appliance.UMBILICAL_CATHETERS: _umbilical_catheters,
    Appliance.ECG_LEADS: _ecg_leads,
    Appliance.PRESS_STUDS: _press_studs,
    Appliance.GONAD_SHIELD: _gonad_shield,
}
