"""What a SMART App Launch is about: the study, the order or the patient that is open in the EHR.

HL7 SMART App Launch 2.2: the launch context comes with the access token; `fhirContext` (section 2.0.8)
names resources. What they hold that finds a study is their identifiers: a Study Instance UID (system
``urn:dicom:uid``), an accession number (type ACSN of HL7 table 0203), or the patient's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from study.errors import IdentifierError
from study.identifiers import checked_uid

SCOPES = "launch openid fhirUser profile patient/Patient.rs patient/ImagingStudy.rs patient/ServiceRequest.rs"
CONFIGURATION = "/.well-known/smart-configuration"
_DICOM_UID = "urn:dicom:uid"
_ACCESSION = "ACSN"

Read = Callable[[str], Mapping[str, Any]]


class Context(NamedTuple):
    """What a launch is about; what it did not say is empty."""

    study_uid: str = ""
    accession_number: str = ""
    patient_ids: frozenset[str] = frozenset()


def context_of(token: Mapping[str, Any], issuer: str, read: Read) -> Context:
    """Return what a launch is about, the most exact first.

    Parameters
    ----------
    token
        The token response, launch context within.
    issuer
        Base URL of the FHIR server; nothing is read from elsewhere.
    read
        Returns the resource of a relative reference such as ``ImagingStudy/1``.
    """
    study_uid = accession = ""
    for kind in ("ImagingStudy", "ServiceRequest"):
        for identifiers in _named(token, kind, issuer, read):
            study_uid = study_uid or _uid(identifiers)
            accession = accession or _accession(identifiers)
    if study_uid or accession:
        return Context(study_uid, accession)
    patient = token.get("patient")
    if not patient:
        return Context()
    held = read(f"Patient/{patient}").get("identifier", [])
    return Context(patient_ids=frozenset(str(each["value"]) for each in held if each.get("value")))


def _named(token: Mapping[str, Any], kind: str, issuer: str, read: Read) -> Iterator[list[Mapping[str, Any]]]:
    """Yield the identifiers of every resource of `kind` that the launch names."""
    for each in token.get("fhirContext") or []:
        if "identifier" in each and each.get("type", kind) == kind:
            yield [each["identifier"]]
        reference = str(each.get("reference", "")).removeprefix(issuer + "/")
        if reference.startswith(kind + "/"):
            yield list(read(reference).get("identifier", []))
    # Servers of before fhirContext name one resource by a parameter of its own.
    single = token.get(kind.lower()) or token.get(kind[0].lower() + kind[1:])
    if isinstance(single, str):
        yield list(read(f"{kind}/{single}").get("identifier", []))


def _uid(identifiers: list[Mapping[str, Any]]) -> str:
    for each in identifiers:
        if each.get("system") == _DICOM_UID:
            try:
                return checked_uid(str(each.get("value", "")).removeprefix("urn:oid:"))
            except IdentifierError:
                continue
    return ""


def _accession(identifiers: list[Mapping[str, Any]]) -> str:
    for each in identifiers:
        codings = each.get("type", {}).get("coding", [])
        if any(coding.get("code") == _ACCESSION for coding in codings):
            return str(each.get("value", ""))[:64]
    return ""
