"""Make training pairs: the very message that production sends, and a grounded reply to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from types import ModuleType
from typing import NamedTuple

from reporting.brief import Brief, Fact
from reporting.grounding import check_wording
from reporting.prompt import facts_text
from reporting.reply import Line, Reply, reply_json
from reporting.writer import paraphrase_en, paraphrase_ko
from reporting.writer.briefs import draw_brief
from study.model import Language, Presence

STYLES = 3
_WORDS: dict[Language, ModuleType] = {Language.ENGLISH: paraphrase_en, Language.KOREAN: paraphrase_ko}


class Pair(NamedTuple):
    """A prompt's facts, a reply to them, and the brief that both come from."""

    facts: str
    reply: str
    brief: Brief


def draw_pairs(count: int, seed: int) -> Iterator[Pair]:
    """Yield `count` pairs, the two languages by turns; the same for the same seed.

    Raises
    ------
    ValueError
        If a paraphrase fails the grounding check: the pattern is wrong, not the draw.
    """
    rng = Random(seed)  # noqa: S311 - synthetic text, nothing secret
    for index in range(count):
        language = list(Language)[index % len(Language)]
        brief = draw_brief(rng, language)
        reply = write_reply(brief, rng.randrange(STYLES))
        checks = check_wording(reply, brief)
        if checks:
            raise ValueError(f"a paraphrase is not grounded: {checks[0].rule}: {checks[0].sentence}")
        yield Pair(facts_text(brief), reply_json(reply), brief)


def write_reply(brief: Brief, style: int) -> Reply:
    """Return the brief worded in one of the styles (0 to 2)."""
    words = _WORDS[brief.language]
    seen = [fact for fact in brief.facts if fact.presence is not Presence.ABSENT]
    absent = _absences(brief, words, style)
    told = [_line(words, fact, words.FINDINGS, style, on=True) for fact in seen]
    return Reply(findings=told + absent, impression=_impression(words, seen, brief, style) or absent)


def write_denials(facts: Sequence[Fact], language: Language) -> list[Line]:
    """Return a sentence for each radiograph that denies its facts, all of them absent."""
    words = _WORDS[language]
    groups = [[f for f in facts if f.radiograph is n] for n in dict.fromkeys(f.radiograph for f in facts)]
    return [
        Line(text=words.deny(group, 0, _on(language, words, group)), refs=[fact.ref for fact in group])
        for group in groups
    ]


def _impression(words: ModuleType, seen: Sequence[Fact], brief: Brief, style: int) -> list[Line]:
    """Return a line a finding; facts that are the same on every radiograph share one."""
    lines: list[Line] = []
    told: set[str] = set()
    radiographs = {fact.radiograph for fact in brief.facts}
    for fact in seen:
        if fact.ref in told:
            continue
        alike = [other for other in seen if _spoken(other) == _spoken(fact)]
        group = alike if len(alike) == len(radiographs) else [fact]
        line = _line(words, fact, words.IMPRESSION, style, on=len(group) != len(radiographs))
        lines.append(Line(text=line.text, refs=[f.ref for f in group]))
        told |= {f.ref for f in group}
    return lines


def _line(words: ModuleType, fact: Fact, table: dict[str, tuple[str, ...]], style: int, *, on: bool) -> Line:
    band = fact.certainty.value if fact.certainty else fact.presence.value
    return Line(text=words.word(fact, table[band][style], style, on=on), refs=[fact.ref])


def _absences(brief: Brief, words: ModuleType, style: int) -> list[Line]:
    absent = [fact for fact in brief.facts if fact.presence is Presence.ABSENT]
    shown = {fact.finding for fact in brief.facts if fact.presence is not Presence.ABSENT}
    several = len({fact.radiograph for fact in brief.facts}) > 1
    groups = [([f for f in absent if f.finding not in shown], words.EVERY if several else words.THIS[style])]
    for name in dict.fromkeys(fact.radiograph for fact in absent):
        here = [f for f in absent if f.radiograph == name and f.finding in shown]
        groups.append((here, _on(brief.language, words, here)))
    return [
        Line(text=words.deny(group, style, on), refs=[fact.ref for fact in group])
        for group, on in groups
        if group
    ]


def _on(language: Language, words: ModuleType, facts: Sequence[Fact]) -> str:
    if not facts or facts[0].radiograph is None:
        return ""
    name: str = words.RADIOGRAPHS[facts[0].radiograph]
    return f" on {name}" if language is Language.ENGLISH else f"{name}에서 "


def _spoken(fact: Fact) -> tuple[object, ...]:
    return fact.finding, fact.presence, fact.certainty, fact.region, fact.number
