from __future__ import annotations

import pytest
from pydicom import Dataset
from pydicom.sequence import Sequence

from study.answers import instance_answers, series_answers, study_answer
from study.search import matches

CANDIDATE = Dataset()
CANDIDATE.PatientName = "Doe^Jane=도^제인"
CANDIDATE.PatientID = "PID-4711"
CANDIDATE.StudyDate = "20260115"
CANDIDATE.StudyTime = "134501.250"
CANDIDATE.AcquisitionDateTime = "20260115134501.25+0900"
CANDIDATE.StudyInstanceUID = "1.2.3"
CANDIDATE.ModalitiesInStudy = ["DX", "SEG"]
CANDIDATE.AccessionNumber = ""
CANDIDATE.SeriesNumber = "7"
CANDIDATE.Rows = 2048
_ITEM = Dataset()
_ITEM.ScheduledProcedureStepID = "STEP1"
_ITEM.RequestedProcedureID = "P1"
CANDIDATE.RequestAttributesSequence = Sequence([_ITEM])


def key(keyword: str, value: object) -> Dataset:
    identifier = Dataset()
    from pydicom.datadict import dictionary_VR, tag_for_keyword
    from pydicom.dataelem import DataElement

    tag = tag_for_keyword(keyword)
    assert tag is not None
    identifier[tag] = DataElement(tag, dictionary_VR(tag), value, validation_mode=0)
    return identifier


@pytest.mark.parametrize(
    ("keyword", "value", "found"),
    [
        ("PatientID", "PID-4711", True),
        ("PatientID", "pid-4711", False),  # case matters but for names
        ("PatientID", "PID-*", True),
        ("PatientID", "PID-47?1", True),
        ("PatientID", "PID-47?", False),
        ("PatientID", "PID.4711", False),  # a dot is a dot
        ("PatientID", "", True),  # universal
        ("PatientID", "*", True),
        ("PatientName", "doe^jane", True),
        ("PatientName", "DOE*", True),
        ("PatientName", "도^제인", True),
        ("PatientName", "Doe^Jane=도^제인", True),
        ("PatientName", "Doe", False),
        ("PatientName", "Doe^Jane^", True),
        ("StudyDate", "20260115", True),
        ("StudyDate", "20260114", False),
        ("StudyDate", "20260101-20260131", True),
        ("StudyDate", "20260115-20260115", True),
        ("StudyDate", "20260116-", False),
        ("StudyDate", "-20260115", True),
        ("StudyDate", "-20260114", False),
        ("StudyTime", "1300-1400", True),
        ("StudyTime", "13:46-", False),
        ("StudyTime", "-1345", True),
        ("AcquisitionDateTime", "20260115-20260116", True),
        ("AcquisitionDateTime", "2027-", False),
        ("StudyInstanceUID", "1.2.3", True),
        ("StudyInstanceUID", ["1.2", "1.2.3"], True),
        ("StudyInstanceUID", ["1.2", "1.2.4"], False),
        ("StudyInstanceUID", "1.2", False),
        ("ModalitiesInStudy", "SEG", True),
        ("ModalitiesInStudy", "CT", False),
        ("AccessionNumber", "A1", False),  # held empty
        ("AccessionNumber", "", True),
        ("StudyID", "S1", False),  # not held
        ("SeriesNumber", "7", True),
        ("SeriesNumber", "07", True),
        ("SeriesNumber", "8", False),
        ("Rows", 2048, True),
        ("Rows", 1024, False),
    ],
)
def test_a_key_matches_as_the_standard_says(keyword: str, value: object, found: bool):
    assert matches(CANDIDATE, key(keyword, value)) is found


@pytest.mark.parametrize(("step", "found"), [("STEP1", True), ("STEP*", True), ("STEP2", False), ("", True)])
def test_a_sequence_is_matched_by_its_items(step: str, found: bool):
    item = Dataset()
    item.ScheduledProcedureStepID = step
    identifier = Dataset()
    identifier.RequestAttributesSequence = Sequence([item])
    assert matches(CANDIDATE, identifier) is found


def test_every_key_must_match():
    identifier = key("PatientID", "PID-4711")
    identifier.update(key("StudyDate", "20250101"))
    assert not matches(CANDIDATE, identifier)


def test_the_level_and_the_character_set_are_no_keys():
    identifier = key("SpecificCharacterSet", "ISO_IR 192")
    identifier.update(key("QueryRetrieveLevel", "STUDY"))
    assert matches(CANDIDATE, identifier)


def _header(series: str, instance: str, modality: str, **more: object) -> Dataset:
    header = Dataset()
    header.StudyInstanceUID, header.SeriesInstanceUID, header.SOPInstanceUID = "1.2", series, instance
    header.SOPClassUID = f"1.2.840.{len(modality)}"
    header.Modality = modality
    for keyword, value in more.items():
        setattr(header, keyword, value)
    return header


HEADERS = [
    _header("1.2.1", "1.2.1.1", "DX", PatientName="A^B", AccessionNumber="", InstanceNumber="1"),
    _header("1.2.1", "1.2.1.2", "DX", InstanceNumber="2"),
    _header("1.2.2", "1.2.2.1", "SEG", AccessionNumber="ACC"),
]


def test_a_study_counts_what_it_holds():
    answer = study_answer(HEADERS)
    assert answer.ModalitiesInStudy == ["DX", "SEG"]
    assert (answer.NumberOfStudyRelatedSeries, answer.NumberOfStudyRelatedInstances) == (2, 3)
    assert answer.AccessionNumber == "ACC"  # the first that is not empty


def test_a_series_and_an_instance_know_their_study():
    series = {str(a.SeriesInstanceUID): a for a, _ in series_answers(HEADERS)}
    assert series["1.2.1"].NumberOfSeriesRelatedInstances == 2
    assert series["1.2.2"].Modality == "SEG"
    assert series["1.2.2"].PatientName == "A^B"
    instances = [(str(a.SOPInstanceUID), a.get("InstanceNumber")) for a, _ in instance_answers(HEADERS)]
    assert instances == [("1.2.1.1", 1), ("1.2.1.2", 2), ("1.2.2.1", None)]
