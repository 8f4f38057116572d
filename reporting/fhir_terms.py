"""FHIR's data types, as JSON, from our nouns: codes, identifiers, references, quantities. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from study.findings import PRIVATE_SCHEME, CodedConcept
from study.identifiers import derived_uid
from study.model import CodedEntry

Json = dict[str, Any]

PRIVATE_SYSTEM = f"urn:oid:{derived_uid('coding scheme', PRIVATE_SCHEME)}"
UCUM = "http://unitsofmeasure.org"
_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
# By coding scheme designator (PS3.16 table 8-1); the last are HL7's own.
SYSTEMS = {
    "SCT": "http://snomed.info/sct",
    "DCM": "http://dicom.nema.org/resources/ontology/DCM",
    "LN": "http://loinc.org",
    PRIVATE_SCHEME: PRIVATE_SYSTEM,
    **{
        name: f"{_TERMINOLOGY}/{name}"
        for name in (
            "observation-category",
            "v2-0074",
            "v2-0203",
            "v3-ObservationInterpretation",
            "v3-ObservationValue",
            "data-absent-reason",
        )
    },
}
_URI = "urn:ietf:rfc:3986"
_DICOM_UID = "urn:dicom:uid"


def coding(concept: CodedConcept | CodedEntry) -> Json:
    """Return a coded concept as Coding."""
    return {"system": SYSTEMS[concept.scheme], "code": concept.value, "display": concept.meaning}


def codeable(*concepts: CodedConcept | CodedEntry, text: str | None = None) -> Json:
    """Return concepts of the same meaning as one CodeableConcept."""
    given: Json = {"coding": [coding(concept) for concept in concepts]}
    return given if text is None else {**given, "text": text}


def identifier(value: str, system: str = "") -> Json:
    """Return a business identifier; one without a system is known where it is sent."""
    return {"system": system, "value": value} if system else {"value": value}


def uid_identifier(uid: str) -> Json:
    """Return a UID of ours as an identifier that is unique everywhere."""
    return identifier(f"urn:oid:{uid}", _URI)


def dicom_identifier(uid: str) -> Json:
    """Return a DICOM UID as an identifier."""
    return identifier(f"urn:oid:{uid}", _DICOM_UID)


def full_url(uid: str) -> str:
    """Return the URL by which the entries of one bundle refer to the resource with this derived UID."""
    return UUID(int=int(uid.rpartition(".")[2])).urn


def known_as(resource_type: str, known: Json) -> Json:
    """Return a reference to a resource that the receiver knows by an identifier."""
    return {"type": resource_type, "identifier": known}


def quantity(value: float, unit: str, code: str) -> Json:
    """Return a Quantity in a unit of UCUM."""
    return {"value": value, "unit": unit, "system": UCUM, "code": code}


def instant(at: datetime) -> str:
    """Return a point of time with its zone."""
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def date(value: str) -> str | None:
    """Return a DICOM date as a FHIR date; None where it is none."""
    try:
        return datetime.strptime(value, "%Y%m%d").date().isoformat()
    except ValueError:
        return None
