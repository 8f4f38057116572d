"""How a radiograph lies: the patient's position, which side is where, and the size of a pixel.

Free text of the header decides between enumerated values only; none of it is passed on.
"""

from __future__ import annotations

import math

from pydicom import Dataset

from study.model import View

# PS3.16 CID 19 and CID 20, with the retired forms that equipment still writes.
_ERECT_CODES = {"C86043", "10904000", "33586001", "F-10440", "F-10320", "F-103A0"}
_SUPINE_CODES = {"40199007", "F-10340"}
_LEFT_DECUBITUS_CODES = {"102536004", "F-10319"}
_WORDS = {
    View.LEFT_LATERAL_DECUBITUS: ("LLD", "LEFT LATERAL DECUB", "LEFT DECUB", "LT DECUB", "좌측와위"),
    View.ERECT: ("ERECT", "UPRIGHT", "STANDING", "SITTING", "입위", "기립"),
    View.SUPINE: ("SUPINE", "RECUMBENT", "앙와위", "누워"),
}
_FREE_TEXT = ("ViewPosition", "SeriesDescription", "ProtocolName", "AcquisitionDeviceProcessingDescription")
_OPPOSITE = {"L": "R", "R": "L", "A": "P", "P": "A", "H": "F", "F": "H"}


def view_of(dataset: Dataset) -> View:
    """Return how the patient was positioned (PS3.3 C.8.11.5, C.7.6.1.1), or UNKNOWN."""
    codes = set(_position_codes(dataset))
    if codes & _LEFT_DECUBITUS_CODES:
        return View.LEFT_LATERAL_DECUBITUS
    if codes & _ERECT_CODES:
        return View.ERECT
    if codes & _SUPINE_CODES:
        return View.SUPINE
    words = " ".join(str(dataset.get(keyword, "") or "") for keyword in _FREE_TEXT).upper()
    return next((view for view, marks in _WORDS.items() if any(m in words for m in marks)), View.UNKNOWN)


def spacing_mm(dataset: Dataset) -> tuple[float, float] | None:
    """Return the (row, column) spacing of pixels in mm at the detector; None where unknown.

    ImagerPixelSpacing (PS3.3 C.8.11.4) before PixelSpacing, which may be calibrated to the patient,
    before NominalScannedPixelSpacing.
    """
    for keyword in ("ImagerPixelSpacing", "PixelSpacing", "NominalScannedPixelSpacing"):
        try:
            row, column = (float(v) for v in dataset.get(keyword) or ())
        except (TypeError, ValueError):
            continue
        if math.isfinite(row) and math.isfinite(column) and row > 0 and column > 0:
            return row, column
    return None


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


def _position_codes(dataset: Dataset) -> list[str]:
    found = []
    for item in dataset.get("PatientOrientationCodeSequence") or []:
        found.append(str(item.get("CodeValue", "")))
        found.extend(
            str(modifier.get("CodeValue", ""))
            for modifier in item.get("PatientOrientationModifierCodeSequence") or []
        )
    return found
