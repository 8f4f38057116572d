"""What is for the model, and why the rest is not."""

from __future__ import annotations

import pydicom
import pytest
from pydicom import Dataset
from pydicom.config import disable_value_validation

from dicom_node.rules import age_in_years, decide
from study.body_parts import body_part_in
from study.decision import Decision
from tests.dicom_node.conftest import make_radiograph, saved

CR = "1.2.840.10008.5.1.4.1.1.1"
DX = "1.2.840.10008.5.1.4.1.1.1.1"
DX_PROCESSING = "1.2.840.10008.5.1.4.1.1.1.1.1"


def header(**attributes: object) -> Dataset:
    dataset = Dataset()
    with disable_value_validation():  # real headers are not always valid
        for keyword, value in {"SOPClassUID": DX, "BodyPartExamined": "ABDOMEN", **attributes}.items():
            if value is not None:
                setattr(dataset, keyword, value)
    return dataset


def coded(value: str, scheme: str = "SCT") -> list[Dataset]:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, "PATIENT^NAME"
    return [item]


@pytest.mark.parametrize("sop_class", [CR, DX, DX_PROCESSING])
def test_a_childs_abdominal_radiograph_is_for_the_model(sop_class) -> None:
    assert decide(header(SOPClassUID=sop_class, PatientAge="003M")) == Decision(True)


@pytest.mark.parametrize(
    "attributes",
    [
        {"BodyPartExamined": "KUB"},
        {"BodyPartExamined": None, "SeriesDescription": "Abdomen erect"},
        {"BodyPartExamined": None, "StudyDescription": "복부 단순촬영 (선 자세)"},
        {"BodyPartExamined": None, "AnatomicRegionSequence": coded("818981001")},
        {"BodyPartExamined": "CHEST", "AnatomicRegionSequence": coded("T-D4000", "SRT")},
        {"BodyPartExamined": "CHESTABDOMEN", "SeriesDescription": "BABYGRAM"},
        {"ViewPosition": "LLD"},
        {"ViewPosition": "LLD", "SeriesDescription": "Abdomen left lateral"},
        {"SeriesDescription": "Abdomen left lateral decubitus"},
        {"ProtocolName": "ABD DECUB LAT cross table"},
        {"SpecificCharacterSet": "ISO_IR 192", "SeriesDescription": "복부 좌측 측와위"},
        {"SeriesDescription": "Abdomen AP", "ProtocolName": "Abdomen AP Lat"},
        {"SeriesDescription": "Abdomen AP and lateral"},
        {"StudyDescription": "Abdomen AP & Lateral"},
        {"SeriesDescription": "Abdomen bilateral"},
        {"ImageType": ["DERIVED", "PRIMARY"]},
        {"PatientAge": "018Y"},
        {"PatientAge": None, "PatientBirthDate": None},
        {"PatientAge": "about five"},
    ],
)
def test_it_is_recognised_however_it_is_named(attributes) -> None:
    assert decide(header(**attributes)) == Decision(True)


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.6.1"}, "not a CR or DX image"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, "not a CR or DX image"),
        ({"BodyPartExamined": "CHEST"}, "body part is CHEST; the model reads the abdomen only"),
        ({"BodyPartExamined": "Chest^LAT"}, "body part is CHEST"),
        ({"BodyPartExamined": None, "StudyDescription": "흉부 PA"}, "study description is CHEST"),
        ({"BodyPartExamined": None, "SeriesDescription": "L-Spine AP"}, "series description is SPINE"),
        ({"BodyPartExamined": None, "ProtocolName": "손목 AP"}, "protocol is EXTREMITY"),
        ({"AnatomicRegionSequence": coded("816094009")}, "anatomic region is CHEST"),
        ({"BodyPartExamined": None}, "nothing says which body part it shows"),
        ({"BodyPartExamined": None, "StudyDescription": "HONG^GILDONG"}, "nothing says which body part"),
        ({"ViewPosition": "LL"}, "the view is lateral or oblique"),
        ({"ViewCodeSequence": coded("399173006")}, "the view is lateral or oblique"),
        ({"SeriesDescription": "Abdomen cross table lateral"}, "the view is lateral or oblique"),
        ({"SeriesDescription": "Abdomen X-table", "ViewPosition": "AP"}, "the view is lateral or oblique"),
        ({"SeriesDescription": "ABDOMEN LATERAL"}, "the view is lateral or oblique"),
        ({"ProtocolName": "Abdomen Lat", "ViewPosition": ""}, "the view is lateral or oblique"),
        ({"ProtocolName": "ABD_LLAT"}, "the view is lateral or oblique"),
        ({"SeriesDescription": "Abdomen dorsal decubitus"}, "the view is lateral or oblique"),
        ({"SeriesDescription": "Abdomen AP/LAT", "ProtocolName": "Abdomen Lat"}, "the view is lateral"),
        ({"SpecificCharacterSet": "ISO_IR 192", "SeriesDescription": "복부 측면"}, "the view is lateral"),
        ({"ImageType": ["DERIVED", "SECONDARY"]}, "a secondary image"),
        ({"NumberOfFrames": "12"}, "more than one frame"),
        ({"PatientAge": "019Y"}, "the patient is older than 18 years; the model reads children only"),
        ({"PatientBirthDate": "19800101", "StudyDate": "20260301"}, "the patient is older than 18 years"),
    ],
)
def test_what_is_not_for_the_model_has_its_reason(attributes, reason) -> None:
    decision = decide(header(**attributes))
    assert not decision.for_model
    assert decision.reason.startswith(reason)


@pytest.mark.parametrize(
    "keyword", ["BodyPartExamined", "SeriesDescription", "StudyDescription", "ProtocolName", "ViewPosition"]
)
def test_no_reason_quotes_the_header(keyword) -> None:
    reason = decide(header(**{"BodyPartExamined": "CHEST", keyword: "CHEST OF HONG^GILDONG"})).reason
    assert "HONG" not in reason


@pytest.mark.parametrize("charset", ["ISO_IR 192", ["", "ISO 2022 IR 149"]])
@pytest.mark.parametrize(
    ("description", "for_model"), [("소아 복부 단순촬영", True), ("흉부 정면", False), ("양측 손목", False)]
)
def test_korean_is_read_in_the_character_sets_of_korean_equipment(
    charset, description, for_model, tmp_path
) -> None:
    sent = make_radiograph(SpecificCharacterSet=charset, StudyDescription=description)
    del sent.BodyPartExamined
    received = pydicom.dcmread(saved(sent, tmp_path), stop_before_pixels=True)
    assert decide(received).for_model is for_model


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("ABDOMEN AP SUPINE", "ABDOMEN"),
        ("abd erect", "ABDOMEN"),
        ("KUB(E+S)", "ABDOMEN"),
        ("Chest and abdomen", "ABDOMEN"),
        ("ABDUCTION VIEW", None),
        ("LSPINE LAT", "SPINE"),
        ("Thoracic spine", "SPINE"),
        ("CXR", "CHEST"),
        ("BONE AGE", "EXTREMITY"),
        ("Both hips", "PELVIS"),
        ("SHIPMENT 12", None),
        ("CHARM", None),
        ("장폐쇄 의심", None),
        ("", None),
    ],
)
def test_words_name_body_parts(text, part) -> None:
    assert body_part_in(text) == part


@pytest.mark.parametrize(
    ("attributes", "years"),
    [
        ({"PatientAge": "003M"}, 0.25),
        ({"PatientAge": "010D"}, 0.027),
        ({"PatientAge": "017Y"}, 17),
        ({"PatientBirthDate": "20080302", "StudyDate": "20260301"}, 17),
        ({"PatientBirthDate": "20080301", "StudyDate": "20260301"}, 18),
        ({"PatientBirthDate": "20270101", "StudyDate": "20260301"}, None),
        ({"PatientBirthDate": "2008", "StudyDate": "20260301"}, None),
        ({}, None),
    ],
)
def test_the_age_comes_from_the_header(attributes, years) -> None:
    assert age_in_years(header(**attributes)) == (None if years is None else pytest.approx(years, abs=0.01))


def test_the_oldest_age_is_a_setting() -> None:
    assert not decide(header(PatientAge="016Y"), max_age_years=15).for_model
    assert decide(header(PatientAge="030Y"), max_age_years=40).for_model
