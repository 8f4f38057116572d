"""Write an instance in another transfer syntax: uncompressed, little endian. Pure.

The instance stays the same one: nothing is lost, so its SOP Instance UID stays (PS3.4 section C.4.2.2).
What a lossy compression lost before stays said in its attributes (PS3.3 section C.7.6.1.1.5).
"""

from __future__ import annotations

import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
from pydicom.encaps import generate_frames
from pydicom.errors import InvalidDicomError
from pydicom.uid import UID, JPEGBaseline8Bit, JPEGExtended12Bit

from study.decoding import panics_as_errors
from study.errors import NotDicomError, PixelDataError
from study.fenced import Answer
from study.inspection import MALFORMED

MAX_BYTES = 1 << 30  # of one decoded instance
# What decoding and re-encoding raise on damaged pixel data, or where no codec is installed.
CODEC_ERRORS = (*MALFORMED, RuntimeError, LookupError, ArithmeticError)
_ALWAYS_LOSSY = frozenset({JPEGBaseline8Bit, JPEGExtended12Bit})


def part10_as(path: Path, *, transfer_syntax_uid: str) -> Answer:
    """Return `unpacked` of a Part 10 file; for `study.fence`.

    Raises
    ------
    NotDicomError
        If it is no such file.
    """
    try:
        dataset = pydicom.dcmread(path)
    except InvalidDicomError as error:
        raise NotDicomError(f"instance {path.stem} is not a Part 10 file") from error
    return Answer({}, unpacked(dataset, UID(transfer_syntax_uid)))


def unpacked(dataset: pydicom.Dataset, syntax: UID) -> bytes:
    """Return a data set, which is changed on the way, as a Part 10 file in an uncompressed syntax.

    Parameters
    ----------
    syntax
        Explicit or Implicit VR Little Endian.

    Raises
    ------
    PixelDataError
        If its pixel data is too large or cannot be decoded.
    """
    buffer = BytesIO()
    try:
        with panics_as_errors(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            held = dataset.file_meta.TransferSyntaxUID
            if held.is_encapsulated:
                _decompress(dataset, held)
            elif not held.is_little_endian:
                _swap_words(dataset)
            dataset.file_meta.TransferSyntaxUID = syntax
            pydicom.dcmwrite(
                buffer,
                dataset,
                implicit_vr=syntax.is_implicit_VR,
                little_endian=True,
                enforce_file_format=True,
            )
    except CODEC_ERRORS as error:
        raise PixelDataError(f"the instance cannot be decoded: {type(error).__name__}") from error
    return buffer.getvalue()


def _decompress(dataset: pydicom.Dataset, held: UID) -> None:
    if _decoded_bytes(dataset) > MAX_BYTES:
        raise PixelDataError("the image is too large to be decoded")
    if held == JPEGExtended12Bit and dataset.BitsStored > 8:
        _decompress_twelve_bits(dataset)
    else:
        dataset.decompress(generate_instance_uid=False)
    if held in _ALWAYS_LOSSY:
        dataset.LossyImageCompression = "01"


def _decoded_bytes(dataset: pydicom.Dataset) -> int:
    frames, samples = int(dataset.get("NumberOfFrames") or 1), int(dataset.get("SamplesPerPixel") or 1)
    return int(dataset.Rows) * int(dataset.Columns) * frames * samples * (int(dataset.BitsAllocated) + 7) // 8


def _decompress_twelve_bits(dataset: pydicom.Dataset) -> None:
    from study.jpeg_extended import decode_twelve_bits

    rows, columns = int(dataset.Rows), int(dataset.Columns)
    count = int(dataset.get("NumberOfFrames") or 1)
    frames = generate_frames(dataset.PixelData, number_of_frames=count)
    decoded = [decode_twelve_bits(frame, rows, columns).astype("<u2").tobytes() for frame in frames]
    dataset.add_new("PixelData", "OW", b"".join(decoded))


def _swap_words(dataset: pydicom.Dataset) -> None:
    """Turn the bytes of 16-bit binary values round; pydicom leaves those as they are."""
    for element in dataset:
        if element.VR == "OW" and isinstance(element.value, bytes):
            element.value = np.frombuffer(element.value, ">u2").astype("<u2").tobytes()
