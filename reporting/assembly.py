"""Put together the names that a sentence takes apart: "the stomach in the pelvis is distended". Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reporting.lexicon import NEUTRAL, UNKNOWN, Mark, lexicon
from study.findings import FindingLabel
from study.model import Language

PART = "part"
OWN = "own"  # what belongs to a finding, and is said of it alone: its anatomy, that stool is retained
MATTER = "matter"  # what a finding is made of, and no finding by itself
# Which parts name a finding together, and the trait of that name.
_NAMES = {
    frozenset({"stomach", "distended"}): (FindingLabel.PYLORIC_STENOSIS, "placed"),
    frozenset({"stool", "retained"}): (FindingLabel.CONSTIPATION, ""),
    frozenset({"gas", "free"}): (FindingLabel.PNEUMOPERITONEUM, ""),
    frozenset({"gas", "cavity"}): (FindingLabel.PNEUMOPERITONEUM, ""),
}
_MAY_STAND_BETWEEN = {NEUTRAL, "assertion", "region", "radiograph", "certainty", "comma", OWN, "negation"}
# What a part is where no other part completes it.
_LEFT = {"gas": MATTER, "stool": MATTER}
_ANATOMY = {
    "stomach": (FindingLabel.PYLORIC_STENOSIS, "placed"),
    "cavity": (FindingLabel.PNEUMOPERITONEUM, ""),
    "retained": (FindingLabel.CONSTIPATION, ""),
}
OWNERS = {
    "gas": {FindingLabel.PNEUMOPERITONEUM, FindingLabel.PYLORIC_STENOSIS, FindingLabel.AIR_FLUID_LEVELS},
    "stool": {FindingLabel.CONSTIPATION},
}


def read_marks(text: str, language: Language) -> list[Mark]:
    """Return what each phrase of a sentence speaks of, its names put together."""
    return assembled(lexicon(language).read(text))


def assembled(marks: Sequence[Mark]) -> list[Mark]:
    """Return the marks with every name put together, and what is left of parts as what it is by itself."""
    done = list(marks)
    for place, mark in enumerate(done):
        if mark.kind == PART:
            _complete(done, place)
    done = [_left(mark) if mark.kind == PART else mark for mark in done]
    return [_joined(done, place) for place in range(len(done))]


def _named_in(marks: Sequence[Mark]) -> bool:
    return any(mark.kind == "term" for mark in marks)


def _joined(marks: Sequence[Mark], place: int) -> Mark:
    """Return the mark, a joiner made neutral where it joins radiographs ("the supine and erect views")."""
    mark = marks[place]
    ahead = next((m for m in marks[place + 1 :] if m.kind != NEUTRAL), None)
    back = next((m for m in reversed(marks[:place]) if m.kind != NEUTRAL), None)
    joins = mark.kind == "joiner" or (mark.kind == "negation" and back is not None)
    if mark.text == "neither" and ahead and ahead.kind == "radiograph" and _named_in(marks[:place]):
        return replace(mark, value="after")  # "pneumoperitoneum is seen on neither the first nor ..."
    if joins and ahead and back and ahead.kind == back.kind == "radiograph":
        return replace(mark, kind=NEUTRAL)
    return mark


def _complete(marks: list[Mark], place: int) -> None:
    """Make a term of the part at `place` and the part that completes it, if one follows.

    The term stands where the first part stood, unless a negation that comes before what it denies
    parts the two ("the stomach shows no distension").
    """
    other = next((at for at in _within_reach(marks, place) if _named(marks[place], marks[at])), None)
    if other is None:
        return
    one, two = marks[place], marks[other]
    label, trait = _NAMES[frozenset({one.value, two.value})]
    denied = any(m.kind == "negation" and m.value == "before" for m in marks[place:other])
    term = Mark("term", label.value, f"{one.text} {two.text}", trait)
    for at in range(place, other + 1):
        if marks[at].kind == PART:
            marks[at] = replace(marks[at], kind=NEUTRAL)
    marks[other if denied else place] = term


def _within_reach(marks: Sequence[Mark], place: int) -> Iterator[int]:
    """Yield the parts that stand after `place` with nothing between that parts them."""
    for at in range(place + 1, len(marks)):
        if marks[at].kind == PART:
            yield at
            if marks[at].value != "gas":  # "위가 가스로 팽창": gas fills the stomach
                return
        elif marks[at].kind not in _MAY_STAND_BETWEEN:
            return


def _named(one: Mark, two: Mark) -> bool:
    return frozenset({one.value, two.value}) in _NAMES


def _left(mark: Mark) -> Mark:
    if mark.value in _ANATOMY:
        label, trait = _ANATOMY[mark.value]
        return Mark(OWN, label.value, mark.text, trait)
    return replace(mark, kind=_LEFT.get(mark.value, UNKNOWN))
