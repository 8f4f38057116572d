"""What is made of an instance's file for a screen or a client. All of it runs in a child of `study.fence`.

A radiograph that is not compressed needs no codec, and goes the same way all the same: its header is a
stranger's too, the child compresses the answer while this process serves others, and the way through
it costs some milliseconds.

A child keeps the pixels of which it made a first look, as all of them are asked for next; the fence lets
the child that has read a file last read it again where it is free.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.errors import InvalidDicomError

from study.errors import NotDicomError, NotInArchiveError
from study.fenced import Answer
from study.pixels import wire_pixels
from study.segmentation import bitmask, read_masks
from study.voi import Window
from web_viewer.dicomweb.frames import Frame, native_frames, stored_frames
from web_viewer.rendering import (
    ImageType,
    Rendering,
    gzipped,
    halved,
    little_endian,
    previewed,
    rendered,
)

LARGEST_KEPT = 64 << 20  # bytes, of the child's allowance: a radiograph of 5,700 x 5,700


class _Looked(NamedTuple):
    """The pixels that a first look was made of."""

    file: tuple[Path, int, int, int]  # as `_identity` tells it
    pixels: NDArray[np.uint16]


_looked: list[_Looked] = []  # at most one


def wire(path: Path) -> Answer:
    """Return a radiograph's pixels for the viewer, gzipped."""
    kept = _looked.pop() if _looked else None
    known = kept is not None and kept.file == _identity(path)
    pixels = kept.pixels if kept is not None and known else wire_pixels(_read(path))[0]
    return Answer({}, gzipped(little_endian(pixels)))


def first_look(path: Path) -> Answer:
    """Return what shows a radiograph at first: its pixels at half their size, gzipped, then a preview.

    The description says how to show the pixels (``header``), and where the preview begins (``half``).
    """
    _looked.clear()
    file = _identity(path)  # before it is read: what takes its place meanwhile has other pixels
    pixels, header = wire_pixels(_read(path))
    half = gzipped(little_endian(halved(pixels)))
    answer = Answer(
        {"header": header.model_dump(mode="json"), "half": len(half)}, half + previewed(pixels, header)
    )
    if pixels.nbytes <= LARGEST_KEPT:
        _looked.append(_Looked(file, pixels))
    return answer


def _identity(path: Path) -> tuple[Path, int, int, int]:
    found = path.stat()
    return path, found.st_ino, found.st_size, found.st_mtime_ns


def picture(
    path: Path,
    *,
    media_type: ImageType,
    quality: int,
    largest: Sequence[int] | None,
    window: Sequence[object] | None,
    frame: int,
) -> Answer:
    """Return one frame as an encoded image; the arguments are those of `Rendering`."""
    wish = Rendering(
        media_type,
        quality,
        None if largest is None else (largest[0], largest[1]),
        None if window is None else Window(*window),  # type: ignore[arg-type]  # as it went into JSON
    )
    return Answer({}, rendered(_read(path), wish, frame=frame))


def overlay(path: Path, *, drawn: Sequence[tuple[int, str]] = ()) -> Answer:
    """Return a SEG's bits, a byte a pixel, gzipped: bit ``segment_number - 1`` of each segment.

    Parameters
    ----------
    drawn
        Segment numbers of the findings table whose masks readers drew, each with the path of the
        SEG that holds it; they take the place of those in `path`.
    """
    seg = _read(path)
    masks = read_masks(seg)
    for number, its_path in drawn:
        masks.pop(number, None)
        masks |= {n: mask for n, mask in read_masks(_read(Path(its_path))).items() if n == number}
    bits = bitmask(masks, (int(seg.Rows), int(seg.Columns)))
    return Answer({}, gzipped(little_endian(bits)))


def frames(path: Path, *, numbers: list[int], as_held: bool) -> Answer:
    """Return frames one after the other; `as_frames` takes them apart."""
    cut = (stored_frames if as_held else native_frames)(_read(path), numbers)
    return Answer(
        {"frames": [(f.media_type, f.transfer_syntax_uid, len(f.body)) for f in cut]},
        b"".join(f.body for f in cut),
    )


def as_frames(answer: Answer) -> list[Frame]:
    """Return the frames of an answer of `frames`."""
    cut, at = [], 0
    for media_type, transfer_syntax_uid, length in answer.description["frames"]:
        cut.append(Frame(media_type, transfer_syntax_uid, bytes(answer.body[at : at + length])))
        at += length
    return cut


def binary_value(path: Path, *, tag: int) -> Answer:
    """Return an element's value, which has to be binary.

    Raises
    ------
    NotInArchiveError
        If there is no such element, or its value is not binary.
    """
    dataset = _read(path)
    if tag not in dataset:
        raise NotInArchiveError("the instance has no such attribute")
    value = dataset[tag].value
    if not isinstance(value, bytes):
        raise NotInArchiveError("the attribute's value is not binary; the metadata holds it")
    return Answer({}, value)


def _read(path: Path) -> pydicom.Dataset:
    try:
        return pydicom.dcmread(path)
    except InvalidDicomError as error:
        raise NotDicomError(f"instance {path.stem} is not a Part 10 file") from error
