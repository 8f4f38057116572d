"""A header read behind the fence is the header, without what is long."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from study.errors import NotDicomError, NotInArchiveError
from study.fence import Fence
from study.fenced import Answer
from study.inspection import file_meta
from study.short_header import LONGEST_ELEMENT, LONGEST_HEADER, as_header, file_header
from tests.fuzz.corpus import radiographs
from tests.study.radiographs import radiograph


@pytest.fixture(scope="module")
def fence() -> Iterator[Fence]:
    with Fence(1) as opened:
        yield opened


def saved(dataset: Dataset, folder: Path) -> Path:
    path = folder / f"{dataset.SOPInstanceUID}.dcm"
    dataset.save_as(path, enforce_file_format=True)
    return path


def small() -> Dataset:
    return radiograph(np.zeros((8, 8), np.uint16), BodyPartExamined="ABDOMEN")


@pytest.mark.parametrize("sound", list(radiographs()), ids=lambda sound: sound.name)
def test_the_header_is_the_same_in_every_transfer_syntax(sound, fence: Fence, tmp_path: Path) -> None:
    path = tmp_path / f"{sound.instance_uid}.dcm"
    path.write_bytes(file_meta(sound.sop_class_uid, sound.instance_uid, sound.syntax) + sound.body)
    expected = pydicom.dcmread(path, stop_before_pixels=True)
    header = fence.header(path)
    assert header == expected == file_header(path)
    assert header.file_meta.TransferSyntaxUID == sound.syntax
    assert header.file_meta.MediaStorageSOPClassUID == sound.sop_class_uid


def test_what_is_long_is_left_out(fence: Fence, tmp_path: Path) -> None:
    dataset = small()
    dataset.add_new(0x00091010, "OB", bytes(LONGEST_ELEMENT + 2))
    dataset.ReferencedImageSequence = [Dataset() for _ in range(LONGEST_ELEMENT // 8)]
    header = fence.header(saved(dataset, tmp_path))
    assert header.BodyPartExamined == "ABDOMEN"
    assert 0x00091010 not in header
    assert "ReferencedImageSequence" not in header


def test_private_elements_are_left_out_of_a_header_that_is_long_altogether(
    fence: Fence, tmp_path: Path
) -> None:
    dataset = small()
    for element in range(LONGEST_HEADER // LONGEST_ELEMENT + 1):
        dataset.add_new(0x00091000 + element, "OB", bytes(LONGEST_ELEMENT - 12))
    header = fence.header(saved(dataset, tmp_path))
    assert header.BodyPartExamined == "ABDOMEN"
    assert not any(element.tag.is_private for element in header)


def test_a_header_that_stays_too_long_is_refused(fence: Fence, tmp_path: Path) -> None:
    dataset = small()
    for element in range(LONGEST_HEADER // LONGEST_ELEMENT + 1):
        dataset.add_new(0x60000000 + (element << 17) + 0x3000, "OB", bytes(LONGEST_ELEMENT - 12))
    with pytest.raises(NotDicomError, match="its header is over 1048576 bytes"):
        fence.header(saved(dataset, tmp_path))


def test_what_is_not_there_or_no_dicom_is_said_so(fence: Fence, tmp_path: Path) -> None:
    with pytest.raises(NotInArchiveError):
        fence.header(tmp_path / "1.2.3.dcm")
    (tmp_path / "1.2.3.dcm").write_bytes(b"no DICOM" * 100)
    with pytest.raises(NotDicomError):
        fence.header(tmp_path / "1.2.3.dcm")


@pytest.mark.parametrize(
    "body",
    [
        bytes(LONGEST_HEADER + 1),
        b"\x09\x00\x10\x10SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff" * 40,
        b"\x09\x00\x10\x10CS\0\0" * 60_000,
    ],
    ids=["long", "deep", "many"],
)
def test_a_child_that_was_taken_over_cannot_hand_on_a_bomb(body: bytes) -> None:
    named = {"sop_class_uid": "1.2", "instance_uid": "1.2.3"}
    answer = Answer({"transfer_syntax_uid": str(ExplicitVRLittleEndian), **named}, body)
    with pytest.raises(NotDicomError, match="within limits"):
        as_header(answer)
