"""The closed vocabulary of each language: which words speak of what, for a radiologist to review."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from study.compat import tomllib
from study.model import Language


@cache
def vocabulary(language: Language) -> dict[str, Any]:
    """Return the vocabulary table of a language (``en.toml``, ``ko.toml``)."""
    return tomllib.loads((files(__name__) / f"{language.value}.toml").read_text("utf-8"))
