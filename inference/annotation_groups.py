"""A reader's measurements as measurement groups of a report (PS3.16 TID 1410 and 1501)."""

from __future__ import annotations

from typing import Any

import highdicom as hd
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.sr.coding import Code

from inference.annotation_figures import Floats, angle_of, corners, length_of, region_of_interest
from inference.sr import AREA, AT_DETECTOR, AT_PATIENT, SQUARE_MM
from study.geometry import Spacing, measuring_spacing
from study.identifiers import derived_uid
from study.marks import Annotation, AnnotationKind

LENGTH = Code("410668003", "SCT", "Length")
ANGLE = Code("1483009", "SCT", "Angle")
PIXEL_VALUE = Code("MODALITY_VALUE", "99KIDRAY", "Value after the Modality LUT")
MM = Code("mm", "UCUM", "millimeter")
DEGREE = Code("deg", "UCUM", "degree")
PIXELS = Code("{pixels}", "UCUM", "pixels")
NO_UNIT = Code("1", "UCUM", "no units")
_MEASURES = (
    AnnotationKind.LENGTH,
    AnnotationKind.ANGLE,
    AnnotationKind.RECTANGLE,
    AnnotationKind.ELLIPSE,
)
_STATISTICS = (
    ("mean", Code("373098007", "SCT", "Mean")),
    ("deviation", Code("386136009", "SCT", "Standard Deviation")),
    ("smallest", Code("255605001", "SCT", "Minimum")),
    ("largest", Code("56851009", "SCT", "Maximum")),
)


def measures(annotation: Annotation) -> bool:
    """Return whether an annotation states a number; arrows and texts do not."""
    return annotation.kind in _MEASURES


def group_of(annotation: Annotation, values: Floats, radiograph: Dataset) -> Any:
    """Return the measurement group of one annotation.

    Parameters
    ----------
    values
        float32 (rows, columns): the radiograph's modality values.
    radiograph
        Its header.
    """
    spacing = measuring_spacing(radiograph)
    identifier = hd.sr.TrackingIdentifier(
        uid=derived_uid("annotation", str(radiograph.SOPInstanceUID), annotation.id),
        identifier=annotation.text or annotation.kind.value,
    )
    if annotation.kind in (AnnotationKind.RECTANGLE, AnnotationKind.ELLIPSE):
        return _region(annotation, values, spacing, radiograph, identifier)
    line = np.array(annotation.points, np.float64)
    if annotation.kind is AnnotationKind.LENGTH:
        number, unit, name = length_of(annotation, spacing), MM if spacing else PIXELS, LENGTH
    else:
        number, unit, name = angle_of(annotation, spacing), DEGREE, ANGLE
    measured = hd.sr.Measurement(
        name,
        round(number, 2),
        unit,
        method=_method(spacing) if name is LENGTH else None,
        referenced_coordinates=[
            hd.sr.CoordinatesForMeasurement(hd.sr.GraphicTypeValues.POLYLINE, line, _source(radiograph))
        ],
    )
    source = hd.sr.SourceImageForMeasurementGroup(radiograph.SOPClassUID, radiograph.SOPInstanceUID)
    return hd.sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=identifier, measurements=[measured], source_images=[source]
    )


def _region(
    annotation: Annotation,
    values: Floats,
    spacing: Spacing | None,
    radiograph: Dataset,
    identifier: hd.sr.TrackingIdentifier,
) -> Any:
    found = region_of_interest(annotation, values, spacing)
    measured = []
    if found is not None:
        unit = SQUARE_MM if spacing else PIXELS
        measured.append(hd.sr.Measurement(AREA, round(found.area, 2), unit, method=_method(spacing)))
        measured += [
            hd.sr.Measurement(PIXEL_VALUE, round(getattr(found, name), 3), NO_UNIT, derivation=how)
            for name, how in _STATISTICS
        ]
    ellipse = annotation.kind is AnnotationKind.ELLIPSE
    types = hd.sr.GraphicTypeValues
    outlined = hd.sr.ImageRegion(
        types.ELLIPSE if ellipse else types.POLYLINE,
        ellipse_points(annotation) if ellipse else rectangle_points(annotation),
        _source(radiograph),
    )
    return hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=identifier, referenced_region=outlined, measurements=measured or None
    )


def rectangle_points(annotation: Annotation) -> NDArray[np.float64]:
    """Return a rectangle as a closed line, float64 (5, 2)."""
    left, right, top, bottom = corners(annotation)
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom), (left, top)])


def ellipse_points(annotation: Annotation) -> NDArray[np.float64]:
    """Return the ends of an ellipse's longer axis, then of its shorter one (PS3.3 C.18.6.1.2)."""
    left, right, top, bottom = corners(annotation)
    x, y = (left + right) / 2, (top + bottom) / 2
    across, down = [(left, y), (right, y)], [(x, top), (x, bottom)]
    return np.array(across + down if right - left >= bottom - top else down + across)


def _method(spacing: Spacing | None) -> Code | None:
    if spacing is None:
        return None
    return AT_PATIENT if spacing.plane == "patient" else AT_DETECTOR


def _source(radiograph: Dataset) -> hd.sr.SourceImageForRegion:
    return hd.sr.SourceImageForRegion(radiograph.SOPClassUID, radiograph.SOPInstanceUID)


def label_of(annotation: Annotation, values: Floats, radiograph: Dataset) -> str:
    """Return what stands beside an annotation, its calibration's source included."""
    spacing = measuring_spacing(radiograph)
    unit = "px" if spacing is None else "mm" if spacing.plane == "patient" else "mm at detector"
    match annotation.kind:
        case AnnotationKind.LENGTH:
            figure = f"{length_of(annotation, spacing):.1f} {unit}"
        case AnnotationKind.ANGLE:
            figure = f"{angle_of(annotation, spacing):.1f} deg"
        case AnnotationKind.RECTANGLE | AnnotationKind.ELLIPSE:
            found = region_of_interest(annotation, values, spacing)
            figure = "" if found is None else f"mean {found.mean:.1f}, SD {found.deviation:.1f}"
        case _:
            figure = ""
    return " ".join(part for part in (annotation.text, figure) if part)
