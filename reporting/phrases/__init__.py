"""The sentences of the template, one file a language, for a radiologist to review."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from study.compat import tomllib
from study.findings import FindingLabel
from study.model import AgeBand, Language

_STOMACH = "distended_stomach"  # what the model sees, where the disease of infancy is out of the question


@cache
def phrases(language: Language, age_band: AgeBand = AgeBand.UNKNOWN) -> dict[str, Any]:
    """Return the phrase table of a language (``en.toml``, ``ko.toml``).

    In patients over six months a pyloric stenosis pattern is called what it is seen as: a stomach
    distended with gas.
    """
    table = tomllib.loads((files(__name__) / f"{language.value}.toml").read_text("utf-8"))
    if age_band is AgeBand.OVER_SIX_MONTHS:
        for section in ("findings", "impression", "absent"):
            table[section][FindingLabel.PYLORIC_STENOSIS.value] = table[section][_STOMACH]
        table["limitations"]["assessed"] = table["limitations"]["assessed_over_six_months"]
    return table
