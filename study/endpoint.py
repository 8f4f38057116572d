"""Where reports go beside DICOM: FHIR servers and receivers of HL7 version 2, and what each gets."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from study.model import Frozen, MessageKind

MessageContent = Literal["DRAFT", "REPORT", "ALERT"]
FhirVersion = Literal["R5", "R4"]
_KINDS: dict[str, MessageKind] = {"http": "FHIR", "https": "FHIR", "mllp": "HL7", "mllps": "HL7"}
MLLP_PORT = 2575  # registered for HL7


class Endpoint(Frozen):
    """One `[[endpoints]]` table: who gets reports as FHIR or as HL7 version 2."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_. -]{0,63}$")]
    """What deliveries to it are told apart by."""

    url: str
    """https://HOST/BASE of a FHIR server, or mllp://HOST:PORT, over TLS mllps://HOST:PORT."""

    gets: tuple[MessageContent, ...] = ("REPORT",)
    """REPORT (signed), DRAFT (unverified machine text), ALERT (critical results)."""

    fhir_version: FhirVersion = "R5"
    """Of the bundles: R5 or R4."""

    token: SecretStr | None = None
    """Bearer token that a FHIR server asks for."""

    authorities: Path | None = None
    """PEM of the authorities that vouch for its certificate; unset: those that the system trusts."""

    certificate: Path | None = None
    """PEM of our certificate and chain, where it asks for one."""

    key: Path | None = None
    """PEM of that certificate's private key."""

    timeout: Annotated[float, Field(gt=0, le=300)] = 20.0
    """Seconds until it counts as not answering."""

    patient_system: str = ""
    """Whose patient IDs they are: a URI for FHIR, an assigning authority for HL7. Set, the patient is
    named by ID; unset, the patient is not named at all, and the accession number has to do."""

    accession_system: str = ""
    """Likewise of accession numbers; unset, they are given without."""

    pdf: bool | None = None
    """Whether the report goes along as PDF; unset: with FHIR yes, with HL7 no."""

    application: Annotated[str, Field(max_length=180)] = ""
    """Receiving application of HL7 messages (MSH-5)."""

    facility: Annotated[str, Field(max_length=180)] = ""
    """Receiving facility of HL7 messages (MSH-6)."""

    training: bool = False
    """Whether HL7 messages say that they are for training (MSH-11 T), not for production (P)."""

    @field_validator("url")
    @classmethod
    def _is_known(cls, value: str) -> str:
        parts = urlsplit(value)
        try:
            whole = parts.scheme in _KINDS and bool(parts.hostname) and parts.port != 0
        except ValueError:
            whole = False
        if parts.scheme in ("mllp", "mllps") and parts.path.strip("/"):
            whole = False
        if not whole or parts.username or parts.query or parts.fragment:
            raise ValueError("write it as https://HOST/BASE for FHIR or mllp://HOST:PORT for HL7")
        return value.rstrip("/")

    @field_validator("token")
    @classmethod
    def _fits(cls, value: SecretStr | None) -> SecretStr | None:
        return fits_a_header(value)

    @field_validator("gets", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _is_consistent(self) -> Endpoint:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("TLS needs both a certificate and its key")
        if self.authorities and not self.tls:
            raise ValueError("authorities are for TLS: write https:// or mllps://")
        if self.token is not None and self.kind != "FHIR":
            raise ValueError("a token is for FHIR servers")
        return self

    def __str__(self) -> str:
        return f"{self.name}@{self.url}"

    @property
    def kind(self) -> MessageKind:
        """Whether it speaks FHIR or HL7 version 2."""
        return _KINDS[urlsplit(self.url).scheme]

    @property
    def tls(self) -> bool:
        """Whether it is spoken to over TLS."""
        return urlsplit(self.url).scheme in ("https", "mllps")

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of a receiver of HL7."""
        parts = urlsplit(self.url)
        return str(parts.hostname), parts.port or MLLP_PORT

    @property
    def with_pdf(self) -> bool:
        """Whether the report goes along as PDF."""
        return self.kind == "FHIR" if self.pdf is None else self.pdf


def fits_a_header(token: SecretStr | None) -> SecretStr | None:
    """Return a token if it can stand in a header; one that cannot would be quoted by the error on it.

    Raises
    ------
    ValueError
        If it cannot.
    """
    if token is not None and not re.fullmatch(r"[\x21-\x7e]+", token.get_secret_value()):
        raise ValueError("a token is printable ASCII without a space or an end of line")
    return token
