"""What the nouns are made of: immutable models, and the few types that all of them use."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Probability = Annotated[float, Field(ge=0.0, le=1.0)]
UID = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)*$", max_length=64)]


class Frozen(BaseModel):
    """Base of every noun: immutable, and closed to unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")
