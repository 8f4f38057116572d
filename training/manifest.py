"""A data set as images and masks, listed in a CSV file that says what is known of each radiograph.

Paths are relative to the manifest. An image is a grayscale PNG of 8 or 16 bits, bright where more is
absorbed; a mask is a PNG of segment numbers, 0 where there is none. A row with findings but without a
mask is known as a whole only: it teaches no outline, so the training of outlines leaves it out.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError, field_serializer, field_validator

from study.errors import KidrayError
from study.findings import FINDINGS, FindingLabel
from study.model import Frozen, View
from training.split import Split


class ManifestError(KidrayError):
    """Raised when a manifest, or a file that it lists, is missing, damaged or contradicts itself."""


class Row(Frozen):
    """What is known of one radiograph.

    Attributes
    ----------
    id
        Unique in the manifest.
    case
        Number of the patient (or of what stands for one) within this manifest; no identifier.
    category
        The class that the source filed it under: a finding's label, or `normal`.
    findings
        Findings that are there; empty means that it is known to have none.
    image, mask
        Paths relative to the manifest; `mask` is empty where no outline is known or no finding is there.
    source, source_split
        Path in the source, and the part of the source's own split.
    pixel_sha256
        Of the decoded pixels with their shape: equal for equal images.
    look
        Difference hash of the 17 x 16 thumbnail, 64 hex digits: equal for images that look the same.
    """

    id: str
    split: Split
    case: int
    category: str
    findings: tuple[FindingLabel, ...]
    image: str
    mask: str
    rows: int
    columns: int
    bits: int
    row_spacing_mm: float | None = None
    column_spacing_mm: float | None = None
    age_months: int | None = None
    view: View = View.UNKNOWN
    source: str
    source_split: str
    pixel_sha256: str
    look: str

    @field_validator("findings", mode="before")
    @classmethod
    def _parted(cls, value: object) -> object:
        return tuple(part for part in value.split(";") if part) if isinstance(value, str) else value

    @field_validator("row_spacing_mm", "column_spacing_mm", "age_months", mode="before")
    @classmethod
    def _empty_is_unknown(cls, value: object) -> object:
        return None if value == "" else value

    @field_serializer("findings")
    def _joined(self, value: tuple[FindingLabel, ...]) -> str:
        return ";".join(value)

    @property
    def is_outlined(self) -> bool:
        """Whether every pixel's truth is known: its findings are outlined, or there are none."""
        return bool(self.mask) or not self.findings


def write_manifest(path: Path, rows: Iterable[Row]) -> None:
    """Write a manifest whole or not at all."""
    partial = path.with_suffix(".part")
    with partial.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(Row.model_fields))
        writer.writeheader()
        writer.writerows(row.model_dump(mode="json") for row in rows)
    partial.replace(path)


def read_manifest(path: Path) -> list[Row]:
    """Return the rows of a manifest.

    Raises
    ------
    ManifestError
        If it cannot be read, has no row, or a row is wrong: then the line and the column are named.
    """
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            rows = [_row(path, line, entry) for line, entry in enumerate(csv.DictReader(stream), start=2)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ManifestError(f"the manifest {path} cannot be read: {error}") from error
    if not rows:
        raise ManifestError(f"the manifest {path} lists no radiograph; import the data set again")
    return rows


def _row(path: Path, line: int, entry: dict[str, str]) -> Row:
    try:
        return Row.model_validate(entry)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ManifestError(f"{path}, line {line}: {where}: {first['msg']}") from error


def outlined_rows(path: Path, split: Split) -> list[Row]:
    """Return the rows of one split from which outlines can be learnt.

    Raises
    ------
    ManifestError
        If there is none, or none of them has a mask: an image-level label alone teaches no outline.
    """
    rows = [row for row in read_manifest(path) if row.split is split]
    if not rows:
        raise ManifestError(f"{path} lists no radiograph for {split}: the set has too few cases to be split")
    outlined = [row for row in rows if row.is_outlined]
    if not any(row.mask for row in outlined):
        raise ManifestError(
            f"{path}: none of the {len(rows)} radiographs for {split} has a mask to learn from; "
            "boxes and folder names are image-level labels: add a set with polygons"
        )
    return outlined


def read_row(folder: Path, row: Row) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the radiograph, float32 (H, W), bright where more is absorbed, and its masks, bool (4, H, W).

    Raises
    ------
    ManifestError
        If a file is missing or damaged, or the mask has another size or an unknown segment.
    """
    image = read_grayscale(folder / row.image).astype(np.float32)
    masks = np.zeros((len(FINDINGS), *image.shape), np.bool_)
    if row.mask:
        labels = read_grayscale(folder / row.mask)
        if labels.shape != image.shape or int(labels.max()) > len(FINDINGS):
            raise ManifestError(
                f"{row.mask}: {labels.shape} with segments up to {labels.max()}, but the radiograph is "
                f"{image.shape} and segments go up to {len(FINDINGS)}; import the data set again"
            )
        for number in range(1, len(FINDINGS) + 1):
            masks[number - 1] = labels == number
    return image, masks


def read_grayscale(path: Path) -> NDArray[np.uint8 | np.uint16]:
    """Return the pixels of a PNG, JPEG, BMP or TIFF file, (H, W); colour is weighed to gray (BT.601).

    Raises
    ------
    ManifestError
        If the file cannot be read or decoded, or holds something else than 8 or 16 bits.
    """
    try:
        content = np.fromfile(path, np.uint8)
    except OSError as error:
        raise ManifestError(f"{path.name} cannot be read: {error.strerror}") from error
    try:
        pixels = cv2.imdecode(content, cv2.IMREAD_UNCHANGED) if content.size else None
    except cv2.error as error:  # more pixels than OpenCV reads
        raise ManifestError(f"{path.name} is no readable image: {error.err}") from error
    if pixels is None:
        raise ManifestError(f"{path.name} is no readable image")
    if pixels.dtype not in {np.dtype(np.uint8), np.dtype(np.uint16)}:
        raise ManifestError(f"{path.name} holds {pixels.dtype}; an image has 8 or 16 bits")
    if pixels.ndim == 3:
        pixels = cv2.cvtColor(pixels[..., :3], cv2.COLOR_BGR2GRAY) if pixels.shape[2] >= 3 else pixels[..., 0]
    return np.asarray(pixels)


def write_grayscale(path: Path, pixels: NDArray[np.uint8 | np.uint16]) -> None:
    """Write pixels, (H, W), as a PNG that carries nothing but them.

    Raises
    ------
    ManifestError
        If they cannot be encoded.
    """
    done, content = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not done:
        raise ManifestError(f"{path.name}: {pixels.shape} pixels cannot be written as PNG")
    path.parent.mkdir(parents=True, exist_ok=True)
    content.tofile(path)
