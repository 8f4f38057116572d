"""What is decided about a phantom before it is drawn: the child, the position and the exposure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from study.model import View
from training.case import ABDOMINAL_KINDS, Appliance, Case, PhantomKind, Projection, Site
from training.physics import Exposure

__all__ = ["ABDOMINAL_KINDS", "PhantomKind", "Plan", "draw_plan", "drawn_age", "drawn_projection", "stream"]

_PURPOSES = (
    "plan", "habitus", "trunk", "bone", "bowel", "sign", "noise", "case", "mimic", "appliance", "stranger",
)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """All that is decided before anything is drawn.

    Attributes
    ----------
    tilt
        Rotation of the body on the detector, degrees.
    turn
        Rotation of the child about its long axis: how far what lies behind moves across, in half widths.
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
    curve
        Exponent of the detector's curve from shown to stored values.
    voi_table
        Whether the header says how to show the values by a look-up table instead of a window.
    text
        Lines burnt into the image; empty for most.
    """

    projection: Projection
    age_months: int
    sex: str
    bits_stored: int
    photometric: str
    exposure: Exposure
    tilt: float
    turn: float
    shift: tuple[float, float]
    zoom: float
    collimation: tuple[float, float, float, float]
    shutter: str
    marker: tuple[str, float, float]
    span: tuple[float, float]
    clipped: float
    curve: float
    voi_table: bool
    text: tuple[str, ...]
    site: Site

    @property
    def view(self) -> View:
        """The view as the service names it."""
        return self.projection.view


_AGES = {  # months, by kind
    PhantomKind.PYLORIC_STENOSIS: (0, 4),
}
_ERECT_CHANCE = {PhantomKind.AIR_FLUID_LEVELS: 1.0, PhantomKind.CONSTIPATION: 0.25}


def stream(seed: int, kind: PhantomKind, purpose: str) -> np.random.Generator:
    """Return an independent stream of random numbers for one purpose of one phantom."""
    return np.random.default_rng([seed, list(PhantomKind).index(kind), _PURPOSES.index(purpose)])


def drawn_projection(rng: np.random.Generator, kind: PhantomKind) -> Projection:
    """Return supine or erect, as often as each is taken for such a question."""
    return Projection.ERECT if rng.random() < _ERECT_CHANCE.get(kind, 0.5) else Projection.SUPINE


def drawn_age(rng: np.random.Generator, kind: PhantomKind) -> int:
    """Return an age in months at which a kind occurs; the young are radiographed more often."""
    youngest, oldest = _AGES.get(kind, (0, 204))
    return int(youngest + (oldest - youngest) * rng.random() ** 1.6)


def draw_plan(rng: np.random.Generator, case: Case) -> Plan:
    """Return a plan for a case; the age is drawn where the case leaves it open."""
    age = drawn_age(rng, case.kind)
    side = -1 if rng.random() < 0.5 else 1
    at_b = case.site is Site.B
    return Plan(
        projection=case.projection,
        age_months=age if case.age_months is None else case.age_months,
        sex="M" if rng.random() < 0.55 else "F",
        bits_stored=int(rng.choice([10, 12, 12, 14, 15, 16])),
        photometric="MONOCHROME1" if rng.random() < 0.35 else "MONOCHROME2",
        exposure=_site_b_exposure(rng) if at_b else _site_a_exposure(rng),
        tilt=rng.normal(0, 2.0),
        turn=float(np.clip(rng.normal(0, 0.05), -0.14, 0.14)),
        shift=(rng.normal(0, 0.015), rng.normal(0, 0.012)),
        zoom=rng.uniform(0.98, 1.16) if at_b else rng.uniform(0.90, 1.04),
        collimation=_collimation(rng, at_b),
        shutter="black" if rng.random() < (0.95 if at_b else 0.75) else "open",
        marker=("R" if side < 0 else "L", side * rng.uniform(0.74, 0.9), rng.uniform(0.06, 0.9)),
        span=(rng.uniform(0.04, 0.14), rng.uniform(0.90, 0.99)),
        clipped=rng.uniform(0.005, 0.05),
        curve=rng.uniform(0.62, 0.8) if at_b else rng.uniform(0.82, 1.22),
        voi_table=bool(rng.random() < 0.2),
        text=_text(rng) if Appliance.BURNT_IN_TEXT in case.appliances else (),
        site=case.site,
    )


def _site_a_exposure(rng: np.random.Generator) -> Exposure:
    return Exposure(
        kvp=float(round(rng.uniform(58, 82))),
        detector_ugy=rng.uniform(1.5, 5.0),
        scatter_fraction=rng.uniform(0.12, 0.38),
        blur_mm=rng.uniform(0.12, 0.3),
        contrast=rng.uniform(0.2, 0.9),
        grid_lines=rng.uniform(0.002, 0.008) if rng.random() < 0.15 else 0.0,
        cutoff=float(rng.uniform(-0.35, 0.35)) if rng.random() < 0.15 else 0.0,
    )


def _site_b_exposure(rng: np.random.Generator) -> Exposure:
    """Return a harder beam through a coarser grid on an older detector, with the body's own scatter."""
    return Exposure(
        kvp=float(round(rng.uniform(65, 95))),
        detector_ugy=rng.uniform(1.2, 2.8),
        scatter_fraction=rng.uniform(0.30, 0.55),
        blur_mm=rng.uniform(0.25, 0.45),
        contrast=rng.uniform(0.5, 1.3),
        site=Site.B.value,
        grid_lines=rng.uniform(0.003, 0.012) if rng.random() < 0.6 else 0.0,
        cutoff=float(rng.uniform(-0.5, 0.5)) if rng.random() < 0.3 else 0.0,
        electronic_noise=rng.uniform(0.0004, 0.0012),
    )


def _collimation(rng: np.random.Generator, at_b: bool) -> tuple[float, float, float, float]:
    largest = 0.08 if at_b else 0.05
    top, bottom, left, right = rng.uniform(0.0, largest, 4) * (rng.random(4) < 0.75)
    return float(top), float(bottom), float(left), float(right)


def _text(rng: np.random.Generator) -> tuple[str, ...]:
    """Return lines as a modality burns them in; they name nobody and say nothing of findings."""
    lines = (
        f"PHANTOM {rng.integers(10_000):04d}",
        f"{rng.integers(24):02d}:{rng.integers(60):02d}",
        "PORTABLE",
        f"S {rng.integers(100, 900)}",
    )
    return tuple(str(line) for line in rng.permutation(lines)[: rng.integers(1, 4)])
