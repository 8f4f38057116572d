"""The sentences of the template, one file a language, for a radiologist to review."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from study.compat import tomllib
from study.model import Language


@cache
def phrases(language: Language) -> dict[str, Any]:
    """Return the phrase table of a language (``en.toml``, ``ko.toml``)."""
    return tomllib.loads((files(__name__) / f"{language.value}.toml").read_text("utf-8"))
