"""A critical-result alert as a FHIR transaction: a Communication about an Observation (R5 and R4). Pure.

Communication is what IHE's Imaging Diagnostic Report (RAD.IDR) documents such a call with. Both
resources are updated by identifier: each step of the alert takes the place of the one before.
"""

from __future__ import annotations

from reporting.concepts import COMMUNICATION
from reporting.fhir_terms import (
    Json,
    codeable,
    coding,
    date,
    dicom_identifier,
    full_url,
    identifier,
    instant,
    known_as,
    uid_identifier,
)
from reporting.observed import PRESENCE_CODES
from study.alerts import rule_of
from study.communication import communicated
from study.endpoint import Endpoint
from study.findings import FINDINGS, CodedConcept
from study.identifiers import derived_uid
from study.model import AlertState, Language, StudyAlert, StudyRecord

_IMAGING = CodedConcept("imaging", "observation-category", "Imaging")
_CRITICAL = CodedConcept("AA", "v3-ObservationInterpretation", "Critical abnormal")
_AI = CodedConcept("AIAST", "v3-ObservationValue", "Artificial Intelligence asserted")
_STATUS = {
    AlertState.OPEN: "in-progress",
    AlertState.ACKNOWLEDGED: "completed",
    AlertState.WITHDRAWN: "stopped",
}


def alert_bundle(record: StudyRecord, alert: StudyAlert, endpoint: Endpoint, language: Language) -> Json:
    """Return a study's alert as it stands, as a transaction.

    Parameters
    ----------
    record, alert
        The study and its alert.
    endpoint
        Who gets it; tells the FHIR version, whether the patient is named, and by whose ID.
    language
        Of the sentence on who was told.
    """
    shared = _shared(record, endpoint)
    seen, told = _uid(record, "observation"), _uid(record, "communication")
    resources = [
        (seen, {**_observation(record, alert, seen), **shared, **_day(record)}),
        (told, {**_communication(record, alert, endpoint, language), **shared}),
    ]
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {"fullUrl": full_url(uid), "resource": resource, "request": _update(resource)}
            for uid, resource in resources
        ],
    }


def _uid(record: StudyRecord, part: str) -> str:
    return derived_uid(record.study_uid, "alert", part)


def _update(resource: Json) -> Json:
    known = resource["identifier"][0]
    url = f"{resource['resourceType']}?identifier={known['system']}|{known['value']}"
    return {"method": "PUT", "url": url}


def _shared(record: StudyRecord, endpoint: Endpoint) -> Json:
    summary = record.summary
    shared: Json = {"meta": {"security": [coding(_AI)]}}
    if endpoint.patient_system and summary.patient_id:
        shared["subject"] = known_as("Patient", identifier(summary.patient_id, endpoint.patient_system))
    if summary.accession_number:
        number = identifier(summary.accession_number, endpoint.accession_system)
        shared["basedOn"] = [known_as("ServiceRequest", number)]
    return shared


def _day(record: StudyRecord) -> Json:
    day = date(record.summary.study_date)
    return {"effectiveDateTime": day} if day else {}


def _observation(record: StudyRecord, alert: StudyAlert, uid: str) -> Json:
    definition = FINDINGS[alert.label]
    withdrawn = alert.state is AlertState.WITHDRAWN
    return {
        "resourceType": "Observation",
        "identifier": [uid_identifier(uid)],
        "status": "entered-in-error" if withdrawn else "preliminary",
        "category": [codeable(_IMAGING)],
        "code": codeable(definition.concept, text=definition.name_en),
        "issued": instant(alert.identified_at),
        "valueCodeableConcept": codeable(PRESENCE_CODES[alert.presence]),
        "interpretation": [codeable(_CRITICAL)],
        "derivedFrom": [known_as("ImagingStudy", dicom_identifier(record.study_uid))],
    }


def _communication(record: StudyRecord, alert: StudyAlert, endpoint: Endpoint, language: Language) -> Json:
    definition, said = FINDINGS[alert.label], alert.acknowledgement
    finding = codeable(definition.concept, text=definition.name_en)
    seen = {"reference": full_url(_uid(record, "observation"))}
    made: Json = {
        "resourceType": "Communication",
        "identifier": [uid_identifier(_uid(record, "communication"))],
        "status": _STATUS[alert.state],
        "category": [codeable(COMMUNICATION)],
        "priority": "stat",
        "about": [seen, known_as("ImagingStudy", dicom_identifier(record.study_uid))],
        "sent": instant(alert.since),
    }
    if alert.withdrawal is not None:
        made["statusReason"] = {"text": f"{rule_of(alert.label)}: {alert.withdrawal}"}
    if said is not None:
        made["received"] = instant(said.told_at)
        made["sender"] = {"display": said.told_by}
        made["recipient"] = [{"display": said.told_to}]
        made["note"] = [{"text": sentence.text} for sentence in communicated(alert, language)]
    if endpoint.fhir_version == "R5":
        made["reason"] = [{"concept": finding}]
        made["payload"] = [{"contentCodeableConcept": finding}]
    else:
        made["reasonCode"] = [finding]
        made["payload"] = [{"contentString": definition.name_en}]
    return made
