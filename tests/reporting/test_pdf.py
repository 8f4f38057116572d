"""A signed report as PDF, for a PACS that shows no structured report."""

from __future__ import annotations

import re
from io import BytesIO

import pydicom
import pytest
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import EncapsulatedPDFStorage, ExplicitVRLittleEndian
from structlog.testing import capture_logs

from reporting.pdf import report_pdf
from reporting.pdf_object import keep_pdfs
from study.history import Drafted, Kept, Queued, Received, Segmented, Signed
from study.ledger import Ledger
from study.model import (
    Language,
    Radiograph,
    Report,
    Segmentation,
    Signature,
    SignedReport,
    StudyRecord,
    StudySummary,
)
from study.owed import pdf_uid
from study.result_header import result_header
from tests.inference.validators import dciodvfy
from tests.reporting.builders import FIRST, MODEL, NOW, SERIES, STUDY, draft, finding, findings, header

MADE = findings(finding("pneumoperitoneum", region="upper_abdomen"))


def signed_report(language: Language = Language.ENGLISH) -> Report:
    return draft(MADE, language=language).model_copy(
        update={"signature": Signature(signer="이^영희", signed_at=NOW)}
    )


def shown(pdf: bytes) -> str:
    """Return the text of a PDF that is not compressed, whatever font a line is in."""
    lines = []
    for raw in re.findall(rb"\(((?:[^()\\]|\\.)*)\) Tj", pdf, re.DOTALL):
        plain = re.sub(
            rb"\\([0-7]{3}|.)",
            lambda m: bytes([int(m[1], 8)]) if m[1].isdigit() else {b"n": b"\n", b"r": b"\r"}.get(m[1], m[1]),
            raw,
            flags=re.DOTALL,
        )
        lines.append(
            plain.decode("utf-16-be") if b"\0" in plain or plain[:1] > b"\x7f" else plain.decode("latin-1")
        )
    return " ".join(lines)


@pytest.mark.parametrize("language", list(Language))
def test_every_sentence_is_in_it_and_who_signed(language) -> None:
    report = signed_report(language)
    text = re.sub(r"\s", "", shown(report_pdf(report, result_header(header()))))
    for sentence in (*report.findings, *report.impression, *report.recommendation, *report.limitations):
        assert re.sub(r"\s", "", sentence.text) in text
    assert "이영희" in text
    assert re.sub(r"\s", "", report.disclaimer) in text


def test_the_same_report_gives_the_same_bytes() -> None:
    report, of = signed_report(), result_header(header())
    assert report_pdf(report, of) == report_pdf(report, of)


def test_a_name_cannot_become_markup() -> None:
    radiograph = header()
    radiograph.PatientName = "<b>Doe</b>^A&B"
    text = shown(report_pdf(signed_report(), result_header(radiograph)))
    assert "<b>Doe</b>A&B" in re.sub(r"\s", "", text)


@pytest.fixture
def a_signed_study(ledger: Ledger) -> StudyRecord:
    radiograph: Dataset = header()
    radiograph.file_meta = FileMetaDataset()
    radiograph.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ledger.archive.write_dataset(radiograph)
    seen = Radiograph(
        series_uid=SERIES, instance_uid=FIRST, sop_class_uid=str(radiograph.SOPClassUID), rows=8, columns=8
    )
    report = signed_report()
    kept = SignedReport(version=report.version, sr_series_uid="1.2.826.7", sr_instance_uid="1.2.826.7.1")
    for event in (
        Received(at=NOW, revision=1, calling_ae_title="CR", summary=StudySummary()),
        Queued(at=NOW, revision=1, instances=1),
        Segmented(
            at=NOW, revision=1, segmentation=Segmentation(model=MODEL, radiographs=[seen], findings=MADE)
        ),
        Drafted(at=NOW, revision=1, report=draft(MADE)),
        Signed(at=NOW, revision=1, report=report),
        Kept(at=NOW, revision=1, signed=kept),
    ):
        ledger.append(STUDY, lambda _, event=event: event)
    return ledger.held(STUDY)


def test_it_is_kept_as_a_valid_object_of_the_study(ledger, a_signed_study, tmp_path) -> None:
    (ref,) = keep_pdfs(a_signed_study, archive=ledger.archive)
    assert ref.instance_uid == pdf_uid(STUDY, "1.2.826.7.1")
    kept = pydicom.dcmread(BytesIO(ledger.archive.path(ref).read_bytes()))
    assert not dciodvfy(kept, tmp_path)
    assert (kept.SOPClassUID, kept.StudyInstanceUID) == (EncapsulatedPDFStorage, STUDY)
    assert kept.SourceInstanceSequence[0].ReferencedSOPInstanceUID == "1.2.826.7.1"
    pdf = kept.EncapsulatedDocument[: kept.EncapsulatedDocumentLength]
    assert pdf.startswith(b"%PDF-")
    assert pdf.rstrip().endswith(b"%%EOF")
    assert keep_pdfs(a_signed_study, archive=ledger.archive) == [], "doing it again makes nothing twice"


def test_one_that_cannot_be_made_is_named_without_its_patient(ledger, a_signed_study) -> None:
    next(ledger.archive.root.rglob(f"{FIRST}.dcm")).unlink()
    with capture_logs() as lines:
        assert keep_pdfs(a_signed_study, archive=ledger.archive) == []
    assert [line["event"] for line in lines] == ["pdf_not_made"]
