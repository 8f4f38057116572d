"""Decode a radiograph and take it through the grayscale chain (PS3.3 C.11, PS3.4 N.2). Pure.

stored values ─▶ modality values ─▶ VOI LUT or window ─▶ presentation (inversion) ─▶ display values

Everything between stored and display values depends on the stored value alone, so the chain is
folded into one look-up table over the 2**bits possible stored values and applied in one pass.
"""

from __future__ import annotations

import struct
import warnings
from typing import Any, NamedTuple

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import ExplicitVRBigEndian

from study.errors import PixelDataError
from study.geometry import side_at_left_edge, spacing_mm, view_of
from study.model import Frozen, View
from study.voi import Window, lut_of, padding_mask, voi_curve, voi_lut, windows

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
Floats = NDArray[np.float32]


class Preset(Frozen):
    """A window that the header offers, in modality values."""

    name: str
    center: float
    width: float


class GrayscaleDescription(Frozen):
    """How to show the values of `wire_pixels`: modality value = wire value * slope + offset.

    Where the header holds a VOI LUT Sequence the wire carries its output, which is then windowed.
    `minimum` and `maximum` are modality values, padding left out. `laterality_marker` is the letter
    of the patient's side at the image's left edge.
    """

    rows: int
    columns: int
    bits: int
    minimum: float
    maximum: float
    inverted: bool
    window_center: float
    window_width: float
    voi_function: str
    offset: float
    slope: float
    presets: list[Preset]
    imager_pixel_spacing_mm: tuple[float, float] | None
    view: View
    laterality_marker: str


class _Table(NamedTuple):
    """The chain's domain: every stored value that the header allows, by its unsigned index."""

    stored: Array  # int32 (2**bits,), in order of the unsigned index
    modality: Floats  # float32 (2**bits,)
    padding: NDArray[np.bool_]  # (2**bits,)


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


def modality_values(dataset: pydicom.Dataset) -> Floats:
    """Return the values after the Modality LUT or rescale (PS3.3 C.11.1).

    Returns
    -------
    np.ndarray
        float32 (rows, columns).
    """
    stored = stored_values(dataset)
    return np.take(_table(dataset, stored).modality, _index(stored))


def display_values(dataset: pydicom.Dataset) -> Floats:
    """Return what a display shows: 0 is black and 1 is white (P-values, PS3.4 N.2).

    A VOI LUT Sequence comes before a window; without either the image's own range is used.
    Pixel padding is black.

    Returns
    -------
    np.ndarray
        float32 (rows, columns), 0..1.
    """
    stored = stored_values(dataset)
    index, table = _index(stored), _table(dataset, stored)
    shown = voi_curve(dataset, table.modality, lambda: _range(index, table))
    if is_inverted(dataset):
        shown = 1.0 - shown
    return np.take(np.where(table.padding, np.float32(0), shown).astype(np.float32), index)


def attenuation_values(dataset: pydicom.Dataset) -> Floats:
    """Return modality values turned so that brighter means more attenuation, without any window.

    Pixel padding takes the smallest value outside it. This is what the vision reads: it does not
    depend on the window that somebody left in the header.

    Returns
    -------
    np.ndarray
        float32 (rows, columns), in modality units, mirrored for an inverted image.
    """
    stored = stored_values(dataset)
    index, table = _index(stored), _table(dataset, stored)
    low, high = _range(index, table)
    values = low + high - table.modality if is_inverted(dataset) else table.modality
    return np.take(np.where(table.padding, np.float32(low), values).astype(np.float32), index)


def wire_pixels(dataset: pydicom.Dataset) -> tuple[NDArray[np.uint16], GrayscaleDescription]:
    """Return the pixels as the viewer receives them, and how to show them.

    Returns
    -------
    np.ndarray
        uint16 (rows, columns), native byte order; padding has the value of black.
    GrayscaleDescription
        The window, presets, scale and orientation.
    """
    stored = stored_values(dataset)
    index, table = _index(stored), _table(dataset, stored)
    curve = voi_lut(dataset)
    values = curve(table.modality) * np.float32(65535) if curve else table.modality
    low, high = _range(index, table._replace(modality=values))
    top = float(values[~table.padding].max(initial=high))
    offset = float(values[~table.padding].min(initial=low))
    slope = _wire_slope(dataset, curve is not None, offset, top)
    black = (high if is_inverted(dataset) else low) - offset
    wire = np.where(table.padding, np.float32(black), values - np.float32(offset)) / np.float32(slope)
    presets = [] if curve else windows(dataset)
    first = presets[0] if presets else Window((low + high + 1) / 2, max(high - low + 1, 1.0), "LINEAR", "")
    if curve:
        first = Window(32768.0, 65536.0, "LINEAR", "")
    description = GrayscaleDescription(
        rows=stored.shape[0],
        columns=stored.shape[1],
        bits=int(dataset.BitsStored),
        minimum=low,
        maximum=high,
        inverted=is_inverted(dataset),
        window_center=first.center,
        window_width=first.width,
        voi_function=first.function,
        offset=offset,
        slope=slope,
        presets=[
            Preset(name=p.name or f"Window {n}", center=p.center, width=p.width)
            for n, p in enumerate(presets, start=1)
        ],
        imager_pixel_spacing_mm=spacing_mm(dataset),
        view=view_of(dataset),
        laterality_marker=side_at_left_edge(dataset),
    )
    return np.take(np.rint(wire).clip(0, 65535).astype(np.uint16), index), description


def grayscale(dataset: pydicom.Dataset) -> GrayscaleDescription:
    """Return how to show the values of `wire_pixels`."""
    return wire_pixels(dataset)[1]


def is_inverted(dataset: pydicom.Dataset) -> bool:
    """Return whether large values are dark: MONOCHROME1, or INVERSE (they say the same once)."""
    monochrome1 = str(dataset.get("PhotometricInterpretation", "")) == "MONOCHROME1"
    return monochrome1 or str(dataset.get("PresentationLUTShape", "")) == "INVERSE"


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


def _decoded(dataset: pydicom.Dataset, syntax: pydicom.uid.UID) -> Array:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values, _ = get_decoder(syntax).as_array(dataset, raw=True, index=0)
    except _CODEC_ERRORS as error:
        first = (str(error) or type(error).__name__).splitlines()[0][:160]
        raise PixelDataError(f"the {syntax.name} pixel data cannot be decoded: {first}") from error
    if values.shape != (dataset.Rows, dataset.Columns):
        raise PixelDataError(
            f"the compressed image is {values.shape[:2]} where the header says "
            f"{dataset.Rows} x {dataset.Columns}"
        )
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


def _index(stored: Array) -> Array:
    return stored.view(f"u{stored.dtype.itemsize}")


def _table(dataset: pydicom.Dataset, stored: Array) -> _Table:
    domain = np.arange(
        1 << (stored.dtype.itemsize * 8), dtype=np.uint16 if stored.dtype.itemsize == 2 else np.uint8
    )
    values = domain.view(stored.dtype).astype(np.int32)
    lut = lut_of(dataset, "ModalityLUTSequence")
    if lut is not None:
        modality = lut(values)
    else:
        slope = float(dataset.get("RescaleSlope") or 1)
        modality = values * slope + float(dataset.get("RescaleIntercept") or 0)
    return _Table(values, modality.astype(np.float32), padding_mask(dataset, values))


def _range(index: Array, table: _Table) -> tuple[float, float]:
    """Return the smallest and largest modality value of the image, padding left out."""
    there = np.zeros(table.modality.shape, np.bool_)
    there[index.ravel()] = True
    values = table.modality[there & ~table.padding]
    if values.size == 0:
        return 0.0, 0.0
    return float(values.min()), float(values.max())


def _wire_slope(dataset: pydicom.Dataset, has_voi_lut: bool, low: float, high: float) -> float:
    if has_voi_lut or lut_of(dataset, "ModalityLUTSequence") is not None:
        slope = 1.0
    else:
        slope = abs(float(dataset.get("RescaleSlope") or 1))
    return max(slope, (high - low) / 65535) or 1.0
