"""Import the AI Hub pediatric abdominal set: each radiograph as a PNG, its polygons as a mask, a manifest.

Pixels alone are written: no header, no annotation text, no identifier. A patient's ID is read only to
keep a patient's radiographs together in one split, and is never kept.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from study.errors import KidrayError
from study.findings import FINDINGS, FindingLabel
from study.model import View
from training.aihub import Entry, Layout, find_entries
from training.annotation import Annotation, AnnotationError, read_annotation
from training.importing import (
    COPY_AGAIN,
    Imported,
    Problem,
    Progress,
    Radiograph,
    Read,
    gather,
    in_words,
    keep,
    ordered,
    read_dicom,
    remark,
)
from training.manifest import read_grayscale

_CORRECT = "correct the annotation, or take it out with its image"


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
    return gather(entries, partial(_read, source, out), problems, threads=threads, progress=progress)


def _read(source: Path, out: Path | None, entry: Entry) -> Read | Problem:
    file = entry.image.relative_to(source).as_posix()
    try:
        annotation = read_annotation(entry.annotation) if entry.annotation else Annotation(())
        radiograph = _radiograph(entry)
    except (KidrayError, OSError) as error:
        if isinstance(error, AnnotationError) and entry.annotation:
            return Problem(entry.annotation.relative_to(source).as_posix(), str(error), _CORRECT)
        return Problem(file, str(error), COPY_AGAIN)
    truth = _truth(entry, annotation, radiograph.pixels.shape)
    kept = keep(out, entry.id, radiograph.pixels, truth.labels)
    facts = kept | _facts(entry, annotation, radiograph, truth) | {"source": file}
    keys = frozenset({_case_key(entry, annotation, radiograph), f"pixels/{facts['pixel_sha256']}"})
    return Read(facts, keys, tuple(remark(file, cause) for cause in truth.remarks))


def _facts(entry: Entry, annotation: Annotation, radiograph: Radiograph, truth: _Truth) -> dict[str, Any]:
    spacing = radiograph.spacing_mm or (None, None)
    known = annotation.view is not View.UNKNOWN
    return {
        "category": entry.category,
        "findings": truth.findings,
        "row_spacing_mm": spacing[0],
        "column_spacing_mm": spacing[1],
        "age_months": annotation.age_months,
        "view": annotation.view if known else radiograph.view,
        "source_split": entry.source_split,
    }


def _case_key(entry: Entry, annotation: Annotation, radiograph: Radiograph) -> str:
    """Return what the radiographs of one patient share; of the composite set, the case number alone.

    The number is taken without its class, so that a patient with two findings stays in one split.
    """
    if entry.layout is Layout.COMPOSITE:
        return f"case/{entry.case}"
    patient = annotation.patient or radiograph.patient
    return f"patient/{patient}" if patient else f"name/{entry.case}"


def _radiograph(entry: Entry) -> Radiograph:
    if entry.layout is Layout.COMPOSITE:
        return Radiograph(read_grayscale(entry.image))
    return read_dicom(entry.image)[0]


class _Truth(NamedTuple):
    findings: tuple[FindingLabel, ...]
    labels: NDArray[np.uint8]  # (H, W), segment numbers; all 0 where no outline is known
    remarks: tuple[str, ...]


def _truth(entry: Entry, annotation: Annotation, shape: tuple[int, ...]) -> _Truth:
    named = {entry.finding} if entry.finding else set()
    if entry.layout is Layout.PRECURSOR:
        boxed = {one.finding for one in annotation.shapes if one.finding and one.outlines}
        remarks = [f"filed under {entry.category}, boxed as {in_words(boxed)}"] if boxed - named else []
        return _Truth(ordered(named | boxed), np.zeros(shape, np.uint8), tuple(remarks))
    labels, remarks = _drawn(annotation, shape)
    drawn = {d.label for d in FINDINGS.values() if (labels == d.segment_number).any()}
    if drawn and drawn != named:
        remarks.append(f"filed under {entry.category}, outlined as {in_words(drawn)}: taken as outlined")
    if named and not drawn:
        missing = "an annotation" if entry.annotation is None else "a usable polygon"
        remarks.append(f"filed under {entry.category}, without {missing}: known as an image only")
    return _Truth(ordered(drawn or named), labels, tuple(remarks))


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
