"""Read a sentence as marks: what each of its words speaks of, by a closed vocabulary. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from reporting.vocabulary import vocabulary
from study.model import Language

UNKNOWN = "unknown"
NEUTRAL = "neutral"
PLACED = "placed"  # not a kind of word: which words of a term a region may place
# "the stomach may be distended": the hedge stands within the term, and is read before it
_WITHIN = re.compile(
    r"\bstomach\s+((?:is|appears)\s+(?:probably|possibly|likely)|(?:may|might|could)\s+be)"
    r"(?=\s+(?:distended|dilated|gas|air)\b)"
)
_WORD = {
    Language.ENGLISH: re.compile(r"[^\W_]+"),
    Language.KOREAN: re.compile(r"[^\W_]+"),
}


@dataclass(frozen=True)
class Mark:
    """One phrase of a sentence: what it speaks of (`kind`), what it says (`value`), its words."""

    kind: str
    value: str
    text: str


class Lexicon:
    """The vocabulary of one language, ready to read sentences."""

    def __init__(self, language: Language) -> None:
        self._meanings: dict[str, tuple[str, str]] = {}
        words = vocabulary(language)
        self._placed = {value: {_key(p) for p in phrases} for value, phrases in words[PLACED].items()}
        for kind, values in words.items():
            if kind == PLACED:
                continue
            for value, phrases in values.items():
                for phrase in phrases:
                    self._meanings.setdefault(_key(phrase), (kind, value))
        spaced = language is Language.ENGLISH
        longest_first = sorted(self._meanings, key=len, reverse=True)
        known = "|".join(_pattern(key, spaced=spaced) for key in longest_first)
        self._known = re.compile(known)
        self._language = language

    def read(self, sentence: str) -> list[Mark]:
        """Return the marks of a sentence, in order; words outside the vocabulary are ``unknown``.

        Commas are marks too, for they bound what a negation reaches.
        """
        text = sentence.casefold().replace("-", " ").replace("–", " ").replace("/", " ")
        text = _WITHIN.sub(r"\1 stomach is", text)
        marks: list[Mark] = []
        position = 0
        while position < len(text):
            found = self._known.match(text, position) or _WORD[self._language].match(text, position)
            if found is None:
                if text[position] == ",":
                    marks.append(Mark("comma", ",", ","))
                position += 1
                continue
            kind, value = self._meanings.get(_key(found[0]), (UNKNOWN, found[0]))
            marks.append(Mark(kind, value, found[0]))
            position = found.end()
        return marks

    def places(self, term: str, marks: Sequence[Mark]) -> bool:
        """Return whether `marks` name a part of the finding `term` that can lie in a region."""
        if term not in self._placed:
            return True
        return any(m.value == term and _key(m.text) in self._placed[term] for m in marks if m.kind == "term")


@cache
def lexicon(language: Language) -> Lexicon:
    """Return the lexicon of a language; built once."""
    return Lexicon(language)


def _key(phrase: str) -> str:
    flat = phrase.casefold().replace("-", " ").replace("/", " ")
    return re.sub(r"\s+", "", flat) if _hangul(flat) else re.sub(r"\s+", " ", flat).strip()


def _hangul(text: str) -> bool:
    return any("가" <= c <= "힣" for c in text)


def _pattern(key: str, *, spaced: bool) -> str:
    if not spaced and _hangul(key):
        return r"\s*".join(re.escape(c) for c in key)
    body = r"\s+".join(re.escape(word) for word in key.split(" "))
    left = r"(?<![^\W_])" if key[0].isalnum() else ""
    right = r"(?![^\W_])" if key[-1].isalnum() else ""
    if not spaced:  # a Korean particle may follow a Latin word
        right = r"(?![a-z0-9])" if key[-1].isalnum() else ""
    return f"{left}{body}{right}"
