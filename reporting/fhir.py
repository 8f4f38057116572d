"""A report version as a FHIR bundle: DiagnosticReport, an Observation each finding, Device (R5 and R4). Pure.

The machine's draft is `partial`, what a radiologist signed `final`, a signed addendum `amended`. Each
resource is updated by its identifier, so a bundle that is sent again makes nothing twice, and a signed
report takes the place of its draft.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from html import escape
from typing import Any

from reporting.concepts import REPORT
from reporting.fhir_observations import (
    MANUFACTURER,
    device,
    device_uid,
    issued,
    labels,
    observation,
    observation_uid,
    panel,
    panel_uid,
)
from reporting.fhir_terms import (
    Json,
    codeable,
    date,
    dicom_identifier,
    full_url,
    identifier,
    known_as,
    uid_identifier,
)
from reporting.headings import HEADINGS, person, report_text, sections
from reporting.reported import Reported, is_withdrawn
from study.endpoint import FhirVersion
from study.findings import FINDINGS, CodedConcept
from study.model import Presence, Report

_RADIOLOGY = CodedConcept("RAD", "v2-0074", "Radiology")
_ACCESSION = CodedConcept("ACSN", "v2-0203", "Accession ID")


def report_bundle(
    reported: Reported,
    *,
    version: FhirVersion = "R5",
    pdf: bytes | None = None,
    patient_system: str = "",
    accession_system: str = "",
    transaction: bool = True,
) -> dict[str, Any]:
    """Return a report version as a Bundle.

    Parameters
    ----------
    reported
        The version and its study.
    version
        R5 or R4.
    pdf
        The report as PDF, to go along.
    patient_system
        Whose patient IDs they are, a URI; empty: the patient is not named.
    accession_system
        Whose accession numbers they are; empty: they stand alone.
    transaction
        Whether it is for a server to work on; else it is a collection, to be kept as a file.
    """
    shared = _shared(reported, patient_system, accession_system)
    entries = []
    for uid, resource in _resources(reported, version, pdf, shared):
        entry: Json = {"fullUrl": full_url(uid), "resource": resource}
        if transaction:
            entry["request"] = _conditional_update(resource)
        entries.append(entry)
    kind = "transaction" if transaction else "collection"
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


def _resources(
    reported: Reported, version: FhirVersion, pdf: bytes | None, shared: Json
) -> Iterator[tuple[str, Json]]:
    """Yield each resource after its UID, those that are referred to first."""
    stamped = {**shared, "issued": issued(reported)}
    for model in reported.models:
        yield device_uid(model), device(model, version)
    for observed in reported.observations:
        uid = observation_uid(observed.id, reported)
        yield uid, observation(observed, reported, version, stamped)
    for radiograph in reported.record.radiographs:
        yield panel_uid(radiograph, reported), panel(radiograph, reported, stamped)
    yield reported.uid("report"), _diagnostic_report(reported, version, pdf, stamped)


def _conditional_update(resource: Json) -> Json:
    known = resource["identifier"][0]
    url = f"{resource['resourceType']}?identifier={known['system']}|{known['value']}"
    return {"method": "PUT", "url": url}


def _shared(reported: Reported, patient_system: str, accession_system: str) -> Json:
    """Return what the report and its findings have alike: whom, on which order, when."""
    summary = reported.record.summary
    shared: Json = {}
    if patient_system and summary.patient_id:
        shared["subject"] = known_as("Patient", identifier(summary.patient_id, patient_system))
    if summary.accession_number:
        number = {"type": codeable(_ACCESSION), **identifier(summary.accession_number, accession_system)}
        shared["basedOn"] = [known_as("ServiceRequest", number)]
    day = date(summary.study_date)
    return {**shared, "effectiveDateTime": day} if day else shared


def _diagnostic_report(reported: Reported, version: FhirVersion, pdf: bytes | None, shared: Json) -> Json:
    report, record = reported.report, reported.record
    study = "study" if version == "R5" else "imagingStudy"
    made: Json = {
        "resourceType": "DiagnosticReport",
        "identifier": [uid_identifier(reported.uid("report"))],
        **labels(reported),
        **shared,
        "language": report.language.value,
        "text": {"status": "generated", "div": _narrative(report)},
        "status": _status(reported),
        "category": [codeable(_RADIOLOGY)],
        "code": codeable(REPORT),
        "performer": [{"display": MANUFACTURER}],
        "result": [{"reference": full_url(panel_uid(r, reported))} for r in record.radiographs],
        study: [known_as("ImagingStudy", dicom_identifier(record.study_uid))],
        "conclusion": _conclusion(report),
        "presentedForm": [*_forms(report, pdf)],
    }
    codes = {
        o.label: codeable(FINDINGS[o.label].concept)
        for o in reported.observations
        if o.presence is Presence.PRESENT and not is_withdrawn(o, reported)
    }
    if codes:
        made["conclusionCode"] = [*codes.values()]
    if report.signature is not None:
        made["resultsInterpreter"] = [{"display": person(report.signature.signer)}]
    return made


def _status(reported: Reported) -> str:
    if not reported.is_signed:
        return "partial"
    return "amended" if reported.is_amended else "final"


def _conclusion(report: Report) -> str:
    """Return the impression, marked where nobody has verified it."""
    texts = [sentence.text for sentence in report.impression]
    marked = texts if report.signature else [f"{HEADINGS[report.language].draft}.", *texts]
    return " ".join(marked)


def _forms(report: Report, pdf: bytes | None) -> Iterator[Json]:
    title = HEADINGS[report.language].title if report.signature else HEADINGS[report.language].draft
    for media_type, content in (("application/pdf", pdf), ("text/plain", report_text(report).encode())):
        if content is not None:
            yield {
                "contentType": media_type,
                "language": report.language.value,
                "data": base64.b64encode(content).decode(),
                "title": title,
            }


def _narrative(report: Report) -> str:
    """Return the report as XHTML, for whoever shows no other form of it."""
    words = HEADINGS[report.language]
    parts = [] if report.signature else [f"<p><b>{escape(words.draft)}</b></p>"]
    for _, heading, texts in sections(report):
        said = "<br/>".join(escape(text) for text in texts)
        parts.append(f"<p><b>{escape(heading)}</b><br/>{said}</p>")
    if report.signature is not None:
        at = report.signature.signed_at.strftime("%Y-%m-%d %H:%M %Z").strip()
        parts.append(f"<p>{escape(words.signed.format(person(report.signature.signer), at))}</p>")
    parts.append(f"<p>{escape(report.disclaimer)}</p>")
    return f'<div xmlns="http://www.w3.org/1999/xhtml">{"".join(parts)}</div>'
