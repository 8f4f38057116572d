"""Check one sentence against the facts that it names. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from reporting.assembly import MATTER, OWN, OWNERS, read_marks
from reporting.brief import Brief, Fact
from reporting.denials import check_denial
from reporting.lexicon import UNKNOWN, Mark, lexicon
from reporting.negation import check_negation
from reporting.particulars import check_numbers, check_radiographs
from reporting.readings import check_reading
from reporting.relations import asserted_apart, check_relations, parted
from reporting.reply import Line
from study.model import Certainty, Check, Language, Presence

# Kinds of word that no fact can hold, so no sentence may use.
FORBIDDEN = {
    UNKNOWN: "not in the vocabulary",
    "side": "names a side outside a region",
    "count": "counts",
    "unit": "gives a unit",
    "comparison": "compares with another examination",
    "recommendation": "recommends or urges",
    "severity": "grades size or severity",
    "normality": "calls something normal",
    "anatomy": "names anatomy that no fact holds",
    "contrast": "joins contrary statements in one sentence",
    "cause": "names a cause",
    "time": "says when",
}
# Scripts in which a sentence may be written: everything else is refused before its words are read.
_FOREIGN = {
    Language.ENGLISH: re.compile(r"[^\x20-\x7e–’]"),
    Language.KOREAN: re.compile(r"[^\x20-\x7e가-힣·–’]"),
}
_SENTENCE_BREAK = re.compile(r"[.!?\n\r]+\s*\S")
_DENIED_TOO = ("frame", "supposed")  # hedges that a denial denies: "no findings suggestive of"
_EVERY = "every"  # the term that names all the facts of a brief
_DIGIT = re.compile(r"\d")


def check_sentence(line: Line, brief: Brief, *, needs_region: bool) -> list[Check]:
    """Return every way in which one sentence departs from the facts that it names.

    Parameters
    ----------
    line
        The sentence and the references it claims.
    brief
        All the facts, and the language.
    needs_region
        Whether the sentence must say where a finding lies if the fact does.
    """
    return [Check(rule=rule, sentence=line.text, message=m) for rule, m in _faults(line, brief, needs_region)]


def _faults(line: Line, brief: Brief, needs_region: bool) -> Iterator[tuple[str, str]]:
    by_ref = {fact.ref: fact for fact in brief.facts}
    strangers = [ref for ref in line.refs if ref not in by_ref]
    if strangers:
        yield "reference", f"no fact is called {strangers[0][:8]}"
        return
    facts = [by_ref[ref] for ref in dict.fromkeys(line.refs)]
    foreign = _FOREIGN[brief.language].search(line.text)
    if foreign:
        yield "script", f"the character {foreign[0]!r} does not belong to a sentence in {brief.language}"
    if _DIGIT.search(line.text):
        yield "number", "numbers are not the wording's to give"
    if _SENTENCE_BREAK.search(line.text):
        yield "one-sentence", "the text holds more than one sentence"
    marks = read_marks(line.text, brief.language)
    yield from check_reading(line.text, lexicon(brief.language).read(line.text), marks, facts, brief)
    if facts[0].presence is Presence.ABSENT:
        all_absent = all(fact.presence is Presence.ABSENT for fact in brief.facts)
        yield from check_denial(line.text, marks, brief.language, all_absent=all_absent)
    faults = list(_departures(marks, facts, brief, needs_region))
    if not (faults and _holds_apart(marks, facts, brief, needs_region)):
        yield from faults


def _holds_apart(marks: Sequence[Mark], facts: Sequence[Fact], brief: Brief, needs_region: bool) -> bool:
    """Return whether each finding of a sentence has a part to itself, with a hedge of its own, that holds.

    "Probable pneumoperitoneum and possible constipation" says of each what is true of it. A part without
    a hedge is not parted, for the hedge before it may reach it; nor is a denial.
    """
    if any(fact.presence is Presence.ABSENT for fact in facts):
        return False
    told = list(parted(marks))
    labels = [{mark.value for mark in part if mark.kind == "term"} for part in told]
    if len(told) < 2 or sum(map(len, labels)) != len(set().union(*labels)):
        return False
    for part, named in zip(told, labels, strict=True):
        of_part = [fact for fact in facts if fact.finding.value in named]
        hedged = any(mark.kind == "certainty" and mark.trait not in ("frame", "open") for mark in part)
        if not (of_part and hedged) or any(_departures(part, of_part, brief, needs_region)):
            return False
    return {fact.finding.value for fact in facts} == set().union(*labels)


def _departures(
    marks: Sequence[Mark], facts: Sequence[Fact], brief: Brief, needs_region: bool
) -> Iterator[tuple[str, str]]:
    """Yield every way in which marks depart from the facts that they claim to word."""
    for mark in marks:
        if mark.kind in FORBIDDEN:
            yield mark.kind, f"'{mark.text}' {FORBIDDEN[mark.kind]}"
    yield from _terms(marks, facts, brief.facts)
    presences = {fact.presence for fact in facts}
    if len(presences) > 1:
        yield "presence", "one sentence names findings that are present and findings that are not"
        return
    yield from check_negation(marks, facts[0].presence, brief.language)
    yield from _weakened(marks, facts[0].presence)
    yield from check_relations(marks, facts[0].presence)
    yield from _certainty(marks, facts)
    yield from _own(marks, facts)
    yield from _regions(marks, facts, needs_region)
    yield from _placements(marks, facts, brief.language)
    yield from _ages(marks, facts)
    yield from check_numbers(marks, facts, brief.language)
    yield from check_radiographs(marks, facts, brief.facts)


def _terms(marks: Sequence[Mark], facts: Sequence[Fact], every: Sequence[Fact]) -> Iterator[tuple[str, str]]:
    named = {mark.value for mark in marks if mark.kind == "term"}
    held = {fact.finding.value for fact in facts}
    if _EVERY in named and all(fact.presence is Presence.ABSENT for fact in every):
        listed = named - {_EVERY}
        named = listed or held  # "none of the findings assessed is seen", or a list of them all
    for extra in sorted(named - held):
        yield "finding", f"names {extra}, which none of its references is"
    for missing in sorted(held - named):
        yield "finding", f"refers to {missing} and does not name it"


def _weakened(marks: Sequence[Mark], presence: Presence) -> Iterator[tuple[str, str]]:
    """Refuse what says less, or denies more, of all the findings of a sentence than its facts do."""
    if presence is Presence.PRESENT and any(m.kind == "joiner" and m.value == "or" for m in marks):
        yield "certainty", "leaves open which of the findings is present"
    if presence is not Presence.ABSENT:
        return
    for place, mark in enumerate(marks):
        if mark.kind == "term" and mark.trait == "weak":
            yield "negation", f"'{mark.text}' denies more than the finding"
        tied = any(later.trait == "frame" for later in _until_term(marks[place + 1 :]))
        if mark.kind == MATTER and not tied:
            yield "negation", f"'{mark.text}' denies more than the finding"


def _until_term(marks: Sequence[Mark]) -> Iterator[Mark]:
    for mark in marks:
        if mark.kind in ("term", "joiner", "comma"):
            return
        yield mark


def _own(marks: Sequence[Mark], facts: Sequence[Fact]) -> Iterator[tuple[str, str]]:
    """Demand that anatomy and matter be those of the finding that they stand by."""
    held = {fact.finding for fact in facts}
    for place, mark in enumerate(marks):
        if mark.kind == MATTER and not OWNERS[mark.value] & held:
            yield "finding", f"speaks of {mark.value}, which none of its references is made of"
        if mark.kind != OWN:
            continue
        before = [m.value for m in marks[:place] if m.kind == "term"]
        after = [m.value for m in marks[place:] if m.kind == "term"]
        if (before[-1:] or after[:1]) != [mark.value]:
            yield "anatomy", f"'{mark.text}' {FORBIDDEN['anatomy']}"


def _certainty(marks: Sequence[Mark], facts: Sequence[Fact]) -> Iterator[tuple[str, str]]:
    """Demand of every hedge that it be the fact's own, and of a doubtful fact that it be hedged."""
    denied = facts[0].presence is Presence.ABSENT
    hedges = [m for m in marks if m.kind == "certainty" and not (denied and m.trait in _DENIED_TOO)]
    ties = [m for m in hedges if m.trait == "frame" and m.value == Certainty.HIGH.value]
    if len(ties) < len(hedges):  # "in keeping with a probable ..." is probable
        hedges = [m for m in hedges if m not in ties]
    said = {mark.value for mark in hedges}
    firm = {mark.value for mark in hedges if mark.trait != "open"}
    if not denied and not firm - {Certainty.HIGH.value} and any(mark.kind == "opinion" for mark in marks):
        yield "certainty", "gives as an opinion what the fact states"
    for fact in facts:
        if fact.presence is Presence.INDETERMINATE:
            allowed = needed = {"indeterminate"}
        elif fact.presence is Presence.ABSENT:
            allowed, needed = {Certainty.HIGH.value}, set()  # "no definite evidence of"
        else:
            band = fact.certainty or Certainty.HIGH
            allowed = {band.value}
            needed = set() if band is Certainty.HIGH else allowed
        for word in sorted(said - allowed):
            yield "certainty", f"says {word} of {fact.ref}, which is {' or '.join(allowed)}"
        if needed - firm or (needed and asserted_apart(marks)):
            yield "certainty", f"does not say that {fact.ref} is {' or '.join(needed)}"


def _regions(marks: Sequence[Mark], facts: Sequence[Fact], needed: bool) -> Iterator[tuple[str, str]]:
    said = {mark.value for mark in marks if mark.kind == "region"}
    for fact in facts:
        held = fact.region.value if fact.region else None
        for region in sorted(said - {held}):
            yield "region", f"puts {fact.ref} in {region}; the fact says {held or 'nowhere'}"
        if needed and held and not said:
            yield "omitted-region", f"does not say that {fact.ref} lies in {held}"


def _placements(
    marks: Sequence[Mark], facts: Sequence[Fact], language: Language
) -> Iterator[tuple[str, str]]:
    """Demand that a region place what can lie in it: the stomach, not the pattern that it forms."""
    if not any(mark.kind == "region" for mark in marks):
        return
    for fact in facts:
        if not lexicon(language).places(fact.finding.value, marks):
            yield "placement", f"gives {fact.finding} a place and does not name what lies there"


def _ages(marks: Sequence[Mark], facts: Sequence[Fact]) -> Iterator[tuple[str, str]]:
    """Demand that a finding which the patient's age rules out be named by what is seen, not as disease."""
    for fact in facts:
        if fact.age_band is None:
            continue
        for mark in marks:
            if mark.value == fact.finding.value and mark.trait != "placed":
                yield "age", f"'{mark.text}' does not belong to a patient {fact.age_band.replace('_', ' ')}"
