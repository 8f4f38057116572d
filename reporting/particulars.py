"""Check how many a sentence says there are, and on which radiograph, against its facts. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from reporting.brief import Fact, Number
from reporting.lexicon import Mark
from study.findings import FindingLabel
from study.model import Language

Fault = tuple[str, str]
_PLURAL = re.compile(r"\b(levels|interfaces|afls)\b")
_SINGULAR = re.compile(r"\b(level|interface|afl)\b")
_MORE = ("more than", "at least")  # "more than one level" is several


def check_numbers(marks: Sequence[Mark], facts: Sequence[Fact], language: Language) -> Iterator[Fault]:
    """Yield where a sentence counts what is not counted, or otherwise than its facts do."""
    said = {mark.value for mark in marks if mark.kind == "number"}
    if any(not _counts_levels(marks, place) for place, mark in enumerate(marks) if mark.kind == "number"):
        yield "number", "counts what is not air-fluid levels"
    for fact in facts:
        if fact.finding is not FindingLabel.AIR_FLUID_LEVELS:
            continue
        held = fact.number.value if fact.number else None
        for number in sorted(said - {held}):
            yield "number", f"says {number} of {fact.ref}; the fact says {held or 'nothing'}"
        if fact.number is None or language is not Language.ENGLISH:
            continue
        names = [mark.text for mark in marks if mark.kind == "term" and mark.value == fact.finding.value]
        counted = any(mark.kind == "number" and mark.text.startswith(_MORE) for mark in marks)
        plural = any(_PLURAL.search(name) for name in names)
        singular = not counted and any(_SINGULAR.search(name) for name in names)
        if (plural and fact.number is Number.SINGLE) or (singular and fact.number is Number.MULTIPLE):
            yield "number", f"the grammatical number is not that of {fact.ref}, which is {fact.number}"


def _counts_levels(marks: Sequence[Mark], place: int) -> bool:
    """Return whether the number at `place` stands before air-fluid levels, or after them."""
    ahead = list(_until_joiner(marks[place + 1 :]))
    behind = list(_until_joiner(reversed(marks[:place])))
    for side in (ahead, behind):
        term = next((mark for mark in side if mark.kind == "term"), None)
        if term is not None:
            return term.value == FindingLabel.AIR_FLUID_LEVELS.value
    return False


def _until_joiner(marks: Iterable[Mark]) -> Iterator[Mark]:
    for mark in marks:
        if mark.kind == "joiner":
            return
        yield mark


def check_radiographs(marks: Sequence[Mark], facts: Sequence[Fact], every: Sequence[Fact]) -> Iterator[Fault]:
    """Yield where a sentence shows a finding on another radiograph than its facts do, or on none."""
    said_of: dict[FindingLabel, set[str]] = {fact.finding: set() for fact in facts}
    for labels, said in _places(marks, list(said_of)):
        for label in labels:
            said_of[label] |= said - {"every"}
            if "every" in said and (_others(label, facts, every) or not _shown_on(label, facts)):
                yield "radiograph", "speaks of every radiograph and does not refer to each"
            for name in sorted(said - {"every"} - _shown_on(label, facts)):
                yield "radiograph", f"puts {label} on the {name} radiograph"
    everywhere = any(mark.kind == "radiograph" and mark.value == "every" for mark in marks)
    for fact in facts:
        said = said_of[fact.finding]
        if said and (fact.radiograph is None or fact.radiograph.value not in said):
            yield "radiograph", f"puts {fact.ref} on the {' and '.join(sorted(said))} radiograph"
        elif not (said or everywhere) and any(
            _differs(fact, other) for other in _others(fact.finding, facts, every)
        ):
            yield "radiograph", "does not say on which radiograph, and the radiographs differ"


def _places(marks: Sequence[Mark], held: Sequence[FindingLabel]) -> list[tuple[list[FindingLabel], set[str]]]:
    """Return which findings each clause names, and on which radiographs it shows them.

    A clause that says no radiograph takes those said before the first finding, or those of the only
    clause that says any.
    """
    clauses = [(_named(clause, held), _said(clause)) for clause in _clauses(marks)]
    first = next((place for place, mark in enumerate(marks) if mark.kind == "term"), 0)
    telling = [said for _, said in clauses if said]
    lead = _said(marks[:first]) or (telling[0] if len(telling) == 1 else set())
    return [(labels, said or lead) for labels, said in clauses]


def _clauses(marks: Sequence[Mark]) -> list[Sequence[Mark]]:
    """Return the clauses of a denying sentence, each with a denial; another sentence is one clause.

    A clause ends where the next stop or joiner follows "not seen", or stands before another "no".
    """
    bounds = [0]
    stop = 0
    denied = ""
    for place, mark in enumerate(marks):
        if mark.kind in ("comma", "semicolon", "joiner"):
            stop = place
            if denied == "after":
                bounds.append(place)
                denied = ""
        elif mark.kind == "negation" and mark.text != "nor":
            if mark.value == "before" and denied and _names(marks[bounds[-1] : place]):
                bounds.append(place if _names(marks[max(stop, bounds[-1]) : place]) else stop)
            elif mark.value == "after" and denied == "before":
                return [marks]
            denied = mark.value
    clauses: list[Sequence[Mark]] = []
    for begin, end in pairwise([*bounds, len(marks)]):
        if clauses and not _names(marks[begin:end]):
            clauses[-1] = [*clauses[-1], *marks[begin:end]]  # "not seen on the first, not seen on the second"
        else:
            clauses.append(marks[begin:end])
    return clauses


def _names(marks: Sequence[Mark]) -> bool:
    return any(mark.kind == "term" for mark in marks)


def _named(marks: Sequence[Mark], held: Sequence[FindingLabel]) -> list[FindingLabel]:
    named = {mark.value for mark in marks if mark.kind == "term"}
    return [label for label in held if label.value in named or "every" in named]


def _said(marks: Sequence[Mark]) -> set[str]:
    return {mark.value for mark in marks if mark.kind == "radiograph"}


def _shown_on(label: FindingLabel, facts: Sequence[Fact]) -> set[str]:
    return {fact.radiograph.value for fact in facts if fact.finding is label and fact.radiograph}


def _others(label: FindingLabel, facts: Sequence[Fact], every: Sequence[Fact]) -> list[Fact]:
    return [fact for fact in every if fact.finding is label and fact not in facts]


def _differs(one: Fact, other: Fact) -> bool:
    if one.finding is not other.finding:
        return False
    return (one.presence, one.certainty, one.region, one.number) != (
        other.presence,
        other.certainty,
        other.region,
        other.number,
    )
