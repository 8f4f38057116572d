"""The closed vocabulary of each language: which words speak of what, for a radiologist to review.

A phrase may hold alternatives in braces: ``{gas|air}-distended stomach`` stands for two phrases,
``stool{| loading}`` for "stool" and "stool loading". ``<gas>`` stands for every phrase of the part of
that name in the table ``parts``: so a finding's names are put together of qualifier, material and noun.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from study.compat import tomllib
from study.model import Language

PARTS = "parts"
_PIECE = re.compile(r"<\w+>|[{}|]|[^{}|<>]+")


@cache
def vocabulary(language: Language) -> dict[str, Any]:
    """Return the vocabulary table of a language (``en.toml``, ``ko.toml``), its phrases spelt out."""
    table = tomllib.loads((files(__name__) / f"{language.value}.toml").read_text("utf-8"))
    parts = table.pop(PARTS, {})
    return {
        kind: {
            value: list(dict.fromkeys(one for p in phrases for one in spelt_out(p, parts)))
            for value, phrases in values.items()
        }
        for kind, values in table.items()
    }


def spelt_out(phrase: str, parts: Mapping[str, Sequence[str]] | None = None) -> list[str]:
    """Return the phrases that a phrase with alternatives in braces and with named parts stands for."""
    return _alternatives(_PIECE.findall(phrase), parts or {})


def _alternatives(pieces: list[str], parts: Mapping[str, Sequence[str]]) -> list[str]:
    """Return what stands up to the closing brace, or the end; `pieces` is read and emptied that far."""
    every: list[str] = []
    said = [""]
    while pieces:
        piece = pieces.pop(0)
        if piece == "}":
            break
        if piece == "|":
            every, said = every + said, [""]
            continue
        if piece == "{":
            follow = _alternatives(pieces, parts)
        elif piece.startswith("<"):
            follow = [one for phrase in parts[piece[1:-1]] for one in spelt_out(phrase, parts)]
        else:
            follow = [piece]
        said = [one + other for one in said for other in follow]
    return list(dict.fromkeys(every + said))
