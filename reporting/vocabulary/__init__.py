"""The closed vocabulary of each language: which words speak of what, for a radiologist to review.

A phrase may hold alternatives in braces: ``{gas|air}-distended stomach`` stands for two phrases,
``stool{| loading}`` for "stool" and "stool loading".
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any

from study.compat import tomllib
from study.model import Language

_BRACES = re.compile(r"\{([^{}]*)\}")


@cache
def vocabulary(language: Language) -> dict[str, Any]:
    """Return the vocabulary table of a language (``en.toml``, ``ko.toml``), its braces spelt out."""
    table = tomllib.loads((files(__name__) / f"{language.value}.toml").read_text("utf-8"))
    return {
        kind: {value: [one for p in phrases for one in spelt_out(p)] for value, phrases in values.items()}
        for kind, values in table.items()
    }


def spelt_out(phrase: str) -> list[str]:
    """Return the phrases that a phrase with alternatives in braces stands for."""
    braces = _BRACES.search(phrase)
    if braces is None:
        return [phrase]
    before, after = phrase[: braces.start()], phrase[braces.end() :]
    return [one for word in braces[1].split("|") for one in spelt_out(before + word + after)]
