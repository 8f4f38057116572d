"""Read what must be known of an encoded data set before it is stored. Pure."""

from __future__ import annotations

import struct
from io import BytesIO
from typing import NamedTuple

import pydicom
from pydicom.charset import convert_encodings
from pydicom.config import IGNORE
from pydicom.dataelem import DataElement
from pydicom.dataset import FileMetaDataset
from pydicom.errors import BytesLengthException
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import data_element_generator
from pydicom.filewriter import write_file_meta_info
from pydicom.tag import BaseTag, Tag
from pydicom.uid import PYDICOM_IMPLEMENTATION_UID, UID

from study.errors import DatasetMismatchError, NotDicomError, PixelDataError
from study.identifiers import checked_uid
from study.limits import check_limits
from study.model import StudySummary

_PIXEL_DATA = {0x7FE00008, 0x7FE00009, 0x7FE00010}
_ALWAYS = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
_LONGEST_TEXT = 256
_SEQUENCE_DELIMITER = b"\xfe\xff\xdd\xe0"

# What pydicom raises on malformed elements: its readers do not translate these.
MALFORMED = (
    BytesLengthException,
    EOFError,
    ValueError,
    KeyError,
    OSError,
    NotImplementedError,
    RecursionError,
    TypeError,
    AttributeError,
    OverflowError,
    MemoryError,
    struct.error,
)


class Inspected(NamedTuple):
    """The elements before the pixel data, and the offset of the pixel data's value (None: none)."""

    header: pydicom.Dataset
    pixels_at: int | None


def inspect(dataset: bytes, syntax: UID, *, sop_class_uid: str, instance_uid: str) -> Inspected:
    """Return the elements before the pixel data, and where that begins.

    Parameters
    ----------
    dataset
        An encoded data set, without preamble and file meta information.
    syntax
        Its transfer syntax.
    sop_class_uid, instance_uid
        What the request said it is.

    Raises
    ------
    NotDicomError
        If it cannot be read, lacks an element that every instance has, or is beyond `study.limits`.
    DatasetMismatchError
        If it is something else than the request said.
    """
    check_limits(dataset, syntax)
    stream = BytesIO(dataset)
    try:
        elements = data_element_generator(
            stream, syntax.is_implicit_VR, syntax.is_little_endian, stop_when=_at_pixel_data
        )
        header = pydicom.Dataset({element.tag: element for element in elements})
        header.set_original_encoding(
            syntax.is_implicit_VR,
            syntax.is_little_endian,
            convert_encodings(header.get("SpecificCharacterSet", "ISO_IR 6")),
        )
        identity = [_text(header, name) for name in _ALWAYS]
    except MALFORMED as error:
        raise NotDicomError(f"not a DICOM data set: {type(error).__name__}") from error
    missing = [name for name, value in zip(_ALWAYS, identity, strict=True) if not value]
    if missing:
        raise NotDicomError(f"not a DICOM instance: {missing[0]} is missing")
    if identity[0] != sop_class_uid:
        raise DatasetMismatchError("the data set's SOP Class UID is not the one requested")
    if identity[1] != instance_uid:
        raise DatasetMismatchError("the data set's SOP Instance UID is not the one requested")
    for uid in identity[1:]:
        checked_uid(uid)
    for name, value in zip(_ALWAYS, identity, strict=True):  # readable from here on, whatever their VR
        tag = Tag(name)
        header[tag] = DataElement(tag, "UI", value, validation_mode=IGNORE)
    at = stream.tell() + (8 if syntax.is_implicit_VR else 12)  # tag, VR, length (PS3.5 section 7.1)
    return Inspected(header, at if at < len(dataset) else None)


def check_pixel_length(header: pydicom.Dataset, dataset: bytes, pixels_at: int | None, syntax: UID) -> None:
    """Raise `PixelDataError` when the pixel data is shorter than the header says.

    Uncompressed pixel data must be as long as Rows x Columns x Samples x Frames x Bits Allocated
    ask for (PS3.5 section 8.1.1); encapsulated pixel data must end with its sequence delimiter
    (PS3.5 section A.4). A data set without image attributes passes.
    """
    if "Rows" not in header or "Columns" not in header:
        return
    try:
        bits = int(header.BitsAllocated) * int(header.get("SamplesPerPixel", 1) or 1)
        frames = int(header.get("NumberOfFrames", 1) or 1)
        if str(header.get("PhotometricInterpretation", "")).endswith("_422"):
            bits = bits * 2 // 3  # chroma halved (PS3.3 C.7.6.3.1.2)
        expected = (int(header.Rows) * int(header.Columns) * frames * bits + 7) // 8
    except MALFORMED as error:
        raise PixelDataError("the image attributes cannot be read") from error
    if pixels_at is None:
        raise PixelDataError("the pixel data is missing")
    if syntax.is_encapsulated:
        if dataset.rfind(_SEQUENCE_DELIMITER, pixels_at) < 0:
            raise PixelDataError("the pixel data ends before its last fragment")
    elif len(dataset) - pixels_at < expected:
        raise PixelDataError(f"the pixel data is truncated: {len(dataset) - pixels_at} of {expected} bytes")


def file_meta(sop_class_uid: str, instance_uid: str, syntax: UID) -> bytes:
    """Return preamble, prefix and file meta information (PS3.10 section 7.1).

    The same instance always gets the same bytes: nothing of the sender or the time is in it.
    """
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(sop_class_uid)
    meta.MediaStorageSOPInstanceUID = UID(instance_uid)
    meta.TransferSyntaxUID = syntax
    meta.ImplementationClassUID = PYDICOM_IMPLEMENTATION_UID
    meta.ImplementationVersionName = "KIDRAY"
    buffer = DicomBytesIO()
    buffer.write(b"\0" * 128 + b"DICM")
    write_file_meta_info(buffer, meta)
    return buffer.getvalue()


def summarize(header: pydicom.Dataset) -> StudySummary:
    """Return what the worklist shows of a header. Holds the patient's identity: never log it."""

    def text(name: str) -> str:
        return text_of(header, name)[:_LONGEST_TEXT]

    return StudySummary(
        patient_name=text("PatientName"),
        patient_id=text("PatientID"),
        patient_birth_date=text("PatientBirthDate"),
        patient_sex=text("PatientSex"),
        patient_age=text("PatientAge"),
        accession_number=text("AccessionNumber"),
        study_date=text("StudyDate"),
        study_time=text("StudyTime"),
        study_description=text("StudyDescription"),
        body_part=text("BodyPartExamined"),
        modality=text("Modality"),
    )


def text_of(header: pydicom.Dataset, keyword: str) -> str:
    """Return an element's value as text; empty where it is absent or cannot be read."""
    try:
        value = header.get(keyword)
    except MALFORMED:
        return ""
    return "" if value is None else str(value)


def _text(header: pydicom.Dataset, keyword: str) -> str:
    """Return a UID as it was sent; pydicom would warn of an invalid one, with its value."""
    value = header.get_item(keyword).value if keyword in header else b""
    return value.decode("latin-1").rstrip("\0 ") if isinstance(value, bytes) else str(value or "")


def _at_pixel_data(tag: BaseTag, _vr: str | None, _length: int) -> bool:
    return tag in _PIXEL_DATA
