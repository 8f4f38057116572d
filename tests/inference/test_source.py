from copy import deepcopy
from io import BytesIO

import pydicom
import pytest
from pydicom import Dataset, config

from inference.seg import SegUids, write_seg
from inference.sr import SrUids, write_sr
from tests.inference.truth import MADE_AT, PACKAGE
from tests.inference.validators import dciodvfy
from training.phantom import PhantomKind

KIND = PhantomKind.CONSTIPATION
UNUSUAL = {
    "PatientBirthDate": "UNKNOWN",
    "StudyDate": "2026.01.02",
    "StudyTime": "25:61",
    "PatientSex": "?",
    "PatientAge": "3 months",
    "PatientID": "x" * 80,
    "AccessionNumber": "A" * 30,
    "PatientName": "a=b=c=d=e",
    "PatientOrientation": "",
    "ImagerPixelSpacing": "0.1\\0.1\\0.1",
    "TimezoneOffsetFromUTC": "KST",
    "StudyInstanceUID": "1.2.03.4",
}


def _with(source: Dataset, keyword: str, value: str) -> Dataset:
    """Return what is read of a file that holds `value`, valid or not."""
    changed, buffer = deepcopy(source), BytesIO()
    with config.disable_value_validation():
        setattr(changed, keyword, value)
        pydicom.dcmwrite(buffer, changed, enforce_file_format=True)
    buffer.seek(0)
    return pydicom.dcmread(buffer)


def _results(measured, source: Dataset) -> tuple[Dataset, Dataset]:
    result = measured(KIND)
    seg, findings = write_seg(
        result.labels, result.findings, source, PACKAGE.identity, SegUids("2.25.1", "2.25.2"), MADE_AT
    )
    sr = write_sr(findings, source, seg, PACKAGE.identity, SrUids("2.25.3", "2.25.4"), MADE_AT)
    return seg, sr


@pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom's, of the invalid values
@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        *UNUSUAL.items(),
        ("StudyDate", "00000000"),
        ("StudyDate", "20151301"),
        ("PatientBirthDate", "20230229"),
        ("StudyTime", "10:20:30"),
        ("PatientSex", "U"),
        ("TimezoneOffsetFromUTC", "+9999"),
    ],
)
def test_what_equipment_writes_against_the_standard_does_not_stop_a_result(
    keyword, value, measured, radiographs
):
    for derived in _results(measured, _with(radiographs[KIND], keyword, value)):
        buffer = BytesIO()
        pydicom.dcmwrite(buffer, derived, enforce_file_format=True)
        assert buffer.tell() > 1000


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("keyword", ["PatientID", "AccessionNumber", "PatientName", "StudyInstanceUID"])
def test_what_identifies_patient_and_study_is_kept_to_the_letter(keyword, measured, radiographs):
    for derived in _results(measured, _with(radiographs[KIND], keyword, UNUSUAL[keyword])):
        assert str(derived[keyword].value) == UNUSUAL[keyword]


def test_a_bare_header_is_enough(measured, radiographs, tmp_path):
    source = deepcopy(radiographs[KIND])
    for keyword in ("PatientBirthDate", "StudyID", "AccessionNumber", "ReferringPhysicianName"):
        delattr(source, keyword)
    del source.ImagerPixelSpacing, source.PixelData, source.PatientOrientation
    for derived in _results(measured, source):
        assert dciodvfy(derived, tmp_path) == []


def test_results_are_dated_in_the_zone_of_the_radiograph(measured, radiographs):
    seoul = _with(radiographs[KIND], "TimezoneOffsetFromUTC", "+0900")
    for derived in _results(measured, seoul):
        assert (derived.ContentDate, derived.ContentTime) == ("20260301", "183000")
        assert derived.TimezoneOffsetFromUTC == "+0900"


def test_the_radiograph_itself_is_not_changed(measured, radiographs):
    before = deepcopy(radiographs[KIND])
    _results(measured, radiographs[KIND])
    assert radiographs[KIND] == before
