"""How a radiograph lies: the patient's position, which side is where, and the size of a pixel.

Free text of the header decides between enumerated values only; none of it is passed on.
"""

from __future__ import annotations

import math
import re
from typing import Literal, NamedTuple

from pydicom import Dataset

from study.model import View

# PS3.16 CID 19 and CID 20, with the retired forms that equipment still writes.
_ERECT_CODES = {"C86043", "10904000", "33586001", "F-10440", "F-10320", "F-103A0"}
_CALIBRATED = frozenset({"FIDUCIAL", "GEOMETRY"})  # values of PixelSpacingCalibrationType
_LARGEST_MAGNIFICATION = 3.0  # of what lies between tube and detector, and is no mistake
_SUPINE_CODES = {"40199007", "F-10340"}
_LEFT_DECUBITUS_CODES = {"102536004", "F-10319"}
_DECUB = r"[\s._,-]*(?:LAT(?:ERAL)?)?[\s._,-]*DECUB(?:ITUS)?"
# Whole words of English, Korean anywhere; the groups are named as the views. The longer name stands
# first: "left decubitus" is a view of its own, "decubitus" alone might be either side.
_WORDS = re.compile(
    rf"(?P<left_lateral_decubitus>(?<![A-Z])(?:LLD|LL?{_DECUB}|(?:LEFT|LT){_DECUB}"
    rf"|DECUB(?:ITUS)?[\s._,-]+(?:LEFT|LT))(?![A-Z])|좌측\s*측?와위)"
    r"|(?P<unknown>(?<![A-Z])(?:DECUB(?:ITUS)?|RLD|PRONE)(?![A-Z])|측와위|우측\s*와위|복와위|엎드)"
    r"|(?P<erect>(?<![A-Z])(?:ERECT|UPRIGHT|STAND(?:ING)?|SITTING)(?![A-Z])|입위|기립|직립)"
    r"|(?P<supine>(?<![A-Z])(?:SUPINE|RECUMBENT)(?![A-Z])|앙와위|누워)"
)
# What denies a position, or halves it: nothing is known then, whatever else is named.
_DENIAL = re.compile(
    r"(?<![A-Z])(?:NOT|CAN'?T|CANNOT|UNABLE|WITHOUT|EXCEPT)(?![A-Z])"
    r"|(?<![A-Z])(?:NO|NON|SEMI|HALF|W/O)[\s._-]*(?:ERECT|UPRIGHT|STAND|SITTING|SUPINE|RECUMB|(?:\w+\s+)?DECUB)"
    r"|불가|불능|아님|아닌|않|못|반\s*(?:기립|입위|직립)"
)
_FREE_TEXT = ("ViewPosition", "SeriesDescription", "ProtocolName", "AcquisitionDeviceProcessingDescription")
_OPPOSITE = {"L": "R", "R": "L", "A": "P", "P": "A", "H": "F", "F": "H"}


def view_of(dataset: Dataset) -> View:
    """Return how the patient was positioned (PS3.3 C.8.11.5, C.7.6.1.1), or UNKNOWN.

    The coded position comes first, then free text, the most trusted attribute first. The first that
    names exactly one view decides; one that denies a view or names another than these ends the search.
    """
    views = _coded_views(dataset)
    for keyword in _FREE_TEXT:
        if len(views) == 1:
            break
        text = str(dataset.get(keyword, "") or "").upper()
        views = {View(str(match.lastgroup)) for match in _WORDS.finditer(text)}
        if views and _DENIAL.search(text):
            return View.UNKNOWN
    return views.pop() if len(views) == 1 else View.UNKNOWN


def spacing_mm(dataset: Dataset) -> tuple[float, float] | None:
    """Return the (row, column) spacing of pixels in mm at the detector; None where unknown.

    ImagerPixelSpacing (PS3.3 C.8.11.4) before PixelSpacing, which may be calibrated to the patient,
    before NominalScannedPixelSpacing.
    """
    for keyword in ("ImagerPixelSpacing", "PixelSpacing", "NominalScannedPixelSpacing"):
        spacing = _pair(dataset, keyword)
        if spacing is not None:
            return spacing
    return None


class Spacing(NamedTuple):
    """Size of a pixel in mm, and in which plane: the detector's, or the patient's behind it."""

    row: float
    column: float
    plane: Literal["detector", "patient"]


def measuring_spacing(dataset: Dataset) -> Spacing | None:
    """Return the pixel size to measure with; None where unknown.

    The patient's, where the header tells it: PixelSpacing that was calibrated (PS3.3 10.7.1.3), or
    ImagerPixelSpacing with an EstimatedRadiographicMagnificationFactor (PS3.3 C.8.7.5). Else the
    detector's.
    """
    calibrated = str(dataset.get("PixelSpacingCalibrationType", "") or "").strip().upper()
    if calibrated in _CALIBRATED:
        spacing = _pair(dataset, "PixelSpacing")
        if spacing is not None:
            return Spacing(*spacing, "patient")
    at_detector = spacing_mm(dataset)
    if at_detector is None:
        return None
    factor = _magnification(dataset)
    if factor is None or _pair(dataset, "ImagerPixelSpacing") is None:
        return Spacing(*at_detector, "detector")
    return Spacing(at_detector[0] / factor, at_detector[1] / factor, "patient")


def _magnification(dataset: Dataset) -> float | None:
    """Return the source-to-detector over the source-to-patient distance; None where it is not credible."""
    try:
        factor = float(dataset.get("EstimatedRadiographicMagnificationFactor") or 0)
    except (TypeError, ValueError):
        return None
    return factor if 1 <= factor <= _LARGEST_MAGNIFICATION else None


def _pair(dataset: Dataset, keyword: str) -> tuple[float, float] | None:
    try:
        row, column = (float(v) for v in dataset.get(keyword) or ())
    except (TypeError, ValueError):
        return None
    return (row, column) if math.isfinite(row) and math.isfinite(column) and row > 0 and column > 0 else None


def row_and_column_directions(dataset: Dataset) -> tuple[str, str]:
    """Return the patient's direction towards the image's right and bottom, one letter each.

    From PatientOrientation (PS3.3 C.7.6.1.1.1); where it is absent or unusable, the way that a
    frontal abdomen is hung: the patient's left on the image's right, feet down.
    """
    try:
        row, column = (str(v)[:1].upper() for v in dataset.get("PatientOrientation") or ())
    except (TypeError, ValueError):
        return "L", "F"
    if row not in _OPPOSITE or column not in _OPPOSITE or {row, column} <= {row, _OPPOSITE[row]}:
        return "L", "F"
    return row, column


def side_at_left_edge(dataset: Dataset) -> str:
    """Return the letter of the patient's direction at the image's left edge; usually "R"."""
    return _OPPOSITE[row_and_column_directions(dataset)[0]]


def _coded_views(dataset: Dataset) -> set[View]:
    codes = set(_position_codes(dataset))
    views = {
        View.LEFT_LATERAL_DECUBITUS: _LEFT_DECUBITUS_CODES,
        View.ERECT: _ERECT_CODES,
        View.SUPINE: _SUPINE_CODES,
    }
    return {view for view, its_codes in views.items() if codes & its_codes}


def _position_codes(dataset: Dataset) -> list[str]:
    found = []
    for item in dataset.get("PatientOrientationCodeSequence") or []:
        found.append(str(item.get("CodeValue", "")))
        found.extend(
            str(modifier.get("CodeValue", ""))
            for modifier in item.get("PatientOrientationModifierCodeSequence") or []
        )
    return found
