"""Look-up tables, windows and padding as a header states them (PS3.3 C.11.1, C.11.2, C.7.5.1.1.2)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from study.errors import PixelDataError

Floats = NDArray[np.float32]
Curve = Callable[[NDArray[Any]], Floats]


class Window(NamedTuple):
    """A VOI window in modality values, its function (PS3.3 C.11.2.1.3) and its explanation."""

    center: float
    width: float
    function: str
    name: str


def windows(dataset: Dataset) -> list[Window]:
    """Return the header's usable windows, in its order (PS3.3 C.11.2.1.2)."""
    function = str(dataset.get("VOILUTFunction") or "LINEAR").upper()
    if function not in ("LINEAR", "LINEAR_EXACT", "SIGMOID"):
        function = "LINEAR"
    centers, widths = _numbers(dataset, "WindowCenter"), _numbers(dataset, "WindowWidth")
    names = dataset.get("WindowCenterWidthExplanation") or []
    names = [names] if isinstance(names, str) else [str(n) for n in names]
    smallest = 1.0 if function == "LINEAR" else 0.0
    return [
        Window(center, width, function, names[i] if i < len(names) else "")
        for i, (center, width) in enumerate(zip(centers, widths, strict=False))
        if width > 0 and width >= smallest
    ]


def windowed(values: NDArray[Any], window: Window) -> Floats:
    """Return modality values through `window`, as float32 0..1 (PS3.3 C.11.2.1.2 and C.11.2.1.3)."""
    x = values.astype(np.float64)
    center, width = window.center, window.width
    if window.function == "SIGMOID":
        shown = 1.0 / (1.0 + np.exp(np.clip(-4.0 * (x - center) / width, -700, 700)))
    elif window.function == "LINEAR_EXACT":
        shown = (x - center) / width + 0.5
    elif width == 1:
        shown = (x > center - 0.5).astype(np.float64)
    else:
        shown = (x - (center - 0.5)) / (width - 1) + 0.5
    return np.clip(shown, 0.0, 1.0).astype(np.float32)


def lut_of(dataset: Dataset, keyword: str) -> Curve | None:
    """Return the first table of the Modality or VOI LUT Sequence as a function; None where absent.

    The function keeps the table's own units; values beyond its ends take its ends.
    """
    found = _lut(dataset, keyword)
    return None if found is None else found[0]


def voi_lut(dataset: Dataset) -> Curve | None:
    """Return the VOI LUT Sequence's first table as a function to 0..1; None where absent."""
    found = _lut(dataset, "VOILUTSequence")
    if found is None:
        return None
    curve, bits, largest = found
    top = np.float32(max((1 << bits) - 1, largest, 1))

    def normalised(values: NDArray[Any]) -> Floats:
        return np.asarray(curve(values) / top, np.float32)

    return normalised


def voi_curve(dataset: Dataset, modality: Floats, image_range: Callable[[], tuple[float, float]]) -> Floats:
    """Return `modality` (any shape) after the VOI step, 0..1; `image_range` is asked for last."""
    curve = voi_lut(dataset)
    if curve is not None:
        return curve(modality)
    offered = windows(dataset)
    if offered:
        return windowed(modality, offered[0])
    low, high = image_range()
    span = np.float32(high - low) or np.float32(1)
    return np.asarray(np.clip((modality - np.float32(low)) / span, 0, 1), np.float32)


def padding_mask(dataset: Dataset, stored: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which stored values are padding (PS3.3 C.7.5.1.1.2), whatever VR they were read as."""
    value = dataset.get("PixelPaddingValue")
    if value is None:
        return np.zeros(stored.shape, np.bool_)
    limit = dataset.get("PixelPaddingRangeLimit")
    if not isinstance(value, int) or not isinstance(limit, (int, type(None))):
        raise PixelDataError("PixelPaddingValue or its range limit is not one number")
    first = _as_stored(dataset, value)
    last = first if limit is None else _as_stored(dataset, limit)
    low, high = min(first, last), max(first, last)
    return (stored >= low) & (stored <= high)


def _as_stored(dataset: Dataset, value: int) -> int:
    """Return a 'US or SS' value in the sense of PixelRepresentation."""
    return _signed(value) if dataset.get("PixelRepresentation") else value & 0xFFFF


def number(dataset: Dataset, keyword: str, default: float) -> float:
    """Return an attribute's number, or `default` where it is absent, empty or zero.

    Raises
    ------
    PixelDataError
        If it holds something else: values rest on it, so it may not be guessed.
    """
    try:
        value = float(dataset.get(keyword) or default)
    except (TypeError, ValueError) as error:
        raise PixelDataError(f"{keyword} is not a number") from error
    if not math.isfinite(value):
        raise PixelDataError(f"{keyword} is not a number")
    return value


def _numbers(dataset: Dataset, keyword: str) -> list[float]:
    """Return an attribute's numbers; none where they are malformed, since a window is a suggestion."""
    try:
        value = dataset.get(keyword)
        if value is None or value == "":
            return []
        return [float(v) for v in (value if isinstance(value, Iterable) else [value])]
    except (TypeError, ValueError):
        return []


def _lut(dataset: Dataset, keyword: str) -> tuple[Curve, int, int] | None:
    items = dataset.get(keyword) or []
    if not items or not items[0].get("LUTData") or len(items[0].get("LUTDescriptor") or []) != 3:
        return None
    count, first, bits = (int(v) for v in items[0].LUTDescriptor)
    data = items[0].LUTData
    if isinstance(data, (bytes, bytearray)):
        eight = bits <= 8 and len(data) < 2 * (count or 65536)
        table = np.frombuffer(data, np.uint8 if eight else np.dtype("<u2"))
    else:
        table = np.atleast_1d(np.asarray(data, np.int64)) & 0xFFFF
    table = table[: count or 65536].astype(np.float32)
    first = _signed(first) if _maps_negative_values(dataset, keyword) else first & 0xFFFF

    def curve(values: NDArray[Any]) -> Floats:
        at = np.clip(np.rint(values).astype(np.int64) - first, 0, len(table) - 1)
        mapped: Floats = np.take(table, at)
        return mapped

    return curve, bits, int(table.max(initial=0))


def _maps_negative_values(dataset: Dataset, keyword: str) -> bool:
    """Return whether a table's input can be negative, so that its first mapped value is signed."""
    signed = bool(dataset.get("PixelRepresentation"))
    if keyword == "ModalityLUTSequence":
        return signed
    return not dataset.get("ModalityLUTSequence") and (signed or number(dataset, "RescaleIntercept", 0) < 0)


def _signed(value: int) -> int:
    value &= 0xFFFF
    return value - 0x10000 if value >= 0x8000 else value
