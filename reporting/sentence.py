"""Check one sentence against the facts that it names. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from reporting.brief import Brief, Fact, Number
from reporting.lexicon import UNKNOWN, Mark, lexicon
from reporting.negation import check_negation
from reporting.reply import Line
from study.findings import FindingLabel
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
}
# Scripts in which a sentence may be written: everything else is refused before its words are read.
_FOREIGN = {
    Language.ENGLISH: re.compile(r"[^\x20-\x7e–’]"),
    Language.KOREAN: re.compile(r"[^\x20-\x7e가-힣·–’]"),
}
_SENTENCE_BREAK = re.compile(r"[.!?\n\r]+\s*\S")
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
    marks = lexicon(brief.language).read(line.text)
    for mark in marks:
        if mark.kind in FORBIDDEN:
            yield mark.kind, f"'{mark.text}' {FORBIDDEN[mark.kind]}"
    yield from _terms(marks, facts)
    presences = {fact.presence for fact in facts}
    if len(presences) > 1:
        yield "presence", "one sentence names findings that are present and findings that are not"
        return
    yield from check_negation(marks, presences.pop())
    yield from _certainty(marks, facts)
    yield from _regions(marks, facts, needs_region)
    yield from _placements(marks, facts, brief.language)
    yield from _ages(marks, facts, brief.language)
    yield from _numbers(marks, facts)
    yield from _radiographs(marks, facts, brief.facts)


def _terms(marks: Sequence[Mark], facts: Sequence[Fact]) -> Iterator[tuple[str, str]]:
    named = {mark.value for mark in marks if mark.kind == "term"}
    held = {fact.finding.value for fact in facts}
    for extra in sorted(named - held):
        yield "finding", f"names {extra}, which none of its references is"
    for missing in sorted(held - named):
        yield "finding", f"refers to {missing} and does not name it"


def _certainty(marks: Sequence[Mark], facts: Sequence[Fact]) -> Iterator[tuple[str, str]]:
    """Demand of every hedge that it be the fact's own, and of a doubtful fact that it be hedged."""
    said = {mark.value for mark in marks if mark.kind == "certainty"}
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
        if needed - said:
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


def _ages(marks: Sequence[Mark], facts: Sequence[Fact], language: Language) -> Iterator[tuple[str, str]]:
    """Demand that a finding which the patient's age rules out be named by what is seen, not as disease."""
    for fact in facts:
        if fact.age_band is None:
            continue
        for mark in marks:
            if mark.value == fact.finding.value and not lexicon(language).places(mark.value, [mark]):
                yield "age", f"'{mark.text}' does not belong to a patient {fact.age_band.replace('_', ' ')}"


def _numbers(marks: Sequence[Mark], facts: Sequence[Fact]) -> Iterator[tuple[str, str]]:
    said = {mark.value for mark in marks if mark.kind == "number"}
    terms = {mark.text for mark in marks if mark.kind == "term"}
    of_levels = _stand_before(marks, "number", FindingLabel.AIR_FLUID_LEVELS)
    for fact in facts:
        held = fact.number.value if fact.number else None
        if of_levels and len(facts) > 1 and fact.finding is not FindingLabel.AIR_FLUID_LEVELS:
            continue  # "multiple air-fluid levels and faecal loading": nothing is said of the latter
        for number in sorted(said - {held}):
            yield "number", f"says {number} of {fact.ref}; the fact says {held or 'nothing'}"
        if fact.finding is not FindingLabel.AIR_FLUID_LEVELS or fact.number is None:
            continue
        plural = any(text.endswith("levels") for text in terms)
        counted = any(mark.kind == "number" and mark.text.startswith("more than") for mark in marks)
        singular = any(text.endswith("level") for text in terms) and not counted  # "more than one level"
        if (plural and fact.number is Number.SINGLE) or (singular and fact.number is Number.MULTIPLE):
            yield "number", f"the grammatical number is not that of {fact.ref}, which is {fact.number}"


def _stand_before(marks: Sequence[Mark], kind: str, label: FindingLabel) -> bool:
    """Return whether the next finding named after each mark of `kind` is `label`."""
    later = [
        next((mark for mark in marks[place:] if mark.kind == "term"), None)
        for place, mark in enumerate(marks)
        if mark.kind == kind
    ]
    return bool(later) and all(term is not None and term.value == label.value for term in later)


def _radiographs(
    marks: Sequence[Mark], facts: Sequence[Fact], every: Sequence[Fact]
) -> Iterator[tuple[str, str]]:
    said = {mark.value for mark in marks if mark.kind == "radiograph"}
    labels = {fact.finding for fact in facts}
    others = [fact for fact in every if fact.finding in labels and fact not in facts]
    if "every" in said:
        if others or all(fact.radiograph is None for fact in facts):
            yield "radiograph", "speaks of every radiograph and does not refer to each"
        said -= {"every"}
    for fact in facts:
        for name in sorted(said - {fact.radiograph.value if fact.radiograph else None}):
            yield "radiograph", f"puts {fact.ref} on the {name} radiograph"
    if not said and any(_differs(fact, other) for fact in facts for other in others):
        yield "radiograph", "does not say on which radiograph, and the radiographs differ"


def _differs(one: Fact, other: Fact) -> bool:
    if one.finding is not other.finding:
        return False
    return (one.presence, one.certainty, one.region, one.number) != (
        other.presence,
        other.certainty,
        other.region,
        other.number,
    )
