"""A study's report as a file: PDF, FHIR, HL7; and the JSON Schema of what the API says."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from study.document import DocumentForm
from study.endpoint import FhirVersion
from study.errors import NotInArchiveError
from study.schema import SCHEMAS, SchemaName
from web_viewer.deps import CheckedUID, Services, ServicesDep
from web_viewer.schemas import Problem

router = APIRouter(tags=["report"], responses={404: {"model": Problem}})
_REPORT = "/api/studies/{study_uid}/report"


@router.get(f"{_REPORT}.pdf", response_class=Response, responses={200: {"content": {"application/pdf": {}}}})
def read_report_pdf(study_uid: CheckedUID, services: ServicesDep) -> Response:
    """Return the newest report version as PDF; a draft is marked as one on every page."""
    return _document(study_uid, "pdf", services)


@router.get(
    f"{_REPORT}.fhir", response_class=Response, responses={200: {"content": {"application/fhir+json": {}}}}
)
def read_report_fhir(
    study_uid: CheckedUID,
    services: ServicesDep,
    version: Annotated[FhirVersion | None, Query(description="R5 or R4; else as the settings say.")] = None,
) -> Response:
    """Return the newest report version as a FHIR bundle of the type collection."""
    chosen = version or services.settings.fhir_version
    return _document(study_uid, "fhir" if chosen == "R5" else "fhir-r4", services)


@router.get(
    f"{_REPORT}.hl7",
    response_class=Response,
    responses={200: {"content": {"x-application/hl7-v2+er7": {}}}},
)
def read_report_hl7(study_uid: CheckedUID, services: ServicesDep) -> Response:
    """Return the newest report version as an HL7 v2.5.1 message ORU^R01."""
    return _document(study_uid, "hl7", services)


@router.get("/api/schema/{name}", responses={200: {"content": {"application/schema+json": {}}}})
def read_schema(name: SchemaName) -> Response:
    """Return the JSON Schema (2020-12) of a report, or of a study's record."""
    return Response(SCHEMAS[name](), media_type="application/schema+json")


def _document(study_uid: str, form: DocumentForm, services: Services) -> Response:
    if services.export is None:
        raise NotInArchiveError("this service makes no files of reports")
    document = services.export(study_uid, form)
    name = f"report-{study_uid}{document.suffix}"
    headers: dict[str, Any] = {
        "Content-Disposition": f'inline; filename="{name}"',
        "Cache-Control": "no-store",
    }
    return Response(document.content, media_type=document.media_type, headers=headers)
