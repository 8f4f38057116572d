"""Check what a negation in a sentence reaches: all the findings it names, or none. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from reporting.lexicon import NEUTRAL, Mark
from study.model import Presence

Fault = tuple[str, str]
_DENYING_JOINERS = {("joiner", "or"), ("negation", "before")}  # "A or B", "A nor B", "A and no B"


def check_negation(marks: Sequence[Mark], presence: Presence) -> Iterator[Fault]:
    """Yield the faults of a sentence whose findings are all `presence`."""
    negations = [i for i, mark in enumerate(marks) if mark.kind == "negation"]
    if presence is not Presence.ABSENT:
        if negations:
            yield "negation", f"denies ('{marks[negations[0]].text}') what is {presence}"
        return
    if not negations:
        yield "negation", "does not deny what is absent"
        return
    terms = [i for i, mark in enumerate(marks) if mark.kind == "term"]
    if not terms:
        return
    yield from _reach(marks, negations, terms)
    yield from _asserted(marks, negations, terms)


def _reach(marks: Sequence[Mark], negations: Sequence[int], terms: Sequence[int]) -> Iterator[Fault]:
    """Every finding must lie in the reach of one negation, and of no second one."""
    before = [i for i in negations if marks[i].value == "before"]
    after = [i for i in negations if marks[i].value == "after"]
    if before and after:
        yield "negation", "denies twice"
        return
    if before:
        if before[0] > terms[0]:
            yield "negation", "the first finding stands outside the negation"
        if any(mark.kind == "comma" for mark in marks[before[0] : terms[0]]):
            yield "negation", "a comma parts the negation from what it denies"
    elif after[-1] < terms[-1]:
        yield "negation", "the last finding stands outside the negation"
    for one, two in pairwise(negations):
        if not any(one < term < two for term in terms):
            yield "negation", "denies twice"


def _asserted(marks: Sequence[Mark], negations: Sequence[int], terms: Sequence[int]) -> Iterator[Fault]:
    """No verb in a denying sentence may assert: it is denied itself, or the list before it is."""
    if _is_denied_list(marks, negations, terms):
        return
    words = [i for i, mark in enumerate(marks) if mark.kind != NEUTRAL]
    for index in words:
        if marks[index].kind != "assertion":
            continue
        if not _touches_negation(marks, words, words.index(index)):
            yield "negation", f"'{marks[index].text}' asserts in a sentence that denies"


def _is_denied_list(marks: Sequence[Mark], negations: Sequence[int], terms: Sequence[int]) -> bool:
    """Return whether one leading negation governs a single finding, or a list closed by "or"."""
    if marks[negations[0]].value != "before" or negations[0] > terms[0]:
        return False
    if any(mark.kind == "assertion" for mark in marks[negations[0] : terms[-1]]):
        return False
    if len(terms) == 1:
        return True
    between = marks[terms[-2] + 1 : terms[-1]]
    return any((mark.kind, mark.value) in _DENYING_JOINERS for mark in between)


def _touches_negation(marks: Sequence[Mark], words: Sequence[int], place: int) -> bool:
    """Return whether a run of verbs that holds this one has a negation at either end."""
    for step in (1, -1):
        at = place + step
        while 0 <= at < len(words) and marks[words[at]].kind == "assertion":
            at += step
        if 0 <= at < len(words) and marks[words[at]].kind == "negation":
            return True
    return False
