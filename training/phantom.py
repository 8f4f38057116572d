"""Draw a synthetic pediatric abdominal radiograph, with its ground truth, from a seed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import cv2
import numpy as np

from study.findings import FINDINGS, FindingLabel
from study.model import View
from training.anatomy import Habitus, draw_habitus
from training.body import PRECEDENCE, draw_body
from training.canvas import Plane
from training.case import (
    ABDOMINAL_KINDS,
    Appliance,
    Case,
    Mimic,
    PhantomKind,
    Projection,
    Site,
)
from training.display import exposed_field, shown_image, stored_values, voi_window
from training.physics import Exposure
from training.plan import Plan, draw_plan, drawn_projection, stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ABDOMINAL_KINDS", "Phantom", "PhantomKind", "draw_case", "draw_phantom"]

DRAWN_HEIGHTS = (512, 1024)  # the physics runs at the smallest that serves the size asked for
PLAIN_SEVERITY = (0.5, 1.0)  # of a finding whose severity is not asked for: anyone sees it
_SMALLEST_AREA = 2e-5  # of the image; less of a finding is no finding that the image shows


@dataclass(frozen=True)
class Phantom:
    """One phantom: what the detector stored, what is true, and how it was taken.

    Attributes
    ----------
    view
        As the service names it; `projection` says more.
    pixels
        Stored values, uint16 (H, W).
    mask
        Ground truth, bool (4, H, W), in the order of the segment numbers 1 to 4; masks never overlap.
    imager_pixel_spacing_mm
        (row, column), at the detector.
    window
        (center, width) in stored values.
    severities
        Of each finding that the image shows, 0 (subtle) to 1 (gross).
    mimics, appliances
        Look-alikes, and what is in or on the child.
    voi_table
        Whether the values are meant to be shown by a look-up table instead of the window.
    stranger
        What it is instead of a child's abdomen from the front; empty for a phantom proper.
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
    projection: Projection
    severities: Mapping[FindingLabel, float] = field(default_factory=dict)
    mimics: frozenset[Mimic] = frozenset()
    appliances: frozenset[Appliance] = frozenset()
    site: Site = Site.A
    voi_table: bool = False
    stranger: str = ""

    @property
    def findings(self) -> frozenset[FindingLabel]:
        """The findings of the whole image, however few pixels of a small drawing each takes."""
        return frozenset(self.severities)

    @property
    def attenuation_image(self) -> NDArray[np.float32]:
        """Stored values turned so that bright means more attenuation, float32 (H, W)."""
        values = self.pixels.astype(np.float32)
        return (2**self.bits_stored - 1) - values if self.photometric == "MONOCHROME1" else values


def draw_phantom(
    seed: int,
    kind: PhantomKind,
    *,
    view: View | Projection | None = None,
    age_months: int | None = None,
    size: tuple[int, int] = (2048, 2048),
    severity: float | None = None,
    also: Collection[FindingLabel] = (),
    mimics: Collection[Mimic] = (),
    appliances: Collection[Appliance] = (),
    site: Site = Site.A,
) -> Phantom:
    """Return the phantom that belongs to a seed and a kind; plain unless more is asked of it.

    The same arguments give the same bits. The anatomy depends on the seed and the case alone, so a small
    drawing shows the same child as a large one; only quantum noise is drawn per pixel.

    Parameters
    ----------
    seed
        Zero or more.
    view, age_months
        Drawn from the seed where not given; air-fluid levels are erect unless a decubitus is asked for.
    size
        Rows and columns; at least 64 each.
    severity
        Of every finding, 0 (subtle) to 1 (gross); drawn from the plainly visible half where not given.
    also
        Further findings; see `training.case.COMBINATIONS`.

    Raises
    ------
    ValueError
        If the seed is negative, the size too small, or no radiograph can show what is asked for.
    """
    rng = stream(max(seed, 0), kind, "case")
    drawn = [float(value) for value in rng.uniform(*PLAIN_SEVERITY, len(FINDINGS))]
    labels = {*also, *((kind.finding,) if kind.finding else ())}
    case = Case(
        kind=kind,
        severities={
            label: severity if severity is not None else chance
            for label, chance in zip(FINDINGS, drawn, strict=True)
            if label in labels
        },
        projection=Projection(view) if view is not None else _projection(rng, kind, labels),
        age_months=age_months,
        mimics=frozenset(mimics),
        appliances=frozenset(appliances),
        site=site,
    )
    return draw_case(seed, case, size)


def draw_case(seed: int, case: Case, size: tuple[int, int]) -> Phantom:
    """Return the phantom of a seed as a case asks for it, at a size of (rows, columns).

    Raises
    ------
    ValueError
        If the seed is negative or the size too small.
    """
    if seed < 0 or min(size) < 64:
        raise ValueError(
            f"a phantom needs a seed of 0 or more and a size of 64 x 64 or more, not {seed} and {size}"
        )
    plan = draw_plan(stream(seed, case.kind, "plan"), case)
    habitus = draw_habitus(stream(seed, case.kind, "habitus"), plan.age_months, case.site)
    plane, spacing = body_plane(plan, habitus, size)
    body = draw_body(seed, case, plan, plane, habitus)
    shown = shown_image(body.thickness, plane, plan, size, spacing, stream(seed, case.kind, "noise"))
    visible = body.truth * exposed_field(plane.shape, plan)
    return Phantom(
        seed=seed, kind=case.kind, view=plan.view, age_months=plan.age_months, sex=plan.sex,
        pixels=stored_values(shown, plan), mask=_masks(visible, size),
        bits_stored=plan.bits_stored, photometric=plan.photometric,
        imager_pixel_spacing_mm=(spacing, spacing), window=voi_window(plan), exposure=plan.exposure,
        projection=case.projection, severities=_shown(case, visible), mimics=case.mimics,
        appliances=case.appliances, site=case.site, voi_table=plan.voi_table,
    )  # fmt: skip


def _projection(rng: np.random.Generator, kind: PhantomKind, labels: set[FindingLabel]) -> Projection:
    drawn = drawn_projection(rng, kind)
    return Projection.ERECT if FindingLabel.AIR_FLUID_LEVELS in labels else drawn


def body_plane(plan: Plan, habitus: Habitus, size: tuple[int, int]) -> tuple[Plane, float]:
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


def _shown(case: Case, visible: NDArray[np.uint8]) -> dict[FindingLabel, float]:
    """Return the severities of the findings that the image shows: not one all under the shutter."""
    areas = np.bincount(visible.ravel(), minlength=len(FINDINGS) + 1)
    return {
        label: case.severities[label]
        for label in case.findings
        if areas[FINDINGS[label].segment_number] > _SMALLEST_AREA * visible.size
    }


def _masks(visible: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the ground truth inside the collimated field at the size asked for, bool (4, H, W)."""
    masks = np.zeros((len(FINDINGS), *size), np.bool_)
    taken = np.zeros(size, np.bool_)
    method = cv2.INTER_AREA if size[0] < visible.shape[0] else cv2.INTER_LINEAR
    for label in PRECEDENCE:
        number = FINDINGS[label].segment_number
        segment = np.uint8(255) * (visible == number)
        if segment.any():
            masks[number - 1] = (cv2.resize(segment, size[::-1], interpolation=method) > 127) & ~taken
            taken |= masks[number - 1]
    return masks
