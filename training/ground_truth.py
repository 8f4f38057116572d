"""Ground truth of a radiograph as a DICOM SEG (PS3.3 A.51), numbered as the table of findings."""

from __future__ import annotations

import highdicom as hd
import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from study.findings import FINDINGS, CodedConcept
from training.phantom import Phantom
from training.phantom_dicom import phantom_uid


def ground_truth_dataset(phantom: Phantom, radiograph: Dataset) -> hd.seg.Segmentation:
    """Return the ground truth of `phantom` as a BINARY SEG that refers to `radiograph`.

    All four segments are described; only those that are not empty have a frame.

    Raises
    ------
    ValueError
        If the phantom has no finding: then there is no ground truth to write.
    """
    if not phantom.mask.any():
        raise ValueError(f"phantom {phantom.seed} ({phantom.kind}) has no finding, so it has no ground truth")
    segmentation = hd.seg.Segmentation(
        source_images=[radiograph],
        pixel_array=np.moveaxis(phantom.mask, 0, -1)[None].astype(np.uint8),
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=_segments(phantom),
        series_instance_uid=phantom_uid(phantom, "truth-series"),
        series_number=100,
        sop_instance_uid=phantom_uid(phantom, "truth"),
        instance_number=1,
        manufacturer="Kidray",
        manufacturer_model_name="Phantom",
        software_versions="phantom 2",
        device_serial_number="0",
        omit_empty_frames=True,
        transfer_syntax_uid=ExplicitVRLittleEndian,
        series_description="Ground truth",
        content_label="TRUTH",
        content_description="Drawn with the phantom",
    )
    _add_geometry(segmentation, phantom.imager_pixel_spacing_mm)
    segmentation.PatientOrientation = radiograph.PatientOrientation
    for keyword in ("ContentDate", "ContentTime"):
        setattr(segmentation, keyword, getattr(radiograph, keyword))
    segmentation.SeriesDate, segmentation.SeriesTime = radiograph.SeriesDate, radiograph.SeriesTime
    return segmentation


def _segments(phantom: Phantom) -> list[hd.seg.SegmentDescription]:
    segments = []
    for definition in FINDINGS.values():
        segment = hd.seg.SegmentDescription(
            segment_number=definition.segment_number,
            segment_label=definition.segment_label,
            segmented_property_category=_coded(definition.category),
            segmented_property_type=_coded(definition.property_type),
            algorithm_type=hd.seg.SegmentAlgorithmTypeValues.MANUAL,
            tracking_uid=phantom_uid(phantom, f"track-{definition.segment_number}"),
            tracking_id=definition.label.value,
            display_color=hd.color.CIELabColor.from_rgb(*definition.color),
        )
        segments.append(segment)
    return segments


def _coded(concept: CodedConcept) -> hd.sr.CodedConcept:
    return hd.sr.CodedConcept(concept.value, concept.scheme, concept.meaning)


def _add_geometry(segmentation: Dataset, spacing_mm: tuple[float, float]) -> None:
    """Add the plane of the detector: a convention that lets readers place the frame, not patient space."""
    shared = segmentation.SharedFunctionalGroupsSequence[0]
    orientation = Dataset()
    orientation.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    shared.PlaneOrientationSequence = [orientation]
    measures = Dataset()
    measures.PixelSpacing = [f"{mm:.5f}" for mm in spacing_mm]
    measures.SliceThickness = 1
    measures.SpacingBetweenSlices = 1
    shared.PixelMeasuresSequence = [measures]
    for frame in segmentation.PerFrameFunctionalGroupsSequence:
        position = Dataset()
        position.ImagePositionPatient = [0, 0, 0]
        frame.PlanePositionSequence = [position]
