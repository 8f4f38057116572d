"""Take Part 10 files apart, and write them in the transfer syntax that is asked for (PS3.10 section 7)."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import NamedTuple

from pydicom.uid import UID, ExplicitVRLittleEndian

from study.errors import DatasetMismatchError, NotDicomError
from study.fence import Fence
from study.identifiers import checked_uid
from study.inspection import inspect
from study.transcoding import part10_as
from web_viewer.problems import NotAcceptableError, UnsupportedMediaTypeError

_PREFIX_END = 132
_IDENTITY = (0x0002, 0x0003, 0x0010)  # SOP class, SOP instance, transfer syntax
_ELEMENT = struct.Struct("<HH2sH")  # group, element, VR, length
_LONG_VRS = frozenset({b"OB", b"OW", b"UN", b"UT", b"UC", b"UR", b"SQ"})  # PS3.5 table 7.1-1


class EncodedInstance(NamedTuple):
    """A data set as it was encoded, with what its file meta information says of it."""

    dataset: bytes
    sop_class_uid: str
    instance_uid: str
    transfer_syntax_uid: str


def take_apart(part10: bytes) -> EncodedInstance:
    """Return the data set of a Part 10 file, untouched, and its identity.

    A file without preamble and prefix, as some clients send, is taken too.

    Raises
    ------
    NotDicomError
        If it is not a Part 10 file.
    IdentifierError
        If a UID in its file meta information is not valid.
    UnsupportedMediaTypeError
        If its transfer syntax is unknown, or deflated: that can expand to any size.
    """
    first = _PREFIX_END if part10[128:_PREFIX_END] == b"DICM" else 0
    start, meta = _file_meta(part10, first)
    if not all(meta.get(element) for element in _IDENTITY):
        raise NotDicomError("not a DICOM Part 10 file: its file meta information is absent or incomplete")
    sop_class_uid, instance_uid, syntax = (checked_uid(meta[element]) for element in _IDENTITY)
    if not UID(syntax).is_transfer_syntax or UID(syntax).is_deflated:
        raise UnsupportedMediaTypeError(f"transfer syntax {syntax} is not taken in")
    return EncodedInstance(part10[start:], sop_class_uid, instance_uid, syntax)


def check_study(encoded: EncodedInstance, study_uid: str) -> None:
    """Raise `DatasetMismatchError` unless an instance belongs to the study.

    Raises
    ------
    NotDicomError
        If its header cannot be read.
    """
    inspected = inspect(
        encoded.dataset,
        UID(encoded.transfer_syntax_uid),
        sop_class_uid=encoded.sop_class_uid,
        instance_uid=encoded.instance_uid,
    )
    if str(inspected.header.StudyInstanceUID) != study_uid:
        raise DatasetMismatchError("the instance belongs to another study than the request names")


def _file_meta(part10: bytes, at: int) -> tuple[int, dict[int, str]]:
    """Return where group 2 ends, and its short values; it is always Explicit VR Little Endian.

    The stated group length is not relied on: some writers leave it out or get it wrong.
    """
    values: dict[int, str] = {}
    while at + _ELEMENT.size <= len(part10):
        group, element, vr, length = _ELEMENT.unpack_from(part10, at)
        if group != 2:
            break
        at += _ELEMENT.size
        if vr in _LONG_VRS:
            length = int.from_bytes(part10[at : at + 4], "little")
            at += 4
        elif vr == b"UI":
            values[element] = part10[at : at + length].decode("latin-1").rstrip("\0 ")
        at += length
    return min(at, len(part10)), values


class Encoded(NamedTuple):
    """A Part 10 file and the transfer syntax that it is in."""

    part10: bytes
    transfer_syntax_uid: str


def encoded_as(fence: Fence, path: Path, stored: str, wanted: str | None) -> Encoded:
    """Return an instance in the transfer syntax that is asked for.

    Parameters
    ----------
    path
        Of its file, which is unpacked in the fence where that is needed.
    stored
        UID of the transfer syntax that it is held in.
    wanted
        A UID, ``*`` for as it is held, or None for the default, Explicit VR Little Endian
        (PS3.18 section 8.7.3.5.2).

    Raises
    ------
    NotAcceptableError
        If it would have to be compressed.
    PixelDataError
        If its pixel data cannot be decoded.
    """
    if wanted in ("*", stored):
        return Encoded(path.read_bytes(), stored)
    if wanted not in (None, ExplicitVRLittleEndian):
        raise NotAcceptableError("the instance is not held in that transfer syntax; ask for * instead")
    if stored == ExplicitVRLittleEndian:
        return Encoded(path.read_bytes(), stored)
    answer = fence.call(part10_as, path, transfer_syntax_uid=ExplicitVRLittleEndian)
    return Encoded(bytes(answer.body), str(ExplicitVRLittleEndian))
