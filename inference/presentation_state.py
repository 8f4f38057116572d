"""Write the outlines of a SEG as a Grayscale Softcopy Presentation State (PS3.3 A.33.1).

For destinations whose viewers cannot draw a SEG: each finding in a graphic layer of its colour, over
the radiograph itself. Made from what the archive holds, once for each SEG: its UID follows from that.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import cv2
import highdicom as hd
import numpy as np
import structlog
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from inference.equipment import (
    MANUFACTURER,
    complete_result,
    contributing_equipment,
    series_description,
    software_version,
)
from study.archive import Archive, InstanceReference
from study.errors import ConflictError, NotDicomError, NotInArchiveError, PixelDataError
from study.findings import FINDINGS
from study.identifiers import derived_uid
from study.malformed import MALFORMED
from study.model import Finding, ModelIdentity, StudyRecord
from study.owed import presentation_uid
from study.result_header import result_header
from study.segmentation import Mask, read_masks
from study.tracking import tracking_uid

log = structlog.get_logger()

SERIES_NUMBER = 9005
MOST_POINTS = 4000  # of one outline: the element's length must fit into 16 bits (PS3.5 section 7.1.2)
_NOTICE = "NOTICE"
# What the radiograph's own grayscale chain is copied from (PS3.3 C.11.1, C.11.8); none of it is pixels.
_GRAYSCALE = (
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "RescaleSlope",
    "RescaleIntercept",
    "RescaleType",
    "ModalityLUTSequence",
    "WindowCenter",
    "WindowWidth",
    "WindowCenterWidthExplanation",
    "VOILUTFunction",
    "VOILUTSequence",
)

Outline = NDArray[np.float64]


def keep_presentation_states(
    record: StudyRecord, *, archive: Archive, made_at: datetime
) -> list[InstanceReference]:
    """Keep the outlines of every SEG of the study in the archive, and return those that are new.

    One that cannot be made is left out, with a line in the log: the other results go their way.
    """
    made = []
    for radiograph in record.radiographs:
        uid = presentation_uid(record.study_uid, radiograph)
        if uid is None or record.model is None or radiograph.seg_series_uid is None:
            continue
        ref = InstanceReference(record.study_uid, derived_uid(uid, "series"), uid)
        if archive.path(ref).exists():
            continue
        source = InstanceReference(record.study_uid, radiograph.series_uid, radiograph.instance_uid)
        seg = InstanceReference(record.study_uid, radiograph.seg_series_uid, str(radiograph.seg_instance_uid))
        findings = [f for f in record.findings if f.radiograph_uid == radiograph.instance_uid]
        try:
            masks, header = read_masks(archive.read(seg)), archive.read(source, pixels=False)
            state = write_presentation_state(masks, findings, header, record.model, ref, made_at)
            made.append(archive.write_dataset(state))
        except (PixelDataError, NotDicomError, NotInArchiveError, ConflictError) as error:
            log.warning("presentation_not_made", instance_uid=radiograph.instance_uid, reason=str(error))
    return made


def write_presentation_state(
    masks: dict[int, Mask],
    findings: list[Finding],
    radiograph: Dataset,
    model: ModelIdentity,
    ref: InstanceReference,
    made_at: datetime,
) -> Dataset:
    """Return the outlines of `masks` as a presentation state of the radiograph.

    Parameters
    ----------
    masks
        bool (rows, columns) by segment number of the findings table.
    findings
        Of this radiograph.
    radiograph
        The source's header; its pixel data is not needed.

    Raises
    ------
    NotDicomError
        If the radiograph's own grayscale chain cannot be written down.
    """
    header = shown_header(radiograph)
    annotations, layers = _overlay(masks, findings, header, model)
    try:
        state: Dataset = hd.pr.GrayscaleSoftcopyPresentationState(
            referenced_images=[header],
            series_instance_uid=ref.series_uid,
            series_number=SERIES_NUMBER,
            sop_instance_uid=ref.instance_uid,
            instance_number=1,
            manufacturer=MANUFACTURER,
            manufacturer_model_name=model.name,
            software_versions=[software_version(), model.version],
            device_serial_number=model.sha256[:16],
            content_label="FINDINGS",
            content_description="Findings of an algorithm outlined, unverified",
            content_creator_name=f"{MANUFACTURER}^",  # a name of one component
            graphic_annotations=annotations,
            graphic_layers=layers,
            presentation_lut_transformation=polarity(header),
            transfer_syntax_uid=ExplicitVRLittleEndian,
            contributing_equipment=[contributing_equipment(model, made_at)],
            series_description=series_description("outlines", model),
        )
    except tuple(e for e in MALFORMED if e not in {OSError, MemoryError}) as error:
        raise NotDicomError(f"its header is not fit for outlines: {type(error).__name__}") from error
    state.Laterality = None  # of type 2C (C.7.3.1): the abdomen has none
    complete_result(state, header, made_at)
    for kind in ("Date", "Time"):  # a presentation state has a creation of its own (PS3.3 C.11.10)
        setattr(state, f"PresentationCreation{kind}", state[f"Content{kind}"].value)
        delattr(state, f"Content{kind}")
    return state


def outlines(mask: Mask) -> list[Outline]:
    """Return the closed outlines of a mask's parts and holes, the largest first.

    Returns
    -------
    list of np.ndarray
        float64 (points, 2): column, row in pixels, (0, 0) being the upper left corner of the first
        pixel (PS3.3 C.10.5.1.2); the last point is the first.
    """
    found, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    return [_closed(contour) for contour in sorted(found, key=cv2.contourArea, reverse=True)]


def _closed(contour: NDArray[Any]) -> Outline:
    tolerance = 1.0  # pixel
    while len(points := cv2.approxPolyDP(contour, tolerance, True)[:, 0]) >= MOST_POINTS:
        tolerance *= 2
    if len(points) < 3:  # a few pixels: the box around them
        left, top, width, height = cv2.boundingRect(contour)
        right, bottom = left + width, top + height
        return np.array([(left, top), (right, top), (right, bottom), (left, bottom), (left, top)], float)
    middle = points.astype(np.float64) + 0.5  # of each pixel
    return np.concatenate([middle, middle[:1]])


def _overlay(
    masks: dict[int, Mask], findings: list[Finding], header: Dataset, model: ModelIdentity
) -> tuple[list[hd.pr.GraphicAnnotation], list[hd.pr.GraphicLayer]]:
    """Return what is drawn: each finding that has a mask in a layer of its own, and the disclaimer."""
    annotations, layers = [], []
    for finding in findings:
        definition = FINDINGS[finding.label]
        if definition.segment_number not in masks:
            continue
        layer = hd.pr.GraphicLayer(
            finding.label.upper(),
            order=definition.segment_number,
            description=definition.name_en,
            display_color=hd.color.CIELabColor.from_rgb(*definition.color),
        )
        layers.append(layer)
        annotations.append(_annotation(finding, layer, masks[definition.segment_number], header, model))
    notice = hd.pr.GraphicLayer(_NOTICE, order=len(FINDINGS) + 1, description=model.disclaimer)
    return [*annotations, _disclaimed(notice, header, model)], [*layers, notice]


def _annotation(
    finding: Finding, layer: hd.pr.GraphicLayer, mask: Mask, header: Dataset, model: ModelIdentity
) -> hd.pr.GraphicAnnotation:
    drawn = outlines(mask)
    lines = [
        hd.pr.GraphicObject(
            graphic_type=hd.pr.GraphicTypeValues.POLYLINE,
            graphic_data=outline,
            units=hd.pr.AnnotationUnitsValues.PIXEL,
            tracking_id=finding.label.value,
            tracking_uid=tracking_uid(finding),
        )
        for outline in drawn
    ]
    top = drawn[0][drawn[0][:, 1].argmin()]
    label = hd.pr.TextObject(
        text_value=f"{FINDINGS[finding.label].name_en} {finding.probability:.2f}, unverified",
        units=hd.pr.AnnotationUnitsValues.PIXEL,
        anchor_point=(float(top[0]), float(top[1])),
    )
    return hd.pr.GraphicAnnotation(
        referenced_images=[header], graphic_layer=layer, graphic_objects=lines, text_objects=[label]
    )


def _disclaimed(layer: hd.pr.GraphicLayer, header: Dataset, model: ModelIdentity) -> hd.pr.GraphicAnnotation:
    """Return the disclaimer along the lower edge of what is displayed."""
    text = hd.pr.TextObject(
        text_value=f"{model.disclaimer}. Unverified.",
        units=hd.pr.AnnotationUnitsValues.DISPLAY,
        bounding_box=(0.02, 0.95, 0.98, 0.99),
    )
    return hd.pr.GraphicAnnotation(referenced_images=[header], graphic_layer=layer, text_objects=[text])


def polarity(header: Dataset) -> hd.PresentationLUTTransformation:
    """Return what makes P-values: those of MONOCHROME1 are the other way round (PS3.3 C.11.6)."""
    inverse = header.PhotometricInterpretation == "MONOCHROME1"
    return hd.PresentationLUTTransformation(presentation_lut_shape="INVERSE" if inverse else "IDENTITY")


def shown_header(radiograph: Dataset) -> Dataset:
    """Return what a presentation state says of its radiograph."""
    header = result_header(radiograph)
    try:
        for keyword in _GRAYSCALE:
            if radiograph.get(keyword) not in (None, ""):
                header.add(radiograph[keyword])
    except tuple(e for e in MALFORMED if e not in {OSError, MemoryError}) as error:
        raise NotDicomError(f"its grayscale chain cannot be read: {type(error).__name__}") from error
    return header
