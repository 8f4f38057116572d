"""Keep the findings of one sentence apart: none shows, makes or is another. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from reporting.lexicon import Mark
from study.model import Presence

_OF = ("의", "인")  # "A의 B", "A인 B": the one is the other's


def check_relations(marks: Sequence[Mark], presence: Presence) -> Iterator[tuple[str, str]]:
    """Refuse a sentence that says of one finding that it shows, makes or is another."""
    named = [place for place, mark in enumerate(marks) if mark.kind == "term"]
    for one, two in pairwise(named):
        between = marks[one + 1 : two]
        if marks[one].value == marks[two].value:
            continue
        brackets = [mark.text for mark in between if mark.kind == "bracket"]
        if brackets[-1:] == ["("]:
            yield "finding", f"a bracket calls {marks[one].value} {marks[two].value}"
        if presence is Presence.ABSENT:
            if any(mark.text in _OF for mark in between) and not any(map(_parts, between)):
                yield "finding", f"makes {marks[two].value} of {marks[one].value}"
            continue
        parting = [place for place, mark in enumerate(between) if _parts(mark)]
        if not parting or any(m.kind == "assertion" or m.trait == "frame" for m in between[parting[-1] :]):
            yield "finding", f"makes {marks[two].value} of {marks[one].value}"


def _parts(mark: Mark) -> bool:
    """Return whether a mark joins two findings without saying that the one is or makes the other."""
    return mark.kind in ("joiner", "comma", "semicolon") or mark.text == "with" or mark.text[-1:] in "고며"


def parted(marks: Sequence[Mark]) -> Iterator[Sequence[Mark]]:
    """Yield the parts of a sentence that name one finding each, parted by the last joiner or stop."""
    named = [place for place, mark in enumerate(marks) if mark.kind == "term"]
    begin = 0
    for one, two in pairwise(named):
        if marks[one].value == marks[two].value:
            continue
        places = [at for at in range(one + 1, two) if marks[at].text != "with" and _parts(marks[at])]
        if not places:
            return
        yield marks[begin : places[-1] + 1]
        begin = places[-1] + 1
    yield marks[begin:]


def asserted_apart(marks: Sequence[Mark]) -> bool:
    """Return whether one clause asserts a finding and another, which names it again, holds all the hedges.

    "A pyloric stenosis pattern is seen, the stomach being possibly distended". The stomach itself may be
    seen where the pattern is doubtful.
    """
    clauses: list[list[Mark]] = [[]]
    for mark in marks:
        clauses[-1].append(mark)
        if mark.kind in ("comma", "semicolon", "colon") or mark.text[-1:] in "고며나":
            clauses.append([])
    naming = [clause for clause in clauses if any(mark.kind == "term" for mark in clause)]
    hedged = [any(mark.kind == "certainty" for mark in clause) for clause in clauses]
    if sum(hedged) != sum(any(mark.kind == "certainty" for mark in clause) for clause in naming):
        return False  # a hedge stands by itself: "free gas is seen, with low certainty"
    return any(_asserts(clause) for clause in naming)


def _asserts(clause: Sequence[Mark]) -> bool:
    kinds = {mark.kind for mark in clause}
    named = any(mark.kind == "term" and mark.trait != "placed" for mark in clause)
    return named and "assertion" in kinds and "certainty" not in kinds
