"""The part of a radiograph's header that its results inherit, made fit for strict writing.

Equipment writes dates, sexes and orientations that are not valid. What identifies the patient and
the study is kept to the letter; what merely describes them is left empty where it is not valid.
"""

from __future__ import annotations

import re
from datetime import datetime

from pydicom import DataElement, Dataset

# Attributes of type 2 of the patient and study modules (PS3.3 C.7.1.1, C.7.2.1): there, if empty.
_TYPE_2 = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
)
_OPTIONAL = (
    "IssuerOfPatientID",
    "PatientAge",
    "PatientIdentityRemoved",
    "DeidentificationMethod",
    "StudyDescription",
    "ProcedureCodeSequence",
    "TimezoneOffsetFromUTC",
    "FrameOfReferenceUID",
    "PositionReferenceIndicator",
    "BodyPartExamined",
    "ImageType",
    "ImagerPixelSpacing",
    "PixelSpacing",
    "PatientOrientation",
)
_NEEDED = (
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "SOPInstanceUID",
    "SOPClassUID",
    "Modality",
    "Rows",
    "Columns",
)
_VALID = {
    "StudyTime": r"([01][0-9]|2[0-3])([0-5][0-9]([0-5][0-9](\.[0-9]{1,6})?)?)?",
    "PatientSex": r"[MFO]",
    "PatientAge": r"[0-9]{3}[DWMY]",
    "TimezoneOffsetFromUTC": r"[+-](0[0-9]|1[0-4])[0-5][0-9]",
}
_DATES = ("PatientBirthDate", "StudyDate")
_PAIRS = ("ImagerPixelSpacing", "PixelSpacing", "PatientOrientation")


def result_header(radiograph: Dataset) -> Dataset:
    """Return the attributes of a radiograph that its SEG and SR inherit.

    Text is in Unicode, whatever character set it came in: the result's own text shares it
    (PS3.3 C.12.1.1.2). Attributes of type 2 are always there; there is no pixel data.
    """
    header = Dataset()
    header.SpecificCharacterSet = "ISO_IR 192"
    for keyword in (*_NEEDED, *_TYPE_2, *_OPTIONAL):
        element = _element(radiograph, keyword)
        if element is not None:
            header.add(element)
    for keyword in _TYPE_2:
        if keyword not in header:
            setattr(header, keyword, None)
    if hasattr(radiograph, "file_meta"):
        header.file_meta = radiograph.file_meta
    return header


def _element(radiograph: Dataset, keyword: str) -> DataElement | None:
    """Return an element decoded; None where it is absent or not valid."""
    try:
        element = radiograph[keyword]
    except (KeyError, ValueError, TypeError, AttributeError):  # absent, or it cannot be converted
        return None
    if keyword in _PAIRS and (element.VM != 2 or not all(str(v) for v in element.value)):
        return None
    pattern = _VALID.get(keyword)
    if pattern and element.value and not re.fullmatch(pattern, str(element.value)):
        return None
    if keyword in _DATES and element.value and not _in_calendar(str(element.value)):
        return None
    return element


def _in_calendar(date: str) -> bool:
    """Return whether a date is eight digits that name a day (PS3.5 6.2, DA)."""
    if not re.fullmatch(r"[0-9]{8}", date):
        return False
    try:
        datetime.strptime(date, "%Y%m%d")
    except ValueError:
        return False
    return True
