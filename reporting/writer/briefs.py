"""Draw random briefs: what a study might have shown. Seeded, pure."""

from __future__ import annotations

from random import Random

from reporting.brief import Brief, Fact, Number, RadiographName
from study.findings import FINDINGS, FindingLabel
from study.model import Certainty, Language, Presence, Region

_VIEWS = (RadiographName.SUPINE, RadiographName.ERECT, RadiographName.DECUBITUS)
_ORDINALS = (RadiographName.FIRST, RadiographName.SECOND, RadiographName.THIRD)
_RANK = {Presence.PRESENT: 0, Presence.INDETERMINATE: 1, Presence.ABSENT: 2}
_PRESENCES = (Presence.ABSENT, Presence.PRESENT, Presence.INDETERMINATE)


def draw_brief(rng: Random, language: Language) -> Brief:
    """Return a random brief of one to three radiographs, its facts in reading order."""
    names = _radiographs(rng)
    weights = rng.choice(((0.85, 0.12, 0.03), (0.6, 0.3, 0.1), (0.4, 0.4, 0.2), (1.0, 0.0, 0.0)))
    facts = [_fact(rng, label, name, weights) for name in names for label in FindingLabel]
    facts.sort(key=_reading_order)
    numbered = [fact.model_copy(update={"ref": f"f{i}"}) for i, fact in enumerate(facts, start=1)]
    return Brief(language=language, facts=numbered)


def _radiographs(rng: Random) -> list[RadiographName | None]:
    count = rng.choices((1, 2, 3), (0.8, 0.17, 0.03))[0]
    if count == 1:
        return [None]
    if rng.random() < 0.7:
        return list(rng.sample(_VIEWS, count))
    return list(_ORDINALS[:count])


def _fact(
    rng: Random, label: FindingLabel, name: RadiographName | None, weights: tuple[float, float, float]
) -> Fact:
    presence = rng.choices(_PRESENCES, weights)[0]
    present = presence is Presence.PRESENT
    counted = present and label is FindingLabel.AIR_FLUID_LEVELS and rng.random() < 0.9
    placed = presence is not Presence.ABSENT and rng.random() < 0.93
    return Fact(
        ref="f0",
        finding=label,
        presence=presence,
        certainty=rng.choice(list(Certainty)) if present else None,
        region=rng.choice(list(Region)) if placed else None,
        number=rng.choice((Number.SINGLE, Number.MULTIPLE, Number.MULTIPLE)) if counted else None,
        radiograph=name,
    )


def _reading_order(fact: Fact) -> tuple[int, bool, int]:
    return _RANK[fact.presence], not FINDINGS[fact.finding].critical, list(FindingLabel).index(fact.finding)
