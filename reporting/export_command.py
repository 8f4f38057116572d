"""`kidray reports export`: a report as a file; and the schema of what is exported as JSON."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from study.document import FORMS, DocumentForm
from study.errors import SettingsError


def export_command(
    study_uid: Annotated[str, typer.Argument(metavar="UID", help="Study Instance UID.")],
    form: Annotated[str, typer.Option("--format", help=f"One of {', '.join(FORMS)}.")] = "pdf",
    out: Annotated[Path | None, typer.Option(help="File to write; unset: to standard output.")] = None,
) -> None:
    """Write the newest version of a study's report as PDF, FHIR (R5, R4), HL7 v2, JSON or plain text.

    A draft says of itself that it is an unverified one. FHIR and HL7 name the patient only where
    KIDRAY_PATIENT_SYSTEM says whose IDs they are; the PDF always does.

    Example: kidray reports export 1.2.840.1 --format fhir --out report.json
    """
    from reporting.exports import exporter
    from study.service import Service
    from study.settings import load_settings

    settings = load_settings()
    service = Service.open(settings)
    content = exporter(service.ledger, settings.patient_system)(study_uid, _form(form)).content
    if out is None:
        sys.stdout.buffer.write(content)
        return
    out.write_bytes(content)
    typer.echo(f"wrote {out} ({len(content)} bytes)", err=True)


def schema_command(
    out: Annotated[Path, typer.Option(help="Folder to write them into.")] = Path("docs/schema"),
) -> None:
    """Write the JSON Schema of a report and of a study's record, as the API gives them."""
    from study.schema import SCHEMAS

    out.mkdir(parents=True, exist_ok=True)
    for name, schema in SCHEMAS.items():
        path = out / f"{name}.schema.json"
        path.write_text(schema(), encoding="utf-8")
        typer.echo(f"wrote {path}")


def _form(text: str) -> DocumentForm:
    for form in FORMS:
        if form == text:
            return form
    raise SettingsError(f"--format {text} is not known; it is one of {', '.join(FORMS)}")
