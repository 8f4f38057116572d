"""Tell in which band a patient's age lies, from what the header says. Pure."""

from __future__ import annotations

import re
from datetime import date

from study.model import AgeBand, StudySummary

_DAYS = {"D": 1.0, "W": 7.0, "M": 30.4375, "Y": 365.25}  # of one unit of a DICOM AS (PS3.5 section 6.2)
_AGE = re.compile(r"([0-9]{1,4})([DWMY])")
# The first band whose end in days lies beyond the age. Hypertrophic pyloric stenosis shows at about two
# to twelve weeks of life.
_ENDS = (
    (14, AgeBand.UNDER_TWO_WEEKS),
    (13 * 7, AgeBand.TWO_TO_TWELVE_WEEKS),
    (183, AgeBand.THREE_TO_SIX_MONTHS),
)


def age_band(summary: StudySummary) -> AgeBand:
    """Return the band; unknown where the header names no age, or two that contradict each other.

    The age on the day of the study follows from the dates of birth and study; the header's own age,
    which is coarser, counts where one of them is missing.
    """
    by_dates = _days_between(summary.patient_birth_date, summary.study_date)
    by_age = _days_of(summary.patient_age)
    if by_dates is None:
        return AgeBand.UNKNOWN if by_age is None else _band(by_age)
    if by_age is not None and not _agree(by_dates, by_age, summary.patient_age):
        return AgeBand.UNKNOWN
    return _band(by_dates)


def _band(days: float) -> AgeBand:
    return next((band for end, band in _ENDS if days < end), AgeBand.OVER_SIX_MONTHS)


def _agree(days: float, stated: float, age: str) -> bool:
    """Return whether an age in whole units can be that of `days`; one unit of rounding is allowed."""
    return abs(days - stated) <= 2 * _DAYS[age.strip()[-1]]


def _days_between(born: str, examined: str) -> float | None:
    first, last = _date(born), _date(examined)
    if first is None or last is None or last < first:
        return None
    return float((last - first).days)


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(f"{text[:4]}-{text[4:6]}-{text[6:8]}") if len(text.strip()) == 8 else None
    except ValueError:
        return None


def _days_of(age: str) -> float | None:
    stated = _AGE.fullmatch(age.strip())
    return None if stated is None else int(stated[1]) * _DAYS[stated[2]]
