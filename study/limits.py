"""Walk an encoded data set without decoding it, and refuse what would be costly to decode. Pure.

A few megabytes can hold a million elements or sequences nested hundreds deep. The walk reads tags,
value representations and lengths only (PS3.5 section 7.1), in one loop, and judges what they claim. On
its way it keeps the values of the few elements that are asked for, as they are encoded.
Where the bytes make no sense it ends: what it has not come by then is missing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from mmap import mmap
from struct import Struct
from typing import NamedTuple

from pydicom.datadict import dictionary_VR
from pydicom.uid import UID

from study.errors import NotDicomError

_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_ITEMS = frozenset({_ITEM, _ITEM_END})
_PIXEL_DATA = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
_UNDEFINED = 0xFFFFFFFF
_REFUSED = "not a DICOM data set within limits"
_LONG = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
# One value however long: to read it costs its length. Others are lists, of an object for each value.
_BULK = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "UN", "UR", "UT", "OB or OW"})


class Limits(NamedTuple):
    """What an encoded data set may claim at most.

    Attributes
    ----------
    elements
        Elements and items, those in sequences too, before the pixel data.
    depth
        Sequences within sequences.
    list_bytes
        Length of an element whose value is a list, such as DS or LO.
    total_bytes
        Length of the data set.
    """

    elements: int = 250_000  # a multi-frame of some thousand frames has 100,000
    depth: int = 32  # a deep SR has 15
    list_bytes: int = 1 << 20  # the longest contours of an RT Structure Set have 500 kB
    total_bytes: int = 2 << 30


LIMITS = Limits()

Buffer = bytes | mmap
_Reader = Callable[[int], tuple[int, "bytes | None", int, int]]
_LONGEST_VALUE = 64 << 10  # bytes kept of a value that was asked for


class Value(NamedTuple):
    """An element's value as it is encoded, and its VR (None: implicit)."""

    vr: bytes | None
    encoded: bytes


class Walked(NamedTuple):
    """What a walk came by: the values asked for, and where the pixel data's value begins (None: none)."""

    values: dict[int, Value]
    pixels_at: int | None


class _Open(NamedTuple):
    """A sequence that the walk is in: where it ends at the latest, and whether a delimiter ends it."""

    end: int
    delimited: bool


def check_limits(dataset: Buffer, syntax: UID, limits: Limits = LIMITS) -> None:
    """Raise `NotDicomError` where an encoded data set claims more than `limits` before its pixel data."""
    walk(dataset, syntax, limits=limits)


def walk(
    dataset: Buffer,
    syntax: UID,
    wanted: Collection[int] = (),
    *,
    start: int = 0,
    limits: Limits = LIMITS,
) -> Walked:
    """Walk along a data set to its pixel data, or to its end.

    Parameters
    ----------
    dataset
        Without preamble and file meta information.
    syntax
        Its transfer syntax.
    wanted
        Tags, outside any sequence, whose values are kept.
    start
        Where the data set begins, in bytes.

    Raises
    ------
    NotDicomError
        If it claims more than `limits` before its pixel data.
    """
    if syntax.is_deflated:
        raise NotDicomError(f"{_REFUSED}: deflated, and a small one can unpack to gigabytes")
    if len(dataset) > limits.total_bytes:
        raise NotDicomError(f"{_REFUSED}: over {limits.total_bytes} bytes")
    walking = _Walk(dataset, syntax, wanted, limits)
    pixels_at = walking.to_the_pixel_data(start)
    return Walked(walking.values, pixels_at)


class _Walk:
    """One walk along a data set, in and out of its sequences."""

    def __init__(self, dataset: Buffer, syntax: UID, wanted: Collection[int], limits: Limits) -> None:
        self.values: dict[int, Value] = {}
        self._dataset = dataset
        self._wanted = wanted
        self._limits = limits
        self._element = _element_reader(dataset, syntax)
        halves = Struct("<HH" if syntax.is_little_endian else ">HH")
        self._item = halves.pack(_ITEM >> 16, _ITEM & 0xFFFF)
        self._sequence_end = halves.pack(_SEQUENCE_END >> 16, _SEQUENCE_END & 0xFFFF)
        self._within: list[_Open] = []

    def to_the_pixel_data(self, at: int) -> int | None:
        """Go on from `at`, and return where the pixel data's value begins; None where there is none."""
        count = 0
        end = len(self._dataset)
        while at + 8 <= end:
            while self._within and at >= self._within[-1].end:
                at = min(at, self._within.pop().end)
            tag, vr, length, at = self._element(at)
            if tag in _PIXEL_DATA and not self._within:
                return at if at < end else None
            count += 1
            if count > self._limits.elements:
                raise NotDicomError(f"{_REFUSED}: over {self._limits.elements} elements")
            if tag == _SEQUENCE_END:
                if self._within and self._within[-1].delimited:
                    self._within.pop()
            elif tag not in _ITEMS:
                at = self._next(tag, vr, length, at)
        return None

    def _next(self, tag: int, vr: bytes | None, length: int, at: int) -> int:
        """Return where to go on: in a sequence's first item, or behind the value that begins at `at`."""
        if _is_sequence(tag, vr, length, starts_as_item=self._dataset[at : at + 4] == self._item):
            if len(self._within) == self._limits.depth:
                raise NotDicomError(f"{_REFUSED}: sequences over {self._limits.depth} deep")
            outer = self._within[-1].end if self._within else sys.maxsize
            delimited = length == _UNDEFINED
            self._within.append(_Open(outer if delimited else min(outer, at + length), delimited))
            return at
        if length == _UNDEFINED:  # encapsulated: an icon image
            found = self._dataset.find(self._sequence_end, at)
            return len(self._dataset) if found < 0 else found + 8
        if length > self._limits.list_bytes and _vr(tag, vr) not in _BULK:
            raise NotDicomError(f"{_REFUSED}: {tag:08X} is over {self._limits.list_bytes} bytes")
        if tag in self._wanted and not self._within:
            self.values[tag] = Value(vr, self._dataset[at : at + min(length, _LONGEST_VALUE)])
        return at + length


def _element_reader(dataset: Buffer, syntax: UID) -> _Reader:
    """Return what reads the element at an offset: tag, VR (None: implicit), length, its value's offset."""
    order = "<" if syntax.is_little_endian else ">"
    implicit, explicit, long = Struct(f"{order}HHL"), Struct(f"{order}HH2sH"), Struct(f"{order}L")

    def implicitly(at: int) -> tuple[int, bytes | None, int, int]:
        group, number, length = implicit.unpack_from(dataset, at)
        return group << 16 | number, None, length, at + 8

    def explicitly(at: int) -> tuple[int, bytes | None, int, int]:
        group, number, vr, length = explicit.unpack_from(dataset, at)
        if vr in _LONG:
            whole = at + 12 <= len(dataset)
            return group << 16 | number, vr, long.unpack_from(dataset, at + 8)[0] if whole else 0, at + 12
        if not b"AA" <= vr <= b"ZZ":  # items, and implicit elements among explicit ones
            return implicitly(at)
        return group << 16 | number, vr, length, at + 8

    return implicitly if syntax.is_implicit_VR else explicitly


def _is_sequence(tag: int, vr: bytes | None, length: int, *, starts_as_item: bool) -> bool:
    if vr == b"SQ":
        return True
    if vr not in {None, b"UN"}:
        return False
    if length == _UNDEFINED:
        return True
    return starts_as_item and _vr(tag, vr) in {"SQ", "UN"}


def _vr(tag: int, vr: bytes | None) -> str:
    """Return the VR in which the element would be decoded."""
    if vr is not None and vr != b"UN":
        return vr.decode("latin-1")
    try:
        return dictionary_VR(tag)
    except KeyError:
        return "UN"
