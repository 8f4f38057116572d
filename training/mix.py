"""What a training set is mixed of: how often each finding, combination, look-alike and view comes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from study.findings import FindingLabel
from training.case import COMBINATIONS, Appliance, Case, Mimic, PhantomKind, Projection, Site
from training.mimics import BESIDE_FINDINGS
from training.phantom import Phantom, draw_case
from training.plan import drawn_age

_Choice = TypeVar("_Choice")
_SUPINE, _ERECT, _DECUBITUS = (
    Projection.SUPINE,
    Projection.ERECT,
    Projection.LEFT_LATERAL_DECUBITUS,
)


@dataclass(frozen=True)
class Mix:
    """Shares by which phantoms are drawn.

    Attributes
    ----------
    kinds
        Weight of each primary class. Normal abdomens and free gas, the hardest finding, come most often.
    views
        Weight of each projection by primary class.
    combined, threefold
        Share of combinable findings that come with another one, and of these with a third.
    mimics, mimics_beside
        Share of normal abdomens, and of those with a finding, that have a look-alike.
    second_mimic
        Share of look-alikes that come with another one.
    severity
        Range of every severity; uniform.
    site
        Whose equipment.
    """

    kinds: Mapping[PhantomKind, float]
    views: Mapping[PhantomKind, Mapping[Projection, float]]
    combined: float = 0.21
    threefold: float = 0.1
    mimics: float = 0.35
    mimics_beside: float = 0.1
    second_mimic: float = 0.2
    severity: tuple[float, float] = (0.0, 1.0)
    site: Site = Site.A


TRAINING = Mix(
    kinds={
        PhantomKind.NORMAL: 0.28,
        PhantomKind.PNEUMOPERITONEUM: 0.26,
        PhantomKind.AIR_FLUID_LEVELS: 0.17,
        PhantomKind.CONSTIPATION: 0.15,
        PhantomKind.PYLORIC_STENOSIS: 0.14,
    },
    views={
        PhantomKind.NORMAL: {_SUPINE: 0.43, _ERECT: 0.43, _DECUBITUS: 0.14},
        PhantomKind.PNEUMOPERITONEUM: {_SUPINE: 0.37, _ERECT: 0.45, _DECUBITUS: 0.18},
        PhantomKind.AIR_FLUID_LEVELS: {_ERECT: 0.86, _DECUBITUS: 0.14},
        PhantomKind.CONSTIPATION: {_SUPINE: 0.75, _ERECT: 0.25},
        PhantomKind.PYLORIC_STENOSIS: {_SUPINE: 0.57, _ERECT: 0.43},
    },
)
HELD_OUT_SITE = replace(TRAINING, site=Site.B)  # never trained on, nor validated

# How often an appliance is seen, and how often in the first weeks of life.
_APPLIANCE_CHANCES: Mapping[Appliance, tuple[float, float]] = {
    Appliance.NASOGASTRIC_TUBE: (0.10, 0.40),
    Appliance.UMBILICAL_CATHETERS: (0.0, 0.40),
    Appliance.ECG_LEADS: (0.12, 0.45),
    Appliance.PRESS_STUDS: (0.06, 0.04),
    Appliance.GONAD_SHIELD: (0.05, 0.05),
    Appliance.BURNT_IN_TEXT: (0.15, 0.15),
}
_NEONATE_MONTHS = 1
_NEEDS_HORIZONTAL_BEAM = (Mimic.PHYSIOLOGICAL_LEVELS,)


def draw_for(seed: int, size: tuple[int, int], mix: Mix = TRAINING) -> Phantom:
    """Return the phantom that a mix gives for a seed, at a size of (rows, columns)."""
    return draw_case(seed, case_for(seed, mix), size)


def case_for(seed: int, mix: Mix = TRAINING) -> Case:
    """Return what a mix asks of the phantom of a seed; the same seed gives the same child at each site."""
    rng = np.random.default_rng([seed, 0x6D6978])
    kind = _one_of(rng, mix.kinds)
    severities = _severities(rng, mix, kind)
    projection = _one_of(rng, mix.views[kind])
    if FindingLabel.AIR_FLUID_LEVELS in severities and not projection.shows_levels:
        projection = Projection.ERECT
    age = drawn_age(rng, kind)
    return Case(
        kind=kind,
        severities=severities,
        projection=projection,
        age_months=age,
        mimics=_mimics(rng, mix, kind, projection),
        appliances=_appliances(rng, age),
        site=mix.site,
    )


def _one_of(rng: np.random.Generator, weights: Mapping[_Choice, float]) -> _Choice:
    shares = np.cumsum(list(weights.values()))
    return list(weights)[int(np.searchsorted(shares / shares[-1], rng.random(), side="right"))]


def _severities(rng: np.random.Generator, mix: Mix, kind: PhantomKind) -> dict[FindingLabel, float]:
    if kind.finding is None:
        return {}
    labels = {kind.finding}
    if rng.random() < mix.combined:
        threefold = rng.random() < mix.threefold
        fitting = [both for both in COMBINATIONS if kind.finding in both and (len(both) == 3) == threefold]
        if fitting:
            labels |= fitting[int(rng.integers(len(fitting)))]
    return {label: float(rng.uniform(*mix.severity)) for label in FindingLabel if label in labels}


def _mimics(
    rng: np.random.Generator, mix: Mix, kind: PhantomKind, projection: Projection
) -> frozenset[Mimic]:
    share = mix.mimics if kind is PhantomKind.NORMAL else mix.mimics_beside
    if rng.random() >= share:
        return frozenset()
    fitting = [
        mimic
        for mimic in (Mimic if kind is PhantomKind.NORMAL else BESIDE_FINDINGS)
        if projection.shows_levels or mimic not in _NEEDS_HORIZONTAL_BEAM
    ]
    count = 2 if rng.random() < mix.second_mimic else 1
    return frozenset(fitting[index] for index in rng.choice(len(fitting), count, replace=False))


def _appliances(rng: np.random.Generator, age_months: int) -> frozenset[Appliance]:
    draws = rng.random(len(_APPLIANCE_CHANCES))
    column = 1 if age_months <= _NEONATE_MONTHS else 0
    return frozenset(
        appliance
        for (appliance, chances), draw in zip(_APPLIANCE_CHANCES.items(), draws, strict=True)
        if draw < chances[column]
    )
