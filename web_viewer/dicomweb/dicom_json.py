"""Write data sets in the DICOM JSON model (PS3.18 annex F), bulk data as links. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from typing import Any

from pydicom import DataElement, Dataset
from pydicom.tag import BaseTag

from study.inspection import MALFORMED

_BULK = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_INLINE_BYTES = 1024  # longer binary values at the top level become links
_PIXEL_DATA = "7FE00010"

Json = dict[str, Any]


def as_json(dataset: Dataset, bulk_uri: Callable[[str], str] | None = None) -> Json:
    """Return `dataset` as JSON would hold it; group 2 and unreadable values are left out.

    Parameters
    ----------
    dataset
        Read without its pixel data or with it.
    bulk_uri
        Returns the URI of a binary value by its tag (eight hexadecimal digits); None leaves long
        binary values out.
    """
    out: Json = {}
    for tag in sorted(dataset.keys()):
        if tag.group > 2 and tag.element != 0:
            out[tag_text(tag)] = _element(dataset, tag, bulk_uri)
    if "Rows" in dataset and bulk_uri is not None and _PIXEL_DATA not in out:
        vr = "OW" if int(dataset.get("BitsAllocated") or 16) > 8 else "OB"
        out[_PIXEL_DATA] = {"vr": vr, "BulkDataURI": bulk_uri(_PIXEL_DATA)}
    return out


def dumps(items: Iterable[Json] | Json) -> bytes:
    """Return compact JSON in UTF-8."""
    body = items if isinstance(items, dict) else list(items)
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def tag_text(tag: BaseTag) -> str:
    """Return the tag as eight hexadecimal digits in upper case."""
    return f"{tag:08X}"


def _element(dataset: Dataset, tag: BaseTag, bulk_uri: Callable[[str], str] | None) -> Json:
    try:
        element = dataset[tag]
    except MALFORMED:
        return {"vr": "UN"}
    if tag == 0x00080005:
        return {"vr": "CS", "Value": ["ISO_IR 192"]}
    if element.VR in _BULK and len(element.value or b"") > _INLINE_BYTES:
        return {"vr": element.VR} | ({"BulkDataURI": bulk_uri(tag_text(tag))} if bulk_uri else {})
    return _json_of(element)


def _json_of(element: DataElement) -> Json:
    if element.VR == "SQ":
        items = [as_json(item) for item in element.value or []]
        return {"vr": "SQ", "Value": items} if items else {"vr": "SQ"}
    try:
        found: Json = element.to_json_dict(None, 1 << 62)
    except MALFORMED:
        return {"vr": element.VR}
    if "Value" in found and not all(_is_finite(v) for v in found["Value"]):
        return {"vr": element.VR}
    return found


def _is_finite(value: object) -> bool:
    return not isinstance(value, float) or math.isfinite(value)
