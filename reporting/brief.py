"""Cut findings down to what an LLM may see: enumerations, and nothing that a header wrote. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from study.compat import StrEnum
from study.findings import FINDINGS, FindingLabel
from study.model import (
    AgeBand,
    Certainty,
    Finding,
    Frozen,
    Language,
    Presence,
    Radiograph,
    Region,
    Report,
    View,
)


class Number(StrEnum):
    """Whether a finding is one or more than one; how many is never an LLM's to say."""

    SINGLE = "single"
    MULTIPLE = "multiple"


class RadiographName(StrEnum):
    """What a sentence calls one radiograph of several."""

    SUPINE = "supine"
    ERECT = "erect"
    DECUBITUS = "decubitus"
    FIRST = "first"
    SECOND = "second"
    THIRD = "third"
    FOURTH = "fourth"
    FIFTH = "fifth"
    SIXTH = "sixth"
    OTHER = "other"


_BY_VIEW = {
    View.SUPINE: RadiographName.SUPINE,
    View.ERECT: RadiographName.ERECT,
    View.LEFT_LATERAL_DECUBITUS: RadiographName.DECUBITUS,
}
_BY_ORDER = (
    RadiographName.FIRST,
    RadiographName.SECOND,
    RadiographName.THIRD,
    RadiographName.FOURTH,
    RadiographName.FIFTH,
    RadiographName.SIXTH,
)
_RANK = {Presence.PRESENT: 0, Presence.INDETERMINATE: 1, Presence.ABSENT: 2}


class Fact(Frozen):
    """One finding as an LLM sees it: closed enumerations only.

    `certainty`, `region` and `number` are None where the wording may not speak of them;
    `radiograph` is None where the study has only one. `age_band` is given where the wording depends on
    it: a stomach that is seen distended is no pyloric stenosis pattern in a patient over six months.
    """

    ref: str  # f1, f2, ...: its place in the list, never a UID
    finding: FindingLabel
    presence: Presence
    certainty: Certainty | None = None
    region: Region | None = None
    number: Number | None = None
    radiograph: RadiographName | None = None
    age_band: AgeBand | None = None


class Brief(Frozen):
    """All that an LLM is told of a study."""

    language: Language
    facts: list[Fact]


def in_reading_order(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings as a report names them: present first, the critical one before all."""
    labels = list(FindingLabel)

    def key(finding: Finding) -> tuple[int, bool, int]:
        critical = FINDINGS[finding.label].critical
        return _RANK[finding.presence], not critical, labels.index(finding.label)

    return sorted(findings, key=key)


def name_radiographs(radiographs: Sequence[Radiograph]) -> dict[str, RadiographName]:
    """Return what each radiograph is called, by instance UID; empty where there is only one."""
    if len(radiographs) < 2:
        return {}
    views = [_BY_VIEW.get(r.view) for r in radiographs]
    if None not in views and len(set(views)) == len(views):
        return {r.instance_uid: v for r, v in zip(radiographs, views, strict=True) if v is not None}
    ordinals = [_BY_ORDER[i] if i < len(_BY_ORDER) else RadiographName.OTHER for i in range(len(radiographs))]
    return {r.instance_uid: n for r, n in zip(radiographs, ordinals, strict=True)}


def number_of(finding: Finding) -> Number | None:
    """Return whether the finding is one or several; only air-fluid levels are counted."""
    if finding.label is not FindingLabel.AIR_FLUID_LEVELS or finding.presence is not Presence.PRESENT:
        return None
    return {0: None, 1: Number.SINGLE}.get(finding.count, Number.MULTIPLE)


def brief_of(
    findings: Sequence[Finding],
    names: Mapping[str, RadiographName],
    language: Language,
    age_band: AgeBand = AgeBand.UNKNOWN,
) -> tuple[Brief, dict[str, str]]:
    """Return what the LLM is told, and which finding each ``f1, f2, ...`` stands for.

    Parameters
    ----------
    findings
        The findings of the study.
    names
        What each radiograph is called, from `name_radiographs`.
    language
        Language of the wording.
    age_band
        How old the patient was.

    Returns
    -------
    Brief, dict of str to str
        The brief, and the `Finding.id` of each reference (which the LLM never sees).
    """
    ordered = in_reading_order(findings)
    facts = [_fact(f"f{i}", finding, names, age_band) for i, finding in enumerate(ordered, start=1)]
    ids = {fact.ref: finding.id for fact, finding in zip(facts, ordered, strict=True)}
    return Brief(language=language, facts=facts), ids


def age_of(report: Report) -> AgeBand:
    """Return how old the patient of a report was, as far as its words depend on it."""
    return report.exam.age_band if report.exam else AgeBand.UNKNOWN


def _fact(ref: str, finding: Finding, names: Mapping[str, RadiographName], age_band: AgeBand) -> Fact:
    seen = finding.presence is not Presence.ABSENT
    stomach = finding.label is FindingLabel.PYLORIC_STENOSIS and age_band is AgeBand.OVER_SIX_MONTHS
    return Fact(
        ref=ref,
        finding=finding.label,
        presence=finding.presence,
        certainty=finding.certainty if finding.presence is Presence.PRESENT else None,
        region=finding.region if seen else None,
        number=number_of(finding),
        radiograph=names.get(finding.radiograph_uid),
        age_band=age_band if stomach and seen else None,
    )
