"""How the third writer's English sentences are put together."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.third_writer_grammar import Grammar, Pen, bare_certainty
from benchmarks.third_writer_words_en import (
    ANYWHERE,
    CONSISTENT,
    DENY,
    FILMS,
    HERE,
    JOIN,
    MEANING,
    MULTIPLE,
    NOUNS,
    PLACES,
    SINGLE,
    STOMACH,
    STOMACH_CLAUSES,
    TELL,
    VIEWS,
)
from reporting.brief import Fact, Number, RadiographName
from study.findings import FindingLabel
from study.model import Certainty


def _bare(noun: str) -> str:
    for article in ("a ", "an ", "only a "):
        if noun.startswith(article) and not noun.startswith("a number of"):
            return noun[len(article) :]
    return noun


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _noun(pen: Pen, fact: Fact, placed: bool) -> tuple[str, str]:
    """Return what the finding is called, and "is" or "are"."""
    if fact.finding is FindingLabel.AIR_FLUID_LEVELS:
        level = pen.pick(NOUNS[fact.finding])
        if fact.number is Number.SINGLE:
            return pen.pick(SINGLE).format(level), "is"
        many = pen.pick(MULTIPLE) if fact.number is Number.MULTIPLE else "{}s"
        return many.format(level), "are" if many.endswith("s") else "is"
    stomach = fact.finding is FindingLabel.PYLORIC_STENOSIS and (placed or fact.age_band or pen.chance(0.3))
    return pen.pick(STOMACH if stomach else NOUNS[fact.finding]), "is"


def _film(pen: Pen, name: RadiographName | None) -> str:
    film = pen.pick(FILMS)
    if name is None:
        return f"{pen.pick(('this', 'the'))} {film}"
    return f"the {pen.pick(VIEWS.get(name, (name.value,)))} {film}"


def _on(pen: Pen, fact: Fact) -> str:
    return f" on {_film(pen, fact.radiograph)}" if fact.radiograph else pen.pick(HERE)


def _tell(pen: Pen, fact: Fact, place: bool) -> str:
    placed = place and fact.region is not None
    where = f" {pen.pick(PLACES[fact.region])}" if placed and fact.region else ""
    on = _on(pen, fact)
    sure = bare_certainty(fact)
    if fact.finding is FindingLabel.PYLORIC_STENOSIS and placed and pen.chance(0.25):
        return pen.pick(STOMACH_CLAUSES[sure]).format(**{"in": where, "on": on})
    noun, be = _noun(pen, fact, placed)
    pattern = pen.pick(TELL[sure])
    meaning = MEANING.get(fact.finding)
    if sure is Certainty.HIGH and meaning and meaning not in noun and not fact.age_band and pen.chance(0.12):
        pattern = "{N}{in}{on}" + pen.pick(CONSISTENT).format(meaning) + "."
    return _fill(pattern, noun, be, where, on, _film(pen, fact.radiograph))


def _fill(pattern: str, noun: str, be: str, where: str, on: str, film: str) -> str:
    words = {"N": _capital(noun), "n": noun, "b": _bare(noun), "be": be, "in": where, "on": on}
    return _capital(pattern.format(**words, Film=_capital(film)))


def _join(pen: Pen, facts: Sequence[Fact]) -> str:
    sure = bare_certainty(facts[0])
    nouns = [_noun(pen, fact, False)[0] for fact in facts]
    nouns = nouns if sure is Certainty.HIGH else [_bare(noun) for noun in nouns]
    listed = _listed(nouns, "and")
    return _capital(pen.pick(JOIN[sure]).format(L=_capital(listed), l=listed, on=_on(pen, facts[0])))


def _listed(nouns: Sequence[str], word: str) -> str:
    if len(nouns) < 3:
        return f" {word} ".join(nouns)
    return f"{', '.join(nouns[:-1])}, {word} {nouns[-1]}"


def _deny(pen: Pen, facts: Sequence[Fact], everywhere: bool) -> str:
    nouns, bes = [], []
    for label in dict.fromkeys(fact.finding for fact in facts):
        fact = next(f for f in facts if f.finding is label)
        noun, be = _noun(pen, fact, False)
        nouns.append(noun)
        bes.append(be)
    on = pen.pick(ANYWHERE) if everywhere else _on(pen, facts[0])
    pattern = pen.pick(DENY)
    while (everywhere and "{Film}" in pattern) or ("{Nor}" in pattern and len(nouns) != 2):
        pattern = pen.pick(DENY)
    bare = [_bare(noun) for noun in nouns]
    return pattern.format(
        o=_listed(bare, "or"),
        A=_capital(_listed(nouns, "and")),
        last=bes[-1],
        be="are" if len(nouns) > 1 else bes[0],
        Nor="Neither " + " nor ".join(nouns),
        on=on,
        Film=_capital(_film(pen, facts[0].radiograph)),
    )


ENGLISH = Grammar(tell=_tell, join=_join, deny=_deny)
