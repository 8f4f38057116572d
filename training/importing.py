"""What every importer does alike: keep pixels alone, say what is known of them, split them by patient.

Pixels are written without header, annotation text or identifier. A patient's ID is read only to keep a
patient's radiographs together in one split, and is never kept.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import cv2
import numpy as np
import pydicom
from numpy.typing import NDArray
from pydantic import ValidationError
from pydicom.errors import BytesLengthException, InvalidDicomError

from inference.hanging import Hanging
from study.errors import NotDicomError
from study.findings import FINDINGS, FindingLabel
from study.geometry import spacing_mm, view_of
from study.model import View
from study.pixels import attenuation_values
from training.annotation import NORMAL
from training.grouping import groups
from training.manifest import Row, write_grayscale
from training.split import split_of

Item = TypeVar("Item")
Pixels = NDArray[np.uint8 | np.uint16]
Progress = Callable[[int, int], None]  # done, of
MANIFEST = "manifest.csv"
# What pydicom raises on bytes that are no data set, or a damaged one.
DAMAGED = (
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
COPY_AGAIN = "copy it from the source again, or take it out"


@dataclass(frozen=True)
class Problem:
    """Something about one file: its path in the source, the cause, what to do, whether it was left out."""

    file: str
    cause: str
    next_step: str
    left_out: bool = True


def remark(file: str, cause: str) -> Problem:
    """Return what is odd about a file that was taken all the same."""
    return Problem(file, cause, "look at it; nothing is needed if that is right", left_out=False)


class Imported(NamedTuple):
    """What was read: a row for each radiograph, and what does not fit."""

    rows: list[Row]
    problems: list[Problem]


@dataclass(frozen=True)
class Radiograph:
    """Pixels of a radiograph and what its header says; `patient` is for grouping only."""

    pixels: Pixels
    spacing_mm: tuple[float, float] | None = None
    view: View = View.UNKNOWN
    patient: str | None = None


@dataclass(frozen=True)
class Read:
    """One radiograph, read: the row but for case and split, what keeps it with others, what is odd."""

    facts: dict[str, Any]
    keys: frozenset[str]
    remarks: tuple[Problem, ...]


def gather(
    items: Sequence[Item],
    read: Callable[[Item], Read | Problem],
    problems: Iterable[Problem],
    *,
    threads: int,
    progress: Progress | None,
) -> Imported:
    """Read every item, several at a time; `problems` are those that were known before."""
    known, done = list(problems), list[Read]()
    with ThreadPoolExecutor(max_workers=threads) as pool:
        for count, one in enumerate(pool.map(read, items), start=1):
            if isinstance(one, Problem):
                known.append(one)
            else:
                done.append(one)
                known += one.remarks
            if progress is not None:
                progress(count, len(items))
    return Imported(rows_of(done), known)


def keep(out: Path | None, name: str, pixels: Pixels, labels: NDArray[np.uint8]) -> dict[str, Any]:
    """Write an image and its segment numbers below `out` and return where they are; None writes nothing.

    A mask without any segment is not written.
    """
    image, mask = Path("images", f"{name}.png"), Path("masks", f"{name}.png")
    outlined = bool(labels.any())
    if out is not None:
        write_grayscale(out / image, pixels)
        if outlined:
            write_grayscale(out / mask, labels)
    hashed = hashlib.sha256(f"{pixels.shape}{pixels.dtype}".encode() + pixels.tobytes())
    return {
        "id": name,
        "image": image.as_posix(),
        "mask": mask.as_posix() if outlined else "",
        "rows": pixels.shape[0],
        "columns": pixels.shape[1],
        "bits": pixels.dtype.itemsize * 8,
        "pixel_sha256": hashed.hexdigest(),
        "look": _look(pixels),
    }


def _look(pixels: Pixels) -> str:
    small = cv2.resize(pixels, (17, 16), interpolation=cv2.INTER_AREA)
    return np.packbits(small[:, 1:] > small[:, :-1]).tobytes().hex()


def read_dicom(path: Path) -> tuple[Radiograph, pydicom.Dataset]:
    """Return a CR or DX image in the standard hanging, its values stretched over 16 bits, and its data set.

    Raises
    ------
    NotDicomError
        If it is not a DICOM file, or a damaged one.
    """
    try:
        dataset = pydicom.dcmread(path)
        return _from_dataset(dataset), dataset
    except DAMAGED as error:  # its message may quote the header
        raise NotDicomError(f"{path.name} is not a DICOM file, or a damaged one") from error


def _from_dataset(dataset: pydicom.Dataset) -> Radiograph:
    hanging = Hanging.of(dataset)
    values = hanging.upright(attenuation_values(dataset))
    low, high = float(values.min()), float(values.max())
    scaled = (values - low) * np.float32(65535 / max(high - low, 1e-6))
    spacing = spacing_mm(dataset)
    if spacing is not None and hanging.transposed:
        spacing = (spacing[1], spacing[0])
    return Radiograph(np.round(scaled).astype(np.uint16), spacing, view_of(dataset), patient_of(dataset))


def patient_of(dataset: pydicom.Dataset) -> str | None:
    """Return what images of one patient share: the ID, or the study where it was removed."""
    return str(dataset.get("PatientID") or dataset.get("StudyInstanceUID") or "").strip() or None


def rows_of(read: list[Read]) -> list[Row]:
    """Return a row for each radiograph, numbered and split by what keeps it with others."""
    rows: dict[int, Row] = {}
    for case, members in enumerate(groups([one.keys for one in read]), start=1):
        held = {key for index in members for key in read[index].keys if not key.startswith("pixels/")}
        split = split_of(min(held))
        for index in members:
            rows[index] = Row(case=case, split=split, **read[index].facts)
    return [rows[index] for index in range(len(read))]


def ordered(findings: Iterable[FindingLabel]) -> tuple[FindingLabel, ...]:
    """Return findings in the order of their segment numbers, each once."""
    there = set(findings)
    return tuple(label for label in FINDINGS if label in there)


def in_words(findings: Iterable[FindingLabel]) -> str:
    """Return findings as words, `normal` where there is none."""
    return ", ".join(ordered(findings)) or NORMAL


def why_unfit(facts: dict[str, Any]) -> str | None:
    """Return what is wrong with what is known of a radiograph; None where a manifest can hold it."""
    try:
        Row(case=0, split=split_of(""), **facts)
    except ValidationError as error:
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return None
