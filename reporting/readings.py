"""Refuse what a sentence says beside its facts in words that are each allowed. Pure.

The vocabulary lets many plain words through. Some of them, put together, say what no fact holds: signs
that nobody reads, a hedge that hangs on the place, a count of radiographs, a finding only looked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise, takewhile

from reporting.brief import Brief, Fact
from reporting.lexicon import NEUTRAL, Mark
from reporting.reading_words import (
    ABOUT,
    COLLECTED,
    COUNTED,
    DENYING,
    ENDS_A_CLAUSE,
    EXPECTED,
    MINUS,
    OF_BOTH,
    RELATING,
    SAYS,
    SHADOW,
    SIGNED,
    SOUGHT,
    SWOLLEN,
    THOUGHT,
    THREE,
    TO_COME,
    TOWARD,
    TWO,
    UNREAD,
)
from study.model import Certainty, Presence

Fault = tuple[str, str]


def check_reading(
    text: str, raw: Sequence[Mark], marks: Sequence[Mark], facts: Sequence[Fact], brief: Brief
) -> Iterator[Fault]:
    """Yield what a sentence says beside its facts in words that are each allowed.

    Parameters
    ----------
    text
        The sentence.
    raw
        Its marks as they stand.
    marks
        Its marks, names put together.
    facts
        The facts that it refers to, of one presence.
    brief
        All the facts, and the language.
    """
    said = text.casefold()
    unread = UNREAD.search(SIGNED.sub("", said)) or MINUS.search(SIGNED.sub("", said))
    if unread:
        yield "script", f"the sign {unread[0]!r} may mean anything"
    for rule, why, pattern in SAYS[brief.language]:
        if pattern.search(COLLECTED.sub("", said)):
            yield rule, why
    yield from _counted(marks)
    yield from _radiographs(said, brief)
    yield from _swollen(raw)
    yield from _parted_radiographs(raw)
    if facts[0].presence is Presence.ABSENT:
        return
    yield from _related(marks)
    if DENYING.search(said):
        yield "negation", "denies"
    if any(mark.value == "likewise" for mark in marks) and len({fact.finding for fact in facts}) < 2:
        yield "finding", "likens a finding to none"
    if SHADOW.search(said):
        yield "finding", "speaks of gas as another finding"
    yield from _hedges(marks, facts, said)
    if len({fact.finding for fact in facts}) > 1 and any(
        m.text in OF_BOTH for m in marks if m.kind == NEUTRAL
    ):
        yield "finding", "says of all its findings what is true of one"


def _parted_radiographs(raw: Sequence[Mark]) -> Iterator[Fault]:
    """Refuse "on the erect and no supine radiograph", which shows a finding on one alone."""
    marks = [mark for mark in raw if mark.kind != NEUTRAL]
    for place, mark in enumerate(marks[:-1]):
        if (
            mark.kind != "negation"
            or mark.text in ("nor", "neither")
            or marks[place + 1].kind != "radiograph"
        ):
            continue
        if any(m.kind == "radiograph" for m in marks[:place]) and marks[place - 1].kind in (
            "joiner",
            "radiograph",
        ):
            yield "radiograph", f"'{mark.text}' parts the radiographs"


def _counted(marks: Sequence[Mark]) -> Iterator[Fault]:
    for one, two in pairwise(marks):
        if one.kind == "number" and two.kind in (NEUTRAL, "radiograph") and two.text in COUNTED:
            yield "number", f"counts '{two.text}'"
        if one.kind == "certainty" and two.kind == NEUTRAL and two.text in COUNTED - {"region", "area"}:
            yield "certainty", f"hedges '{two.text}'"


def _radiographs(said: str, brief: Brief) -> Iterator[Fault]:
    names = {fact.radiograph for fact in brief.facts}
    if (TWO.search(said) and len(names) != 2) or (THREE.search(said) and len(names) != 3):
        yield "radiograph", "speaks of another number of radiographs"


def _swollen(raw: Sequence[Mark]) -> Iterator[Fault]:
    """Refuse a distended abdomen or region, where the stomach is what is distended."""
    for place, mark in enumerate(raw):
        if mark.kind != "part" or mark.value != "distended" or not mark.text.startswith(SWOLLEN):
            continue
        back = [
            m
            for m in raw[:place]
            if not (m.kind in ("assertion", "comma") or m.text in ("이", "가", "은", "는", "the"))
        ]
        named = any(m.value == "stomach" for m in raw[:place])
        if not back:
            continue
        if back[-1].text in ("abdomen", "복부", "abdominal") or (
            back[-1].kind == "region" and not named and not _stomach_next(raw, place)
        ):
            yield "anatomy", f"says that '{back[-1].text}' is distended"


def _stomach_next(raw: Sequence[Mark], place: int) -> bool:
    return any(mark.value == "stomach" for mark in raw[place + 1 : place + 2])


def _related(marks: Sequence[Mark]) -> Iterator[Fault]:
    named = [place for place, mark in enumerate(marks) if mark.kind == "term"]
    for one, two in pairwise(named):
        between = marks[one + 1 : two]
        if marks[one].value != marks[two].value and any(
            m.text in RELATING or m.text in ("giving", "forming", "raising") or m.trait == "frame"
            for m in between
        ):
            yield "finding", f"makes {marks[two].value} of {marks[one].value}"
    for place, mark in enumerate(marks):
        if mark.kind != "matter":
            continue
        ahead = list(takewhile(_is_no_term, marks[place + 1 :]))
        behind = list(takewhile(_is_no_term, reversed(marks[:place])))
        beside = ahead if place + 1 + len(ahead) < len(marks) else behind
        stops = ahead and ahead[0].kind == "comma" and beside is ahead
        if stops or any(m.kind == "joiner" and m.value in ("and", "list") for m in beside):
            yield "finding", f"speaks of {mark.value} as another finding"


def _is_no_term(mark: Mark) -> bool:
    return mark.kind != "term"


def _hedges(marks: Sequence[Mark], facts: Sequence[Fact], said: str) -> Iterator[Fault]:
    firm = facts[0].presence is Presence.PRESENT and facts[0].certainty in (None, Certainty.HIGH)
    texts = {mark.text for mark in marks}
    hedged = any(mark.kind == "certainty" for mark in marks)
    if "diagnostic of" in texts and not firm:
        yield "certainty", "'diagnostic of' hedges nothing"
    if not any(m.kind == "assertion" for m in marks) and not hedged and texts & SOUGHT and texts & TOWARD:
        yield "certainty", "says what was looked for, and not what is there"
    if not firm and any(mark.text.endswith((" 뚜렷한", " 명확한")) for mark in marks):
        yield "certainty", "calls clear what the fact does not"
    if firm and re.search(r"\bcould\b", said):
        yield "certainty", "'could' hedges what the fact states"
    if firm and not hedged and (texts & TO_COME or EXPECTED.search(said)):
        yield "certainty", "expects what the fact states"
    if firm and not hedged and texts & THOUGHT:
        yield "certainty", "gives as an opinion what the fact states"
    if facts[0].presence is Presence.INDETERMINATE and ABOUT.search(said):
        yield "certainty", "leaves open the kind or place of a finding, and not whether it is there"
    if not firm:
        yield from _asked_of_itself(marks)
        yield from _asserted_first(marks)
        yield from _hung_on_the_place(marks)


def _asked_of_itself(marks: Sequence[Mark]) -> Iterator[Fault]:
    """Refuse "whether the retained stool is constipation", which asserts what it leaves open."""
    named = [
        mark.value
        for place, mark in enumerate(marks)
        if mark.kind == "term" and mark.trait != "placed" and marks[place - 1].text != "("
    ]  # "분변 저류(변비) 여부" asks of both names
    if any(m.trait == "open" for m in marks) and len(named) > len(set(named)):
        yield "certainty", "asserts by one name what it leaves open by another"


def _asserted_first(marks: Sequence[Mark]) -> Iterator[Fault]:
    """Refuse "is seen and cannot be excluded": what is asserted, and hedged in another clause."""
    open_ = any(mark.trait == "open" for mark in marks)
    for place, mark in enumerate(marks):
        if open_ or mark.kind != "certainty" or mark.trait == "frame":
            continue
        begins = [at for at in range(place) if _begins_a_clause(marks, at)]
        if not begins or any(m.kind == "term" for m in marks[begins[-1] :]):
            continue
        told = marks[: begins[-1] + 1]
        if (
            any(m.kind == "assertion" for m in told)
            and any(m.kind == "term" for m in told)
            and not any(m.kind == "certainty" for m in told)
        ):
            yield "certainty", "asserts in one clause what it hedges in another"


def _begins_a_clause(marks: Sequence[Mark], at: int) -> bool:
    mark = marks[at]
    if mark.kind in ("comma", "semicolon", "colon") or mark.text in ("and", "which", "that"):
        return True
    return mark.kind in (NEUTRAL, "assertion") and mark.text.endswith(ENDS_A_CLAUSE) and mark.text != "보고"


def _hung_on_the_place(marks: Sequence[Mark]) -> Iterator[Fault]:
    for place, mark in enumerate(marks[:-1]):
        if mark.kind != "certainty" or not place or mark.trait:
            continue
        before = marks[place - 1]
        rest = [m for m in marks[place + 1 : place + 4] if m.text not in ("the", "this")]
        placed = [m.kind for m in rest[1:2]] in (["region"], ["radiograph"]) or [
            m.text for m in rest[1:2]
        ] == ["radiograph"]
        if before.kind == "comma" and rest and rest[0].text in ("in", "on", "within", "over") and placed:
            yield "certainty", "hedges the place and not the finding"
        if before.text == "일" and place > 1 and marks[place - 2].kind == "region":
            yield "certainty", "hedges the place and not the finding"
        if mark.text.endswith(" lie") or (mark.text == "may" and rest and rest[0].text == "lie"):
            yield "certainty", "hedges the place and not the finding"
