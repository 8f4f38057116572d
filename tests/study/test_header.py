"""The few values that the node reads by itself are those that pydicom reads."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import (
    PYDICOM_IMPLEMENTATION_UID,
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)
from pynetdicom.dsutils import split_dataset

from study.errors import PixelDataError
from study.header import IDENTITY, WANTED, Header
from study.inspection import check_pixel_length, file_meta, summarize
from study.limits import walk
from tests.study.instances import a_radiograph, encoded

SYNTAXES = [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian]
CLASS, INSTANCE = "1.2.840.10008.5.1.4.1.1.1.1", "1.2.3.40"


def header_of(body: bytes, syntax: UID, start: int = 0) -> Header:
    return Header(walk(body, syntax, WANTED, start=start).values, syntax)


def number_of(read: Callable[[], int]) -> int | None:
    """Return a number, or None where what is there is none."""
    try:
        return read()
    except (ValueError, TypeError):
        return None


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_identity_and_image_attributes_are_read_in_every_encoding(syntax: UID) -> None:
    dataset = a_radiograph(rows=300, columns=17, NumberOfFrames="3")
    body = b"before" + encoded(dataset, syntax)
    walked = walk(body, syntax, WANTED, start=6)
    header = Header(walked.values, syntax)
    for keyword in IDENTITY:
        assert getattr(header, keyword) == dataset[keyword].value
    numbers = {k: header.number(k) for k in ("Rows", "Columns", "BitsAllocated", "NumberOfFrames")}
    assert numbers == {"Rows": 300, "Columns": 17, "BitsAllocated": 16, "NumberOfFrames": 3}
    assert walked.pixels_at == len(body) - len(dataset.PixelData)


def test_of_every_real_data_set_the_same_is_read_as_by_pydicom() -> None:
    read = 0
    for path in sorted((Path(pydicom.data.__file__).parent / "test_files").rglob("*.dcm")):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                dataset = pydicom.dcmread(path, stop_before_pixels=True)
                syntax = dataset.file_meta.TransferSyntaxUID
                _, offset = split_dataset(path)
            except (pydicom.errors.InvalidDicomError, AttributeError, EOFError):
                continue
            if syntax.is_deflated or not all(dataset.get(keyword) for keyword in IDENTITY):
                continue
            header = header_of(path.read_bytes(), syntax, offset)
            assert {k: getattr(header, k) for k in IDENTITY} == {k: str(dataset[k].value) for k in IDENTITY}
            for keyword in ("Rows", "Columns", "BitsAllocated", "SamplesPerPixel", "NumberOfFrames"):
                if dataset.get(keyword) is not None:
                    wanted = dataset[keyword].value
                    expected = number_of(partial(int, wanted))
                    assert number_of(partial(header.number, keyword)) == expected, (path.name, keyword)
            assert summarize(header) == summarize(dataset), path.name
        read += 1
    assert read > 20


@pytest.mark.parametrize(
    ("charset", "name"),
    [
        ("ISO_IR 100", "Müller^Jörg"),
        ("ISO_IR 192", "Hong^Gildong=洪^吉洞=홍^길동"),
        (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동"),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("", "Doe^Jane  "),
    ],
)
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_text_is_shown_in_its_character_set(syntax: UID, charset: str, name: str) -> None:
    dataset = a_radiograph(SpecificCharacterSet=charset, PatientName=name, BodyPartExamined="ABDOMEN ")
    dataset.StudyDescription = "KUB\\supine"
    body = encoded(dataset, syntax)
    offset = file_meta(CLASS, INSTANCE, syntax)
    read = pydicom.dcmread(pydicom.filebase.DicomBytesIO(offset + body), force=True)
    assert summarize(header_of(body, syntax)) == summarize(read)
    assert header_of(body, syntax).words("PatientName") == name.rstrip()


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({"Rows": None}, "cannot be read"),
        ({"Rows": [16, 16]}, "cannot be read"),
        ({"BitsAllocated": None}, "cannot be read"),
        ({"NumberOfFrames": "2"}, "truncated"),
        ({"SamplesPerPixel": 3}, "truncated"),
    ],
)
def test_image_attributes_that_make_no_sense_are_named(broken: dict[str, object], reason: str) -> None:
    body = encoded(a_radiograph(**broken))
    walked = walk(body, ExplicitVRLittleEndian, WANTED)
    header = Header(walked.values, ExplicitVRLittleEndian)
    with pytest.raises(PixelDataError, match=reason):
        check_pixel_length(header, body, walked.pixels_at, ExplicitVRLittleEndian)


def test_values_within_a_sequence_are_not_the_instances_own() -> None:
    dataset = a_radiograph()
    inner = pydicom.Dataset()
    inner.SOPInstanceUID, inner.PatientID, inner.Rows = "1.2.3", "OTHER", 1
    dataset.ReferencedImageSequence = [inner]
    for syntax in SYNTAXES:
        header = header_of(encoded(dataset, syntax), syntax)
        assert header.SOPInstanceUID == dataset.SOPInstanceUID
        assert (header.words("PatientID"), header.number("Rows")) == ("PID-4711", 16)


@pytest.mark.parametrize("syntax", [*SYNTAXES, RLELossless])
@pytest.mark.parametrize("instance", ["1.2.3.40", "1.2.3.4"])
def test_file_meta_information_is_as_pydicom_writes_it(syntax: UID, instance: str) -> None:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(CLASS)
    meta.MediaStorageSOPInstanceUID = UID(instance)
    meta.TransferSyntaxUID = syntax
    meta.ImplementationClassUID = PYDICOM_IMPLEMENTATION_UID
    meta.ImplementationVersionName = "KIDRAY"
    buffer = DicomBytesIO()
    write_file_meta_info(buffer, meta)
    assert file_meta(CLASS, instance, syntax) == b"\0" * 128 + b"DICM" + buffer.getvalue()
