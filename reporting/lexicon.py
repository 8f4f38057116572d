"""Read a sentence as marks: what each of its words speaks of, by a closed vocabulary. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from reporting.vocabulary import vocabulary
from study.model import Language

UNKNOWN = "unknown"
NEUTRAL = "neutral"
ENDING = "ending"  # a Korean particle or ending: it hangs on a word, and is none by itself
# Tables whose phrases are marks of another kind, with a trait: a term that a region may place, a term
# that names the finding only where it is said to be there, a certainty that stands in a frame
# ("findings suggestive of"), that is a verb ("is suspected"), or that leaves a finding open ("whether").
_TRAITS = {
    "placed": "term",
    "weak": "term",
    "frame": "certainty",
    "open": "certainty",
    "supposed": "certainty",
}
_PUNCTUATION = {",": "comma", "·": "comma", ";": "semicolon", ":": "colon", "(": "bracket", ")": "bracket"}
_SYMBOL = {
    Language.ENGLISH: re.compile(r"\([-+]\)|[^\W_]+|[,·:;%()]"),
    Language.KOREAN: re.compile(r"\([-+]\)|[가-힣]|(?:(?![가-힣])[^\W_])+|[,·:;%()]"),
}
_Meaning = tuple[str, str, str, bool]  # kind, value, trait, whether the phrase has a space in it
_POSSESSIVE = re.compile(r"['’]s\b")
_END = ""  # where a phrase of the vocabulary ends in the tree of its symbols
# A stem, on which an ending may hang after a space ("관찰 되지 않음"), does not end as a whole verb does.
_BEARS_AN_ENDING = frozenset({"assertion", "certainty"})
_ENDED = "다며고지"
_NOMINAL = (4, 16)  # the finals ㄴ and ㅁ, with which an attributive verb and a verb made a noun end


@dataclass(frozen=True)
class Mark:
    """One phrase of a sentence: what it speaks of (`kind`), what it says (`value`), its words."""

    kind: str
    value: str
    text: str
    trait: str = ""


class _Symbol(NamedTuple):
    text: str
    start: int
    end: int
    leads: bool  # whether a space, a sign or nothing stands before it


class Lexicon:
    """The vocabulary of one language, ready to read sentences."""

    def __init__(self, language: Language) -> None:
        self._symbol = _SYMBOL[language]
        self._tree: dict[str, Any] = {}
        words = vocabulary(language)
        self._placed = frozenset(words.get("placed", {}))
        for kind, values in words.items():
            for value, phrases in values.items():
                of_kind, trait = _TRAITS.get(kind, kind), kind if kind in _TRAITS else ""
                for phrase in phrases:
                    self._plant(phrase, (of_kind, value, trait, " " in phrase))

    def read(self, sentence: str) -> list[Mark]:
        """Return the marks of a sentence, in order; words outside the vocabulary are ``unknown``.

        Commas, colons and brackets are marks too, for they bound what a negation reaches.
        """
        text = _POSSESSIVE.sub("", sentence.casefold())
        symbols = list(self._symbols(text))
        marks: list[Mark] = []
        place = 0
        while place < len(symbols):
            after, meaning = self._longest(symbols, place)
            if meaning and meaning[0] == ENDING and symbols[place].leads and not _bears(marks):
                meaning = None
            if meaning is None:
                after, meaning = self._unknown(symbols, place)
            said = text[symbols[place].start : symbols[after - 1].end]
            kind, value, trait, _ = meaning
            if kind == ENDING:  # a copula asserts what it follows; an attributive one is like a verb
                kind, trait = NEUTRAL, value
            marks.append(Mark(kind, value or said, said, trait))
            place = after
        return marks

    def places(self, term: str, marks: Sequence[Mark]) -> bool:
        """Return whether `marks` name a part of the finding `term` that can lie in a region."""
        if term not in self._placed:
            return True
        return any(m.value == term and m.trait == "placed" for m in marks if m.kind in ("term", "own"))

    def _plant(self, phrase: str, meaning: _Meaning) -> None:
        branch = self._tree
        for symbol in self._symbols(phrase.casefold()):
            branch = branch.setdefault(symbol.text, {})
        first = branch.setdefault(_END, meaning)
        if first[:3] == meaning[:3] and meaning[3]:
            branch[_END] = meaning  # the same, written with a space

    def _symbols(self, text: str) -> Iterator[_Symbol]:
        last = -1
        for found in self._symbol.finditer(text):
            yield _Symbol(found[0], found.start(), found.end(), found.start() != last)
            last = found.end() if found[0] not in _PUNCTUATION else -1

    def _longest(self, symbols: Sequence[_Symbol], place: int) -> tuple[int, _Meaning | None]:
        """Return where the longest phrase at `place` ends, and its meaning.

        A shorter one is taken where the longer would leave a piece of a word that nobody knows:
        "저류된 변비" is not "저류된 변" and a rest.
        """
        known = list(self._phrases(symbols, place))
        for after, meaning in reversed(known):
            whole = after == len(symbols) or symbols[after].leads or symbols[after].text in _PUNCTUATION
            if whole or any(True for _ in self._phrases(symbols, after)):
                return after, meaning
        return known[-1] if known else (place, None)

    def _phrases(self, symbols: Sequence[_Symbol], place: int) -> Iterator[tuple[int, _Meaning]]:
        """Yield where each phrase that begins at `place` ends, and its meaning, shortest first.

        One that begins within a word may reach into the next only where it has a space itself:
        "확장이 상복부에" holds no "이상".
        """
        branch = self._tree
        crossed = False
        for at in range(place, len(symbols)):
            branch = branch.get(symbols[at].text, {})
            if not branch:
                return
            crossed = crossed or (at > place and symbols[at].leads)
            meaning = branch.get(_END)
            if meaning and (symbols[place].leads or not crossed or meaning[3]):
                yield at + 1, meaning

    def _unknown(self, symbols: Sequence[_Symbol], place: int) -> tuple[int, _Meaning]:
        """Return the rest of the word that begins at `place`, or the sign that stands there."""
        sign = _PUNCTUATION.get(symbols[place].text)
        if sign:
            return place + 1, (sign, symbols[place].text, "", False)
        after = place + 1
        while after < len(symbols) and not symbols[after].leads and symbols[after].text not in _PUNCTUATION:
            after += 1
        return after, (UNKNOWN, "", "", False)


@cache
def lexicon(language: Language) -> Lexicon:
    """Return the lexicon of a language; built once."""
    return Lexicon(language)


def _bears(marks: Sequence[Mark]) -> bool:
    if not marks:
        return False
    last = marks[-1]
    return last.text == ")" or (last.kind in _BEARS_AN_ENDING and not _ended(last.text))


def _ended(verb: str) -> bool:
    return verb[-1] in _ENDED or (ord(verb[-1]) - ord("가")) % 28 in _NOMINAL
