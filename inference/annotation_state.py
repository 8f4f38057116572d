"""Write what a reader drew over a radiograph as a Grayscale Softcopy Presentation State (PS3.3 A.33.1)."""

from __future__ import annotations

import math

import highdicom as hd
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from inference.annotation_figures import Floats
from inference.annotation_groups import ellipse_points, label_of, rectangle_points
from inference.equipment import MANUFACTURER, complete_result
from inference.person import made_with, person_name
from inference.presentation_state import polarity, shown_header
from study.marks import Annotation, AnnotationKind, AnnotationSet, Kept

SERIES_NUMBER = 9008
_HEAD = 0.012  # of the radiograph's longer side: an arrow's head
_SPREAD = math.radians(25)
_COLOR = (255, 222, 89)


def write_annotation_state(
    annotations: AnnotationSet, values: Floats, radiograph: Dataset, uids: Kept
) -> Dataset:
    """Return what a reader drew over a radiograph, each with its figures as text.

    Parameters
    ----------
    values
        float32 (rows, columns): the radiograph's modality values.
    radiograph
        Its header; pixel data is not needed.

    Raises
    ------
    NotDicomError
        If the radiograph's own grayscale chain cannot be written down.
    """
    header = shown_header(radiograph)
    layer = hd.pr.GraphicLayer(
        "MEASUREMENTS",
        order=1,
        description="Measurements by a reader",
        display_color=hd.color.CIELabColor.from_rgb(*_COLOR),
    )
    drawn = [_annotation(each, values, radiograph, header, layer) for each in annotations.annotations]
    state: Dataset = hd.pr.GrayscaleSoftcopyPresentationState(
        referenced_images=[header],
        series_instance_uid=uids.series_uid,
        series_number=SERIES_NUMBER,
        sop_instance_uid=uids.instance_uid,
        instance_number=1,
        content_label="MEASUREMENTS",
        content_description="Measurements by a reader",
        content_creator_name=person_name(annotations.reader),
        graphic_annotations=drawn,
        graphic_layers=[layer],
        presentation_lut_transformation=polarity(header),
        transfer_syntax_uid=ExplicitVRLittleEndian,
        series_description=f"{MANUFACTURER} measurements drawn by a reader",
        **made_with(),
    )
    state.Laterality = None  # of type 2C (C.7.3.1): the abdomen has none
    complete_result(state, header, annotations.at)
    for kind in ("Date", "Time"):  # a presentation state has a creation of its own (PS3.3 C.11.10)
        setattr(state, f"PresentationCreation{kind}", state[f"Content{kind}"].value)
        delattr(state, f"Content{kind}")
    return state


def _annotation(
    annotation: Annotation,
    values: Floats,
    radiograph: Dataset,
    header: Dataset,
    layer: hd.pr.GraphicLayer,
) -> hd.pr.GraphicAnnotation:
    label = label_of(annotation, values, radiograph)
    units = hd.pr.AnnotationUnitsValues.PIXEL
    x, y = annotation.points[-1]
    texts = [hd.pr.TextObject(text_value=label, units=units, anchor_point=(x, y))] if label else None
    lines = [
        hd.pr.GraphicObject(graphic_type=kind, graphic_data=points, units=units)
        for kind, points in _graphics(annotation, max(values.shape))
    ]
    return hd.pr.GraphicAnnotation(
        referenced_images=[header],
        graphic_layer=layer,
        graphic_objects=lines or None,
        text_objects=texts,
    )


def _graphics(annotation: Annotation, side: int) -> list[tuple[hd.pr.GraphicTypeValues, NDArray[np.float64]]]:
    points = np.array(annotation.points, np.float64)
    types = hd.pr.GraphicTypeValues
    match annotation.kind:
        case AnnotationKind.LENGTH | AnnotationKind.ANGLE:
            return [(types.POLYLINE, points)]
        case AnnotationKind.RECTANGLE:
            return [(types.POLYLINE, rectangle_points(annotation))]
        case AnnotationKind.ELLIPSE:
            return [(types.ELLIPSE, ellipse_points(annotation))]
        case AnnotationKind.ARROW:
            return [(types.POLYLINE, points), (types.POLYLINE, _head(points, _HEAD * side))]
        case AnnotationKind.TEXT:
            return []


def _head(points: NDArray[np.float64], length: float) -> NDArray[np.float64]:
    (x1, y1), (x2, y2) = points
    back = math.atan2(y1 - y2, x1 - x2)
    ends = [
        (x2 + length * math.cos(back + turn), y2 + length * math.sin(back + turn))
        for turn in (-_SPREAD, _SPREAD)
    ]
    return np.array([ends[0], (x2, y2), ends[1]])
