"""Import the AI Hub pediatric abdominal set: each radiograph as a PNG, its polygons as a mask, a manifest.

Pixels alone are written: no header, no annotation text, no identifier. A patient's ID is read only to
keep a patient's radiographs together in one split, and is never kept.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import pydicom
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from pydicom.errors import BytesLengthException, InvalidDicomError

from study.errors import KidrayError, NotDicomError
from study.findings import FINDINGS, FindingLabel
from study.geometry import spacing_mm, view_of
from study.model import View
from study.pixels import attenuation_values
from training.aihub import Entry, Layout, Problem, find_entries
from training.annotation import NORMAL, Annotation, AnnotationError, read_annotation
from training.grouping import groups
from training.manifest import Row, read_grayscale, write_grayscale
from training.split import split_of

Pixels = NDArray[np.uint8 | np.uint16]
Progress = Callable[[int, int], None]  # done, of
MANIFEST = "manifest.csv"
# What pydicom raises on bytes that are no data set, or a damaged one.
_DAMAGED = (
    InvalidDicomError,
    BytesLengthException,
    ValueError,
    TypeError,
    AttributeError,
    KeyError,
    EOFError,
    NotImplementedError,
    struct.error,
)
_CORRECT = "correct the annotation, or take it out with its image"
_COPY = "copy it from the source again, or take it out"


class Imported(NamedTuple):
    """What was read: a row for each radiograph, and what does not fit."""

    rows: list[Row]
    problems: list[Problem]


@dataclass(frozen=True)
class _Radiograph:
    """Pixels of a radiograph and what its header says; `patient` is for grouping only."""

    pixels: Pixels
    spacing_mm: tuple[float, float] | None = None
    view: View = View.UNKNOWN
    patient: str | None = None


@dataclass(frozen=True)
class _Read:
    """One radiograph, read: the row but for case and split, what keeps it with others, what is odd."""

    facts: dict[str, Any]
    keys: frozenset[str]
    remarks: tuple[Problem, ...]


def import_set(
    source: Path, out: Path | None, *, threads: int = 2, progress: Progress | None = None
) -> Imported:
    """Read the set below `source` and write its images and masks below `out`; None writes nothing.

    Raises
    ------
    LayoutError
        If the folder is laid out in no known way.
    """
    entries, problems = find_entries(source)
    read: list[_Read] = []
    with ThreadPoolExecutor(max_workers=threads) as pool:
        for done, one in enumerate(pool.map(partial(_read, source, out), entries), start=1):
            if isinstance(one, Problem):
                problems.append(one)
            else:
                read.append(one)
                problems += one.remarks
            if progress is not None:
                progress(done, len(entries))
    return Imported(_rows(read), problems)


def _rows(read: list[_Read]) -> list[Row]:
    rows: dict[int, Row] = {}
    for case, members in enumerate(groups([one.keys for one in read]), start=1):
        held = {key for index in members for key in read[index].keys if not key.startswith("pixels/")}
        split = split_of(min(held))
        for index in members:
            rows[index] = Row(case=case, split=split, **read[index].facts)
    return [rows[index] for index in range(len(read))]


def _read(source: Path, out: Path | None, entry: Entry) -> _Read | Problem:
    file = entry.image.relative_to(source).as_posix()
    try:
        annotation = read_annotation(entry.annotation) if entry.annotation else Annotation(())
        radiograph = _radiograph(entry)
    except (KidrayError, OSError) as error:
        if isinstance(error, AnnotationError) and entry.annotation:
            return Problem(entry.annotation.relative_to(source).as_posix(), str(error), _CORRECT)
        return Problem(file, str(error), _COPY)
    truth = _truth(entry, annotation, radiograph.pixels.shape)
    if out is not None:
        write_grayscale(out / _image_path(entry), radiograph.pixels)
        if truth.labels.any():
            write_grayscale(out / _mask_path(entry), truth.labels)
    facts = _facts(entry, annotation, radiograph, truth) | {"source": file}
    keys = frozenset({_case_key(entry, annotation, radiograph), f"pixels/{facts['pixel_sha256']}"})
    return _Read(facts, keys, tuple(_remark(file, cause) for cause in truth.remarks))


def _image_path(entry: Entry) -> Path:
    return Path("images", f"{entry.id}.png")


def _mask_path(entry: Entry) -> Path:
    return Path("masks", f"{entry.id}.png")


def _remark(file: str, cause: str) -> Problem:
    return Problem(file, cause, "look at it; nothing is needed if that is right", left_out=False)


def _facts(entry: Entry, annotation: Annotation, radiograph: _Radiograph, truth: _Truth) -> dict[str, Any]:
    pixels = radiograph.pixels
    hashed = hashlib.sha256(f"{pixels.shape}{pixels.dtype}".encode() + pixels.tobytes())
    spacing = radiograph.spacing_mm or (None, None)
    known = annotation.view is not View.UNKNOWN
    return {
        "id": entry.id,
        "category": entry.category,
        "findings": truth.findings,
        "image": _image_path(entry).as_posix(),
        "mask": _mask_path(entry).as_posix() if truth.labels.any() else "",
        "rows": pixels.shape[0],
        "columns": pixels.shape[1],
        "bits": pixels.dtype.itemsize * 8,
        "row_spacing_mm": spacing[0],
        "column_spacing_mm": spacing[1],
        "age_months": annotation.age_months,
        "view": annotation.view if known else radiograph.view,
        "source_split": entry.source_split,
        "pixel_sha256": hashed.hexdigest(),
        "look": _look(pixels),
    }


def _look(pixels: Pixels) -> str:
    small = cv2.resize(pixels, (17, 16), interpolation=cv2.INTER_AREA)
    return np.packbits(small[:, 1:] > small[:, :-1]).tobytes().hex()


def _case_key(entry: Entry, annotation: Annotation, radiograph: _Radiograph) -> str:
    """Return what the radiographs of one patient share; of the composite set, the case number alone.

    The number is taken without its class, so that a patient with two findings stays in one split.
    """
    if entry.layout is Layout.COMPOSITE:
        return f"case/{entry.case}"
    patient = annotation.patient or radiograph.patient
    return f"patient/{patient}" if patient else f"name/{entry.case}"


def _radiograph(entry: Entry) -> _Radiograph:
    if entry.layout is Layout.COMPOSITE:
        return _Radiograph(read_grayscale(entry.image))
    try:
        return _from_dataset(pydicom.dcmread(entry.image))
    except _DAMAGED as error:  # its message may quote the header
        raise NotDicomError(f"{entry.image.name} is not a DICOM file, or a damaged one") from error


def _from_dataset(dataset: pydicom.Dataset) -> _Radiograph:
    values = attenuation_values(dataset)
    low, high = float(values.min()), float(values.max())
    scaled = (values - low) * np.float32(65535 / max(high - low, 1e-6))
    patient = str(dataset.get("PatientID") or dataset.get("StudyInstanceUID") or "").strip()
    pixels = np.round(scaled).astype(np.uint16)
    return _Radiograph(pixels, spacing_mm(dataset), view_of(dataset), patient or None)


class _Truth(NamedTuple):
    findings: tuple[FindingLabel, ...]
    labels: NDArray[np.uint8]  # (H, W), segment numbers; all 0 where no outline is known
    remarks: tuple[str, ...]


def _truth(entry: Entry, annotation: Annotation, shape: tuple[int, ...]) -> _Truth:
    named = {entry.finding} if entry.finding else set()
    if entry.layout is Layout.PRECURSOR:
        boxed = {one.finding for one in annotation.shapes if one.finding and one.outlines}
        remarks = [f"filed under {entry.category}, boxed as {_names(boxed)}"] if boxed - named else []
        return _Truth(_ordered(named | boxed), np.zeros(shape, np.uint8), tuple(remarks))
    labels, remarks = _drawn(annotation, shape)
    drawn = {d.label for d in FINDINGS.values() if (labels == d.segment_number).any()}
    if drawn and drawn != named:
        remarks.append(f"filed under {entry.category}, outlined as {_names(drawn)}: taken as outlined")
    if named and not drawn:
        missing = "an annotation" if entry.annotation is None else "a usable polygon"
        remarks.append(f"filed under {entry.category}, without {missing}: known as an image only")
    return _Truth(_ordered(drawn or named), labels, tuple(remarks))


def _drawn(annotation: Annotation, shape: tuple[int, ...]) -> tuple[NDArray[np.uint8], list[str]]:
    """Return the filled polygons as segment numbers, the later above the earlier, and what is odd."""
    rows, columns = shape
    canvas = Image.new("L", (columns, rows), 0)
    pen = ImageDraw.Draw(canvas)
    odd: dict[str, None] = {}
    for one in annotation.shapes:
        if one.finding is None:
            continue
        if not one.outlines:
            odd["a polygon is empty: it was dropped"] = None
        for outline in one.outlines:
            if len(outline) < 3:
                odd["a polygon has fewer than three points: it was dropped"] = None
                continue
            if outline.min() < 0 or (outline > (columns, rows)).any():
                odd["a polygon reaches beyond the image: it was cut at the edge"] = None
            pen.polygon([(x, y) for x, y in outline.tolist()], fill=FINDINGS[one.finding].segment_number)
    return np.array(canvas, np.uint8), list(odd)


def _ordered(findings: set[FindingLabel]) -> tuple[FindingLabel, ...]:
    return tuple(label for label in FINDINGS if label in findings)


def _names(findings: set[FindingLabel]) -> str:
    return ", ".join(_ordered(findings)) or NORMAL
