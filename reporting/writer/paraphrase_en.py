"""English ways to word a fact: each a pattern that a radiologist might write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from reporting.brief import Fact, Number, RadiographName
from study.findings import FindingLabel
from study.model import Region


class Noun(NamedTuple):
    """A finding's name: bare, with its article, and whether it is plural."""

    bare: str
    full: str
    plural: bool = False

    @property
    def be(self) -> str:
        """The form of "to be" that agrees."""
        return "are" if self.plural else "is"


STOMACH = Noun("gas-distended stomach", "a gas-distended stomach")
NOUNS: dict[FindingLabel, tuple[Noun, ...]] = {
    FindingLabel.PNEUMOPERITONEUM: (
        Noun("free intraperitoneal gas", "free intraperitoneal gas"),
        Noun("pneumoperitoneum", "pneumoperitoneum"),
        Noun("free intraperitoneal air", "free intraperitoneal air"),
    ),
    FindingLabel.PYLORIC_STENOSIS: (
        Noun("pyloric stenosis pattern", "a pyloric stenosis pattern"),
        STOMACH,
        Noun("pyloric stenosis pattern", "a pyloric stenosis pattern"),
    ),
    FindingLabel.CONSTIPATION: (
        Noun("faecal loading", "faecal loading"),
        Noun("stool retention", "stool retention"),
        Noun("faecal retention", "faecal retention"),
    ),
}
LEVELS = {
    None: Noun("air-fluid levels", "air-fluid levels", plural=True),
    Number.SINGLE: Noun("single air-fluid level", "a single air-fluid level"),
    Number.MULTIPLE: Noun("multiple air-fluid levels", "multiple air-fluid levels", plural=True),
}
REGIONS = {region: "the " + region.value.replace("_", " ") for region in Region}
REGIONS[Region.CENTRAL_ABDOMEN] = "the central abdomen"
RADIOGRAPHS = {name: f"the {name.value} radiograph" for name in RadiographName}
RADIOGRAPHS[RadiographName.DECUBITUS] = "the left lateral decubitus radiograph"

# One tuple a style; a report keeps to one style. S: the noun with a capital; s: with its article;
# b: bare; be: is or are; where: " in the upper abdomen"; on: " on the erect radiograph".
FINDINGS: dict[str, tuple[str, ...]] = {
    "high": ("{S}{where}{on}.", "{S} {be} seen{where}{on}.", "There {be} {s}{where}{on}."),
    "moderate": (
        "Probable {b}{where}{on}.",
        "{S} {be} probable{where}{on}.",
        "There {be} probably {s}{where}{on}.",
    ),
    "low": (
        "Possible {b}{where}{on}.",
        "{S} {be} possible{where}{on}.",
        "There {be} possibly {s}{where}{on}.",
    ),
    "indeterminate": (
        "Indeterminate for {s}{where}{on}.",
        "{S}{where} cannot be excluded{on}.",
        "{S}{where} {be} indeterminate{on}.",
    ),
}
IMPRESSION: dict[str, tuple[str, ...]] = {
    "high": ("{B}{on}.", "{B}{where}{on}.", "{B}{on}."),
    "moderate": ("Probable {b}{on}.", "Probable {b}{where}{on}.", "Probable {b}{on}."),
    "low": ("Possible {b}{on}.", "Possible {b}{where}{on}.", "Possible {b}{on}."),
    "indeterminate": (
        "Indeterminate for {s}{on}.",
        "{S} cannot be excluded{on}.",
        "{S} {be} indeterminate{on}.",
    ),
}
ABSENT = (
    "No evidence of {or_list}{on}.",
    "{And_list} {be} not seen{on}.",
    "There is no evidence of {or_list}{on}.",
)
EVERY = " on these radiographs"
THIS = ("", " on this radiograph", " on this radiograph")


def word(fact: Fact, pattern: str, style: int, *, on: bool) -> str:
    """Return `pattern` filled from a fact that is present or indeterminate."""
    noun = _noun(fact, style)
    if fact.finding is FindingLabel.PYLORIC_STENOSIS and fact.region and "{where}" in pattern:
        noun = STOMACH  # a pattern lies nowhere; the stomach does
    where = f" in {REGIONS[fact.region]}" if fact.region else ""
    shown = f" on {RADIOGRAPHS[fact.radiograph]}" if on and fact.radiograph else ""
    return pattern.format(
        S=_capital(noun.full),
        s=noun.full,
        B=_capital(noun.bare),
        b=noun.bare,
        be=noun.be,
        where=where,
        on=shown,
    )


def deny(facts: Sequence[Fact], style: int, on: str) -> str:
    """Return one sentence that denies facts which are all absent."""
    nouns = list(dict.fromkeys(_noun(fact, style) for fact in facts))
    names = [noun.full for noun in nouns]
    be = "are" if len(nouns) > 1 or nouns[0].plural else "is"
    return ABSENT[style].format(
        or_list=_joined(names, " or "), And_list=_capital(_joined(names, " and ")), be=be, on=on
    )


def _noun(fact: Fact, style: int) -> Noun:
    if fact.finding is FindingLabel.AIR_FLUID_LEVELS:
        return LEVELS[fact.number]
    return NOUNS[fact.finding][style]


def _joined(names: Sequence[str], last: str) -> str:
    return last.join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
