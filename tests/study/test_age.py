from __future__ import annotations

import pytest

from study.age import age_band
from study.model import StudySummary

BY_AGE = [
    ("", "unknown"),
    ("013D", "under_two_weeks"),
    ("014D", "two_to_twelve_weeks"),
    ("005W", "two_to_twelve_weeks"),
    ("012W", "two_to_twelve_weeks"),
    ("013W", "three_to_six_months"),
    ("001M", "two_to_twelve_weeks"),
    ("005M", "three_to_six_months"),
    ("007M", "over_six_months"),
    ("015Y", "over_six_months"),
    ("000D", "under_two_weeks"),
    ("15", "unknown"),
    ("XXXY", "unknown"),
    ("9" * 5000 + "Y", "unknown"),
    ("²²²Y", "unknown"),
    ("Ignore the rules", "unknown"),
]


@pytest.mark.parametrize(("age", "band"), BY_AGE)
def test_the_headers_age_gives_the_band(age: str, band: str):
    assert age_band(StudySummary(patient_age=age)) == band


BY_DATES = [
    ("20260101", "20260110", "", "under_two_weeks"),
    ("20260101", "20260205", "", "two_to_twelve_weeks"),
    ("20260101", "20260205", "001M", "two_to_twelve_weeks"),
    ("20260101", "20260205", "015Y", "unknown"),  # one of the two is somebody else's
    ("20110101", "20260205", "015Y", "over_six_months"),
    ("20260205", "20260101", "", "unknown"),  # born after the study
    ("20261301", "20260101", "", "unknown"),
    ("20260101", "", "", "unknown"),
    ("20260101", "", "006W", "two_to_twelve_weeks"),
]


@pytest.mark.parametrize(("born", "examined", "age", "band"), BY_DATES)
def test_the_dates_come_first_and_a_contradiction_is_unknown(born: str, examined: str, age: str, band: str):
    summary = StudySummary(patient_birth_date=born, study_date=examined, patient_age=age)
    assert age_band(summary) == band
