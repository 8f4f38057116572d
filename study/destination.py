"""Where results go, and what each place gets."""

from __future__ import annotations

import re
from typing import Annotated, Literal, NamedTuple

from pydantic import BeforeValidator, PlainSerializer, field_validator
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from study.model import UID, Frozen

_DESTINATION = re.compile(r"(?P<ae>[^@\\]{1,16})@(?P<host>[^:@]+):(?P<port>[0-9]{1,5})")

ObjectKind = Literal["SEG", "SR", "REPORT", "DRAFT", "CAPTURE"]
ALL_KINDS: tuple[ObjectKind, ...] = ("SEG", "SR", "REPORT", "DRAFT", "CAPTURE")


class Destination(NamedTuple):
    """A DICOM node that results are sent to."""

    ae_title: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.ae_title}@{self.host}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> Destination:
        """Return the destination written as ``AE@HOST:PORT``."""
        match = _DESTINATION.fullmatch(text.strip())
        if match is None or not 0 < int(match["port"]) < 65536:
            raise ValueError(f"'{text}' is not a destination; write it as AE@HOST:PORT")
        return cls(match["ae"].strip(), match["host"], int(match["port"]))


def _parsed(value: object) -> object:
    return Destination.parse(value) if isinstance(value, str) else value


class DestinationPolicy(Frozen):
    """One `[[destinations]]` table: what a node gets, when, and in which transfer syntaxes."""

    node: Annotated[Destination, BeforeValidator(_parsed), PlainSerializer(str)]
    """AE@HOST:PORT."""

    gets: tuple[ObjectKind, ...] = ("SEG", "SR", "REPORT")
    """SEG, SR (measurements), REPORT (signed), DRAFT (unverified), CAPTURE (overlay burnt in)."""

    when: Literal["ready", "signed"] = "ready"
    """Each object as soon as it is ready, or nothing before a radiologist has signed."""

    transfer_syntaxes: tuple[UID, ...] = ()
    """UIDs of those to propose; none: each object's own, else another uncompressed one."""

    commitment: bool = False
    """Whether it is asked to vouch for what it was sent (storage commitment)."""

    @field_validator("transfer_syntaxes", mode="after")
    @classmethod
    def _one_is_uncompressed(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if value and not {ImplicitVRLittleEndian, ExplicitVRLittleEndian} & set(value):
            raise ValueError(
                "results are uncompressed: name 1.2.840.10008.1.2.1 (Explicit VR Little Endian), "
                "1.2.840.10008.1.2 (Implicit) or both"
            )
        return value

    @field_validator("gets", "transfer_syntaxes", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value
