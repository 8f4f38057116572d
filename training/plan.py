"""What is decided about a phantom before it is drawn: the child, the position and the exposure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from study.compat import StrEnum
from study.model import View
from training.physics import Exposure


class PhantomKind(StrEnum):
    """What a phantom shows; the four findings by their label, or nothing, or another body part."""

    NORMAL = "normal"
    PYLORIC_STENOSIS = "pyloric_stenosis"
    PNEUMOPERITONEUM = "pneumoperitoneum"
    AIR_FLUID_LEVELS = "air_fluid_levels"
    CONSTIPATION = "constipation"
    CHEST = "chest"


ABDOMINAL_KINDS = tuple(kind for kind in PhantomKind if kind is not PhantomKind.CHEST)


@dataclass(frozen=True)
class Plan:
    """All that is decided before anything is drawn.

    Attributes
    ----------
    tilt
        Rotation of the body on the detector, degrees.
    shift, zoom
        Place and size of the body on the detector, relative.
    collimation
        Share of the detector covered at top, bottom, left and right.
    shutter
        Whether the covered margin is shown `black` or left `open`.
    marker
        Letter, and its place across (-1 to 1) and down (0 to 1).
    span
        Where the darkest and the brightest shown value lie in the stored range (0 to 1).
    clipped
        Share of the body shown black.
    """

    view: View
    age_months: int
    sex: str
    bits_stored: int
    photometric: str
    exposure: Exposure
    tilt: float
    shift: tuple[float, float]
    zoom: float
    collimation: tuple[float, float, float, float]
    shutter: str
    marker: tuple[str, float, float]
    span: tuple[float, float]
    clipped: float


_AGES = {  # months, by kind
    PhantomKind.PYLORIC_STENOSIS: (0, 4),
}


def draw_plan(rng: np.random.Generator, kind: PhantomKind, view: View | None, age_months: int | None) -> Plan:
    """Return a plan; view and age are drawn where not given."""
    youngest, oldest = _AGES.get(kind, (0, 204))
    drawn_age = int(youngest + (oldest - youngest) * rng.random() ** 1.6)
    erect_chance = {PhantomKind.AIR_FLUID_LEVELS: 1.0, PhantomKind.CONSTIPATION: 0.25}.get(kind, 0.5)
    drawn_view = View.ERECT if rng.random() < erect_chance else View.SUPINE
    exposure = Exposure(
        kvp=float(round(rng.uniform(58, 82))),
        detector_ugy=rng.uniform(1.5, 5.0),
        scatter_fraction=rng.uniform(0.12, 0.38),
        blur_mm=rng.uniform(0.12, 0.3),
        contrast=rng.uniform(0.2, 0.9),
    )
    side = -1 if rng.random() < 0.5 else 1
    return Plan(
        view=view or drawn_view,
        age_months=drawn_age if age_months is None else age_months,
        sex="M" if rng.random() < 0.55 else "F",
        bits_stored=int(rng.choice([12, 12, 14, 15, 16])),
        photometric="MONOCHROME1" if rng.random() < 0.35 else "MONOCHROME2",
        exposure=exposure,
        tilt=rng.normal(0, 2.0),
        shift=(rng.normal(0, 0.015), rng.normal(0, 0.012)),
        zoom=rng.uniform(0.90, 1.04),
        collimation=tuple(rng.uniform(0.0, 0.05, 4) * (rng.random(4) < 0.75)),
        shutter="black" if rng.random() < 0.75 else "open",
        marker=("R" if side < 0 else "L", side * rng.uniform(0.80, 0.92), rng.uniform(0.06, 0.9)),
        span=(rng.uniform(0.04, 0.14), rng.uniform(0.90, 0.99)),
        clipped=rng.uniform(0.005, 0.05),
    )
