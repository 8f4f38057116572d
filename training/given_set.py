"""Find the radiographs and the truth of a set in any of three forms: a CSV, two folders, DICOM with SEG.

Nothing is decoded here: an item says where its image and truth are, and what is known beside them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pydicom

from study.findings import FINDINGS, FindingLabel
from study.sop_classes import RADIOGRAPHS
from training.given_item import Item, finding_called, free_id, parted
from training.given_table import items_of_table
from training.importing import DAMAGED, Problem
from training.layout import DICOM_ENDINGS, IMAGE_ENDINGS, LayoutError, unknown_layout

_SEGMENTATIONS = {"1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7"}  # SEG, label map
IMAGES, MASKS = {"images", "image", "imgs"}, {"masks", "mask", "labels", "segmentations"}
ACCEPTED = (
    "(1) a CSV file, named itself, with the columns image and mask, mask_pneumoperitoneum ... or findings; "
    "(2) a folder with images/NAME.png beside masks/NAME.png (segment numbers) or masks/NAME_FINDING.png, "
    "masks/FINDING/NAME.png (one a finding), images PNG, JPEG, TIFF, BMP or DICOM; (3) a folder of CR or DX "
    "images and SEG objects that refer to them, in any sub-folders"
)
_OF_FINDING = re.compile(rf"(?P<name>.+?)[._-](?P<finding>{'|'.join(FINDINGS)})", re.IGNORECASE)


def find_items(source: Path, *, patient: re.Pattern[str] | None = None) -> tuple[list[Item], list[Problem]]:
    """Return what a source holds, in the order of its paths or lines, and what does not fit.

    Parameters
    ----------
    patient
        Its first group, in the path of an image, is what a patient's images share; for two folders.

    Raises
    ------
    LayoutError
        If it is in no known form; the message names what was found and what is accepted.
    """
    if source.is_file():
        return parted(items_of_table(source))
    if not source.is_dir():
        raise LayoutError(f"{source} is neither a folder nor a file; give a CSV, or the folder of the set")
    images, masks = _folder(source, IMAGES), _folder(source, MASKS)
    if images is not None and masks is not None:
        items, problems = parted(_from_folders(source, images, masks, patient))
    else:
        items, problems = parted(_from_dicom(source))
    if not items:
        raise unknown_layout(source, ACCEPTED)
    return items, problems


def _folder(source: Path, names: set[str]) -> Path | None:
    found = (child for child in sorted(source.iterdir()) if child.is_dir() and child.name.casefold() in names)
    return next(found, None)


def _from_folders(
    source: Path, images: Path, masks: Path, patient: re.Pattern[str] | None
) -> Iterator[Item | Problem]:
    whole: dict[str, list[Path]] = defaultdict(list)
    parts: dict[str, dict[FindingLabel, Path]] = defaultdict(dict)
    for path in _files(masks):
        key, label = _mask_key(path.relative_to(masks))
        if label is None:
            whole[key].append(path)
        else:
            parts[key][label] = path
    taken: set[str] = set()
    for path in _files(images):
        inside, shown = path.relative_to(images), path.relative_to(source).as_posix()
        key = inside.with_suffix("").as_posix().casefold()
        if path.suffix.casefold() not in IMAGE_ENDINGS | DICOM_ENDINGS:
            accepted = ", ".join(sorted(IMAGE_ENDINGS | DICOM_ENDINGS))
            yield Problem(shown, f"its ending is none of {accepted}", "convert or remove it")
            continue
        yield Item(
            id=free_id(key, taken),
            file=shown,
            image=path,
            masks=tuple(whole.pop(key, [])),
            by_finding=parts.pop(key, {}),
            patient=_patient_in(inside, patient),
        )
    for path in [p for left in whole.values() for p in left] + [
        p for d in parts.values() for p in d.values()
    ]:
        shown = path.relative_to(source).as_posix()
        yield Problem(shown, "it is the mask of an image that is not there", "add the image, or remove it")


def _files(folder: Path) -> list[Path]:
    return [p for p in sorted(folder.rglob("*")) if p.is_file() and not p.name.startswith((".", "Thumbs.db"))]


def _mask_key(inside: Path) -> tuple[str, FindingLabel | None]:
    """Return which image a mask belongs to, by its path without ending, and which finding it shows alone."""
    first = finding_called(inside.parts[0]) if len(inside.parts) > 1 else None
    if first is not None:
        return Path(*inside.parts[1:]).with_suffix("").as_posix().casefold(), first
    key = inside.with_suffix("").as_posix().casefold()
    alone = _OF_FINDING.fullmatch(key)
    return (alone["name"], FindingLabel(alone["finding"])) if alone else (key, None)


def _patient_in(inside: Path, pattern: re.Pattern[str] | None) -> str | None:
    """Return what the images of a patient share: what the pattern finds, else the first sub-folder."""
    if pattern is not None:
        match = pattern.search(inside.as_posix())
        return match[1] if match else None
    return inside.parts[0] if len(inside.parts) > 1 else None


def _from_dicom(source: Path) -> Iterator[Item | Problem]:
    images: dict[str, Path] = {}
    truths: dict[str, list[Path]] = defaultdict(list)
    for path in _files(source):
        try:
            header = pydicom.dcmread(path, stop_before_pixels=True)
            kind, uid = str(header.get("SOPClassUID", "")), str(header.get("SOPInstanceUID", ""))
            if kind in RADIOGRAPHS:
                images[uid] = path
            elif kind in _SEGMENTATIONS:
                for referred in _referred(header):
                    truths[referred].append(path)
        except DAMAGED:
            if path.suffix.casefold() in DICOM_ENDINGS:
                shown = path.relative_to(source).as_posix()
                yield Problem(
                    shown, "it is not a DICOM file, or a damaged one", "copy it again, or remove it"
                )
    taken: set[str] = set()
    for uid, path in images.items():
        shown = path.relative_to(source).as_posix()
        name = free_id(Path(shown).with_suffix("").as_posix(), taken)
        yield Item(id=name, file=shown, image=path, masks=tuple(truths.pop(uid, [])))
    for path in dict.fromkeys(path for paths in truths.values() for path in paths):
        shown = path.relative_to(source).as_posix()
        yield Problem(
            shown, "it refers to a radiograph that is not there", "add the radiograph, or remove it"
        )


def _referred(seg: pydicom.Dataset) -> list[str]:
    """Return the instances that a SEG refers to (PS3.3 C.12.4)."""
    return [
        str(instance.ReferencedSOPInstanceUID)
        for series in seg.get("ReferencedSeriesSequence") or []
        for instance in series.get("ReferencedInstanceSequence") or []
    ]
