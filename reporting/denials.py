"""Refuse a denial that can be read as an assertion: how its findings are joined, and what is denied. Pure.

`negation` asks which findings a denial reaches. This asks whether a reader could take it otherwise:
"no free gas, constipation" may name a finding, "not assessed" denies no finding at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from reporting.denial_words import BETWEEN, HEDGED, IMAGE, JOINS, LACKS, OF_A_LIST, PARTIAL, TIES, UNDONE
from reporting.lexicon import Mark
from study.findings import FindingLabel
from study.model import Language

Fault = tuple[str, str]


def check_denial(
    text: str, marks: Sequence[Mark], language: Language, *, all_absent: bool
) -> Iterator[Fault]:
    """Yield where a sentence that denies its findings can be read otherwise.

    Parameters
    ----------
    text
        The sentence.
    marks
        Its marks, names put together.
    language
        Its language.
    all_absent
        Whether no fact of the study is present, so that nothing is "otherwise" absent.
    """
    said = text.casefold()
    for pattern, why in (
        (UNDONE, "says what is not done or where nothing lies, and denies no finding"),
        (HEDGED, "hedges what it denies"),
        (PARTIAL, "may deny of all together what is true of each"),
    ):
        if pattern[language].search(said):
            yield "negation", why
    if all_absent and re.search(r"\botherwise\b|그 외|그 밖", said):
        yield "negation", "denies the rest where nothing is present"
    if re.search(r"[을할일될낼] 것|[었았했]을", said):
        yield "certainty", "expects what the facts state"
    signs = [mark for mark in marks if mark.text == "(-)"]
    if signs and len(signs) < len({mark.value for mark in marks if mark.kind == "term"}):
        yield "negation", "gives one sign to several findings"
    yield from _joined(text, marks, language)
    yield from _taken_back(marks)
    yield from _before_hedged(marks)
    if language is Language.ENGLISH:
        yield from _lists(marks)
        yield from _not_a_name(marks)


def _joined(text: str, marks: Sequence[Mark], language: Language) -> Iterator[Fault]:
    named = [place for place, mark in enumerate(marks) if mark.kind == "term"]
    for one, two in pairwise(named):
        between = marks[one + 1 : two]
        if any(mark.kind == "negation" for mark in between):
            continue
        if marks[one].value == marks[two].value:
            if not _same(marks[two], between):
                yield "negation", f"'{marks[two].text}' may stand outside the denial"
            continue
        if "every" in (marks[one].value, marks[two].value):
            continue
        slash = not between and "/" in text
        joins = [at for at, mark in enumerate(between) if _joins(mark, language)]
        shown = any(mark.kind == "radiograph" for mark in between)
        stray = [m for m in between if not (_belongs(m, language) or (shown and m.text in IMAGE))]
        last = between[joins[-1]] if joins else None
        bare = last and last.kind == "comma" and {m.text for m in between} & {"소견", "형성"}
        if bare and not _noun_after(marks, two):
            yield "negation", f"'{marks[one].text}' may stand outside the denial"
        framed = last and last.kind == "comma" and any(m.trait == "frame" for m in between[joins[-1] :])
        if not (joins or slash) or stray or framed:
            yield "negation", f"'{marks[two].text}' may stand outside the denial"


def _noun_after(marks: Sequence[Mark], place: int) -> bool:
    """Return whether the rest of a denial speaks of signs, or of yet another finding."""
    signs = BETWEEN[Language.KOREAN] - set("을를의은는이가도")
    return any(m.kind == "term" or m.text in signs for m in marks[place + 1 :])


def _joins(mark: Mark, language: Language) -> bool:
    return mark.kind in JOINS or (language is Language.KOREAN and mark.text == "도")


def _belongs(mark: Mark, language: Language) -> bool:
    if mark.text.endswith("함께"):
        return False  # "변비와 함께 기복증은 없음" may assert what comes with it
    if mark.kind in ("joiner", "comma", "assertion", "radiograph", "own", "matter"):
        return True  # what these do, `negation`, `particulars` and `sentence` ask
    return mark.trait in TIES or mark.text in BETWEEN[language]


def _same(second: Mark, between: Sequence[Mark]) -> bool:
    """Return whether a finding that is named twice is denied both times."""
    if any(mark.trait == "frame" or mark.kind == "attribute" for mark in between):
        return True
    if any(mark.kind == "joiner" and mark.value in ("or", "list") for mark in between):
        return True
    if second.value == FindingLabel.PYLORIC_STENOSIS.value and second.trait != "placed":
        return [mark.text for mark in between] in (["of"], ["of", "a"], ["of", "the"], ["의"])
    texts = "".join(mark.text for mark in between)
    return texts in ("", "성") or texts.startswith("에해당")


def _taken_back(marks: Sequence[Mark]) -> Iterator[Fault]:
    before = ""
    for place, mark in enumerate(marks):
        if mark.kind != "negation":
            continue
        near = [m for m in marks[:place][-2:] if m.kind in ("comma", "semicolon")]
        joined = any(m.kind == "joiner" and m.value == "and" for m in marks[max(0, place - 2) : place])
        if before == "before" and LACKS.match(mark.text) and not (near or joined):
            yield "negation", f"'{mark.text}' takes back what was denied"
        before = mark.value
    yield from _twice(marks)


def _not_a_name(marks: Sequence[Mark]) -> Iterator[Fault]:
    """Refuse "and not constipation are absent"."""
    for place, mark in enumerate(marks):
        ahead = next((m for m in marks[place + 1 :] if m.text not in ("a", "an", "the", "any")), None)
        follows = ahead.kind if ahead else ""
        if mark.kind == "negation" and mark.value == "after" and follows == "term":
            behind = marks[place - 1].value if place else ""
            if mark.text not in ("absent", "nil", "are absent", "is absent") or behind == "or":
                yield "negation", f"'{mark.text}' takes back what is denied"


def _before_hedged(marks: Sequence[Mark]) -> Iterator[Fault]:
    """Refuse "findings suggest no free gas", which is no plain denial."""
    for place, mark in enumerate(marks):
        signs = next((m for m in marks[place + 1 :] if m.kind != "neutral"), None)
        if (
            mark.trait in ("frame", "supposed")
            and signs
            and signs.kind == "negation"
            and signs.value == "before"
        ):
            yield "certainty", f"'{mark.text}' hedges the denial"


def _twice(marks: Sequence[Mark]) -> Iterator[Fault]:
    """Refuse a second "not" with no finding and no radiograph of its own: "not seen, not absent"."""
    denials = [place for place, mark in enumerate(marks) if mark.kind == "negation" and mark.value == "after"]
    for one, two in pairwise(denials):
        if not any(mark.kind in ("term", "radiograph") for mark in marks[one + 1 : two]):
            yield "negation", "denies twice"
    for place in denials:
        if place and marks[place - 1].text == "안":
            yield "negation", "denies twice"


def _lists(marks: Sequence[Mark]) -> Iterator[Fault]:
    """Demand that a list after "no" end with "or", and that a colon begin no other finding."""
    places = [place for place, mark in enumerate(marks) if mark.kind == "negation"]
    for place, end in pairwise([*places, len(marks)]):
        mark = marks[place]
        if mark.value == "after" or (end < len(marks) and marks[end].value == "after"):
            if mark.value == "after":
                yield from _before_not(marks, place)
            continue
        terms = [at for at in range(place, end) if marks[at].kind == "term"]
        if len(terms) < 2 or marks[terms[-1]].value == marks[terms[-2]].value:
            continue
        between = marks[terms[-2] + 1 : terms[-1]]
        kinds = [m.kind for m in between]
        if marks[terms[0]].value == "every" or (end < len(marks) and marks[end].text == "nor"):
            continue
        if "colon" in [m.kind for m in marks[terms[0] : terms[-1]]]:
            yield "negation", "a colon parts one finding from another"
        if (
            "joiner" not in kinds
            and "comma" in kinds
            and not (mark.text.startswith("neg") and len(terms) > 2)
        ):
            yield "negation", "a comma alone may part the last finding from the denial"
        elif any(m.kind == "joiner" and m.value == "and" for m in between) and not OF_A_LIST.match(mark.text):
            yield "negation", "'and' may part the last finding from the denial"


def _before_not(marks: Sequence[Mark], place: int) -> Iterator[Fault]:
    """Refuse "constipation, and free gas is not seen", which may deny the last alone."""
    begin = max((at + 1 for at in range(place) if marks[at].kind == "negation"), default=0)
    terms = [at for at in range(begin, place) if marks[at].kind == "term"]
    if len({marks[at].value for at in terms}) < 2 or begin:
        return
    between = marks[terms[-2] + 1 : terms[-1]]
    comma = any(m.kind == "comma" for m in between) and len(terms) == 2
    single = any(m.text in ("is", "was", "has") for m in marks[terms[-1] : place])
    either = any(m.kind == "joiner" and m.value == "or" for m in between)
    if not either and (comma or single):
        yield "negation", "'and' may part the first finding from the denial"
