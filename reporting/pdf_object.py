"""Keep signed reports as Encapsulated PDF (PS3.3 A.45.1), for destinations that take no SR."""

from __future__ import annotations

import structlog
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ComprehensiveSRStorage, EncapsulatedPDFStorage, ExplicitVRLittleEndian

from reporting.pdf import report_pdf
from reporting.sr import SERIES_NUMBER as SR_SERIES_NUMBER
from reporting.sr import date_result
from reporting.sr_content import MANUFACTURER
from study.archive import Archive, InstanceReference
from study.errors import ConflictError, NotDicomError, NotInArchiveError
from study.history import Signed
from study.identifiers import derived_uid
from study.malformed import MALFORMED
from study.model import ModelIdentity, Report, StudyRecord
from study.owed import pdf_uid
from study.result_header import result_header

log = structlog.get_logger()

SERIES_NUMBER = max(SR_SERIES_NUMBER.values()) + 2  # beside the captures' and the outlines'
_STUDY = (
    "SpecificCharacterSet",
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "PatientAge",
    "IssuerOfPatientID",
    "StudyInstanceUID",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "StudyDescription",
    "AccessionNumber",
    "ReferringPhysicianName",
)


def keep_pdfs(record: StudyRecord, *, archive: Archive) -> list[InstanceReference]:
    """Keep every signed report of the study that has an SR as PDF, and return those that are new.

    One that cannot be made is left out, with a line in the log: the other results go their way.
    """
    words = {e.report.version: e.report for e in archive.events(record.study_uid) if isinstance(e, Signed)}
    made = []
    for signed in record.signed:
        uid = pdf_uid(record.study_uid, signed.sr_instance_uid)
        if uid is None or record.model is None or not record.radiographs:
            continue
        ref = InstanceReference(record.study_uid, derived_uid(uid, "series"), uid)
        if archive.path(ref).exists():
            continue
        first = record.radiographs[0]
        source = InstanceReference(record.study_uid, first.series_uid, first.instance_uid)
        try:
            radiograph = archive.read(source, pixels=False)
            report, sr_uid = words[signed.version], str(signed.sr_instance_uid)
            made.append(archive.write_dataset(write_pdf(report, radiograph, record.model, ref, sr_uid)))
        except (NotDicomError, NotInArchiveError, ConflictError) as error:
            log.warning("pdf_not_made", study_uid=record.study_uid, version=signed.version, reason=str(error))
    return made


def write_pdf(
    report: Report, radiograph: Dataset, model: ModelIdentity, ref: InstanceReference, sr_instance_uid: str
) -> Dataset:
    """Return a signed report as Encapsulated PDF of the radiograph's study.

    Parameters
    ----------
    radiograph
        The header that patient and study are taken from.
    sr_instance_uid
        Of the SR that says the same.

    Raises
    ------
    NotDicomError
        If the radiograph's header is not fit for it.
    """
    header = result_header(radiograph)
    made_at = report.signature.signed_at if report.signature is not None else report.created_at
    dataset = Dataset()
    try:
        for keyword in _STUDY:
            if keyword in header:
                dataset.add(header[keyword])
        pdf = report_pdf(report, header)
    except tuple(e for e in MALFORMED if e not in {OSError, MemoryError}) as error:
        raise NotDicomError(f"its header is not fit for a PDF: {type(error).__name__}") from error
    dataset.SOPClassUID, dataset.SOPInstanceUID = EncapsulatedPDFStorage, ref.instance_uid
    dataset.SeriesInstanceUID, dataset.SeriesNumber = ref.series_uid, SERIES_NUMBER
    dataset.Modality, dataset.ConversionType = "DOC", "WSD"
    dataset.SeriesDescription = f"{MANUFACTURER} signed report as PDF"
    dataset.InstanceNumber = report.version
    dataset.Manufacturer, dataset.ManufacturerModelName = MANUFACTURER, model.name
    dataset.DeviceSerialNumber, dataset.SoftwareVersions = model.sha256[:16], model.version
    dataset.BurnedInAnnotation = "YES"  # the document names the patient (PS3.3 C.24.2)
    dataset.AcquisitionDateTime = None
    dataset.DocumentTitle = "Signed report"
    dataset.ConceptNameCodeSequence = [_code("18748-4", "LN", "Diagnostic imaging report")]
    dataset.VerificationFlag = "VERIFIED"
    dataset.SourceInstanceSequence = [_source(sr_instance_uid)]
    dataset.MIMETypeOfEncapsulatedDocument = "application/pdf"
    dataset.EncapsulatedDocumentLength = len(pdf)
    dataset.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    date_result(dataset, made_at)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return dataset


def _source(sr_instance_uid: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = ComprehensiveSRStorage, sr_instance_uid
    return item


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item
