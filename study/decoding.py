"""Decode the pixel matrix of a radiograph, refusing what is not one. Pure."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.encaps import get_frame
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID, ExplicitVRBigEndian, JPEGExtended12Bit

from study.codestream import declared_size
from study.errors import PixelDataError

MAX_PIXELS = 64_000_000  # three times the largest flat panel; caps what a small file can expand to

# What the codecs raise on damaged bytes, or where none is installed for the transfer syntax.
_CODEC_ERRORS = (
    RuntimeError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    OSError,
    EOFError,
    MemoryError,
    struct.error,
)

Array = NDArray[Any]


def stored_values(dataset: pydicom.Dataset) -> Array:
    """Return the decoded pixel matrix.

    Returns
    -------
    np.ndarray
        (rows, columns), uint8, uint16, int8 or int16: stored values with unused bits removed.

    Raises
    ------
    PixelDataError
        If there is no pixel data, it is short or cannot be decoded, or the image is in colour,
        multi-frame, larger than `MAX_PIXELS` or of a depth other than 1 to 16 bits.
    """
    _check_header(dataset)
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    syntax = getattr(getattr(dataset, "file_meta", None), "TransferSyntaxUID", None)
    if syntax is not None and syntax.is_encapsulated:
        return _with_bits(_decoded(dataset, syntax), dataset, int(dataset.BitsStored) - 1)
    dtype = np.dtype(np.uint8 if dataset.BitsAllocated == 8 else np.uint16)
    data = dataset.PixelData
    needed = rows * columns * dtype.itemsize
    if len(data) < needed:
        raise PixelDataError(
            f"the pixel data is short: {rows} x {columns} pixels of {dtype.itemsize} bytes need "
            f"{needed} bytes and it holds {len(data)}; send the image again"
        )
    order = dtype.newbyteorder(">" if syntax == ExplicitVRBigEndian else "<")
    values = np.frombuffer(data, order, rows * columns).reshape(rows, columns)
    return _with_bits(
        values.astype(dtype, copy=False), dataset, int(dataset.get("HighBit", dataset.BitsStored - 1))
    )


def _check_header(dataset: pydicom.Dataset) -> None:
    missing = [
        k for k in ("Rows", "Columns", "BitsAllocated", "BitsStored", "PixelData") if not dataset.get(k)
    ]
    if missing:
        raise PixelDataError(f"this is not a readable image: {', '.join(missing)} absent or empty")
    if int(dataset.get("SamplesPerPixel") or 1) != 1:
        raise PixelDataError("the image is in colour; a radiograph has one sample per pixel")
    if str(dataset.get("PhotometricInterpretation", "")) not in ("MONOCHROME1", "MONOCHROME2"):
        raise PixelDataError("the photometric interpretation is neither MONOCHROME1 nor MONOCHROME2")
    if int(dataset.get("NumberOfFrames") or 1) != 1:
        raise PixelDataError(f"the image has {dataset.NumberOfFrames} frames; a radiograph has one")
    if int(dataset.Rows) * int(dataset.Columns) > MAX_PIXELS:
        raise PixelDataError(f"the image claims {dataset.Rows} x {dataset.Columns} pixels, over {MAX_PIXELS}")
    if dataset.BitsAllocated not in (8, 16) or not 1 <= dataset.BitsStored <= dataset.BitsAllocated:
        raise PixelDataError(
            f"pixels of {dataset.BitsStored} bits in {dataset.BitsAllocated} are not supported; "
            "up to 16 bits in 8 or 16 are"
        )


@contextmanager
def panics_as_errors() -> Iterator[None]:
    """Turn the panic of a codec written in Rust into a `RuntimeError`: it is no `Exception` by itself."""
    try:
        yield
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            raise RuntimeError("the decoder gave up") from error
        raise


def _decoded(dataset: pydicom.Dataset, syntax: UID) -> Array:
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    try:
        with panics_as_errors(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of headers that disagree with the codestream in detail
            codestream = get_frame(dataset.PixelData, 0, number_of_frames=1)
            declared = declared_size(codestream)
            if declared not in (None, (rows, columns)):
                raise PixelDataError(
                    f"the compressed image is {declared} where the header says {rows} x {columns}"
                )
            if syntax == JPEGExtended12Bit and dataset.BitsStored > 8:
                from study.jpeg_extended import decode_twelve_bits

                return decode_twelve_bits(codestream, rows, columns)
            values, _ = get_decoder(syntax).as_array(dataset, raw=True, index=0)
    except _CODEC_ERRORS as error:
        first = (str(error) or type(error).__name__).splitlines()[0][:160]
        raise PixelDataError(f"the {syntax.name} pixel data cannot be decoded: {first}") from error
    if values.shape != (rows, columns):
        raise PixelDataError(f"the decoded image is {values.shape}, the header says {rows} x {columns}")
    return values


def _with_bits(values: Array, dataset: pydicom.Dataset, high_bit: int) -> Array:
    """Return `values` without what lies outside the stored bits, sign-extended where signed."""
    size = values.dtype.itemsize * 8
    stored = int(dataset.BitsStored)
    above = size - 1 - high_bit
    if above < 0 or above + stored > size:
        raise PixelDataError("HighBit and BitsStored contradict each other")
    unsigned = values.view(f"u{values.dtype.itemsize}")
    if dataset.get("PixelRepresentation"):
        signed = (unsigned << above).view(f"i{values.dtype.itemsize}")
        return signed >> (size - stored)
    if stored == size:
        return unsigned
    return (unsigned >> (high_bit + 1 - stored)) & ((1 << stored) - 1)
