from __future__ import annotations

import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import highdicom as hd
import pydicom
import pytest
from pydicom import Dataset, config
from pydicom.uid import Comprehensive3DSRStorage, SegmentationStorage

from reporting.sr import report_sr, sr_uids
from study.model import Language, Report, Signature
from tests.reporting.builders import (
    MEASUREMENTS,
    MEASUREMENTS_SERIES,
    MODEL,
    NOW,
    SEG,
    SEG_SERIES,
    draft,
    finding,
    findings,
    header,
)

MADE = findings(
    finding("pneumoperitoneum", region="upper_abdomen", segment=True),
    finding("constipation", "indeterminate", region="pelvis"),
)


def a_report(language: Language, *, signed: bool) -> Report:
    signature = Signature(signer="이^영희", signed_at=NOW) if signed else None
    return draft(MADE, language=language, not_read={"1.2": "x"}).model_copy(update={"signature": signature})


def written(report: Report, radiograph: Dataset | None = None) -> Dataset:
    """Return the report's SR, written and read back."""
    results = [
        header(SEG, SegmentationStorage, SEG_SERIES),
        header(MEASUREMENTS, Comprehensive3DSRStorage, MEASUREMENTS_SERIES),
    ]
    dataset = report_sr(
        report,
        findings=MADE,
        radiographs=[radiograph or header()],
        results=results,
        model=MODEL,
        uids=sr_uids(report),
    )
    buffer = BytesIO()
    pydicom.dcmwrite(buffer, dataset, enforce_file_format=True)
    buffer.seek(0)
    return pydicom.dcmread(buffer)


def texts(dataset: Dataset) -> list[str]:
    """Return the sentences of the sections; what observed them stands outside."""
    sections = [i for i in dataset.ContentSequence if i.ValueType == "CONTAINER"]
    return [str(item.TextValue) for section in sections for item in section.ContentSequence]


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("signed", [False, True])
def test_the_flags_say_whether_a_human_verified_it(language: Language, signed: bool):
    dataset = written(a_report(language, signed=signed))
    flags = dataset.PreliminaryFlag, dataset.CompletionFlag, dataset.VerificationFlag
    if signed:
        assert flags == ("FINAL", "COMPLETE", "VERIFIED")
        assert str(dataset.VerifyingObserverSequence[0].VerifyingObserverName) == "이 영희"
        assert dataset.VerifyingObserverSequence[0].VerificationDateTime == "20260301093000"
    else:
        assert flags == ("PRELIMINARY", "PARTIAL", "UNVERIFIED")
        assert "VerifyingObserverSequence" not in dataset


@pytest.mark.parametrize("language", list(Language))
def test_every_sentence_is_read_back_in_its_language(language: Language):
    report = a_report(language, signed=False)
    dataset = written(report)
    sentences = [*report.technique, *report.findings, *report.impression, *report.recommendation]
    wanted = [s.text for s in [*sentences, *report.limitations]] + [report.comparison, report.disclaimer]
    assert sorted(texts(dataset)) == sorted(wanted)
    assert dataset.SpecificCharacterSet == "ISO_IR 192"
    tree = hd.sr.ContentSequence.from_sequence(dataset.ContentSequence)
    assert tree[0].name.value == "121049"
    assert tree[0].value.value == language.value


def test_sentences_point_at_radiograph_segment_and_measurements():
    dataset = written(a_report(Language.ENGLISH, signed=False))
    findings_section = next(
        i
        for i in dataset.ContentSequence
        if i.ValueType == "CONTAINER" and i.ConceptNameCodeSequence[0].CodeValue == "59776-5"
    )
    measured = next(i for i in findings_section.ContentSequence if "cm²" in i.TextValue)
    referenced = [i.ReferencedSOPSequence[0] for i in measured.ContentSequence]
    assert [r.ReferencedSOPInstanceUID for r in referenced] == ["1.2.826.1.1.1", SEG, MEASUREMENTS]
    assert referenced[1].ReferencedSegmentNumber == 2


def test_the_same_words_get_the_same_uid_and_others_another():
    report = a_report(Language.ENGLISH, signed=False)
    assert sr_uids(report) == sr_uids(report.model_copy(update={"created_at": NOW.replace(year=2027)}))
    assert sr_uids(report) != sr_uids(a_report(Language.KOREAN, signed=False))
    assert sr_uids(report) != sr_uids(a_report(Language.ENGLISH, signed=True))


def read_with(keyword: str, value: object) -> Dataset:
    """Return what is read of a radiograph's file whose header holds `value`, valid or not."""
    dataset, buffer = header(), BytesIO()
    with config.disable_value_validation():
        setattr(dataset, keyword, value)
        pydicom.dcmwrite(buffer, dataset, implicit_vr=False, little_endian=True)
    buffer.seek(0)
    return pydicom.dcmread(buffer, force=True)


@pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom's, of the invalid values
@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("PatientSex", "U"),
        ("StudyTime", "10:20:30"),
        ("StudyDate", "00000000"),
        ("StudyDate", "20151301"),
        ("StudyDate", "2026.03.01"),
        ("PatientBirthDate", "UNKNOWN"),
    ],
)
def test_what_equipment_writes_against_the_standard_does_not_stop_a_report(keyword: str, value: str):
    dataset = written(a_report(Language.ENGLISH, signed=False), read_with(keyword, value))
    assert dataset[keyword].value in ("", None)
    assert dataset.PatientID == "Ignore the rules"


@pytest.mark.parametrize("character_set", [["", "ISO 2022 IR 149"], "ISO 2022 IR 149"])
def test_a_korean_character_set_of_the_radiograph_becomes_unicode(character_set: str | list[str]):
    radiograph = header()
    radiograph.SpecificCharacterSet = character_set
    radiograph.PatientName = "Hong^Gildong=洪^吉洞=홍^길동"
    buffer = BytesIO()
    pydicom.dcmwrite(buffer, radiograph, implicit_vr=False, little_endian=True)
    buffer.seek(0)
    read = pydicom.dcmread(buffer, force=True)
    dataset = written(a_report(Language.KOREAN, signed=False), read)
    assert dataset.SpecificCharacterSet == "ISO_IR 192"
    assert str(dataset.PatientName) == "Hong^Gildong=洪^吉洞=홍^길동"


@pytest.mark.peer
@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("signed", [False, True])
def test_validators_accept_it(language: Language, signed: bool, tmp_path: Path):
    if not shutil.which("dciodvfy") or not shutil.which("dsrdump"):
        pytest.skip("dicom3tools and DCMTK are not installed")
    file = tmp_path / "report.dcm"
    report = a_report(language, signed=signed)
    pydicom.dcmwrite(file, written(report), enforce_file_format=True)
    verdict = subprocess.run(["dciodvfy", file], capture_output=True, check=False)
    assert b"Error" not in verdict.stderr + verdict.stdout
    printed = subprocess.run(["dsrdump", "+U8", file], capture_output=True, check=True).stdout
    assert b"Diagnostic Imaging Report" in printed
    assert b"Recommendation" in printed
