"""An audit record: a FHIR R4 AuditEvent with the vocabulary of DICOM. Pure.

Events are those of DICOM PS3.15 section A.5.3 (codes of PS3.16 context groups 400 and 401), as IHE ITI
TF-1 section 9 (Audit Trail and Node Authentication) asks for; the shape is FHIR's AuditEvent, in which
RESTful ATNA (IHE ITI TF-2 section 3.20, ATX: FHIR Feed) passes them on. A study is named by its UID; no
name, ID or search text of a patient gets in.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple
from uuid import uuid4

from web_viewer.identity.person import Person

DCM = "http://dicom.nema.org/resources/ontology/DCM"
ACTIONS = "urn:kidray:action"
_ROLES = "urn:kidray:role"
_OBJECT_ROLE = "http://terminology.hl7.org/CodeSystem/object-role"
_ENTITY_TYPE = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_SOURCE_TYPE = "http://terminology.hl7.org/CodeSystem/security-source-type"

SUCCESS, MINOR_FAILURE, SERIOUS_FAILURE = "0", "4", "8"  # PS3.15 section A.5.2, EventOutcomeIndicator


class Kind(NamedTuple):
    """One kind of event: code and meaning in DCM, and create, read, update, delete or execute."""

    code: str
    meaning: str
    action: str


ACCESSED = Kind("110103", "DICOM Instances Accessed", "R")  # A.5.3.3
CHANGED = Kind("110103", "DICOM Instances Accessed", "U")
TRANSFERRED = Kind("110104", "DICOM Instances Transferred", "R")  # A.5.3.7
IMPORTED = Kind("110107", "Import", "C")  # A.5.3.5
QUERIED = Kind("110112", "Query", "E")  # A.5.3.10
AUDIT_USED = Kind("110101", "Audit Log Used", "R")  # A.5.3.2
AUTHENTICATED = Kind("110114", "User Authentication", "E")  # A.5.3.11
ALERTED = Kind("110113", "Security Alert", "E")  # A.5.3.12
OPERATED = Kind("110100", "Application Activity", "E")  # A.5.3.1

# What PS3.16 context group 401 has a code for; the rest goes by our own name alone.
_TYPES = {
    "login": ("110122", "Login"),
    "login_too_often": ("110122", "Login"),
    "logout": ("110123", "Logout"),
    "refused": ("110132", "Use of a restricted function"),
}


class Occasion(NamedTuple):
    """What happened.

    Attributes
    ----------
    kind
        Which event.
    action
        Our own name of it, such as ``sign_report``.
    outcome
        `SUCCESS` or a failure.
    study_uid
        The study that it was about; empty where none.
    """

    kind: Kind
    action: str
    outcome: str
    study_uid: str = ""


def audit_event(
    occasion: Occasion, person: Person | None, *, address: str, at: datetime, observer: str
) -> dict[str, Any]:
    """Return the AuditEvent.

    Parameters
    ----------
    person
        Who it was; None where nobody was logged in.
    address
        IP address that the request came from.
    observer
        Name of this service: its AE title.
    """
    types = [{"system": ACTIONS, "code": occasion.action}]
    if occasion.action in _TYPES:
        code, meaning = _TYPES[occasion.action]
        types.insert(0, {"system": DCM, "code": code, "display": meaning})
    event: dict[str, Any] = {
        "resourceType": "AuditEvent",
        "id": str(uuid4()),
        "type": {"system": DCM, "code": occasion.kind.code, "display": occasion.kind.meaning},
        "subtype": types,
        "action": occasion.kind.action,
        "recorded": at.isoformat(timespec="milliseconds"),
        "outcome": occasion.outcome,
        "agent": [_agent(person, address)],
        "source": {
            "observer": {"display": observer},
            "type": [{"system": _SOURCE_TYPE, "code": "4", "display": "Application Server"}],
        },
    }
    if occasion.study_uid:
        event["entity"] = [_study(occasion.study_uid)]
    return event


def _agent(person: Person | None, address: str) -> dict[str, Any]:
    agent: dict[str, Any] = {"requestor": True, "network": {"address": address, "type": "2"}}
    if person is None:
        return agent | {"name": "not logged in"}
    agent["altId"] = person.how
    if person.subject:
        agent["who"] = {"identifier": {"value": person.subject}}
    if person.name:
        agent["name"] = person.name
    agent["role"] = [{"coding": [{"system": _ROLES, "code": role}]} for role in sorted(person.roles)]
    return agent


def _study(study_uid: str) -> dict[str, Any]:
    return {
        "what": {"identifier": {"system": "urn:dicom:uid", "value": f"urn:oid:{study_uid}"}},
        "type": {"system": _ENTITY_TYPE, "code": "2", "display": "System Object"},
        "role": {"system": _OBJECT_ROLE, "code": "3", "display": "Report"},
    }
