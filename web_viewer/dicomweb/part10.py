"""Take Part 10 files apart, and write them in the transfer syntax that is asked for (PS3.10 section 7)."""

from __future__ import annotations

import struct
import warnings
from io import BytesIO
from typing import NamedTuple

import numpy as np
import pydicom
from pydicom.errors import InvalidDicomError
from pydicom.uid import ExplicitVRLittleEndian

from study.archive import Archive, InstanceReference
from study.errors import DatasetMismatchError, NotDicomError, PixelDataError
from web_viewer.dicomweb.frames import CODEC_ERRORS
from web_viewer.problems import NotAcceptableError

_PREFIX_END = 132
_FIRST_ELEMENT = struct.Struct("<HH2sHI")  # (0002,0000) UL: tag, VR, length, value


class EncodedInstance(NamedTuple):
    """A data set as it was encoded, with what its file meta information says of it."""

    dataset: bytes
    sop_class_uid: str
    instance_uid: str
    transfer_syntax_uid: str


def take_apart(part10: bytes) -> EncodedInstance:
    """Return the data set of a Part 10 file, untouched, and its identity.

    Raises
    ------
    NotDicomError
        If it is not a Part 10 file.
    """
    if part10[128:_PREFIX_END] != b"DICM" or len(part10) < _PREFIX_END + _FIRST_ELEMENT.size:
        raise NotDicomError("not a DICOM Part 10 file: the prefix DICM is missing")
    group, element, vr, _, length = _FIRST_ELEMENT.unpack_from(part10, _PREFIX_END)
    if (group, element, vr) != (2, 0, b"UL"):
        raise NotDicomError("not a DICOM Part 10 file: the length of its file meta information is missing")
    start = _PREFIX_END + _FIRST_ELEMENT.size + length
    try:
        meta = pydicom.dcmread(BytesIO(part10[:start]), stop_before_pixels=True).file_meta
        identity = (
            str(meta.MediaStorageSOPClassUID),
            str(meta.MediaStorageSOPInstanceUID),
            str(meta.TransferSyntaxUID),
        )
    except (InvalidDicomError, EOFError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise NotDicomError("not a DICOM Part 10 file: its file meta information is incomplete") from error
    return EncodedInstance(part10[start:], *identity)


def check_study(part10: bytes, study_uid: str) -> None:
    """Raise `DatasetMismatchError` unless a Part 10 file belongs to the study.

    Raises
    ------
    NotDicomError
        If its header cannot be read.
    """
    try:
        header = pydicom.dcmread(BytesIO(part10), stop_before_pixels=True, specific_tags=["StudyInstanceUID"])
        held = str(header.get("StudyInstanceUID", ""))
    except (*CODEC_ERRORS, InvalidDicomError, EOFError, RecursionError) as error:
        raise NotDicomError(f"not a DICOM data set: {type(error).__name__}") from error
    if held != study_uid:
        raise DatasetMismatchError("the instance belongs to another study than the request names")


class Encoded(NamedTuple):
    """A Part 10 file and the transfer syntax that it is in."""

    part10: bytes
    transfer_syntax_uid: str


def encoded_as(archive: Archive, ref: InstanceReference, stored: str, wanted: str | None) -> Encoded:
    """Return an instance in the transfer syntax that is asked for.

    Parameters
    ----------
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
        return Encoded(archive.path(ref).read_bytes(), stored)
    if wanted not in (None, ExplicitVRLittleEndian):
        raise NotAcceptableError("the instance is not held in that transfer syntax; ask for * instead")
    if stored == ExplicitVRLittleEndian:
        return Encoded(archive.path(ref).read_bytes(), stored)
    return Encoded(_explicit(archive.read(ref)), str(ExplicitVRLittleEndian))


def _explicit(dataset: pydicom.Dataset) -> bytes:
    """Return a data set as a Part 10 file in Explicit VR Little Endian."""
    buffer = BytesIO()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            syntax = dataset.file_meta.TransferSyntaxUID
            if syntax.is_encapsulated:
                dataset.decompress(generate_instance_uid=False)
            elif not syntax.is_little_endian:
                _swap_words(dataset)
            dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
            pydicom.dcmwrite(buffer, dataset, enforce_file_format=True)
    except CODEC_ERRORS as error:
        raise PixelDataError(f"the instance cannot be decoded: {type(error).__name__}") from error
    return buffer.getvalue()


def _swap_words(dataset: pydicom.Dataset) -> None:
    """Turn the bytes of 16-bit binary values round; pydicom leaves those as they are."""
    for element in dataset:
        if element.VR == "OW" and isinstance(element.value, bytes):
            element.value = np.frombuffer(element.value, ">u2").astype("<u2").tobytes()
