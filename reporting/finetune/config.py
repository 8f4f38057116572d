"""Read how to fine-tune from a TOML file."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from study.compat import tomllib
from study.errors import SettingsError
from study.frozen import Frozen

Positive = Annotated[int, Field(ge=1)]


class FinetuneConfig(Frozen):
    """All that decides a fine-tuning run beside model and pairs; see ``finetune.toml`` for each."""

    rank: Positive
    alpha: Positive
    dropout: Annotated[float, Field(ge=0, lt=1)]
    quantise: Literal["auto", "nf4", "none"]
    epochs: Annotated[float, Field(gt=0)]
    most_steps: Annotated[int, Field(ge=0)]
    learning_rate: Annotated[float, Field(gt=0)]
    warmup: Annotated[float, Field(ge=0, lt=1)]
    batch: Positive
    accumulate: Positive
    longest: Positive  # tokens
    checkpointing: bool
    save_every: Positive
    seed: int
    holdout: Annotated[int, Field(ge=1, le=99)]  # hundredths of the patients
    evaluate: Annotated[int, Field(ge=0)]
    longest_reply: Positive  # tokens


def load_config(path: Path | None = None) -> FinetuneConfig:
    """Return the configuration: the one that ships, with what the file at `path` sets differently.

    Raises
    ------
    SettingsError
        If the file is missing, is no TOML, or sets what there is not or may not be.
    """
    values: dict[str, Any] = tomllib.loads((files("reporting.finetune") / "finetune.toml").read_text("utf-8"))
    if path is not None:
        try:
            values |= tomllib.loads(path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise SettingsError(f"{path.name}: cannot be read as TOML ({error})") from error
    try:
        return FinetuneConfig.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise SettingsError(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}") from error
