"""Write findings' masks as a DICOM Segmentation that common readers place on the radiograph.

A projection radiograph has no patient-space geometry, yet OHIF, dcmqi and highdicom's segread ask
for one. The convention here: the detector's plane at the origin, rows along +x and columns along +y,
and a thickness of 1. It is not patient space, which docs/results.md says.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import highdicom as hd
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from inference.equipment import (
    MANUFACTURER,
    algorithm,
    coded,
    complete_result,
    contributing_equipment,
    series_description,
    software_version,
)
from study.compat import StrEnum
from study.findings import FINDINGS, FindingDefinition
from study.geometry import spacing_mm
from study.model import Finding, ModelIdentity, SegmentReference
from study.regions import ABDOMEN
from study.result_header import result_header
from study.tracking import tracking_uid

SERIES_NUMBER = 9001


class SegForm(StrEnum):
    """How a SEG holds its segments."""

    BINARY = "binary"  # a frame each, one bit a pixel
    LABELMAP = "labelmap"  # one frame for all, whose values are segment numbers


class SegUids(NamedTuple):
    """The UIDs that the SEG gets."""

    series_uid: str
    instance_uid: str


def write_seg(
    labels: NDArray[np.uint8],
    findings: list[Finding],
    radiograph: Dataset,
    model: ModelIdentity,
    uids: SegUids,
    made_at: datetime,
    *,
    form: SegForm = SegForm.BINARY,
) -> tuple[Dataset | None, list[Finding]]:
    """Return a SEG with a segment for each finding that has a mask, and the findings with references.

    Parameters
    ----------
    labels
        uint8 (rows, columns): segment number of the findings table, 0 outside.
    findings
        In the order of the findings table; those with `area_px` of 0 get no segment.
    radiograph
        The source's header; its pixel data is not needed.

    Returns
    -------
    Dataset or None
        None where no finding has a mask.
    list of Finding
        The same findings; those with a segment refer to it.
    """
    drawn = [f for f in findings if f.area_px]
    if not drawn:
        return None, findings
    header = result_header(radiograph)
    numbers = {f.id: number for number, f in enumerate(drawn, start=1)}
    renumbered = np.zeros(256, np.uint8)
    for finding in drawn:
        renumbered[FINDINGS[finding.label].segment_number] = numbers[finding.id]
    seg = hd.seg.Segmentation(
        source_images=[header],
        pixel_array=renumbered[labels][np.newaxis],
        segmentation_type=hd.seg.SegmentationTypeValues[form.name],
        segment_descriptions=[_described(f, numbers[f.id], model) for f in drawn],
        series_instance_uid=uids.series_uid,
        series_number=SERIES_NUMBER,
        sop_instance_uid=uids.instance_uid,
        instance_number=1,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=model.name,
        software_versions=[software_version(), model.version],
        device_serial_number=model.sha256[:16],
        transfer_syntax_uid=ExplicitVRLittleEndian,
        content_label="FINDINGS",
        content_creator_name=f"{MANUFACTURER}^",  # a name of one component
        content_description="Findings segmented by an algorithm, unverified",
        series_description=series_description("segmentation", model),
        contributing_equipment=[contributing_equipment(model, made_at)],
    )
    place(seg, header)
    complete_result(seg, header, made_at)
    referring = [_referring(f, numbers.get(f.id), uids) for f in findings]
    return seg, referring


def _described(finding: Finding, number: int, model: ModelIdentity) -> hd.seg.SegmentDescription:
    definition: FindingDefinition = FINDINGS[finding.label]
    return hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=definition.segment_label,
        segmented_property_category=coded(definition.category),
        segmented_property_type=coded(definition.property_type),
        algorithm_type=hd.seg.SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=algorithm(model),
        tracking_uid=tracking_uid(finding),
        tracking_id=finding.label.value,
        anatomic_regions=[coded(ABDOMEN)],
        display_color=hd.color.CIELabColor.from_rgb(*definition.color),
    )


def _referring(finding: Finding, number: int | None, uids: SegUids) -> Finding:
    if number is None:
        return finding
    reference = SegmentReference(
        series_uid=uids.series_uid, instance_uid=uids.instance_uid, segment_number=number
    )
    return finding.model_copy(update={"segment": reference})


def place(seg: Dataset, header: Dataset) -> None:
    """Add the geometry that readers ask for; see the module's convention."""
    shared = seg.SharedFunctionalGroupsSequence[0]
    orientation, measures = Dataset(), Dataset()
    orientation.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    row, column = spacing_mm(header) or (1.0, 1.0)
    measures.PixelSpacing = [f"{row:.6g}", f"{column:.6g}"]
    measures.SliceThickness = measures.SpacingBetweenSlices = 1
    shared.PlaneOrientationSequence = [orientation]
    shared.PixelMeasuresSequence = [measures]
    for frame in seg.PerFrameFunctionalGroupsSequence:
        position = Dataset()
        position.ImagePositionPatient = [0, 0, 0]
        frame.PlanePositionSequence = [position]
    seg.PatientOrientation = header.get("PatientOrientation", ["L", "F"])
