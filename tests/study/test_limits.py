"""Bombs of every kind that a data set can be, and real data sets that must pass."""

from __future__ import annotations

import struct
import warnings
from pathlib import Path

import pydicom.data
import pytest
from pydicom import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)
from pynetdicom.dsutils import split_dataset

from study.errors import NotDicomError
from study.inspection import inspect
from study.limits import LIMITS, Limits, check_limits
from tests.study.instances import a_radiograph, encoded

SYNTAXES = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian)
ITEM, ITEM_END, SEQUENCE_END = (struct.pack("<HHL", 0xFFFE, n, 0) for n in (0xE000, 0xE00D, 0xE0DD))


def nested(depth: int, *, defined: bool) -> bytes:
    """Return a Content Sequence within a Content Sequence, and so on, in explicit VR little endian."""
    inside = b""
    for _ in range(depth):
        if defined:
            item = struct.pack("<HHL", 0xFFFE, 0xE000, len(inside)) + inside
            inside = struct.pack("<HH2sHL", 0x0040, 0xA730, b"SQ", 0, len(item)) + item
        else:
            item = struct.pack("<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF) + inside + ITEM_END
            inside = struct.pack("<HH2sHL", 0x0040, 0xA730, b"SQ", 0, 0xFFFFFFFF) + item + SEQUENCE_END
    return inside


@pytest.mark.parametrize("defined", [True, False])
def test_sequences_300_deep_are_refused_and_a_deep_report_is_not(defined: bool) -> None:
    check_limits(nested(LIMITS.depth, defined=defined), ExplicitVRLittleEndian)
    for depth in (LIMITS.depth + 1, 300):
        with pytest.raises(NotDicomError, match="over 32 deep"):
            check_limits(nested(depth, defined=defined), ExplicitVRLittleEndian)


def test_a_sequence_hidden_as_unknown_is_walked_too() -> None:
    hidden = nested(40, defined=True).replace(b"SQ", b"UN")
    with pytest.raises(NotDicomError, match="deep"):
        check_limits(hidden, ExplicitVRLittleEndian)


def test_a_million_empty_elements_are_refused() -> None:
    many = b"".join(struct.pack("<HH2sH", 0x0011, n % 65536, b"LO", 0) for n in range(1_000_000))
    with pytest.raises(NotDicomError, match="over 250000 elements"):
        check_limits(many, ExplicitVRLittleEndian)


def test_a_million_empty_items_are_refused() -> None:
    items = struct.pack("<HH2sHL", 0x0040, 0xA730, b"SQ", 0, 0xFFFFFFFF) + ITEM * 1_000_000
    with pytest.raises(NotDicomError, match="over 250000 elements"):
        check_limits(items, ExplicitVRLittleEndian)


@pytest.mark.parametrize("vr", [None, b"UN", b"UC"])
def test_a_list_of_millions_of_values_is_refused(vr: bytes | None) -> None:
    value = b"1\\" * 1_000_000
    if vr is None:
        bomb, syntax = struct.pack("<HHL", 0x0018, 0x1164, len(value)) + value, ImplicitVRLittleEndian
    else:
        bomb = struct.pack("<HH2sHL", 0x0018, 0x1164, vr, 0, len(value)) + value
        syntax = ExplicitVRLittleEndian
    with pytest.raises(NotDicomError, match="00181164 is over 1048576 bytes"):
        check_limits(bomb, syntax)


def test_a_long_document_is_no_list() -> None:
    dataset = a_radiograph()
    dataset.EncapsulatedDocument = bytes(4 << 20)
    for syntax in SYNTAXES:
        check_limits(encoded(dataset, syntax), syntax)


def test_deflated_is_refused_before_it_is_inflated() -> None:
    with pytest.raises(NotDicomError, match="deflated"):
        check_limits(b"", DeflatedExplicitVRLittleEndian)


def test_a_data_set_that_is_too_long_is_refused() -> None:
    with pytest.raises(NotDicomError, match="over 100 bytes"):
        check_limits(bytes(101), ExplicitVRLittleEndian, Limits(total_bytes=100))


def test_the_walk_ends_at_the_pixel_data() -> None:
    body = encoded(a_radiograph(), ExplicitVRLittleEndian)
    check_limits(body + nested(300, defined=True), ExplicitVRLittleEndian)


def counted(dataset: Dataset) -> int:
    """Return how many elements and items a data set has, by pydicom."""
    count = 0
    for element in dataset:
        if element.tag.group == 0x7FE0 and element.keyword.endswith("PixelData"):
            break
        count += 1
        if element.VR == "SQ":
            count += sum(1 + counted(item) for item in element.value)
    return count


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_the_walk_counts_what_pydicom_counts(syntax: pydicom.uid.UID) -> None:
    dataset = a_radiograph()
    for depth in (1, 2, 3):
        item = Dataset()
        item.CodeValue = f"{depth}"
        item.ViewCodeSequence = list(dataset.get("ViewCodeSequence", []))
        dataset.ViewCodeSequence = [item, item]
    count = counted(dataset)
    body = encoded(dataset, syntax)
    check_limits(body, syntax, Limits(elements=count))
    with pytest.raises(NotDicomError, match="elements"):
        check_limits(body, syntax, Limits(elements=count - 1))


def test_every_real_data_set_that_pydicom_reads_is_within_the_limits() -> None:
    read = 0
    for path in (Path(pydicom.data.__file__).parent / "test_files").rglob("*.dcm"):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                syntax = pydicom.dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID
                _, offset = split_dataset(path)
        except (pydicom.errors.InvalidDicomError, AttributeError, EOFError):
            continue
        if not syntax.is_deflated:
            check_limits(path.read_bytes()[offset:], syntax)
            read += 1
    assert read > 20


@pytest.mark.parametrize("bomb", [nested(300, defined=True), nested(300, defined=False)])
def test_an_instance_with_a_bomb_in_it_is_refused_at_the_door(bomb: bytes) -> None:
    dataset = a_radiograph()
    body = encoded(dataset)
    at = body.index(b"\x28\x00\x02\x00")
    with pytest.raises(NotDicomError, match="deep"):
        inspect(
            body[:at] + bomb + body[at:],
            ExplicitVRLittleEndian,
            sop_class_uid=str(dataset.SOPClassUID),
            instance_uid=str(dataset.SOPInstanceUID),
        )
