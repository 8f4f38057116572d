"""What counts as an earlier abdominal study of the same patient. Pure.

One code decides for what is fetched from a PACS and for what the viewer offers for comparison.
"""

from __future__ import annotations

from collections.abc import Iterable

from pydicom import Dataset

from study.body_parts import ABDOMEN, body_part_in
from study.identifiers import is_uid
from study.model import StudySummary

TEXTS = ("BodyPartExamined", "SeriesDescription", "StudyDescription")  # the first that names a part counts


def is_earlier(found: Dataset, study_uid: str, summary: StudySummary) -> bool:
    """Return whether a study, told of by its attributes, is an earlier one of the same patient.

    Patient IDs can be used twice; a birth date that differs is somebody else's. Without a Patient ID
    nobody is the same patient.

    Parameters
    ----------
    study_uid, summary
        Of the study that it would be compared with.
    """
    uid, born = _text(found, "StudyInstanceUID"), _text(found, "PatientBirthDate")
    wanted = summary.patient_id.strip()
    same_id = bool(wanted) and _text(found, "PatientID") == wanted
    same_person = not born or not summary.patient_birth_date or born == summary.patient_birth_date
    return is_uid(uid) and uid != study_uid and same_id and same_person and _is_before(found, summary)


def shows_the_abdomen(texts: Iterable[object]) -> bool:
    """Return whether the first of `TEXTS`' values that names a body part names the abdomen."""
    parts = (body_part_in(str(text or "")) for text in texts)
    return next(filter(None, parts), None) == ABDOMEN


def _is_before(found: Dataset, summary: StudySummary) -> bool:
    """Return whether date and time, as far as both are known, do not say that it came later."""
    date, time = _text(found, "StudyDate"), _text(found, "StudyTime")
    if not date or not summary.study_date or date != summary.study_date:
        return not date or not summary.study_date or date < summary.study_date
    return not time or not summary.study_time or time <= summary.study_time


def _text(found: Dataset, keyword: str) -> str:
    return str(found.get(keyword) or "").strip()
