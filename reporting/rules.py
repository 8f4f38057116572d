"""Decide what a draft recommends, limits and raises, from the findings alone. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from study.findings import FINDINGS, FindingLabel
from study.model import AgeBand, Certainty, Finding, Presence, Radiograph, View

# Which recommendation follows from a pyloric stenosis pattern; the disease belongs to infants of about
# two to twelve weeks.
_PYLORIC = {
    AgeBand.UNDER_TWO_WEEKS: "pyloric-ultrasound-unusual-age",
    AgeBand.TWO_TO_TWELVE_WEEKS: "pyloric-ultrasound",
    AgeBand.THREE_TO_SIX_MONTHS: "pyloric-ultrasound-unusual-age",
    AgeBand.OVER_SIX_MONTHS: "stomach-correlate",
    AgeBand.UNKNOWN: "pyloric-ultrasound-age-unknown",
}
_HORIZONTAL_BEAM = frozenset({View.ERECT, View.LEFT_LATERAL_DECUBITUS})


def is_critical(findings: Sequence[Finding]) -> bool:
    """Return whether any critical finding is present or cannot be excluded."""
    return any(FINDINGS[f.label].critical and f.presence is not Presence.ABSENT for f in findings)


def recommended(
    findings: Sequence[Finding],
    radiographs: Sequence[Radiograph],
    age_band: AgeBand = AgeBand.UNKNOWN,
) -> dict[str, list[str]]:
    """Return the recommendations that follow by rule: rule id to the findings it rests on.

    Parameters
    ----------
    findings
        Every finding of the study.
    radiographs
        The radiographs they were made on.
    age_band
        How old the patient was.

    Returns
    -------
    dict of str to list of str
        Rule ids in the order in which a report lists them; ``none`` alone where no rule fires.
    """
    rules: dict[str, list[str]] = {}
    free_gas = _of(findings, FindingLabel.PNEUMOPERITONEUM)
    present = [f for f in free_gas if f.presence is Presence.PRESENT]
    seen = [f for f in free_gas if f.presence is not Presence.ABSENT]
    if present:
        rules["pneumoperitoneum-surgeon"] = _ids(present)
    if seen and not _settled(present, radiographs):
        rules["pneumoperitoneum-second-view"] = _ids(seen)
    for rule, label in (
        (_PYLORIC[age_band], FindingLabel.PYLORIC_STENOSIS),
        ("levels-correlate", FindingLabel.AIR_FLUID_LEVELS),
        ("constipation-correlate", FindingLabel.CONSTIPATION),
    ):
        named = [f for f in _of(findings, label) if f.presence is not Presence.ABSENT]
        if named:
            rules[rule] = _ids(named)
    return rules or {"none": []}


def limited(
    findings: Sequence[Finding],
    radiographs: Sequence[Radiograph],
    not_read: int,
    age_band: AgeBand = AgeBand.UNKNOWN,
) -> list[str]:
    """Return which limitations a draft states, by the key of their phrase, in order.

    Parameters
    ----------
    findings
        Every finding of the study.
    radiographs
        The radiographs they were made on.
    not_read
        How many images of the study the model did not assess.
    age_band
        How old the patient was.
    """
    limits = ["assessed"]
    if not_read:
        limits.append("not_read_one" if not_read == 1 else "not_read")
    horizontal = any(r.view in _HORIZONTAL_BEAM for r in radiographs)
    supine = any(r.view is View.SUPINE for r in radiographs)
    if supine and not horizontal and not _seen(findings, FindingLabel.PNEUMOPERITONEUM):
        limits.append("supine_only")
    if supine and not horizontal and not _seen(findings, FindingLabel.AIR_FLUID_LEVELS):
        limits.append("levels_need_horizontal_beam")
    if any(r.view is View.UNKNOWN for r in radiographs):
        limits.append("view_unknown")
    infant = age_band is not AgeBand.OVER_SIX_MONTHS
    if infant and not _seen(findings, FindingLabel.PYLORIC_STENOSIS):
        limits.append("pyloric_absent")
    areas = [f for f in findings if f.area_mm2 is not None and f.presence is Presence.PRESENT]
    if any(f.area_plane == "detector" for f in areas):
        limits.append("detector_plane")
    return limits


def unassessable(findings: Sequence[Finding], radiographs: Sequence[Radiograph]) -> list[Finding]:
    """Return the absences that mean nothing: air-fluid levels where only a supine radiograph was made.

    A level shows where a horizontal beam runs along it. Where another radiograph had such a beam and
    shows no level either, the absence stands for the study; so does one that a reader states.

    Parameters
    ----------
    findings
        Every finding of the study.
    radiographs
        The radiographs they were made on.
    """
    levels = _of(findings, FindingLabel.AIR_FLUID_LEVELS)
    horizontal = any(r.view in _HORIZONTAL_BEAM for r in radiographs)
    if horizontal and not _seen(levels, FindingLabel.AIR_FLUID_LEVELS):
        return []
    supine = {r.instance_uid for r in radiographs if r.view is View.SUPINE}
    said = [f for f in levels if f.presence is Presence.ABSENT and f.stated is None]
    return [f for f in said if f.radiograph_uid in supine]


def _settled(present: Sequence[Finding], radiographs: Sequence[Radiograph]) -> bool:
    """Return whether free gas was seen, and not doubtfully, with a horizontal beam."""
    horizontal = {r.instance_uid for r in radiographs if r.view in _HORIZONTAL_BEAM}
    return any(f.radiograph_uid in horizontal and f.certainty is not Certainty.LOW for f in present)


def _of(findings: Sequence[Finding], label: FindingLabel) -> list[Finding]:
    return [f for f in findings if f.label is label]


def _seen(findings: Sequence[Finding], label: FindingLabel) -> bool:
    return any(f.presence is not Presence.ABSENT for f in _of(findings, label))


def _ids(findings: Sequence[Finding]) -> list[str]:
    return [f.id for f in findings]
