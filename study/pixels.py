"""Take a radiograph through the grayscale chain (PS3.3 C.11, PS3.4 N.2). Pure.

stored values ─▶ modality values ─▶ VOI LUT or window ─▶ presentation (inversion) ─▶ display values

Everything between stored and display values depends on the stored value alone, so the chain is
folded into one look-up table over the 2**bits possible stored values and applied in one pass.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

import cv2
import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.errors import InvalidDicomError

from study.decoding import Array, stored_values
from study.errors import NotDicomError
from study.geometry import measuring_spacing, side_at_left_edge, spacing_mm, view_of
from study.model import Frozen, View
from study.voi import Window, lut_of, number, padding_mask, voi_curve, voi_lut, windows

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
    measuring_spacing_mm: (
        tuple[float, float] | None
    )  # to measure with: see `study.geometry.measuring_spacing`
    measuring_plane: Literal["detector", "patient"] | None  # that it is of; None where it is unknown
    shows_modality_values: bool  # False where the wire carries the output of a VOI LUT Sequence
    view: View
    laterality_marker: str


class _Table(NamedTuple):
    """The chain's domain: every stored value that the header allows, by its unsigned index."""

    stored: Array  # int32 (2**bits,), in order of the unsigned index
    modality: Floats  # float32 (2**bits,)
    padding: NDArray[np.bool_]  # (2**bits,)


def modality_values(dataset: pydicom.Dataset) -> Floats:
    """Return the values after the Modality LUT or rescale (PS3.3 C.11.1).

    Returns
    -------
    np.ndarray
        float32 (rows, columns).
    """
    stored = stored_values(dataset)
    return _table(dataset, stored).modality[_index(stored)]


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
    return np.where(table.padding, np.float32(0), shown).astype(np.float32)[index]


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
    return np.where(table.padding, np.float32(low), values).astype(np.float32)[index]


def file_attenuation(path: Path) -> Floats:
    """Return `attenuation_values` of the radiograph in a Part 10 file.

    Raises
    ------
    NotDicomError
        If it is no such file.
    PixelDataError
        If its pixels cannot be read.
    """
    return attenuation_values(_read(path))


def file_modality(path: Path) -> Floats:
    """Return `modality_values` of the radiograph in a Part 10 file; raises as `file_attenuation` does."""
    return modality_values(_read(path))


def _read(path: Path) -> pydicom.Dataset:
    try:
        return pydicom.dcmread(path)
    except InvalidDicomError as error:
        raise NotDicomError(f"instance {path.stem} is not a Part 10 file") from error


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
    if curve is not None:
        table = table._replace(modality=curve(table.modality) * np.float32(65535))
    low, high = _range(index, table)
    offset, slope = _wire_scale(dataset, table, (low, high), integers=curve is not None)
    black = np.float32(high if is_inverted(dataset) else low)
    wire = (np.where(table.padding, black, table.modality) - np.float32(offset)) / np.float32(slope)
    presets = [] if curve else windows(dataset)
    measuring = measuring_spacing(dataset)
    shown = presets[0] if presets else _whole(low, high) if curve is None else _whole(0, 65535)
    description = GrayscaleDescription(
        rows=stored.shape[0],
        columns=stored.shape[1],
        bits=int(dataset.BitsStored),
        minimum=low,
        maximum=high,
        inverted=is_inverted(dataset),
        window_center=shown.center,
        window_width=shown.width,
        voi_function=shown.function,
        offset=offset,
        slope=slope,
        presets=[_preset(window, number) for number, window in enumerate(presets, start=1)],
        imager_pixel_spacing_mm=spacing_mm(dataset),
        measuring_spacing_mm=None if measuring is None else (measuring.row, measuring.column),
        measuring_plane=None if measuring is None else measuring.plane,
        shows_modality_values=curve is None,
        view=view_of(dataset),
        laterality_marker=side_at_left_edge(dataset),
    )
    return np.rint(wire).clip(0, 65535).astype(np.uint16)[index], description


def is_inverted(dataset: pydicom.Dataset) -> bool:
    """Return whether large values are dark: MONOCHROME1, or INVERSE (they say the same once)."""
    monochrome1 = str(dataset.get("PhotometricInterpretation", "")) == "MONOCHROME1"
    return monochrome1 or str(dataset.get("PresentationLUTShape", "")) == "INVERSE"


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
        modality = values * number(dataset, "RescaleSlope", 1) + number(dataset, "RescaleIntercept", 0)
    return _Table(values, modality.astype(np.float32), padding_mask(dataset, values))


def _range(index: Array, table: _Table) -> tuple[float, float]:
    """Return the smallest and largest modality value of the image, padding left out."""
    counts = cv2.calcHist([index], [0], None, [len(table.modality)], [0, len(table.modality)])
    values = table.modality[(counts.ravel() > 0) & ~table.padding]
    if values.size == 0:
        return 0.0, 0.0
    return float(values.min()), float(values.max())


def _wire_scale(
    dataset: pydicom.Dataset, table: _Table, image_range: tuple[float, float], *, integers: bool
) -> tuple[float, float]:
    """Return the offset and slope that take all values into 16 bits, exactly where they fit."""
    values = table.modality[~table.padding]
    low, high = float(values.min(initial=image_range[0])), float(values.max(initial=image_range[1]))
    whole = integers or lut_of(dataset, "ModalityLUTSequence") is not None
    slope = 1.0 if whole else abs(number(dataset, "RescaleSlope", 1))
    return low, max(slope, (high - low) / 65535)


def _whole(low: float, high: float) -> Window:
    """Return the window that shows `low` black and `high` white."""
    return Window((low + high + 1) / 2, max(high - low + 1, 1.0), "LINEAR", "")


def _preset(window: Window, number: int) -> Preset:
    return Preset(name=window.name or f"Window {number}", center=window.center, width=window.width)
