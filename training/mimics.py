"""Look-alikes: what makes a reader see one of the findings where there is none.

None has ground truth. Each is drawn by the same physics as the signs, from another cause.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from training.anatomy import Habitus, dome_height, half_width
from training.bowel import (
    ASCENDING,
    DESCENDING,
    RECTUM,
    SIGMOID,
    Contents,
    above_level,
    colon_gas,
    colon_tube,
    empty,
    faeces,
    gastric_bubble,
    small_bowel_gas,
    together,
)
from training.canvas import Plane, blob, texture
from training.case import Mimic, Projection

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Those that do not look like the finding of a phantom, nor hide it, may lie beside one.
BESIDE_FINDINGS = (
    Mimic.SKIN_FOLD,
    Mimic.CLOTHING_FOLD,
    Mimic.CALCIFIED_NODE,
    Mimic.CHILAIDITI,
    Mimic.PREPERITONEAL_FAT,
)


@dataclass(frozen=True)
class Likeness:
    """What a look-alike adds.

    Attributes
    ----------
    contents
        In hollow organs.
    soft
        Path through soft tissue gained, or lost where negative, as a share of the body's depth; also
        outside the body's silhouette. Float32 (H, W).
    bone
        Path through calcium, mm, float32 (H, W).
    """

    contents: Contents
    soft: NDArray[np.float32]
    bone: NDArray[np.float32]


@dataclass(frozen=True)
class Setting:
    """Where a look-alike is drawn."""

    plane: Plane
    habitus: Habitus
    colon: NDArray[np.float64]
    projection: Projection


Drawing = Callable[[Setting, np.random.Generator], Likeness]


def draw_mimic(mimic: Mimic, setting: Setting, rng: np.random.Generator) -> Likeness:
    """Return what a look-alike adds to a child."""
    return _DRAWN[mimic](setting, rng)


def _of(
    setting: Setting,
    *,
    contents: Contents | None = None,
    soft: NDArray[np.floating] | None = None,
    bone: NDArray[np.floating] | None = None,
) -> Likeness:
    nothing = np.zeros(setting.plane.shape, np.float32)
    return Likeness(
        contents or empty(setting.plane),
        nothing if soft is None else soft.astype(np.float32),
        nothing if bone is None else bone.astype(np.float32),
    )


def _chilaiditi(setting: Setting, rng: np.random.Generator) -> Likeness:
    """Draw colon between the liver and the right dome: haustra cross it, and its wall is its own."""
    plane, habitus = setting.plane, setting.habitus
    u = np.linspace(rng.uniform(-0.82, -0.7), rng.uniform(-0.42, -0.16), 240)
    radius = rng.uniform(0.06, 0.10)
    v = dome_height(habitus, u.astype(np.float32)) + 0.014 + radius * plane.v_per_u * rng.uniform(1.0, 1.25)
    line = np.stack([u, v], axis=1)
    shape = colon_tube(plane, line[::2].repeat(2, axis=0), (0.0, 1.0), radius * plane.unit_mm, rng)
    depth = plane.inflate(shape, 0.28 * plane.unit_mm) * np.float32(rng.uniform(0.8, 1.3))
    return _of(setting, contents=Contents(depth, np.zeros_like(depth)))


def _skin_fold(setting: Setting, rng: np.random.Generator) -> Likeness:
    """Draw an edge of doubled skin: sharp to one side, fading to the other, on beyond the body."""
    u, v = setting.plane.body_grid()
    side = rng.choice([-1, 1])
    if rng.random() < 0.6:  # along the flank
        off = side * (u - side * rng.uniform(0.55, 0.85)) + rng.normal(0, 0.25) * (v - 0.4)
        off = off - rng.uniform(-0.5, 0.5) * (v - 0.4) ** 2
        along = (v - rng.uniform(0.2, 0.5)) / rng.uniform(0.12, 0.4)
    else:  # across the belly or beneath a dome
        off = (v - rng.uniform(0.3, 0.75)) / setting.plane.v_per_u + rng.normal(0, 0.12) * u
        off = (off + rng.uniform(-0.2, 0.2) * u**2) * rng.choice([-1, 1])
        along = (u - rng.uniform(-0.4, 0.4)) / rng.uniform(0.3, 0.8)
    fade = setting.plane.across(rng.uniform(8, 30))
    sharp = np.clip(off / setting.plane.across(1.0), 0, 1)
    profile = sharp * np.exp(-np.maximum(off, 0) / fade) * np.exp(-(along**4))
    return _of(setting, soft=rng.uniform(0.05, 0.13) * profile)


def _large_gastric_bubble(setting: Setting, rng: np.random.Generator) -> Likeness:
    bubble = gastric_bubble(
        setting.plane, setting.habitus, rng, setting.projection, swollen=rng.uniform(1.6, 2.3)
    )
    return _of(setting, contents=bubble)


def _subpulmonic_gas(setting: Setting, rng: np.random.Generator) -> Likeness:
    """Draw air between lung and diaphragm: above the dome, bounded upwards by the lung's edge."""
    plane, habitus = setting.plane, setting.habitus
    side = rng.choice([-1, 1])
    u = np.linspace(side * 0.16, side * 0.9, 60)
    dome = dome_height(habitus, u.astype(np.float32)) - 0.002
    bow = np.sin(np.linspace(0.25, np.pi * 0.95, 60)) ** 0.6
    upper = dome - plane.along(rng.uniform(6, 20)) * bow
    band = plane.polygon(np.concatenate([np.stack([u, dome], 1), np.stack([u, upper], 1)[::-1]]))
    edge = plane.tube(np.stack([u, upper], 1), 0.7).astype(np.float32)
    return _of(setting, soft=0.03 * edge - rng.uniform(0.09, 0.16) * band)


def _preperitoneal_fat(setting: Setting, rng: np.random.Generator) -> Likeness:
    """Draw a stripe of fat along the muscle of dome or flank: as thin as free gas, but far less dark."""
    plane, habitus = setting.plane, setting.habitus
    if setting.projection is Projection.LEFT_LATERAL_DECUBITUS or rng.random() < 0.4:
        v = np.linspace(rng.uniform(0.28, 0.38), rng.uniform(0.5, 0.66), 60)
        u = -(half_width(habitus, v.astype(np.float32)) - rng.uniform(0.10, 0.13))
    else:
        side = rng.choice([-1, 1])
        u = np.linspace(side * rng.uniform(0.2, 0.36), side * rng.uniform(0.56, 0.78), 60)
        v = np.asarray(dome_height(habitus, u.astype(np.float32)) + rng.uniform(0.014, 0.022), np.float64)
    wide = 0.5 * rng.uniform(1.5, 3.5) * np.sin(np.linspace(0.15, np.pi - 0.15, 60))
    stripe = plane.tube(np.stack([u, v], axis=1), wide)
    return _of(setting, soft=-rng.uniform(0.035, 0.07) * stripe)


def _gas_at_liver_edge(setting: Setting, rng: np.random.Generator) -> Likeness:
    """Draw the hepatic flexure or duodenum projected over the liver."""
    plane, habitus = setting.plane, setting.habitus
    centre = (rng.uniform(-0.66, -0.3), habitus.dome_right + rng.uniform(0.13, 0.26))
    shape = plane.polygon(
        blob(
            rng,
            centre,
            (rng.uniform(0.07, 0.16), rng.uniform(0.02, 0.04)),
            rough=0.16,
            tilt=rng.normal(0, 0.5),
        )
    )
    depth = plane.inflate(shape, 0.25 * plane.unit_mm) * np.float32(rng.uniform(0.8, 1.4))
    return _of(setting, contents=Contents(depth, np.zeros_like(depth)))


def _meteorism(setting: Setting, rng: np.random.Generator) -> Likeness:
    """Draw swallowed air everywhere, from stomach to rectum, in loops that lie against each other."""
    plane = setting.plane
    loops = small_bowel_gas(plane, setting.habitus, rng, amount=rng.uniform(2.0, 3.2))
    return _of(setting, contents=together(loops, colon_gas(plane, setting.colon, rng, amount=1.6)))


def _physiological_levels(setting: Setting, rng: np.random.Generator) -> Likeness:
    """Draw a level in the caecum, at times a short one in a loop of normal width."""
    plane = setting.plane
    spots = [((-0.60 + rng.normal(0, 0.03), 0.71 + rng.normal(0, 0.015)), rng.uniform(0.07, 0.10))]
    for _ in range(rng.integers(0, 3)):
        spots.append(((rng.uniform(-0.4, 0.5), rng.uniform(0.48, 0.76)), rng.uniform(0.035, 0.055)))
    contents = empty(plane)
    for centre, radius in spots:
        shape = plane.polygon(blob(rng, centre, (radius, radius * plane.v_per_u), rough=0.08))
        gas = plane.inflate(shape, 0.3 * plane.unit_mm)
        contents = together(
            contents,
            Contents(gas * above_level(shape, rng.uniform(0.35, 0.65), setting.projection), 0.1 * gas),
        )
    return _of(setting, contents=contents)


def _clothing_fold(setting: Setting, rng: np.random.Generator) -> Likeness:
    """Draw a nappy or a shirt: a thin layer with creases that run on beyond the body."""
    u, v = setting.plane.body_grid()
    top = rng.uniform(0.58, 0.8)
    layer = np.clip((v - top - rng.uniform(-0.04, 0.06) * u**2) / 0.004, 0, 1)
    layer = layer * (1 + 0.5 * texture(rng, setting.plane.shape, 26)) * rng.uniform(0.006, 0.016)
    creases = np.zeros_like(u)
    slope = rng.uniform(-0.25, 0.25)
    for _ in range(rng.integers(2, 7)):
        off = v - rng.uniform(top - 0.05, 1.02) - slope * rng.uniform(0.6, 1.4) * u * setting.plane.v_per_u
        off = (off - rng.uniform(-0.03, 0.03) * u**2) / setting.plane.along(rng.uniform(0.8, 2.0))
        stretch = np.exp(-(((u - rng.uniform(-0.9, 0.9)) / rng.uniform(0.3, 0.8)) ** 4))
        creases += rng.uniform(0.02, 0.055) * np.exp(-(off**2)) * stretch
    return _of(setting, soft=layer + creases)


def _stool_at_limit(setting: Setting, rng: np.random.Generator) -> Likeness:
    """Draw a healthy colon as full as it may be: of normal width, and the rectum not distended."""
    plane = setting.plane
    contents = empty(plane)
    for stretch, chance in ((ASCENDING, 0.8), (DESCENDING, 0.6), (SIGMOID, 0.5), (RECTUM, 0.3)):
        if rng.random() < chance:
            radius = plane.unit_mm * rng.uniform(0.065, 0.09)
            shape = colon_tube(plane, setting.colon, stretch, radius, rng)
            contents = together(contents, faeces(plane, shape, rng, gassiness=rng.uniform(0.2, 0.36)))
    return _of(setting, contents=contents)


def _calcified_node(setting: Setting, rng: np.random.Generator) -> Likeness:
    """Draw one or a few mesenteric nodes, an appendicolith or phleboliths."""
    plane = setting.plane
    centre = np.array([rng.uniform(-0.5, 0.5), rng.uniform(0.45, 0.9)])
    bone = np.zeros(plane.shape, np.float32)
    for _ in range(rng.integers(1, 6)):
        spot = centre + rng.normal(0, 0.04, 2) * (1, plane.v_per_u)
        size = plane.across(rng.uniform(1.4, 3.8))
        shape = plane.polygon(blob(rng, (spot[0], spot[1]), (size, size * plane.v_per_u), rough=0.3))
        bone += plane.inflate(shape, 9.0) * np.float32(rng.uniform(0.5, 1.0))
    return _of(setting, bone=bone)


_DRAWN: dict[Mimic, Drawing] = {
    Mimic.CHILAIDITI: _chilaiditi,
    Mimic.SKIN_FOLD: _skin_fold,
    Mimic.LARGE_GASTRIC_BUBBLE: _large_gastric_bubble,
    Mimic.SUBPULMONIC_GAS: _subpulmonic_gas,
    Mimic.PREPERITONEAL_FAT: _preperitoneal_fat,
    Mimic.GAS_AT_LIVER_EDGE: _gas_at_liver_edge,
    Mimic.METEORISM: _meteorism,
    Mimic.PHYSIOLOGICAL_LEVELS: _physiological_levels,
    Mimic.CLOTHING_FOLD: _clothing_fold,
    Mimic.STOOL_AT_LIMIT: _stool_at_limit,
    Mimic.CALCIFIED_NODE: _calcified_node,
}
