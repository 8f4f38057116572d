"""Read what must be known of an encoded data set before it is stored. Pure."""

from __future__ import annotations

from struct import pack
from typing import NamedTuple

import pydicom
from pydicom.uid import PYDICOM_IMPLEMENTATION_UID, UID

from study.errors import DatasetMismatchError, NotDicomError, PixelDataError
from study.header import WANTED, Header
from study.identifiers import checked_uid
from study.limits import Buffer, walk
from study.malformed import MALFORMED as MALFORMED  # noqa: PLC0414 - others know it from here
from study.model import StudySummary

_LONGEST_TEXT = 256
_SEQUENCE_DELIMITER = b"\xfe\xff\xdd\xe0"
_PREAMBLE = b"\0" * 128 + b"DICM"


class Inspected(NamedTuple):
    """What the node has to know of a data set, and the offset of the pixel data's value (None: none)."""

    header: Header
    pixels_at: int | None


def inspect(
    dataset: Buffer, syntax: UID, *, sop_class_uid: str, instance_uid: str, start: int = 0
) -> Inspected:
    """Return what the node has to know of a data set, and where its pixel data begins.

    Parameters
    ----------
    dataset
        An encoded data set, without preamble and file meta information.
    syntax
        Its transfer syntax.
    sop_class_uid, instance_uid
        What the request said it is.
    start
        Where in `dataset` it begins, in bytes.

    Raises
    ------
    NotDicomError
        If it cannot be read, lacks an element that every instance has, or is beyond `study.limits`.
    DatasetMismatchError
        If it is something else than the request said.
    """
    walked = walk(dataset, syntax, WANTED, start=start)
    header = Header(walked.values, syntax)
    missing = header.missing()
    if missing is not None:
        raise NotDicomError(f"not a DICOM instance: {missing} is missing")
    if header.SOPClassUID != sop_class_uid:
        raise DatasetMismatchError("the data set's SOP Class UID is not the one requested")
    if header.SOPInstanceUID != instance_uid:
        raise DatasetMismatchError("the data set's SOP Instance UID is not the one requested")
    for uid in (header.SOPInstanceUID, header.StudyInstanceUID, header.SeriesInstanceUID):
        checked_uid(uid)
    return Inspected(header, walked.pixels_at)


def check_pixel_length(header: Header, dataset: Buffer, pixels_at: int | None, syntax: UID) -> None:
    """Raise `PixelDataError` when the pixel data is shorter than the header says.

    Uncompressed pixel data must be as long as Rows x Columns x Samples x Frames x Bits Allocated
    ask for (PS3.5 section 8.1.1); encapsulated pixel data must end with its sequence delimiter
    (PS3.5 section A.4). A data set without image attributes passes.
    """
    if not header.has("Rows") or not header.has("Columns"):
        return
    try:
        bits = header.number("BitsAllocated") * header.number("SamplesPerPixel", default=1)
        frames = header.number("NumberOfFrames", default=1)
        if header.text("PhotometricInterpretation").endswith("_422"):
            bits = bits * 2 // 3  # chroma halved (PS3.3 C.7.6.3.1.2)
        expected = (header.number("Rows") * header.number("Columns") * frames * bits + 7) // 8
    except ValueError as error:
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
    elements = b"".join(
        (
            pack("<HH2sHL2s", 2, 0x0001, b"OB", 0, 2, b"\0\1"),  # version of this group
            _short(0x0002, b"UI", sop_class_uid, b"\0"),
            _short(0x0003, b"UI", instance_uid, b"\0"),
            _short(0x0010, b"UI", syntax, b"\0"),
            _short(0x0012, b"UI", PYDICOM_IMPLEMENTATION_UID, b"\0"),
            _short(0x0013, b"SH", "KIDRAY", b" "),
        )
    )
    return _PREAMBLE + pack("<HH2sHL", 2, 0, b"UL", 4, len(elements)) + elements


def _short(element: int, vr: bytes, text: str, padding: bytes) -> bytes:
    """Return an element of group 2 (PS3.5 section 7.1.2), padded to an even length."""
    value = text.encode("latin-1", "replace")
    value += padding * (len(value) & 1)
    return pack("<HH2sH", 2, element, vr, len(value)) + value


def summarize(header: pydicom.Dataset | Header) -> StudySummary:
    """Return what the worklist shows of a data set. Holds the patient's identity: never log it."""

    def text(name: str) -> str:
        whole = header.words(name) if isinstance(header, Header) else text_of(header, name)
        return whole[:_LONGEST_TEXT].encode("utf-8", "replace").decode()  # half a surrogate pair is no text

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
