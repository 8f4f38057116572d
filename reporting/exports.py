"""Give a report version as a file: PDF, FHIR, HL7, JSON or plain text."""

from __future__ import annotations

import json

from reporting.fhir import report_bundle
from reporting.headings import report_text
from reporting.hl7 import oru_message
from reporting.reported import Reported, newest
from study.archive import Archive, InstanceReference
from study.document import Document, DocumentForm, Export
from study.endpoint import Endpoint, FhirVersion
from study.errors import NotDicomError, NotInArchiveError
from study.ledger import Ledger
from study.malformed import MALFORMED
from study.result_header import result_header

_VERSIONS: dict[DocumentForm, FhirVersion] = {"fhir": "R5", "fhir-r4": "R4"}


def export_report(
    reported: Reported, form: DocumentForm, archive: Archive, *, patient_system: str = ""
) -> Document:
    """Return a report version as a file; the same version gives the same bytes.

    Parameters
    ----------
    archive
        Where the PDF finds who the patient is.
    patient_system
        Whose patient IDs they are; empty: FHIR and HL7 do not name the patient. The PDF always does.

    Raises
    ------
    NotInArchiveError
        If the radiograph that names the patient is not held.
    NotDicomError
        If its header is not fit for a PDF.
    """
    if form == "pdf":
        return Document("application/pdf", ".pdf", pdf_of(reported, archive))
    if form == "json":
        return Document("application/json", ".json", reported.report.model_dump_json(indent=2).encode())
    if form == "text":
        return Document("text/plain; charset=utf-8", ".txt", report_text(reported.report).encode())
    if form == "hl7":
        receiver = Endpoint(name="export", url="mllp://export", patient_system=patient_system)
        message = oru_message(reported, receiver)
        return Document("x-application/hl7-v2+er7; charset=utf-8", ".hl7", message.encode())
    version, pdf = _VERSIONS[form], _pdf_where_it_can_be(reported, archive)
    bundle = report_bundle(
        reported, version=version, pdf=pdf, patient_system=patient_system, transaction=False
    )
    content = json.dumps(bundle, ensure_ascii=False, indent=2).encode()
    number = "5.0" if version == "R5" else "4.0"
    return Document(f"application/fhir+json; fhirVersion={number}; charset=utf-8", ".fhir.json", content)


def exporter(ledger: Ledger, patient_system: str = "") -> Export:
    """Return what makes files of the newest reports of a ledger's studies."""

    def export(study_uid: str, form: DocumentForm) -> Document:
        return export_report(newest(ledger, study_uid), form, ledger.archive, patient_system=patient_system)

    return export


def pdf_of(reported: Reported, archive: Archive) -> bytes:
    """Return a report version as PDF, the patient named by its first radiograph.

    Raises
    ------
    NotInArchiveError
        If there is no radiograph, or it is not held.
    NotDicomError
        If its header is not fit for a PDF.
    """
    from reporting.pdf import report_pdf  # its first import costs a second

    record = reported.record
    if not record.radiographs:
        raise NotInArchiveError(f"study {record.study_uid} has no radiograph that a report could be of")
    first = record.radiographs[0]
    source = InstanceReference(record.study_uid, first.series_uid, first.instance_uid)
    radiograph = archive.read(source, pixels=False)
    try:
        return report_pdf(reported.report, result_header(radiograph))
    except tuple(e for e in MALFORMED if e not in {OSError, MemoryError}) as error:
        raise NotDicomError(f"its header is not fit for a PDF: {type(error).__name__}") from error


def _pdf_where_it_can_be(reported: Reported, archive: Archive) -> bytes | None:
    try:
        return pdf_of(reported, archive)
    except (NotInArchiveError, NotDicomError):
        return None
