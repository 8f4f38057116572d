"""Import a set of radiographs with ground truth, in any of the forms of `training.given_set`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pydicom
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from pydicom import Dataset

from inference.hanging import Hanging
from study.errors import KidrayError, NotDicomError
from study.findings import FINDINGS, FindingLabel
from study.model import View
from study.segmentation import read_masks
from training.annotation import NORMAL
from training.given_item import Item
from training.given_set import find_items
from training.held_out import age_in_months
from training.importing import (
    COPY_AGAIN,
    DAMAGED,
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
    why_unfit,
)
from training.layout import DICOM_ENDINGS, Unmasked
from training.manifest import ManifestError, read_grayscale

_LOSSY = {".jpg", ".jpeg"}
Labels = Mapping[int, FindingLabel]
USUAL_LABELS: Labels = {d.segment_number: label for label, d in FINDINGS.items()}


class MaskError(KidrayError):
    """Raised when a mask does not fit its radiograph, or holds what no finding stands for."""


@dataclass(frozen=True)
class Asked:
    """How a set is to be understood.

    Attributes
    ----------
    labels
        Which finding each number of a label map is; 0 is the background.
    inverted
        Whether images that are no DICOM are dark where more is absorbed.
    patient
        Its first group, in an image's path, is what a patient's images share.
    """

    unmasked: Unmasked = Unmasked.LEAVE_OUT
    labels: Labels = field(default_factory=lambda: USUAL_LABELS)
    inverted: bool = False
    patient: re.Pattern[str] | None = None


def import_given(
    source: Path,
    out: Path | None,
    asked: Asked,
    *,
    threads: int = 2,
    progress: Progress | None = None,
) -> Imported:
    """Read a set and write its images and masks below `out`; None writes nothing.

    Raises
    ------
    LayoutError
        If it is in no known form.
    """
    items, problems = find_items(source, patient=asked.patient)
    return gather(items, partial(_read, asked, out), problems, threads=threads, progress=progress)


def _read(asked: Asked, out: Path | None, item: Item) -> Read | Problem:
    try:
        radiograph, header = _radiograph(item, asked)
        truth = _truth(item, radiograph.pixels.shape, header, asked)
    except ManifestError as error:
        return Problem(item.file, str(error), COPY_AGAIN)
    except MaskError as error:
        return Problem(item.file, str(error), "correct the mask, or take the image out")
    except (KidrayError, OSError) as error:
        return Problem(item.file, str(error), COPY_AGAIN)
    if truth is None:
        return Problem(
            item.file,
            "it has no mask and nothing says what it shows",
            "give --unmasked normal if such images show none of the findings, or name findings in a CSV",
        )
    facts = keep(out, item.id, radiograph.pixels, truth.labels)
    spacing = item.spacing_mm or radiograph.spacing_mm or (None, None)
    facts |= {
        "category": truth.findings[0].value if truth.findings else NORMAL,
        "findings": truth.findings,
        "row_spacing_mm": spacing[0],
        "column_spacing_mm": spacing[1],
        "age_months": item.age_months if item.age_months is not None else _age(header),
        "view": item.view if item.view is not View.UNKNOWN else radiograph.view,
        "source": item.file,
        "source_split": item.source_split,
    }
    wrong = why_unfit(facts)
    if wrong is not None:
        return Problem(item.file, wrong, "correct the table's line, or take it out")
    keys = frozenset({_patient_key(item, radiograph), f"pixels/{facts['pixel_sha256']}"})
    return Read(facts, keys, tuple(remark(item.file, cause) for cause in truth.remarks))


def _patient_key(item: Item, radiograph: Radiograph) -> str:
    patient = item.patient or radiograph.patient
    return f"patient/{patient}" if patient else f"name/{item.id}"


def _age(header: Dataset | None) -> int | None:
    return age_in_months(header) if header is not None else None


def _radiograph(item: Item, asked: Asked) -> tuple[Radiograph, Dataset | None]:
    if item.image.suffix.casefold() in DICOM_ENDINGS or _is_dicom(item.image):
        return read_dicom(item.image)
    pixels = read_grayscale(item.image)
    return Radiograph(np.iinfo(pixels.dtype).max - pixels if asked.inverted else pixels), None


def _is_dicom(path: Path) -> bool:
    """Return whether a file has the preamble of PS3.10 section 7.1; raises OSError if it is not there."""
    with path.open("rb") as stream:
        return stream.read(132)[128:] == b"DICM"


class _Truth(NamedTuple):
    findings: tuple[FindingLabel, ...]
    labels: NDArray[np.uint8]  # (H, W), segment numbers; all 0 where no outline is known
    remarks: tuple[str, ...]


def _truth(item: Item, shape: tuple[int, ...], header: Dataset | None, asked: Asked) -> _Truth | None:
    """Return what is true of a radiograph; None where nothing says it."""
    outlined = bool(item.masks or item.by_finding)
    if not outlined and item.findings is None:
        return _Truth((), np.zeros(shape, np.uint8), ()) if asked.unmasked is Unmasked.NORMAL else None
    labels, remarks = np.zeros(shape, np.uint8), list[str]()
    hanging = Hanging.of(header if header is not None else Dataset())  # masks are drawn on what is stored
    for path in item.masks:
        for label, mask in _masks_in(path, asked.labels).items():
            _lay(labels, label, hanging.upright(mask), path, remarks)
    for label, path in item.by_finding.items():
        _lay(labels, label, hanging.upright(_one_finding(path)), path, remarks)
    drawn = {d.label for d in FINDINGS.values() if (labels == d.segment_number).any()}
    said = set(item.findings) if item.findings is not None else drawn
    missing = said - drawn
    if missing:
        if drawn:
            remarks.append(f"{in_words(missing)} is named but not outlined: known as an image only")
        return _Truth(ordered(said | drawn), np.zeros(shape, np.uint8), tuple(remarks))
    if drawn - said:
        remarks.append(f"{in_words(drawn - said)} is outlined but not named: taken as outlined")
    return _Truth(ordered(drawn), labels, tuple(remarks))


def _lay(
    labels: NDArray[np.uint8], label: FindingLabel, mask: NDArray[np.bool_], path: Path, remarks: list[str]
) -> None:
    """Put a mask into the segment numbers; where another lies already, the earlier stays."""
    if mask.shape != labels.shape:
        raise MaskError(f"its mask {path.name} has {mask.shape} pixels, it has {labels.shape}")
    if (mask & (labels > 0) & (labels != FINDINGS[label].segment_number)).any():
        remarks.append(f"{in_words([label])} overlaps another finding: the earlier one keeps those pixels")
    labels[mask & (labels == 0)] = FINDINGS[label].segment_number


def _masks_in(path: Path, labels: Labels) -> dict[FindingLabel, NDArray[np.bool_]]:
    if path.suffix.casefold() in DICOM_ENDINGS or _is_dicom(path):
        return _masks_of_seg(path)
    if path.suffix.casefold() in _LOSSY:
        raise MaskError(f"its mask {path.name} is a JPEG, which does not keep numbers; save it as PNG")
    numbers = _numbers(path)
    found = {int(number) for number in np.unique(numbers)} - {0}
    if found - labels.keys():
        known = ", ".join(f"{number} {label.value}" for number, label in labels.items())
        unknown = ", ".join(map(str, sorted(found - labels.keys())[:8]))
        raise MaskError(
            f"its mask {path.name} holds the numbers {unknown}; known are {known}: --labels says otherwise"
        )
    return {labels[number]: numbers == number for number in sorted(found)}


def _masks_of_seg(path: Path) -> dict[FindingLabel, NDArray[np.bool_]]:
    try:
        seg = pydicom.dcmread(path)
        masks = read_masks(seg)
    except DAMAGED as error:
        raise NotDicomError(f"{path.name} is not a DICOM file, or a damaged one") from error
    if not masks and seg.get("SegmentSequence"):
        named = ", ".join(str(item.get("SegmentLabel", "")) for item in seg.SegmentSequence[:8])
        raise MaskError(f"its SEG {path.name} holds no known finding but: {named}")
    return {USUAL_LABELS[number]: mask for number, mask in masks.items()}


def _numbers(path: Path) -> NDArray[np.int64]:
    """Return a label map's numbers (H, W); of a palette image, the indices."""
    try:
        with Image.open(path) as image:
            if image.mode not in {"1", "L", "P", "I", "I;16"}:
                raise MaskError(f"its mask {path.name} is a colour image; a label map has one number a pixel")
            return np.asarray(image).astype(np.int64)
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise ManifestError(f"{path.name} is no readable image") from error


def _one_finding(path: Path) -> NDArray[np.bool_]:
    """Return where a file shows its one finding: above half of what is brightest in it."""
    pixels = read_grayscale(path)
    return np.asarray(pixels > pixels.max() / 2, np.bool_)
