"""Draw a synthetic pediatric abdominal radiograph, with its ground truth, from a seed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from study.findings import FINDINGS, FindingLabel
from study.model import View
from training.anatomy import Habitus, draw_habitus, trunk
from training.bowel import (
    Contents,
    colon_centreline,
    colon_gas,
    gastric_bubble,
    normal_stool,
    small_bowel_gas,
    together,
)
from training.canvas import Plane
from training.chest import chest_cage
from training.display import exposed_field, marker, shown_image, stored_values, voi_window
from training.physics import Exposure, Thickness
from training.plan import ABDOMINAL_KINDS, PhantomKind, Plan, draw_plan
from training.signs import (
    Sign,
    distended_stomach,
    faecal_loading,
    fluid_levels,
    free_gas_in_front,
    free_gas_under_domes,
)
from training.skeleton import skeleton

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ABDOMINAL_KINDS", "Phantom", "PhantomKind", "draw_phantom"]

DRAWN_HEIGHTS = (512, 1024)  # the physics runs at the smallest that serves the size asked for


@dataclass(frozen=True)
class Phantom:
    """One phantom: what the detector stored, what is true, and how it was taken.

    Attributes
    ----------
    pixels
        Stored values, uint16 (H, W).
    mask
        Ground truth, bool (4, H, W), in the order of the segment numbers 1 to 4.
    imager_pixel_spacing_mm
        (row, column), at the detector.
    window
        (center, width) in stored values.
    """

    seed: int
    kind: PhantomKind
    view: View
    age_months: int
    sex: str
    pixels: NDArray[np.uint16]
    mask: NDArray[np.bool_]
    bits_stored: int
    photometric: str
    imager_pixel_spacing_mm: tuple[float, float]
    window: tuple[float, float]
    exposure: Exposure

    @property
    def attenuation_image(self) -> NDArray[np.float32]:
        """Stored values turned so that bright means more attenuation, float32 (H, W)."""
        values = self.pixels.astype(np.float32)
        return (2**self.bits_stored - 1) - values if self.photometric == "MONOCHROME1" else values


def draw_phantom(
    seed: int,
    kind: PhantomKind,
    *,
    view: View | None = None,
    age_months: int | None = None,
    size: tuple[int, int] = (2048, 2048),
) -> Phantom:
    """Return the phantom that belongs to a seed and a kind.

    The same arguments give the same bits. The anatomy depends on the seed and the kind alone, so a small
    drawing shows the same child as a large one; only quantum noise is drawn per pixel.

    Parameters
    ----------
    seed
        Zero or more.
    view, age_months
        Drawn from the seed where not given; air-fluid levels are always erect.
    size
        Rows and columns; at least 64 each.

    Raises
    ------
    ValueError
        If the seed is negative, the size too small, or levels are asked for in a supine child.
    """
    if seed < 0 or min(size) < 64:
        raise ValueError(
            f"a phantom needs a seed of 0 or more and a size of 64 x 64 or more, not {seed} and {size}"
        )
    if kind is PhantomKind.AIR_FLUID_LEVELS and view not in (None, View.ERECT):
        raise ValueError(f"air-fluid levels show in an erect child only, not {view}")
    plan = draw_plan(_rng(seed, kind, "plan"), kind, view, age_months)
    habitus = draw_habitus(_rng(seed, kind, "habitus"), plan.age_months)
    plane, spacing = _plane(plan, habitus, size)
    thickness, truth = _body(plane, habitus, plan, kind, seed)
    shown = shown_image(thickness, plane, plan, size, spacing, _rng(seed, kind, "noise"))
    return Phantom(
        seed=seed, kind=kind, view=plan.view, age_months=plan.age_months, sex=plan.sex,
        pixels=stored_values(shown, plan), mask=_masks(truth, plane, plan, kind, size),
        bits_stored=plan.bits_stored, photometric=plan.photometric,
        imager_pixel_spacing_mm=(spacing, spacing), window=voi_window(plan), exposure=plan.exposure,
    )  # fmt: skip


def _rng(seed: int, kind: PhantomKind, purpose: str) -> np.random.Generator:
    """Return an independent stream of random numbers for one purpose of one phantom."""
    purposes = ("plan", "habitus", "trunk", "bone", "bowel", "sign", "noise")
    return np.random.default_rng([seed, list(PhantomKind).index(kind), purposes.index(purpose)])


def _plane(plan: Plan, habitus: Habitus, size: tuple[int, int]) -> tuple[Plane, float]:
    """Return the plane to draw on and the spacing (mm) of the radiograph asked for."""
    rows, columns = size
    height = next((h for h in DRAWN_HEIGHTS if h >= rows), DRAWN_HEIGHTS[-1])
    drawn = (height, max(1, round(height * columns / rows)))
    field_mm = 2 * habitus.unit_mm / (0.72 + 0.08 * habitus.maturity)
    unit_px = habitus.unit_mm / field_mm * height * plan.zoom * min(1.0, columns / rows / 0.86)
    turn, long_px = np.deg2rad(plan.tilt), height * plan.zoom
    matrix = np.array([
        [unit_px * np.cos(turn), -long_px * np.sin(turn), 0.0],
        [unit_px * np.sin(turn), long_px * np.cos(turn), 0.0],
    ])  # fmt: skip
    centre = np.array([drawn[1] * (0.5 + plan.shift[0]), drawn[0] * (0.5 + plan.shift[1])])
    matrix[:, 2] = centre - matrix[:, :2] @ np.array([0.0, 0.5])
    return Plane(
        drawn, matrix, habitus.unit_mm / unit_px, habitus.unit_mm
    ), habitus.unit_mm / unit_px * height / rows


def _body(
    plane: Plane, habitus: Habitus, plan: Plan, kind: PhantomKind, seed: int
) -> tuple[Thickness, NDArray[np.uint8]]:
    if kind is PhantomKind.CHEST:
        soft, bone, gas = chest_cage(plane, _rng(seed, kind, "trunk"))
        truth = np.zeros(plane.shape, np.uint8)
    else:
        soft = trunk(plane, habitus, _rng(seed, kind, "trunk"))
        bone = skeleton(plane, habitus, _rng(seed, kind, "bone"))
        sign = _bowel_and_sign(plane, habitus, plan, kind, seed)
        inside = np.clip(soft / (0.1 * habitus.depth_mm), 0, 1)
        gas, truth = sign.contents.gas * inside, sign.truth
        soft = soft + sign.contents.added * inside
    return Thickness(soft=soft, bone=bone, gas=gas.astype(np.float32), lead=marker(plane, plan)), truth


def _bowel_and_sign(plane: Plane, habitus: Habitus, plan: Plan, kind: PhantomKind, seed: int) -> Sign:
    """Return everything in the hollow organs, and the ground truth of the kind's sign."""
    rng, sign_rng = _rng(seed, kind, "bowel"), _rng(seed, kind, "sign")
    erect = plan.view is View.ERECT
    colon = colon_centreline(rng, habitus)
    amount = {
        PhantomKind.PYLORIC_STENOSIS: 0.25,
        PhantomKind.AIR_FLUID_LEVELS: 0.3,
        PhantomKind.CONSTIPATION: 0.6,
    }
    bowel = together(
        small_bowel_gas(plane, habitus, rng, amount=amount.get(kind, 1.0)),
        colon_gas(plane, colon, rng, amount=amount.get(kind, 1.0)),
    )
    if kind is not PhantomKind.PYLORIC_STENOSIS:
        bowel = together(bowel, gastric_bubble(plane, habitus, rng, erect=erect))
    if kind is not PhantomKind.CONSTIPATION and rng.random() < 0.6:
        bowel = together(bowel, normal_stool(plane, colon, rng))
    if kind is PhantomKind.NORMAL:
        return Sign(bowel, np.zeros(plane.shape, np.uint8))
    sign = _sign(plane, habitus, kind, sign_rng, bowel, colon, erect=erect)
    cleared = 1 - 0.9 * sign.truth if kind is PhantomKind.PYLORIC_STENOSIS else np.float32(1)
    around = Contents((bowel.gas * cleared).astype(np.float32), bowel.added)
    return replace(sign, contents=together(sign.contents, around))


def _sign(
    plane: Plane, habitus: Habitus, kind: PhantomKind, rng: np.random.Generator, bowel: Contents,
    colon: NDArray[np.float64], *, erect: bool,
) -> Sign:  # fmt: skip
    if kind is PhantomKind.PYLORIC_STENOSIS:
        return distended_stomach(plane, habitus, rng, erect=erect)
    if kind is PhantomKind.PNEUMOPERITONEUM and erect:
        return free_gas_under_domes(plane, habitus, rng)
    if kind is PhantomKind.PNEUMOPERITONEUM:
        return free_gas_in_front(plane, habitus, rng, bowel)
    if kind is PhantomKind.AIR_FLUID_LEVELS:
        return fluid_levels(plane, habitus, rng)
    return faecal_loading(plane, colon, rng)


def _masks(
    truth: NDArray[np.uint8], plane: Plane, plan: Plan, kind: PhantomKind, size: tuple[int, int]
) -> NDArray[np.bool_]:
    """Return the ground truth inside the collimated field, bool (4, H, W)."""
    masks = np.zeros((len(FINDINGS), *size), np.bool_)
    if kind in (PhantomKind.NORMAL, PhantomKind.CHEST):
        return masks
    visible = truth & exposed_field(plane.shape, plan)
    scaled = cv2.resize(
        visible * np.uint8(255),
        size[::-1],
        interpolation=cv2.INTER_AREA if size[0] < plane.shape[0] else cv2.INTER_LINEAR,
    )
    masks[FINDINGS[FindingLabel(kind.value)].segment_number - 1] = scaled > 127
    return masks
