"""Put a child together: trunk, bones, bowel, findings, look-alikes and appliances, with the ground truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from study.findings import FINDINGS, FindingLabel
from training.anatomy import Habitus, trunk
from training.appliances import appliances
from training.bowel import (
    Contents,
    colon_centreline,
    colon_gas,
    empty,
    gastric_bubble,
    normal_stool,
    small_bowel_gas,
    together,
)
from training.canvas import Plane
from training.case import Case, Mimic, PhantomKind, Projection
from training.chest import chest_cage
from training.display import marker
from training.free_gas import free_gas
from training.lateral import gas_in_front, lateral_bowel, lateral_skeleton, lateral_trunk
from training.mimics import Likeness, Setting, draw_mimic
from training.physics import Thickness
from training.plan import Plan, stream
from training.signs import Sign, distended_stomach, faecal_loading, fluid_levels
from training.skeleton import skeleton

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Where two findings overlap the first of these is what the pixel is called.
PRECEDENCE = (
    FindingLabel.PNEUMOPERITONEUM,
    FindingLabel.AIR_FLUID_LEVELS,
    FindingLabel.PYLORIC_STENOSIS,
    FindingLabel.CONSTIPATION,
)
_BOWEL_GAS = {  # how much of the normal gas is left
    FindingLabel.PYLORIC_STENOSIS: 0.25,
    FindingLabel.AIR_FLUID_LEVELS: 0.3,
    FindingLabel.CONSTIPATION: 0.6,
}


@dataclass(frozen=True)
class Body:
    """A child in the beam.

    Attributes
    ----------
    thickness
        What the beam crosses.
    truth
        Segment number of each pixel, 0 where nothing is found, uint8 (H, W).
    """

    thickness: Thickness
    truth: NDArray[np.uint8]


@dataclass(frozen=True)
class _Insides:
    contents: Contents
    truths: dict[FindingLabel, NDArray[np.uint8]]


def draw_body(seed: int, case: Case, plan: Plan, plane: Plane, habitus: Habitus) -> Body:
    """Return the child of a seed as a case asks for it."""
    if case.kind is PhantomKind.CHEST:
        soft, bone, gas = chest_cage(plane, stream(seed, case.kind, "trunk"))
        return Body(Thickness(soft, bone, gas, marker(plane, plan)), np.zeros(plane.shape, np.uint8))
    is_lateral = case.projection is Projection.CROSS_TABLE_LATERAL
    behind = plane.turned(plan.turn)
    make_trunk, make_bones = (lateral_trunk, lateral_skeleton) if is_lateral else (trunk, skeleton)
    soft = make_trunk(plane, habitus, stream(seed, case.kind, "trunk"))
    bone = make_bones(behind, habitus, stream(seed, case.kind, "bone"))
    insides = (_from_the_side if is_lateral else _insides)(
        seed, case, plane.turned(-0.4 * plan.turn), habitus
    )
    worn = appliances(plane, habitus, stream(seed, case.kind, "appliance"), case.appliances)
    contents = insides.contents
    for likeness in _likenesses(seed, case, plane, habitus):
        contents = together(contents, likeness.contents)
        soft = np.maximum(soft + likeness.soft * np.float32(habitus.depth_mm), 0)
        bone = bone + likeness.bone
    inside = np.clip(soft / (0.1 * habitus.depth_mm), 0, 1)
    thickness = Thickness(
        soft=soft + contents.added * inside,
        bone=bone,
        gas=np.asarray(contents.gas * inside, np.float32),
        lead=marker(plane, plan) + worn,
    )
    return Body(thickness, _segments(insides.truths, plane))


def _likenesses(seed: int, case: Case, plane: Plane, habitus: Habitus) -> list[Likeness]:
    rng = stream(seed, case.kind, "mimic")
    colon = colon_centreline(stream(seed, case.kind, "bowel"), habitus)
    setting = Setting(plane, habitus, colon, case.projection)
    return [draw_mimic(mimic, setting, rng) for mimic in Mimic if mimic in case.mimics]


def _from_the_side(seed: int, case: Case, plane: Plane, habitus: Habitus) -> _Insides:
    contents = lateral_bowel(plane, habitus, stream(seed, case.kind, "bowel"))
    truths = {}
    for label in case.findings:
        sign = gas_in_front(plane, habitus, stream(seed, case.kind, "sign"), case.severities[label])
        contents, truths[label] = together(contents, sign.contents), sign.truth
    return _Insides(contents, truths)


def _insides(seed: int, case: Case, plane: Plane, habitus: Habitus) -> _Insides:
    """Return everything in the hollow organs, and the ground truth of each finding."""
    rng, sign_rng = stream(seed, case.kind, "bowel"), stream(seed, case.kind, "sign")
    colon = colon_centreline(rng, habitus)
    contents = _normal_bowel(case, plane, habitus, colon, rng)
    truths: dict[FindingLabel, NDArray[np.uint8]] = {}
    for label in reversed(PRECEDENCE):
        if label in case.severities:
            sign = _sign(label, case, plane, habitus, colon, contents, sign_rng)
            kept = 1 - 0.9 * sign.truth if label is FindingLabel.PYLORIC_STENOSIS else np.float32(1)
            around = Contents(np.asarray(contents.gas * kept, np.float32), contents.added)
            contents, truths[label] = together(sign.contents, around), sign.truth
    return _Insides(contents, truths)


def _normal_bowel(
    case: Case, plane: Plane, habitus: Habitus, colon: NDArray[np.float64], rng: np.random.Generator
) -> Contents:
    amount = min((_BOWEL_GAS.get(label, 1.0) for label in case.severities), default=1.0)
    if FindingLabel.PYLORIC_STENOSIS in case.severities:  # the milder, the more passes on
        amount += 0.5 * (1 - case.severities[FindingLabel.PYLORIC_STENOSIS])
    bowel = together(
        small_bowel_gas(plane, habitus, rng, amount=amount), colon_gas(plane, colon, rng, amount=amount)
    )
    replaced = FindingLabel.PYLORIC_STENOSIS in case.severities or Mimic.LARGE_GASTRIC_BUBBLE in case.mimics
    stomach = empty(plane) if replaced else gastric_bubble(plane, habitus, rng, case.projection)
    bowel = together(bowel, stomach)
    if FindingLabel.CONSTIPATION not in case.severities and rng.random() < 0.6:
        bowel = together(bowel, normal_stool(plane, colon, rng))
    return bowel


def _sign(
    label: FindingLabel,
    case: Case,
    plane: Plane,
    habitus: Habitus,
    colon: NDArray[np.float64],
    bowel: Contents,
    rng: np.random.Generator,
) -> Sign:
    severity, projection = case.severities[label], case.projection
    if label is FindingLabel.PYLORIC_STENOSIS:
        return distended_stomach(plane, habitus, rng, severity, projection)
    if label is FindingLabel.PNEUMOPERITONEUM:
        return free_gas(plane, habitus, rng, bowel, severity, projection)
    if label is FindingLabel.AIR_FLUID_LEVELS:
        return fluid_levels(plane, habitus, rng, severity, projection)
    return faecal_loading(plane, colon, rng, severity)


def _segments(truths: dict[FindingLabel, NDArray[np.uint8]], plane: Plane) -> NDArray[np.uint8]:
    numbers = np.zeros(plane.shape, np.uint8)
    for label in reversed(PRECEDENCE):
        if label in truths:
            cv2.copyTo(np.full_like(numbers, FINDINGS[label].segment_number), truths[label], numbers)
    return numbers
