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
from study.model import Certainty, Language, Presence

Fault = tuple[str, str]
_UNREAD = re.compile(r"[?!+=<>~\"#&*@^$|\\_\[\]{}`]")
_MINUS = re.compile(r"(^|[\s:,(])-[\s.,)]*$")
_SIGNED = re.compile(r"\([-+]\)")
# Phrases that say what no fact holds, though each of their words may stand in a true sentence.
_SAYS: dict[Language, tuple[tuple[str, str, re.Pattern[str]], ...]] = {
    Language.ENGLISH: (
        (
            "negation",
            "says that gas is not there",
            re.compile(r"\b(gas|air)(-free\b| free\b(?! (in|within|inside) the perit))"),
        ),
        ("recommendation", "urges", re.compile(r"\bconcerning\b(?! for)(?! [a-z])")),
        ("anatomy", "names a collection that is not of free gas", re.compile(r"\bcollections?\b")),
        ("cause", "says where a finding comes from", re.compile(r"\b(arises?|arising)\b")),
        ("severity", "says how much of it there is", re.compile(r"\bin part\b")),
        (
            "region",
            "speaks of other regions",
            re.compile(
                r"\b(all|both|other|multiple|several|these|any|either) (regions|areas|parts|sites|zones)\b"
            ),
        ),
        (
            "region",
            "speaks of the abdomen beside a region",
            re.compile(r"\babdomen,? (and|or|as well as|plus) (the )?(pelvi|left|right|upper|lower|central)"),
        ),
        (
            "region",
            "speaks of the abdomen beside a region",
            re.compile(r"(pelvis|quadrant),? (and|or|as well as|plus|both) (the )?abdomen"),
        ),
        ("region", "speaks of other regions", re.compile(r"\bhere (and|in)\b|, here\b")),
        (
            "anatomy",
            "says that the abdomen is distended",
            re.compile(
                r"(?<!central )(?<!upper )(?<!lower )(?<!whole )(?<!entire )abdomen (is )?(distended|dilated)"
            ),
        ),
    ),
    Language.KOREAN: (
        ("negation", "says 'not' in a short form", re.compile(r"x(?!선| 선|-)")),
        (
            "region",
            "speaks of a part of a region",
            re.compile(r"안쪽|(?<!복부의 )(?<!복부 )가운데에|[상하]복부 가운데|골반 가운데"),
        ),
        (
            "region",
            "speaks of other regions",
            re.compile(
                r"(?<!복부의 )(?<!복부 )모든 (부위|영역|구역|부분)|(여러|다수의?|각각의?) (부위|영역|구역|부분)"
            ),
        ),
        ("region", "speaks of the abdomen beside a region", re.compile(r"복부(,|와| 및) 복부")),
        ("region", "speaks of a part of a region", re.compile(r"([상하]복부|골반)의? 모든")),
        ("certainty", "hedges", re.compile(r"이나마")),
    ),
}
_COLLECTED = re.compile(
    r"\b(gas|gaseous|air)[ -]collections?\b|\bcollections? of (free |extraluminal |intraperitoneal |peritoneal )*"
    r"(gas|air)\b"
)
_COUNTED = frozenset(
    {"radiograph", "radiographs", "view", "views", "film", "films", "image", "images", "projection"}
    | {"projections", "x-ray", "x-rays", "regions", "region", "area", "patient", "child", "study", "models"}
    | {"영상", "사진", "촬영", "환자", "환아", "부위", "영역", "형태"}
)
_TWO = re.compile(
    r"\b(both|either|neither)( of)?( the| these| available)? (radiograph|view|film|image|projection|x-ray)s?\b"
    r"|두 (장|영상|사진|자세|복부|개의 영상)"
)
_THREE = re.compile(r"세 (장|영상|사진|자세|복부|개의 영상)")
_SHADOW = re.compile(r"(?<!유리 )(?<!유리)(?<!자유 )(가스|공기) 음영( 및|과|,| 그리고)")
_RELATING = frozenset(
    {"representing", "represents", "represent", "indicating", "indicates", "indicate", "reflecting"}
    | {"reflects", "reflect", "constituting", "corresponding to", "corresponds to", "denoting", "denotes"}
    | {"namely", "termed", "conforming to", "conforms to", "manifested", "manifesting", "이로", "즉", "곧"}
)
_SOUGHT = frozenset({"assessed", "assessment", "evaluation", "평가", "판독", "분석"})
_TOWARD = frozenset(
    {"for", "regarding", "concerning", "대한", "대해", "대하여", "에 대한", "에 대해", "에 관한", "관한"}
)
_TO_COME = frozenset({"있을", "보일", "드러낼", "존재할", "찾을", "낼"})
_THOUGHT = frozenset({"생각", "판단"})
_SWOLLEN = ("distended", "dilated", "distension", "팽창", "팽만", "확장", "늘어")
_OF_BOTH = frozenset({"both", "all", "each", "either", "모두", "각각", "함께"})
_ABOUT = re.compile(r"\b(type|form|site|location|point|status)\b (of|and)|의 (형태|위치|부위)")


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
    unread = _UNREAD.search(_SIGNED.sub("", said)) or _MINUS.search(_SIGNED.sub("", said))
    if unread:
        yield "script", f"the sign {unread[0]!r} may mean anything"
    for rule, why, pattern in _SAYS[brief.language]:
        if pattern.search(_COLLECTED.sub("", said)):
            yield rule, why
    yield from _counted(marks)
    yield from _radiographs(said, brief)
    yield from _swollen(raw)
    yield from _parted_radiographs(raw)
    if facts[0].presence is Presence.ABSENT:
        return
    yield from _related(marks)
    if _SHADOW.search(said):
        yield "finding", "speaks of gas as another finding"
    yield from _hedges(marks, facts, said)
    if len({fact.finding for fact in facts}) > 1 and any(
        m.text in _OF_BOTH for m in marks if m.kind == NEUTRAL
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
        if one.kind == "number" and two.kind in (NEUTRAL, "radiograph") and two.text in _COUNTED:
            yield "number", f"counts '{two.text}'"
        if one.kind == "certainty" and two.kind == NEUTRAL and two.text in _COUNTED - {"region", "area"}:
            yield "certainty", f"hedges '{two.text}'"


def _radiographs(said: str, brief: Brief) -> Iterator[Fault]:
    names = {fact.radiograph for fact in brief.facts}
    if (_TWO.search(said) and len(names) != 2) or (_THREE.search(said) and len(names) != 3):
        yield "radiograph", "speaks of another number of radiographs"


def _swollen(raw: Sequence[Mark]) -> Iterator[Fault]:
    """Refuse a distended abdomen or region, where the stomach is what is distended."""
    for place, mark in enumerate(raw):
        if mark.kind != "part" or mark.value != "distended" or not mark.text.startswith(_SWOLLEN):
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
            m.text in _RELATING or m.text in ("giving", "forming", "raising") or m.trait == "frame"
            for m in between
        ):
            yield "finding", f"makes {marks[two].value} of {marks[one].value}"
    for place, mark in enumerate(marks):
        if mark.kind != "matter":
            continue
        ahead = list(takewhile(_is_no_term, marks[place + 1 :]))
        behind = list(takewhile(_is_no_term, reversed(marks[:place])))
        beside = ahead if place + 1 + len(ahead) < len(marks) else behind
        if any(m.kind == "joiner" and m.value in ("and", "list") for m in beside):
            yield "finding", f"speaks of {mark.value} as another finding"


def _is_no_term(mark: Mark) -> bool:
    return mark.kind != "term"


def _hedges(marks: Sequence[Mark], facts: Sequence[Fact], said: str) -> Iterator[Fault]:
    firm = facts[0].presence is Presence.PRESENT and facts[0].certainty in (None, Certainty.HIGH)
    texts = {mark.text for mark in marks}
    hedged = any(mark.kind == "certainty" for mark in marks)
    if "diagnostic of" in texts and not firm:
        yield "certainty", "'diagnostic of' hedges nothing"
    if not any(m.kind == "assertion" for m in marks) and not hedged and texts & _SOUGHT and texts & _TOWARD:
        yield "certainty", "says what was looked for, and not what is there"
    if not firm and any(mark.text.endswith((" 뚜렷한", " 명확한")) for mark in marks):
        yield "certainty", "calls clear what the fact does not"
    if firm and re.search(r"\bcould\b", said):
        yield "certainty", "'could' hedges what the fact states"
    if firm and not hedged and texts & _TO_COME:
        yield "certainty", "expects what the fact states"
    if firm and not hedged and texts & _THOUGHT:
        yield "certainty", "gives as an opinion what the fact states"
    if facts[0].presence is Presence.INDETERMINATE and _ABOUT.search(said):
        yield "certainty", "leaves open the kind or place of a finding, and not whether it is there"
    if not firm:
        yield from _asserted_first(marks)
        yield from _hung_on_the_place(marks)


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
    return mark.kind in (NEUTRAL, "assertion") and mark.text.endswith(("며", "고")) and mark.text != "보고"


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
