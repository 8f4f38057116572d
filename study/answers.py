"""What an answer to a query holds at each level; one code for C-FIND and QIDO-RS. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pydicom import Dataset
from pydicom.datadict import tag_for_keyword

from study.compat import StrEnum
from study.search import is_empty


class Level(StrEnum):
    """The levels of the patient root information model; the study root has all but the first.

    PS3.4 sections C.6.1 and C.6.2.
    """

    PATIENT = "PATIENT"
    STUDY = "STUDY"
    SERIES = "SERIES"
    INSTANCE = "IMAGE"


# What an answer of each level holds where the instances have it, each level with those above it.
PATIENT_KEYWORDS = (
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
    "NumberOfPatientRelatedStudies",
    "NumberOfPatientRelatedSeries",
    "NumberOfPatientRelatedInstances",
)
STUDY_KEYWORDS = (
    "SpecificCharacterSet",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "InstanceAvailability",
    "ModalitiesInStudy",
    "SOPClassesInStudy",
    "ReferringPhysicianName",
    "TimezoneOffsetFromUTC",
    "StudyDescription",
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
    "PatientAge",
    "StudyInstanceUID",
    "StudyID",
    "NumberOfStudyRelatedSeries",
    "NumberOfStudyRelatedInstances",
)
SERIES_KEYWORDS = (
    "Modality",
    "SeriesDescription",
    "SeriesInstanceUID",
    "SeriesNumber",
    "SeriesDate",
    "SeriesTime",
    "BodyPartExamined",
    "Laterality",
    "Manufacturer",
    "NumberOfSeriesRelatedInstances",
    "PerformedProcedureStepStartDate",
    "PerformedProcedureStepStartTime",
    "RequestAttributesSequence",
)
INSTANCE_KEYWORDS = (
    "SOPClassUID",
    "SOPInstanceUID",
    "InstanceNumber",
    "ContentDate",
    "ContentTime",
    "Rows",
    "Columns",
    "BitsAllocated",
    "NumberOfFrames",
    "CompletionFlag",
    "VerificationFlag",
)


def patient_answers(studies: Iterable[Dataset]) -> Iterator[Dataset]:
    """Yield the patient-level attributes of each patient, from the answers of all studies.

    A patient is who has one Patient ID of one issuer; studies without a Patient ID are left out.
    """
    patients: dict[tuple[str, str], list[Dataset]] = {}
    for study in studies:
        if study.get("PatientID"):
            identity = (str(study.PatientID), str(study.get("IssuerOfPatientID", "")))
            patients.setdefault(identity, []).append(study)
    for held in patients.values():
        answer = _first_of(held, PATIENT_KEYWORDS)
        answer.NumberOfPatientRelatedStudies = len(held)
        answer.NumberOfPatientRelatedSeries = sum(int(s.NumberOfStudyRelatedSeries) for s in held)
        answer.NumberOfPatientRelatedInstances = sum(int(s.NumberOfStudyRelatedInstances) for s in held)
        yield answer


def study_answer(headers: Sequence[Dataset]) -> Dataset:
    """Return the study-level attributes of a study, with those that are computed.

    Parameters
    ----------
    headers
        Of every instance of the study, at least one.
    """
    answer = _first_of(headers, STUDY_KEYWORDS)
    answer.InstanceAvailability = "ONLINE"
    answer.ModalitiesInStudy = _distinct(headers, "Modality")
    answer.SOPClassesInStudy = _distinct(headers, "SOPClassUID")
    answer.NumberOfStudyRelatedSeries = len({h.get("SeriesInstanceUID") for h in headers})
    answer.NumberOfStudyRelatedInstances = len(headers)
    return answer


def series_answers(headers: Sequence[Dataset]) -> Iterator[tuple[Dataset, list[Dataset]]]:
    """Yield, for each series of one study, its attributes and the headers of its instances."""
    of_study = study_answer(headers)
    series: dict[str, list[Dataset]] = {}
    for header in headers:
        series.setdefault(str(header.get("SeriesInstanceUID")), []).append(header)
    for instances in series.values():
        answer = Dataset()
        answer.update(of_study)
        answer.update(_first_of(instances, SERIES_KEYWORDS))
        answer.NumberOfSeriesRelatedInstances = len(instances)
        yield answer, instances


def instance_answers(headers: Sequence[Dataset]) -> Iterator[tuple[Dataset, Dataset]]:
    """Yield, for each instance of one study, its attributes and its header."""
    for of_series, instances in series_answers(headers):
        for header in instances:
            answer = Dataset()
            answer.update(of_series)
            answer.update(_first_of([header], INSTANCE_KEYWORDS))
            yield answer, header


def _first_of(headers: Iterable[Dataset], keywords: Iterable[str]) -> Dataset:
    """Return each attribute from the first header that holds a value for it."""
    answer = Dataset()
    headers = list(headers)
    for tag in filter(None, map(tag_for_keyword, keywords)):
        element = next((h[tag] for h in headers if tag in h and not is_empty(h[tag])), None)
        if element is not None:
            answer[tag] = element
    return answer


def _distinct(headers: Iterable[Dataset], keyword: str) -> list[str]:
    return sorted({str(h.get(keyword)) for h in headers if h.get(keyword)})
