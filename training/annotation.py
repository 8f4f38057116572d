"""Read one annotation of the AI Hub pediatric abdominal radiographs, its irregularities included.

Known forms: ``{"shapes": [{"class": 1, "points": [[x, y], ...]}]}`` with filled polygons, and
``{"shapes": [{"label": "ihps", "points": [[x, y], [x, y]]}], "clinic_info": {...}}`` with boxes. Shapes
come in nested lists too, points under the key `potins`, the class as text, files with a byte-order mark
or in the Korean code page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from study.errors import KidrayError
from study.findings import FindingLabel, by_segment_number
from study.model import View

NORMAL = "normal"
NORMAL_NUMBER = 5
_ENCODINGS = ("utf-8-sig", "cp949")
_POINT_KEYS = ("points", "potins")
_DEEPEST = 8
_NAMES = {
    "pyloric": FindingLabel.PYLORIC_STENOSIS,
    "ihps": FindingLabel.PYLORIC_STENOSIS,
    "pneumoperitoneum": FindingLabel.PNEUMOPERITONEUM,
    "airfluid": FindingLabel.AIR_FLUID_LEVELS,
    "constipation": FindingLabel.CONSTIPATION,
}
_AGE_PARTS = re.compile(r"(\d+(?:\.\d+)?)\s*(개월|[세살주일ymwd]|)", re.IGNORECASE)
_MONTHS_IN = {"개월": 1.0, "m": 1.0, "주": 7 / 30.44, "w": 7 / 30.44, "일": 1 / 30.44, "d": 1 / 30.44}
_OLDEST_MONTHS = 12 * 120


class AnnotationError(KidrayError):
    """Raised when an annotation cannot be understood; the message says what is wrong in it."""


@dataclass(frozen=True)
class Shape:
    """One drawn shape: its finding, and its outlines, each float64 (N, 2) as (x, y) in pixels.

    `finding` is None for what is no finding: the whole image, the abdomen, letters, a shield.
    """

    finding: FindingLabel | None
    outlines: tuple[NDArray[np.float64], ...]


@dataclass(frozen=True)
class Annotation:
    """What an annotation says. `patient` is only for grouping and is never written or shown."""

    shapes: tuple[Shape, ...]
    age_months: int | None = None
    view: View = View.UNKNOWN
    patient: str | None = None


def finding_named(name: str) -> FindingLabel | None:
    """Return the finding that a label or folder of the set names, None where it names none."""
    plain = re.sub(r"[\s_.\-]", "", name).casefold()
    return next((finding for part, finding in _NAMES.items() if part in plain), None)


def read_annotation(path: Path) -> Annotation:
    """Return what a JSON file says.

    Raises
    ------
    AnnotationError
        If it is no JSON of a known form.
    """
    content = _content(path)
    shapes = tuple(_shape(entry) for entry in _entries(content.get("shapes") or []))
    clinic = content.get("clinic_info")
    clinic = {str(key).casefold(): value for key, value in clinic.items()} if isinstance(clinic, dict) else {}
    patient = clinic.get("patientid")
    return Annotation(
        shapes,
        age_months=months(clinic.get("age")),
        view=view_named(clinic.get("status")),
        patient=str(patient).strip() or None if patient is not None else None,
    )


def _content(path: Path) -> dict[str, Any]:
    raw = path.read_bytes()
    for encoding in _ENCODINGS:
        try:
            content = json.loads(raw.decode(encoding))
            break
        except UnicodeDecodeError:
            continue
        except (json.JSONDecodeError, RecursionError) as error:
            raise AnnotationError("it is not JSON") from error
    else:
        raise AnnotationError("it is neither UTF-8 nor Korean (CP949) text")
    while isinstance(content, list) and len(content) == 1:
        content = content[0]
    if not isinstance(content, dict):
        raise AnnotationError(f"it holds a {type(content).__name__}, not one object with `shapes`")
    if not content.keys() & {"shapes", "clinic_info"}:
        raise AnnotationError(f"it has no `shapes`; its keys are {', '.join(sorted(content)) or 'none'}")
    return content


def _entries(value: object, depth: int = 0) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    elif isinstance(value, list) and depth < _DEEPEST:
        for part in value:
            yield from _entries(part, depth + 1)
    else:
        raise AnnotationError(f"`shapes` holds a {type(value).__name__} where a shape should be")


def _shape(entry: dict[str, Any]) -> Shape:
    points: object = next((entry[key] for key in _POINT_KEYS if entry.get(key)), [])
    return Shape(_finding(entry), tuple(_outlines(points)))


def _finding(entry: dict[str, Any]) -> FindingLabel | None:
    if entry.get("class") is None:
        return finding_named(str(entry.get("label") or ""))
    try:
        number = int(str(entry["class"]).strip())
    except ValueError:
        number = -1
    if number == NORMAL_NUMBER:
        return None
    if not 1 <= number < NORMAL_NUMBER:
        raise AnnotationError(f"a shape has the class {entry['class']!r}; known are 1 to {NORMAL_NUMBER}")
    return by_segment_number(number).label


def _outlines(points: object, depth: int = 0) -> Iterator[NDArray[np.float64]]:
    """Yield the outlines in pairs, in a flat list of x and y, or in lists of either."""
    if not isinstance(points, list) or depth > _DEEPEST:
        raise AnnotationError(f"the points of a shape are a {type(points).__name__}, not pairs of x and y")
    if not points:
        return
    if all(_is_number(value) for value in points):
        if len(points) % 2:
            raise AnnotationError("a shape has an odd count of coordinates")
        yield _checked(np.asarray(points, np.float64).reshape(-1, 2))
    elif all(isinstance(p, list) and len(p) == 2 and all(_is_number(v) for v in p) for p in points):
        yield _checked(np.asarray(points, np.float64))
    else:
        for part in points:
            yield from _outlines(part, depth + 1)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _checked(outline: NDArray[np.float64]) -> NDArray[np.float64]:
    if not np.isfinite(outline).all() or np.abs(outline).max() > 1e6:
        raise AnnotationError("a shape has a coordinate that is no number, or one beyond a million")
    return outline


def months(age: object) -> int | None:
    """Return an age such as ``5개월``, ``3세``, ``1세 6개월`` or ``4`` (years) in months, or None."""
    if age is None or isinstance(age, bool):
        return None
    total = 0.0
    parts = _AGE_PARTS.findall(str(age))
    for figure, unit in parts:
        total += float(figure) * _MONTHS_IN.get(unit.casefold(), 12.0)
    return int(total) if parts and total <= _OLDEST_MONTHS else None


def view_named(status: object) -> View:
    """Return the view that `clinic_info.status` names; UNKNOWN where it names none or both."""
    words = str(status or "").casefold()
    named = [view for view in (View.SUPINE, View.ERECT) if view.value in words]
    return named[0] if len(named) == 1 else View.UNKNOWN
