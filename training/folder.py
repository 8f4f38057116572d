"""Radiographs with ground truth as SEG in a folder, paired by the instance that a SEG refers to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.errors import InvalidDicomError

from study.errors import DatasetMismatchError, NotDicomError
from study.findings import FINDINGS
from study.pixels import attenuation_values

_RADIOGRAPHS = {
    "1.2.840.10008.5.1.4.1.1.1",  # CR
    "1.2.840.10008.5.1.4.1.1.1.1",  # DX, for presentation
    "1.2.840.10008.5.1.4.1.1.1.1.1",  # DX, for processing
}
_SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"


@dataclass(frozen=True)
class Pair:
    """A radiograph, and its ground truth where it has a finding."""

    image: Path
    truth: Path | None


def find_pairs(folder: Path) -> list[Pair]:
    """Return every radiograph below a folder, in the order of its path, with its ground truth.

    A radiograph to which no SEG refers counts as one without any finding.

    Raises
    ------
    NotDicomError
        If there is no radiograph below the folder.
    """
    images: dict[str, Path] = {}
    truths: dict[str, Path] = {}
    for path in sorted(folder.rglob("*.dcm")):
        header = _header(path)
        if header.SOPClassUID in _RADIOGRAPHS:
            images[header.SOPInstanceUID] = path
        elif header.SOPClassUID == _SEGMENTATION:
            source = header.ReferencedSeriesSequence[0].ReferencedInstanceSequence[0]
            truths[source.ReferencedSOPInstanceUID] = path
    if not images:
        raise NotDicomError(
            f"{folder} holds no CR or DX image; expected *.dcm, such as `kidray phantom` writes"
        )
    return [Pair(path, truths.get(uid)) for uid, path in images.items()]


def _header(path: Path) -> pydicom.Dataset:
    try:
        return pydicom.dcmread(path, stop_before_pixels=True)
    except InvalidDicomError as error:
        raise NotDicomError(f"{path} is not a DICOM file") from error


def read_pair(pair: Pair) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the radiograph, float32 (H, W), bright where more is absorbed, and its masks, bool (4, H, W).

    Raises
    ------
    DatasetMismatchError
        If the ground truth has other rows and columns than the radiograph, or an unknown segment.
    """
    dataset = pydicom.dcmread(pair.image)
    image = attenuation_values(dataset)
    masks = np.zeros((len(FINDINGS), *image.shape), np.bool_)
    if pair.truth is not None:
        _fill(masks, pair.truth)
    return image, masks


def _fill(masks: NDArray[np.bool_], path: Path) -> None:
    segmentation = hd.seg.segread(path)
    if (segmentation.Rows, segmentation.Columns) != masks.shape[1:]:
        raise DatasetMismatchError(
            f"{path}: {segmentation.Rows} x {segmentation.Columns}, but its radiograph is {masks.shape[1:]}"
        )
    concepts = {d.property_type.value: number for number, d in enumerate(FINDINGS.values())}
    frames = np.atleast_3d(segmentation.pixel_array.T).T
    for frame, group in zip(frames, segmentation.PerFrameFunctionalGroupsSequence, strict=True):
        number = group.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        described = segmentation.get_segment_description(number)
        code = described.segmented_property_type.value
        if code not in concepts:
            raise DatasetMismatchError(f"{path}: segment {number} is {code}; known are {sorted(concepts)}")
        masks[concepts[code]] |= frame.astype(bool)
