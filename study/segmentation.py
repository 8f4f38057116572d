"""Read the masks of a DICOM SEG (PS3.3 A.51), whoever drew it, into the findings' own order. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from study.decoding import MAX_PIXELS
from study.errors import PixelDataError
from study.findings import FINDINGS

Mask = NDArray[np.bool_]
_MAX_FRAMES = 64


def read_masks(seg: Dataset) -> dict[int, Mask]:
    """Return the masks that a SEG of one radiograph holds, by the findings table's segment number.

    A SEG numbers its segments from 1 without gaps, so its numbers say nothing: each segment is
    recognised by its property type code, else by its label. Others are left out. Frames of one
    segment are united; segments may overlap.

    Parameters
    ----------
    seg
        BINARY, FRACTIONAL (half of the maximum counts as inside) or LABELMAP.

    Returns
    -------
    dict of int to np.ndarray
        bool (rows, columns); no entry for a segment without any pixel.

    Raises
    ------
    PixelDataError
        If the pixel data is short, too large or cannot be decoded.
    """
    numbers = finding_numbers(seg)
    masks: dict[int, Mask] = {}
    for own, frame in _frames(seg):
        number = numbers.get(own)
        if number is not None and frame.any():
            masks[number] = masks[number] | frame if number in masks else frame
    return masks


def bitmask(masks: Mapping[int, Mask], shape: tuple[int, int] | None = None) -> NDArray[np.uint8]:
    """Return masks packed into one byte a pixel: bit ``segment_number - 1`` is set inside.

    Parameters
    ----------
    masks
        bool (rows, columns) by segment number, 1 to 8.
    shape
        (rows, columns); needed only where `masks` is empty.

    Returns
    -------
    np.ndarray
        uint8 (rows, columns).
    """
    if not masks and shape is None:
        raise ValueError("without masks the shape must be given")
    packed = np.zeros(shape if shape is not None else next(iter(masks.values())).shape, np.uint8)
    for number, mask in masks.items():
        packed |= mask.view(np.uint8) << np.uint8(number - 1)
    return packed


def finding_numbers(seg: Dataset) -> dict[int, int]:
    """Return, for each of the SEG's own segment numbers that is recognised, the findings table's."""
    by_code = {(d.property_type.value, d.property_type.scheme): d.segment_number for d in FINDINGS.values()}
    by_code |= {(d.concept.value, d.concept.scheme): d.segment_number for d in FINDINGS.values()}
    by_label = {name.casefold(): d.segment_number for d in FINDINGS.values() for name in _names(d)}
    found = {}
    for item in seg.get("SegmentSequence") or []:
        types = item.get("SegmentedPropertyTypeCodeSequence") or []
        number = by_code.get(_code(types[0])) if types else None
        number = number or by_label.get(str(item.get("SegmentLabel", "")).strip().casefold())
        if number is not None:
            found[int(item.SegmentNumber)] = number
    return found


def _code(item: Dataset) -> tuple[str, str]:
    value = item.get("CodeValue") or item.get("LongCodeValue") or ""  # a value over 16 characters is long
    return str(value), str(item.get("CodingSchemeDesignator", ""))


def _names(definition: Any) -> tuple[str, ...]:
    return definition.label.value, definition.segment_label, definition.name_en, definition.name_ko


def _frames(seg: Dataset) -> list[tuple[int, Mask]]:
    """Return (the SEG's own segment number, mask) for each frame and segment."""
    kind = str(seg.get("SegmentationType", "BINARY"))
    if kind == "LABELMAP":
        labels = _decoded(seg)
        return [(int(n), frame == n) for frame in labels for n in np.unique(frame) if n]
    frames = _unpacked(seg) if seg.BitsAllocated == 1 else _decoded(seg)
    if kind == "FRACTIONAL" and seg.BitsAllocated != 1:
        frames = frames.astype(np.uint16) * 2 >= int(seg.get("MaximumFractionalValue", 255))
    return list(zip(_segment_of_frames(seg, len(frames)), frames.astype(np.bool_), strict=True))


def _segment_of_frames(seg: Dataset, count: int) -> list[int]:
    try:
        return [
            int(_group(seg, i, "SegmentIdentificationSequence").ReferencedSegmentNumber) for i in range(count)
        ]
    except (AttributeError, IndexError, KeyError) as error:
        raise PixelDataError("the SEG does not say which segment each frame shows") from error


def _group(seg: Dataset, frame: int, keyword: str) -> Dataset:
    groups = seg.PerFrameFunctionalGroupsSequence[frame]
    holder = groups if keyword in groups else seg.SharedFunctionalGroupsSequence[0]
    item: Dataset = holder[keyword][0]
    return item


def _shape(seg: Dataset) -> tuple[int, int, int]:
    shape = int(seg.get("NumberOfFrames") or 1), int(seg.get("Rows") or 0), int(seg.get("Columns") or 0)
    if not 0 < shape[0] <= _MAX_FRAMES or not 0 < shape[1] * shape[2] <= MAX_PIXELS:
        raise PixelDataError(
            f"a SEG of {shape[0]} frames of {shape[1]} x {shape[2]} is not one of a radiograph"
        )
    return shape


def _unpacked(seg: Dataset) -> NDArray[np.uint8]:
    """Return frames packed a bit a pixel, least significant first, without gaps (PS3.5 section 8.1.1)."""
    frames, rows, columns = _shape(seg)
    bits = frames * rows * columns
    data = seg.get("PixelData") or b""
    if len(data) * 8 < bits:
        raise PixelDataError(f"the SEG's pixel data is short: {bits} bits are needed, {len(data) * 8} there")
    packed = np.frombuffer(data, np.uint8, (bits + 7) // 8)
    return np.unpackbits(packed, count=bits, bitorder="little").reshape(frames, rows, columns)


def _decoded(seg: Dataset) -> NDArray[Any]:
    frames, rows, columns = _shape(seg)
    try:
        values = np.asarray(seg.pixel_array)
    except (RuntimeError, ValueError, TypeError, LookupError, AttributeError, OSError) as error:
        raise PixelDataError(f"the SEG's pixel data cannot be decoded: {error}") from error
    return values.reshape(frames, rows, columns)
