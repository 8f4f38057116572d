"""Cut an instance's pixel data into frames, as they are held or decoded (PS3.18 section 10.4.1.1.6)."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
import pydicom
from pydicom.encaps import generate_frames
from pydicom.pixels.utils import pixel_array
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from study.errors import NotInArchiveError, PixelDataError
from study.transcoding import CODEC_ERRORS, MAX_BYTES
from web_viewer.dicomweb.media import OCTETS
from web_viewer.problems import BadRequestError

# PS3.18 table 8.7.3-5
MEDIA_TYPES: dict[str, str] = {
    JPEGBaseline8Bit: "image/jpeg",
    JPEGExtended12Bit: "image/jpeg",
    JPEGLossless: "image/jpeg",
    JPEGLosslessSV1: "image/jpeg",
    JPEGLSLossless: "image/jls",
    JPEGLSNearLossless: "image/jls",
    JPEG2000Lossless: "image/jp2",
    JPEG2000: "image/jp2",
    HTJ2KLossless: "image/jphc",
    HTJ2KLosslessRPCL: "image/jphc",
    HTJ2K: "image/jphc",
    RLELossless: "image/dicom-rle",
}


class Frame(NamedTuple):
    """One frame's bytes."""

    media_type: str
    transfer_syntax_uid: str
    body: bytes

    @property
    def content_type(self) -> str:
        """The ``Content-Type`` of a part that holds the frame."""
        return f"{self.media_type}; transfer-syntax={self.transfer_syntax_uid}"


def frame_numbers(text: str) -> list[int]:
    """Return the frame numbers of a list such as ``1,3``; the first frame is 1.

    Raises
    ------
    BadRequestError
        If it is not a list of whole numbers from 1.
    """
    parts = text.split(",")
    if not all(part.strip().isdecimal() and int(part) > 0 for part in parts):
        raise BadRequestError("frames are a list of whole numbers from 1, such as 1,2")
    return [int(part) for part in parts]


def stored_frames(dataset: pydicom.Dataset, numbers: list[int]) -> list[Frame]:
    """Return frames of an encapsulated instance as they are held.

    Raises
    ------
    NotInArchiveError
        If there is no such frame.
    PixelDataError
        If the pixel data cannot be cut into frames.
    """
    count = _count(dataset, numbers)
    syntax = str(dataset.file_meta.TransferSyntaxUID)
    try:
        held = list(generate_frames(dataset.PixelData, number_of_frames=count))
        return [Frame(MEDIA_TYPES.get(syntax, OCTETS), syntax, held[n - 1]) for n in numbers]
    except CODEC_ERRORS as error:
        raise PixelDataError("the pixel data cannot be cut into frames") from error


def native_frames(dataset: pydicom.Dataset, numbers: list[int]) -> list[Frame]:
    """Return frames decoded to little-endian values, a bit a pixel where the instance has it so.

    Raises
    ------
    NotInArchiveError
        If there is no such frame.
    PixelDataError
        If the pixel data is short or cannot be decoded.
    """
    count = _count(dataset, numbers)
    syntax = dataset.file_meta.TransferSyntaxUID
    plain = str(ExplicitVRLittleEndian)
    if syntax.is_encapsulated or not syntax.is_little_endian:
        bodies = [_decoded(dataset, n, many=count > 1) for n in numbers]
    else:
        bodies = [_cut(dataset, n) for n in numbers]
    return [Frame(OCTETS, plain, body) for body in bodies]


def _count(dataset: pydicom.Dataset, numbers: list[int]) -> int:
    if "PixelData" not in dataset:
        raise NotInArchiveError("the instance holds no pixel data")
    count = int(dataset.get("NumberOfFrames") or 1)
    if max(numbers) > count:
        raise NotInArchiveError(f"the instance has {count} frames, not {max(numbers)}")
    return count


def _cut(dataset: pydicom.Dataset, number: int) -> bytes:
    bits = (
        int(dataset.Rows)
        * int(dataset.Columns)
        * int(dataset.get("SamplesPerPixel") or 1)
        * int(dataset.BitsAllocated)
    )
    data = dataset.PixelData
    if len(data) * 8 < bits * number:
        raise PixelDataError(f"the pixel data ends before frame {number}")
    if bits % 8 == 0:
        return bytes(data[bits // 8 * (number - 1) : bits // 8 * number])
    first = bits * (number - 1)
    packed = np.frombuffer(data, np.uint8)[first // 8 : (first + bits + 7) // 8]
    alone = np.unpackbits(packed, bitorder="little")[first % 8 : first % 8 + bits]
    return np.packbits(alone, bitorder="little").tobytes()


def _decoded(dataset: pydicom.Dataset, number: int, *, many: bool) -> bytes:
    size = int(dataset.Rows) * int(dataset.Columns) * max(int(dataset.BitsAllocated) // 8, 1)
    if size * int(dataset.get("SamplesPerPixel") or 1) > MAX_BYTES:
        raise PixelDataError("the image is too large to be decoded")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values = pixel_array(dataset, index=number - 1 if many else 0, raw=True)
    except CODEC_ERRORS as error:
        raise PixelDataError(f"the pixel data cannot be decoded: {type(error).__name__}") from error
    if dataset.BitsAllocated == 1:
        return np.packbits(values.astype(np.uint8).ravel(), bitorder="little").tobytes()
    return values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()
