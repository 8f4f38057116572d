"""What is no child's abdomen from the front: images that the service must notice and leave unread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from study.compat import StrEnum
from study.findings import FINDINGS
from study.model import View
from training.anatomy import Habitus, draw_habitus, trunk
from training.body import draw_body
from training.canvas import Plane, smooth_curve, texture
from training.case import Case, PhantomKind, Projection
from training.display import marker, shown_image, stored_values, voi_window
from training.mix import TRAINING, case_for
from training.other_parts import hand, leg, skull
from training.phantom import Phantom, body_plane, draw_case
from training.physics import Thickness
from training.plan import Plan, draw_plan, stream
from training.skeleton import skeleton

if TYPE_CHECKING:
    from numpy.typing import NDArray

Size = tuple[int, int]
_ADULT_MONTHS = (30 * 12, 80 * 12)


class StrangerKind(StrEnum):
    """What a stranger is."""

    CHEST = "chest"
    LEG = "leg"
    HAND = "hand"
    SKULL = "skull"
    ADULT_ABDOMEN = "adult_abdomen"
    LATERAL_ABDOMEN = "lateral_abdomen"
    INVERTED = "inverted"  # polarity against the header
    CLIPPED = "clipped"  # over- or underexposed beyond use
    UPSIDE_DOWN = "upside_down"
    SIDEWAYS = "sideways"
    PHOTOGRAPH = "photograph"
    NOISE = "noise"


def draw_stranger(seed: int, kind: StrangerKind, size: Size) -> Phantom:
    """Return the stranger of a seed, rows and columns `size`, as a phantom without findings or ground truth.

    Its header will say abdomen (but for a chest's): these are for whoever judges by the pixels.

    Raises
    ------
    ValueError
        If the seed is negative or the size too small.
    """
    drawn = _DRAWN[kind](seed, size)
    nothing = np.zeros((len(FINDINGS), *size), np.bool_)
    return replace(drawn, mask=nothing, severities={}, stranger=kind.value)


def _chest(seed: int, size: Size) -> Phantom:
    return draw_case(seed, Case(PhantomKind.CHEST, {}, _upright(seed)), size)


def _lateral(seed: int, size: Size) -> Phantom:
    return draw_case(seed, Case(PhantomKind.NORMAL, {}, Projection.CROSS_TABLE_LATERAL), size)


def _upright(seed: int) -> Projection:
    return (Projection.SUPINE, Projection.ERECT)[seed % 2]


def _abdomen(seed: int, size: Size) -> Phantom:
    """Return an abdomen with or without findings, to be spoilt."""
    return draw_case(seed, case_for(seed, TRAINING), size)


def _inverted(seed: int, size: Size) -> Phantom:
    phantom = _abdomen(seed, size)
    return replace(phantom, pixels=np.uint16(2**phantom.bits_stored - 1) - phantom.pixels)


def _upside_down(seed: int, size: Size) -> Phantom:
    phantom = _abdomen(seed, size)
    return replace(phantom, pixels=np.ascontiguousarray(phantom.pixels[::-1, ::-1]))


def _sideways(seed: int, size: Size) -> Phantom:
    phantom = _abdomen(seed, size[::-1])
    return replace(phantom, pixels=np.ascontiguousarray(np.rot90(phantom.pixels, 1 + 2 * (seed % 2))))


def _clipped(seed: int, size: Size) -> Phantom:
    """Return an abdomen most of which lies beyond the detector's range, at either end."""
    phantom, rng = _abdomen(seed, size), stream(seed, PhantomKind.NORMAL, "stranger")
    image = phantom.attenuation_image / (2**phantom.bits_stored - 1)
    low, high = np.quantile(image[image > 0.02], rng.choice([[0.0, 0.12], [0.88, 1.0]]))
    spoilt = np.clip((image - low) / max(float(high - low), 1e-3), 0, 1)
    return _stored(phantom, spoilt)


def _photograph(seed: int, size: Size) -> Phantom:
    """Return a picture taken with a camera: things on a table, or a screen with a radiograph, askew."""
    phantom, rng = _abdomen(seed, size), stream(seed, PhantomKind.NORMAL, "stranger")
    if rng.random() < 0.5:
        return _stored(phantom, _things(rng, size))
    image = phantom.attenuation_image / (2**phantom.bits_stored - 1)
    rows, columns = size
    corners = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32)
    inward = rng.uniform(0.08, 0.3, (4, 2)) * [[1, 1], [-1, 1], [-1, -1], [1, -1]] * [columns, rows]
    matrix = cv2.getPerspectiveTransform(corners, (corners + inward).astype(np.float32))
    wall = rng.uniform(0.15, 0.6) + 0.08 * texture(rng, size, 6)
    screen = cv2.warpPerspective(np.ones(size, np.float32), matrix, (columns, rows))
    seen = cv2.warpPerspective(image.astype(np.float32), matrix, (columns, rows))
    bezel = cv2.dilate(screen, np.ones((max(3, rows // 24),) * 2, np.uint8))
    glare = np.exp(-4 * (_distance(size, rng.uniform(0.2, 0.8, 2)) / 0.3) ** 2)
    return _stored(phantom, np.where(screen > 0.5, 0.15 + 0.6 * seen + 0.5 * glare, wall * (1 - bezel)))


def _things(rng: np.random.Generator, size: Size) -> NDArray[np.float32]:
    rows, columns = size
    picture = (0.5 + 0.15 * texture(rng, size, 5)).astype(np.float32)
    for _ in range(rng.integers(5, 16)):
        middle = rng.uniform(0, 1, 2) * (columns, rows)
        reach = rng.uniform(0.05, 0.3) * rows
        angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 9)))
        points = middle + reach * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        cv2.fillPoly(picture, [points.astype(np.int32)], float(rng.uniform(0, 1)), cv2.LINE_AA)
    shade = 0.6 + 0.6 * _distance(size, rng.uniform(0, 1, 2))
    return np.asarray(picture * shade + 0.02 * rng.standard_normal(size), np.float32)


def _distance(size: Size, centre: NDArray[np.float64]) -> NDArray[np.float32]:
    x = np.linspace(0, 1, size[1], dtype=np.float32)[None, :] - np.float32(centre[0])
    y = np.linspace(0, 1, size[0], dtype=np.float32)[:, None] - np.float32(centre[1])
    return np.hypot(x, y)


def _noise(seed: int, size: Size) -> Phantom:
    """Return noise without a body: white, or with grain, or an empty exposure."""
    phantom, rng = _abdomen(seed, size), stream(seed, PhantomKind.NORMAL, "stranger")
    grain = rng.choice([0.0, 1.2, 6.0])
    noise = rng.standard_normal(size, dtype=np.float32)
    if grain:
        noise = cv2.GaussianBlur(noise, (0, 0), grain)
        noise /= float(noise.std())
    shade = _distance(size, rng.uniform(0.3, 0.7, 2))
    return _stored(phantom, 0.5 + rng.uniform(0.05, 0.2) * noise - rng.uniform(0, 0.4) * shade)


def _stored(phantom: Phantom, shown: NDArray[np.floating]) -> Phantom:
    """Return a phantom with other shown values (0 to 1, bright where more is absorbed)."""
    top = 2**phantom.bits_stored - 1
    values = np.round(np.clip(shown, 0, 1) * top).astype(np.uint16)
    turned = np.uint16(top) - values if phantom.photometric == "MONOCHROME1" else values
    return replace(phantom, pixels=turned)


Part = Callable[[Plane, np.random.Generator], Thickness]


def _part(draw: Part, *, half_width_mm: tuple[float, float]) -> Callable[[int, Size], Phantom]:
    """Return what draws one other part of the body, in the same beam as an abdomen."""

    def drawn(seed: int, size: Size) -> Phantom:
        base = Case(PhantomKind.NORMAL, {}, _upright(seed), age_months=int(24 + seed % 150))
        rng = stream(seed, PhantomKind.NORMAL, "stranger")
        plan = draw_plan(stream(seed, PhantomKind.NORMAL, "plan"), base)
        unit = float(rng.uniform(*half_width_mm))
        habitus = Habitus(0.5, unit, 1.4 * unit, 0.2, 0.2, 0.0)
        plane, spacing = body_plane(replace(plan, tilt=float(rng.normal(0, 8))), habitus, size)
        thickness = draw(plane, rng)
        thickness.lead += marker(plane, plan)
        return _developed(seed, base, plan, plane, spacing, thickness, size)

    return drawn


def _developed(
    seed: int, case: Case, plan: Plan, plane: Plane, spacing: float, thickness: Thickness, size: Size
) -> Phantom:
    shown = shown_image(thickness, plane, plan, size, spacing, stream(seed, case.kind, "noise"))
    return Phantom(
        seed=seed, kind=case.kind, view=View.UNKNOWN, age_months=plan.age_months, sex=plan.sex,
        pixels=stored_values(shown, plan), mask=np.zeros((len(FINDINGS), *size), np.bool_),
        bits_stored=plan.bits_stored, photometric=plan.photometric,
        imager_pixel_spacing_mm=(spacing, spacing), window=voi_window(plan), exposure=plan.exposure,
        projection=case.projection,
    )  # fmt: skip


def _adult(seed: int, size: Size) -> Phantom:
    """Return a grown-up's abdomen: far larger, closed growth plates, spurs and calcified arteries."""
    rng = stream(seed, PhantomKind.NORMAL, "stranger")
    case = Case(PhantomKind.NORMAL, {}, _upright(seed), age_months=204)
    plan = draw_plan(stream(seed, case.kind, "plan"), case)
    grown = draw_habitus(stream(seed, case.kind, "habitus"), 204)
    habitus = replace(
        grown, maturity=1.35, unit_mm=grown.unit_mm * rng.uniform(1.15, 1.4),
        depth_mm=grown.depth_mm * rng.uniform(1.15, 1.6), waist=rng.uniform(-0.04, 0.05),
    )  # fmt: skip
    plane, spacing = body_plane(plan, habitus, size)
    inside = draw_body(seed, case, plan, plane, habitus).thickness
    soft = trunk(plane, habitus, stream(seed, case.kind, "trunk"))
    bone = 1.15 * skeleton(plane, habitus, stream(seed, case.kind, "bone")) + _spurs(plane, rng)
    thickness = Thickness(soft, bone.astype(np.float32), inside.gas, inside.lead)
    drawn = _developed(seed, case, plan, plane, spacing, thickness, size)
    return replace(drawn, age_months=int(rng.integers(*_ADULT_MONTHS)))


def _spurs(plane: Plane, rng: np.random.Generator) -> NDArray[np.float32]:
    marks = np.zeros(plane.shape, np.uint8)
    for level in range(5):
        for side in (-1, 1):
            if rng.random() < 0.7:
                v = 0.38 + 0.08 * level
                spur = smooth_curve([(side * 0.11, v), (side * rng.uniform(0.14, 0.19), v + 0.012)], 12)
                plane.tube(spur, 0.016 * plane.unit_mm, marks)
    for side in (-1, 1):  # iliac arteries
        vessel = smooth_curve([(0.02, 0.62), (side * 0.14, 0.72), (side * 0.26, 0.82)], 60)
        plane.tube(vessel[:: rng.integers(2, 5)], 0.010 * plane.unit_mm, marks)
    return plane.inflate(marks, 8.0) * np.float32(0.6)


_DRAWN: dict[StrangerKind, Callable[[int, Size], Phantom]] = {
    StrangerKind.CHEST: _chest,
    StrangerKind.LEG: _part(leg, half_width_mm=(60, 110)),
    StrangerKind.HAND: _part(hand, half_width_mm=(55, 95)),
    StrangerKind.SKULL: _part(skull, half_width_mm=(75, 95)),
    StrangerKind.ADULT_ABDOMEN: _adult,
    StrangerKind.LATERAL_ABDOMEN: _lateral,
    StrangerKind.INVERTED: _inverted,
    StrangerKind.CLIPPED: _clipped,
    StrangerKind.UPSIDE_DOWN: _upside_down,
    StrangerKind.SIDEWAYS: _sideways,
    StrangerKind.PHOTOGRAPH: _photograph,
    StrangerKind.NOISE: _noise,
}
