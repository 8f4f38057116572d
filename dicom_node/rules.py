"""Decide what is for the model from its header alone: radiographs of a child's abdomen. Pure.

Reasons quote words of the tables here, never the header's free text, which may hold an identity.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime

from pydicom import Dataset
from pydicom.errors import BytesLengthException

from study.body_parts import ABDOMEN, REGION_CODES, body_part_in
from study.decision import Decision
from study.sop_classes import RADIOGRAPHS
from study.unread import Unread, UnreadCode

DEFAULT_MAX_AGE_YEARS = 18

# Where a body part may be named in words, the most telling attribute first.
_TEXTS = {
    "BodyPartExamined": "body part",
    "SeriesDescription": "series description",
    "ProtocolName": "protocol",
    "PerformedProcedureStepDescription": "procedure step",
    "AcquisitionDeviceProcessingDescription": "processing description",
    "StudyDescription": "study description",
    "RequestedProcedureDescription": "requested procedure",
}
# View Position (0018,5101) of a projection from the side; the decubitus views (LLD, RLD) are frontal.
_FROM_THE_SIDE = {"LL", "RL", "LATERAL", "LAT", "LLO", "RLO", "OBLIQUE"}
_DECUBITUS_VIEWS = {"LLD", "RLD"}
_VIEW_FROM_THE_SIDE = {
    *("399067008", "399260004", "399352003"),  # lateral, mediolateral, lateromedial
    *("399198007", "399173006", "R-10232", "R-10236"),  # right, left lateral
    *("399182000", "399236003", "399184004", "260427002"),  # oblique: right, left, lateral
    *("399356000", "399135007", "399038007", "399006002"),  # anterior and posterior oblique
}
# Where a projection may be named in words, the most telling attribute first. A study's description
# is not among them: it names all of its views.
_PROJECTION_TEXTS = ("SeriesDescription", "ProtocolName", "AcquisitionDeviceProcessingDescription")
_PROJECTIONS = re.compile(
    r"(?<![A-Z])(?:(?P<flat>(?:DORSAL|VENTRAL)[\s._-]*DECUB(?:ITUS)?)"  # from the side, unlike the others
    r"|(?P<decubitus>(?:LAT(?:ERAL)?[\s._,-]*)?DECUB(?:ITUS)?(?:[\s._,-]*LAT(?:ERAL)?)?|[LR]LD)"
    r"|(?P<side>[LR]?LAT(?:ERAL)?|OBL(?:IQUE)?|(?:X|CROSS)[\s._-]*TABLE|SHOOT[\s._-]*THROUGH)"
    r"|(?P<frontal>AP|PA|FRONTAL))(?![A-Z])"
    r"|(?P<lying>측\s*와위)|(?P<profile>측면|측방)|(?P<facing>정면|전후|후전)"
)
_NAMES_A_SIDE, _NAMES_FRONTAL = {"flat", "side", "profile"}, {"frontal", "facing"}
_NAMES_DECUBITUS = {"decubitus", "lying"}
_AGE = re.compile(r"(\d{3})([DWMY])")
_DAYS = {"D": 1.0, "W": 7.0, "M": 30.4375, "Y": 365.25}
_YEAR = 365.25


def decide(header: Dataset, *, max_age_years: int = DEFAULT_MAX_AGE_YEARS) -> Decision:
    """Return whether an instance is for the model, with the reason in words where it is not.

    Parameters
    ----------
    header
        The instance's attributes; pixel data is not looked at.
    max_age_years
        Oldest age in completed years that still counts as a child. An unknown age passes.
    """
    rules: tuple[Callable[[Dataset], Unread | None], ...] = (
        why_unreadable,
        _not_frontal,
        _not_the_abdomen,
        lambda h: _not_a_child(h, max_age_years),
    )
    for rule in rules:
        reason = rule(header)
        if reason is not None:
            return Decision(False, reason)
    return Decision(True)


def why_unreadable(header: Dataset) -> Unread | None:
    """Return why no rule may give an instance to the model; None where it is one original radiograph."""
    return _not_a_radiograph(header) or _not_an_original(header)


def body_part_of(header: Dataset) -> tuple[str, str] | None:
    """Return the body part and where it is named, as our tables spell both; None where nothing names it."""
    for item in _items(header, "AnatomicRegionSequence"):
        region = REGION_CODES.get(_text(item, "CodeValue"))
        if region is not None:
            return region, "anatomic region"
    for keyword, name in _TEXTS.items():
        part = body_part_in(_text(header, keyword))
        if part is not None:
            return part, name
    return None


def is_from_the_side(header: Dataset) -> bool:
    """Return whether the view is lateral or oblique: by code, by View Position (0018,5101), or by words.

    A lateral decubitus view is frontal. Words count where one attribute names one projection alone.
    """
    views = {v.upper().strip() for v in map(str, _values(header, "ViewPosition"))}
    codes = {_text(item, "CodeValue") for item in _items(header, "ViewCodeSequence")}
    if views & _FROM_THE_SIDE or codes & _VIEW_FROM_THE_SIDE:
        return True
    return not views & _DECUBITUS_VIEWS and _is_named_from_the_side(header)


def _is_named_from_the_side(header: Dataset) -> bool:
    for keyword in _PROJECTION_TEXTS:
        named = {m.lastgroup for m in _PROJECTIONS.finditer(_text(header, keyword).upper())}
        if named & _NAMES_DECUBITUS:
            return False
        side, frontal = bool(named & _NAMES_A_SIDE), bool(named & _NAMES_FRONTAL)
        if side != frontal:
            return side
    return False


def descriptions(header: Dataset) -> str:
    """Return the header's free text that may name a body part. May hold an identity: never log it."""
    return "\n".join(_text(header, keyword) for keyword in _TEXTS)


def modality_of(header: Dataset) -> str:
    """Return Modality (0008,0060), in capitals."""
    return _text(header, "Modality").strip().upper()


def age_in_years(header: Dataset) -> float | None:
    """Return the patient's age in years when the study was made, or None where it is unknown.

    Patient's Age (0010,1010) counts first, then birth date against study date (PS3.3 section C.7.2.2).
    """
    match = _AGE.fullmatch(_text(header, "PatientAge").strip().upper())
    if match is not None:
        return int(match[1]) * _DAYS[match[2]] / _YEAR
    born = _date(header, "PatientBirthDate")
    made = next((d for k in _DATES if (d := _date(header, k)) is not None), None)
    if born is None or made is None or made < born:
        return None
    return made.year - born.year - ((made.month, made.day) < (born.month, born.day))


_DATES = ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate")


def _not_a_radiograph(header: Dataset) -> Unread | None:
    if _text(header, "SOPClassUID") in RADIOGRAPHS:
        return None
    return Unread.of(UnreadCode.NOT_A_RADIOGRAPH)


def _not_an_original(header: Dataset) -> Unread | None:
    """Judge by Image Type's second value: DX images for presentation are often derived, yet primary."""
    values = [str(v).upper() for v in _values(header, "ImageType")]
    if len(values) > 1 and values[1] == "SECONDARY":
        return Unread.of(UnreadCode.SECONDARY_IMAGE)
    if _text(header, "NumberOfFrames").strip() not in ("", "0", "1"):
        return Unread.of(UnreadCode.SEVERAL_FRAMES)
    return None


def _not_frontal(header: Dataset) -> Unread | None:
    if is_from_the_side(header):
        return Unread.of(UnreadCode.FROM_THE_SIDE)
    return None


def _not_the_abdomen(header: Dataset) -> Unread | None:
    named = body_part_of(header)
    if named is None:
        return Unread.of(UnreadCode.BODY_PART_UNKNOWN)
    part, where = named
    return None if part == ABDOMEN else Unread.of(UnreadCode.OTHER_BODY_PART, where=where, part=part)


def _not_a_child(header: Dataset, max_age_years: int) -> Unread | None:
    age = age_in_years(header)
    if age is not None and int(age) > max_age_years:
        return Unread.of(UnreadCode.TOO_OLD, years=max_age_years)
    return None


def _text(header: Dataset, keyword: str) -> str:
    return " ".join(str(v) for v in _values(header, keyword))


def _items(header: Dataset, keyword: str) -> list[Dataset]:
    return [item for item in _values(header, keyword) if isinstance(item, Dataset)]


def _values(header: Dataset, keyword: str) -> list[object]:
    """Return the element's values as a list; empty where it is absent or unreadable."""
    try:
        value = header.get(keyword)
    except (ValueError, TypeError, KeyError, AttributeError, NotImplementedError, BytesLengthException):
        return []
    if value is None:
        return []
    return (
        [value]
        if isinstance(value, (str, bytes, int, float)) or not hasattr(value, "__iter__")
        else list(value)
    )


def _date(header: Dataset, keyword: str) -> date | None:
    try:
        return datetime.strptime(_text(header, keyword).strip(), "%Y%m%d").date()
    except ValueError:
        return None
