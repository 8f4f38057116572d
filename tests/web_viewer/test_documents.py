"""Reports as files: over HTTP, and by command."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from fhir.resources import get_fhir_model_class as r5_class
from fhir.resources.R4B import get_fhir_model_class as r4_class
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from cli import app
from reporting.exports import exporter
from study.ledger import Ledger
from study.model import Report, StudyRecord
from study.schema import SCHEMAS, SchemaName
from tests.reporting.test_pdf import shown
from tests.web_viewer.conftest import ORIGIN
from tests.web_viewer.studies import SegmentedStudy
from web_viewer.app import create_app
from web_viewer.deps import Services

SCHEMA_FOLDER = Path(__file__).parents[2] / "docs" / "schema"


@pytest.fixture
def client(build_services: Callable[..., Services], ledger: Ledger) -> Iterator[TestClient]:
    services = build_services(patient_system="urn:oid:1.2.410")
    whole = replace(services, export=exporter(ledger, services.settings.patient_system))
    with TestClient(create_app(whole), base_url=ORIGIN) as opened:
        yield opened


def report_url(study: SegmentedStudy, suffix: str) -> str:
    return f"/api/studies/{study.study_uid}/report.{suffix}"


def sign(client: TestClient, study: SegmentedStudy) -> None:
    done = client.post(f"/api/studies/{study.study_uid}/sign", json={"signer": "Dr Kim", "version": 1})
    assert done.status_code == 200, done.text


def test_a_drafts_pdf_says_on_its_face_that_it_is_one_and_a_signed_reports_who_signed(client, drafted):
    draft = client.get(report_url(drafted, "pdf"))
    assert draft.headers["content-type"] == "application/pdf"
    assert draft.headers["cache-control"] == "no-store"
    text = shown(draft.content)
    assert text.count("UNVERIFIED DRAFT") == 2, "under the title, and at the foot of the page"
    assert "DRAFT" in text.replace("UNVERIFIED DRAFT", ""), "and across it"
    sign(client, drafted)
    signed = shown(client.get(report_url(drafted, "pdf")).content)
    assert "DRAFT" not in signed
    assert "Signed by Dr Kim" in signed


@pytest.mark.parametrize(("version", "model"), [("R5", r5_class), ("R4", r4_class)])
def test_the_fhir_version_is_the_one_that_is_asked_for(client, drafted, version, model):
    answer = client.get(report_url(drafted, "fhir"), params={"version": version})
    number = {"R5": "5.0", "R4": "4.0"}[version]
    assert f"application/fhir+json; fhirVersion={number}" in answer.headers["content-type"]
    model("Bundle").model_validate(answer.json())
    report = next(
        e["resource"] for e in answer.json()["entry"] if e["resource"]["resourceType"] == "DiagnosticReport"
    )
    assert report["status"] == "partial"
    assert ("study" in report) is (version == "R5")
    assert report["subject"]["identifier"] == {"system": "urn:oid:1.2.410", "value": "PID-4711"}


def test_without_a_version_it_is_that_of_the_settings(client, drafted):
    assert "fhirVersion=5.0" in client.get(report_url(drafted, "fhir")).headers["content-type"]
    assert client.get(report_url(drafted, "fhir"), params={"version": "R3"}).status_code in (400, 422)


def test_the_hl7_message_is_read_by_a_strict_parser(client, drafted):
    answer = client.get(report_url(drafted, "hl7"))
    message = parse_message(
        answer.content.decode(), validation_level=VALIDATION_LEVEL.STRICT, find_groups=True
    )
    assert message.msh.msh_9.to_er7() == "ORU^R01^ORU_R01"
    assert message.validate()


def test_no_report_is_no_file(client, intake, ledger):
    assert client.get("/api/studies/1.2.3/report.pdf").status_code == 404
    assert client.get("/api/studies/../report.pdf").status_code in (400, 404)


@pytest.mark.parametrize("name", list(SCHEMAS))
def test_the_published_schema_is_that_of_the_model(client: TestClient, name: SchemaName):
    published = (SCHEMA_FOLDER / f"{name}.schema.json").read_text(encoding="utf-8")
    assert published == SCHEMAS[name](), "write it anew: kidray reports schema"
    served = client.get(f"/api/schema/{name}")
    assert served.headers["content-type"].startswith("application/schema+json")
    assert served.text == published
    Draft202012Validator.check_schema(json.loads(published))


def test_what_the_api_says_keeps_to_the_schema(client: TestClient, drafted: SegmentedStudy):
    for path, name, model in (
        (f"/api/studies/{drafted.study_uid}", "study", StudyRecord),
        (f"/api/studies/{drafted.study_uid}/report", "report", Report),
    ):
        said = client.get(path).json()
        schema = json.loads((SCHEMA_FOLDER / f"{name}.schema.json").read_text(encoding="utf-8"))
        Draft202012Validator(schema).validate(said)
        assert set(said) == set(schema["properties"]) == set(model.model_fields)


@pytest.mark.parametrize(
    ("form", "begins"),
    [
        ("pdf", b"%PDF-"),
        ("fhir", b"{"),
        ("fhir-r4", b"{"),
        ("hl7", b"MSH|^~\\&|"),
        ("json", b"{"),
        ("text", b"Radiology report\nUNVERIFIED DRAFT"),
    ],
)
def test_every_form_can_be_written_by_command(
    form, begins, drafted, ledger, redis_url, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KIDRAY_HOME", str(ledger.archive.root.parent))
    monkeypatch.setenv("KIDRAY_REDIS_URL", redis_url)
    out = tmp_path / "written"
    done = CliRunner().invoke(
        app, ["reports", "export", drafted.study_uid, "--format", form, "--out", str(out)]
    )
    assert done.exit_code == 0, done.output
    assert out.read_bytes().startswith(begins)


def test_an_unknown_form_is_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["reports", "export", "1.2", "--format", "docx"])
    assert done.exit_code != 0
    assert "docx" in str(done.exception)
