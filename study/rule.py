"""What a hospital may write in kidray.toml about which instances are for the model."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from study.model import Frozen

BodyPart = Literal[
    "ABDOMEN",
    "CHEST",
    "SPINE",
    "SKULL",
    "HEAD",
    "NECK",
    "PELVIS",
    "HIP",
    "EXTREMITY",
    "BREAST",
    "WHOLE BODY",
    "UNKNOWN",
]
Projection = Literal["FRONTAL", "SIDE"]


class Conditions(Frozen):
    """What an instance has to be like; each that is left out is always met.

    A condition that lists several values is met by any of them.
    """

    calling_ae: tuple[str, ...] = ()
    """AE titles of senders; * stands for anything, as in NICU*."""

    modality: tuple[str, ...] = ()
    """Values of Modality (0008,0060), such as CR, DX."""

    body_part: tuple[BodyPart, ...] = ()
    """Body part as recognised by code or by words; UNKNOWN where nothing names one."""

    words: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """Words looked for in the descriptions of study, series, protocol and procedure, in any language."""

    view: tuple[Projection, ...] = ()
    """FRONTAL (decubitus included), or SIDE: lateral or oblique, by code or View Position."""

    min_age_years: Annotated[int, Field(ge=0)] | None = None
    """Completed years; not met where the age is unknown."""

    max_age_years: Annotated[int, Field(ge=0)] | None = None
    """Completed years; not met where the age is unknown."""

    @field_validator("calling_ae", "modality", "body_part", "words", "view", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value


class Rule(Conditions):
    """One `[[rules]]` table: where every condition that it states is met, it decides."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    """Shown as the reason, so it must hold nothing of a patient."""

    then: Literal["read", "skip"]
    """Whether the model reads what the rule matches."""


class ModelChoice(Conditions):
    """One `[[models]]` table: which package reads a study of whose radiographs one meets its conditions."""

    model: Annotated[str, Field(min_length=1)]
    """Name of a package that was added, or the folder of one."""

    shadow: bool = False
    """Read after the model that is shown, compared with it, and never shown or delivered itself."""
