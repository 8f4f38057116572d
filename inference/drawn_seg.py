"""Write a mask that a reader drew as a DICOM Segmentation of its own (PS3.3 A.51).

It says that a person drew it, whose mask it started from, and which finding it is of: by the same
tracking UID as the model's segment. The model's SEG stays as it was.
"""

from __future__ import annotations

import highdicom as hd
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from inference.equipment import algorithm, coded, complete_result, contributing_equipment
from inference.person import made_with, person_name
from inference.seg import place
from study.findings import FINDINGS
from study.marks import Correction, Kept
from study.model import Finding, ModelIdentity, SegmentReference
from study.regions import ABDOMEN
from study.result_header import result_header
from study.sop_classes import LABELMAP_STORAGE
from study.tracking import tracking_uid

SERIES_NUMBER = 9006
_SOURCE = hd.sr.CodedConcept("121322", "DCM", "Source image for image processing operation")


def write_drawn_seg(
    mask: NDArray[np.bool_],
    finding: Finding,
    radiograph: Dataset,
    model: ModelIdentity,
    correction: Correction,
    uids: Kept,
    *,
    started_from: SegmentReference | None,
    is_labelmap: bool = False,
) -> tuple[Dataset, Finding]:
    """Return a SEG of one segment, and the finding that refers to it.

    Parameters
    ----------
    mask
        bool (rows, columns), as stored.
    finding
        As measured on the mask.
    radiograph
        The source's header; its pixel data is not needed.
    started_from
        The segment that the reader corrected: the segment's algorithm type is then SEMIAUTOMATIC;
        None where there was none, and it is MANUAL.
    is_labelmap
        Whether that segment is in a Label Map Segmentation.
    """
    header = result_header(radiograph)
    seg = hd.seg.Segmentation(
        source_images=[header],
        pixel_array=mask[np.newaxis].astype(np.uint8),
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[_described(finding, model, corrected=started_from is not None)],
        series_instance_uid=uids.series_uid,
        series_number=SERIES_NUMBER,
        sop_instance_uid=uids.instance_uid,
        instance_number=1,
        transfer_syntax_uid=ExplicitVRLittleEndian,
        content_label="CORRECTED",
        content_creator_name=person_name(correction.reader),
        content_description="Outline drawn by a reader, not verified by a signature",
        series_description=f"Kidray outline by a reader - {FINDINGS[finding.label].segment_label}"[:64],
        contributing_equipment=[contributing_equipment(model, correction.at)] if started_from else None,
        **made_with(),
    )
    place(seg, header)
    complete_result(seg, header, correction.at)
    if started_from is not None:
        _refer(seg, started_from, is_labelmap=is_labelmap)
    reference = SegmentReference(series_uid=uids.series_uid, instance_uid=uids.instance_uid, segment_number=1)
    return seg, finding.model_copy(update={"segment": reference})


def _described(finding: Finding, model: ModelIdentity, *, corrected: bool) -> hd.seg.SegmentDescription:
    definition = FINDINGS[finding.label]
    kinds = hd.seg.SegmentAlgorithmTypeValues
    return hd.seg.SegmentDescription(
        segment_number=1,
        segment_label=definition.segment_label,
        segmented_property_category=coded(definition.category),
        segmented_property_type=coded(definition.property_type),
        algorithm_type=kinds.SEMIAUTOMATIC if corrected else kinds.MANUAL,
        algorithm_identification=algorithm(model) if corrected else None,
        tracking_uid=tracking_uid(finding),
        tracking_id=finding.label.value,
        anatomic_regions=[coded(ABDOMEN)],
        display_color=hd.color.CIELabColor.from_rgb(*definition.color),
    )


def _refer(seg: Dataset, started_from: SegmentReference, *, is_labelmap: bool) -> None:
    """Say which SEG the reader started from (PS3.3 C.12.4, C.12.2)."""
    source, listed, series = Dataset(), Dataset(), Dataset()
    for item in (source, listed):
        item.ReferencedSOPClassUID = LABELMAP_STORAGE if is_labelmap else seg.SOPClassUID
        item.ReferencedSOPInstanceUID = started_from.instance_uid
    source.PurposeOfReferenceCodeSequence = [_SOURCE]
    seg.SourceInstanceSequence = [source]
    series.SeriesInstanceUID = started_from.series_uid
    series.ReferencedInstanceSequence = [listed]
    seg.ReferencedSeriesSequence = [*seg.ReferencedSeriesSequence, series]
