"""What a signed report says of who was told of a critical result, and how its SR codes it."""

from __future__ import annotations

import shutil
import subprocess
from datetime import timedelta, timezone
from pathlib import Path

import highdicom as hd
import pytest
from pydicom.sr.codedict import codes

from reporting.pdf import report_pdf
from study.communication import as_reported, communicated
from study.model import (
    Acknowledgement,
    AlertState,
    Certainty,
    Language,
    Presence,
    Report,
    StudyAlert,
    ToldHow,
)
from tests.reporting.builders import FIRST, NOW, header
from tests.reporting.test_sr import MADE, a_report, written

SEOUL = timezone(timedelta(hours=9))
GAS = f"pneumoperitoneum@{FIRST}"


def an_alert(*, acknowledged: bool = True, how: ToldHow = ToldHow.PHONE) -> StudyAlert:
    said = Acknowledgement(
        finding_ids=[GAS],
        identified_at=NOW,
        told_by="김^민지",
        told_to="Park^Jiho",
        told_at=(NOW + timedelta(minutes=6)).astimezone(SEOUL),
        how=how,
    )
    return StudyAlert(
        state=AlertState.ACKNOWLEDGED if acknowledged else AlertState.OPEN,
        rule_id="critical-pneumoperitoneum",
        revision=1,
        raised=1,
        label=MADE[0].label,
        presence=Presence.PRESENT,
        certainty=Certainty.HIGH,
        finding_ids=[GAS],
        radiograph_uid=FIRST,
        identified_at=NOW,
        since=NOW,
        acknowledgement=said if acknowledged else None,
    )


def told(language: Language) -> Report:
    alert = an_alert()
    changes = {"communication": communicated(alert, language), "alert": as_reported(alert)}
    return a_report(language, signed=True).model_copy(update=changes)


def test_the_sentence_holds_the_six_things_each_moment_with_its_zone():
    (sentence,) = communicated(an_alert(), Language.ENGLISH)
    assert sentence.text == (
        "Critical result (pneumoperitoneum), identified 2026-03-01 09:30 UTC: "
        "김 민지 told Park Jiho by phone, 2026-03-01 18:36 UTC+09:00."
    )
    (korean,) = communicated(an_alert(), Language.KOREAN)
    assert korean.text == (
        "위급 결과(기복증), 확인 시각 2026-03-01 09:30 UTC: "
        "전달자 김 민지, 수신자 Park Jiho, 전화, 2026-03-01 18:36 UTC+09:00."
    )


@pytest.mark.parametrize("language", Language)
def test_every_way_of_telling_has_its_own_words(language: Language):
    said = {communicated(an_alert(how=how), language)[0].text for how in ToldHow}
    assert len(said) == len(ToldHow)


def test_nothing_is_said_of_what_nobody_acknowledged():
    assert communicated(an_alert(acknowledged=False), Language.ENGLISH) == []
    assert as_reported(an_alert(acknowledged=False)).told_by is None


@pytest.mark.parametrize("language", Language)
def test_the_sr_holds_it_under_the_standards_heading(language: Language, tmp_path: Path):
    report = told(language)
    dataset = written(report)
    tree = hd.sr.ContentSequence.from_sequence(dataset.ContentSequence)
    heading = codes.LN.CommunicationOfCriticalResults
    (section,) = [i for i in tree if i.name == heading]
    (text,) = section.ContentSequence
    assert (text.name.value, text.name.scheme_designator) == ("121291", "DCM")
    assert text.name == codes.DCM.ResultsCommunicated
    assert text.value == report.communication[0].text
    assert FIRST in text.to_json()  # inferred from the radiograph that shows it
    file = tmp_path / "report.dcm"
    dataset.save_as(file, enforce_file_format=True)
    if shutil.which("dciodvfy"):
        verdict = subprocess.run(["dciodvfy", file], capture_output=True, text=True, check=False)
        assert "Error" not in verdict.stderr


def test_a_report_without_a_communication_has_no_such_section():
    dataset = written(a_report(Language.ENGLISH, signed=True))
    assert "73568-8" not in dataset.to_json()


def test_the_pdf_says_it_too():
    report = told(Language.ENGLISH)
    alone = report.model_copy(update={"communication": []})
    assert len(report_pdf(report, header())) > len(report_pdf(alone, header()))
