"""Where results go, and what each place gets."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import (
    BeforeValidator,
    PlainSerializer,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from study.model import UID, Frozen, ObjectKind

_DESTINATION = re.compile(r"(?P<ae>[^@\\]{1,16})@(?P<host>[^:@]+):(?P<port>[0-9]{1,5})")


class Tls(NamedTuple):
    """What TLS with a destination rests on (PS3.15 section B.12).

    Attributes
    ----------
    name
        That the destination's certificate has to bear; empty: its host.
    authorities
        PEM of those that vouch for it; None: those that the system trusts.
    certificate, key
        PEM of our own, for a destination that asks for one; None: none is shown.
    """

    name: str = ""
    authorities: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


class Destination(NamedTuple):
    """A DICOM node that results are sent to; without `tls` it is spoken to plainly."""

    ae_title: str
    host: str
    port: int
    tls: Tls | None = None

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

    tls: bool = False
    """Whether it is spoken to over TLS."""

    tls_authorities: Path | None = None
    """PEM of the authorities that vouch for its certificate; unset: those that the system trusts."""

    tls_name: str = ""
    """The name that its certificate has to bear; unset: its host."""

    tls_certificate: Path | None = None
    """PEM of our certificate and chain, where it asks for one."""

    tls_key: Path | None = None
    """PEM of that certificate's private key."""

    node: Annotated[Destination, BeforeValidator(_parsed), PlainSerializer(str)]
    """AE@HOST:PORT."""

    gets: tuple[ObjectKind, ...] | None = None
    """SEG, SR (measurements), REPORT (signed) and its PDF, DRAFT (unverified), GSPS (outlines), CAPTURE
    (overlay burnt in), KO (key images); unset: SEG, SR and REPORT, each in the best form that the node
    takes, and what readers drew, measured and marked."""

    when: Literal["ready", "signed"] = "ready"
    """Each object as soon as it is ready, or nothing before a radiologist has signed."""

    transfer_syntaxes: tuple[UID, ...] = ()
    """UIDs of those to propose; none: each object's own, else another uncompressed one."""

    commitment: bool = False
    """Whether it is asked to vouch for what it was sent (storage commitment)."""

    @property
    def name(self) -> str:
        """What deliveries to it are told apart by."""
        return self.node.ae_title

    @field_validator("node", mode="after")
    @classmethod
    def _with_tls(cls, value: Destination, info: ValidationInfo) -> Destination:
        given = info.data
        if not given.get("tls"):
            return value
        files = (given.get(name) for name in ("tls_authorities", "tls_certificate", "tls_key"))
        return value._replace(tls=Tls(given.get("tls_name", ""), *files))

    @model_validator(mode="after")
    def _tls_is_whole(self) -> DestinationPolicy:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("TLS needs both a certificate and its key")
        asked = (self.tls_authorities, self.tls_certificate, self.tls_name or None)
        if not self.tls and any(each is not None for each in asked):
            raise ValueError("what TLS needs is set: say tls = true, or leave it out")
        return self

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
