"""How the third writer's Korean sentences are put together."""

from __future__ import annotations

import re
from collections.abc import Sequence

from benchmarks.third_writer_grammar import Grammar, Pen, bare_certainty
from benchmarks.third_writer_words_ko import (
    AND,
    ANYWHERE,
    DENY,
    ENDINGS,
    FILMS,
    HERE,
    JOIN,
    LISTS,
    MULTIPLE,
    NOUNS,
    PLACES,
    SINGLE,
    STOMACH,
    TELL,
    VIEWS,
)
from reporting.brief import Fact, Number
from study.findings import FindingLabel


def _particles(text: str) -> str:
    """Return the text with each ``?x/y`` settled by the sound before it."""

    def settle(match: re.Match[str]) -> str:
        tail = (ord(match[1]) - 0xAC00) % 28
        closed = tail != 0 and not (match[2] == "으로" and tail == 8)
        return match[1] + (match[2] if closed else match[3])

    return re.sub(r"([가-힣])\?([가-힣]+)/([가-힣]+)", settle, text)


def _end(pen: Pen, text: str) -> str:
    """Return the sentence with its ending in one register."""
    register = pen.rng.randrange(3)

    def settle(match: re.Match[str]) -> str:
        stem, ending = match[1], ENDINGS[match[2]][register]
        spoken = f"{stem}{ending}"
        for wrong, right in (
            ("존재하다", "존재한다"),
            ("못하다", "못한다"),
            ("않다", "않는다"),
            ("보임니다", "보입니다"),
            ("보이다", "보인다"),
            ("어렵음", "어려움"),
        ):
            spoken = spoken.replace(wrong, right)
        return spoken

    return _particles(re.sub(r"([가-힣]*)\[([가-힣])\]", settle, text))


def _noun(pen: Pen, fact: Fact, placed: bool) -> str:
    if fact.finding is FindingLabel.AIR_FLUID_LEVELS:
        level = pen.pick(NOUNS[fact.finding])
        if fact.number is Number.SINGLE:
            return pen.pick(SINGLE).format(level)
        return pen.pick(MULTIPLE).format(level) if fact.number is Number.MULTIPLE else level
    stomach = fact.finding is FindingLabel.PYLORIC_STENOSIS and (placed or fact.age_band or pen.chance(0.3))
    return pen.pick(STOMACH if stomach else NOUNS[fact.finding])


def _on(pen: Pen, fact: Fact) -> str:
    if fact.radiograph is None:
        return pen.pick(HERE)
    return f"{pen.pick(VIEWS[fact.radiograph])} {pen.pick(FILMS)}"


def _tell(pen: Pen, fact: Fact, place: bool) -> str:
    placed = place and fact.region is not None
    where = pen.pick(PLACES[fact.region]) if placed and fact.region else ""
    noun = _noun(pen, fact, placed)
    pattern = pen.pick(TELL[bare_certainty(fact)])
    while "소견" in noun and "소견" in pattern:
        pattern = pen.pick(TELL[bare_certainty(fact)])
    words = {"n": noun, "at": f"{where}에 " if where else "", "of": f"{where}의 " if where else ""}
    return _end(pen, pattern.format(on=_on(pen, fact), **words))


def _listed(pen: Pen, nouns: Sequence[str], joints: Sequence[str]) -> str:
    if len(nouns) < 2:
        return nouns[0]
    return pen.pick(joints).format(", ".join(nouns[:-1]), nouns[-1])


def _join(pen: Pen, facts: Sequence[Fact]) -> str:
    listed = _listed(pen, [_noun(pen, fact, False) for fact in facts], AND)
    pattern = pen.pick(JOIN[bare_certainty(facts[0])])
    return _end(pen, pattern.format(on=_on(pen, facts[0]), l=listed))


def _deny(pen: Pen, facts: Sequence[Fact], everywhere: bool) -> str:
    firsts = {fact.finding: fact for fact in reversed(facts)}
    labels = dict.fromkeys(fact.finding for fact in facts)
    listed = _listed(pen, [_noun(pen, firsts[label], False) for label in labels], LISTS)
    on = pen.pick(ANYWHERE) if everywhere else _on(pen, facts[0])
    pattern = pen.pick(DENY)
    while "소견" in listed and "소견" in pattern:
        pattern = pen.pick(DENY)
    return _end(pen, pattern.format(on=on, l=listed))


KOREAN = Grammar(tell=_tell, join=_join, deny=_deny)
