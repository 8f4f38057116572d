"""The hospital's own rules: which decide, which do not, and how that is explained."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

import cli
from dicom_node.rules import _TEXTS, decide
from dicom_node.site_rules import decide_by, explain
from study.body_parts import _WORDS, REGION_CODES
from study.errors import SettingsError
from study.rule import BodyPart, Rule
from study.settings import load_settings
from study.unread import KOREAN_TERMS, Unread, UnreadCode
from tests.dicom_node.conftest import make_radiograph, saved
from tests.dicom_node.test_rules import coded, header

NICU = Rule(name="NICU", then="read", calling_ae=("NICU*",), body_part=("CHEST", "ABDOMEN"), max_age_years=0)
NO_TUBES = Rule(name="no tube checks", then="skip", words=("tube position", "관 위치"))


def test_without_rules_the_built_in_ones_decide() -> None:
    for attributes in ({}, {"BodyPartExamined": "CHEST"}, {"PatientAge": "030Y"}):
        assert decide_by(header(**attributes), ()) == decide(header(**attributes))


def test_a_rule_reads_what_the_built_in_rules_leave_out() -> None:
    chest = header(BodyPartExamined="CHEST", PatientAge="003D")
    assert not decide(chest).for_model
    assert decide_by(chest, [NICU], calling_ae_title="NICU2").for_model
    assert not decide_by(chest, [NICU], calling_ae_title="WARD").for_model


def test_a_rule_leaves_out_what_the_built_in_rules_read_and_says_which() -> None:
    for text in ("ABDOMEN, TUBE POSITION", "복부 관 위치 확인"):
        decision = decide_by(header(BodyPartExamined=None, SeriesDescription=text), [NO_TUBES])
        assert decision == (False, Unread.of(UnreadCode.LEFT_OUT_BY_RULE, rule="no tube checks"))


def test_the_first_rule_that_matches_decides() -> None:
    everything = Rule(name="everything", then="read")
    tube = header(SeriesDescription="tube position")
    assert not decide_by(tube, [NO_TUBES, everything]).for_model
    assert decide_by(tube, [everything, NO_TUBES]).for_model


@pytest.mark.parametrize(
    ("conditions", "met", "not_met"),
    [
        ({"modality": "CR"}, {"Modality": "CR"}, {"Modality": "DX"}),
        ({"body_part": "UNKNOWN"}, {"BodyPartExamined": None}, {}),
        ({"body_part": "CHEST"}, {"AnatomicRegionSequence": coded("816094009")}, {}),
        ({"view": "SIDE"}, {"ViewPosition": "LL"}, {"ViewPosition": "LLD"}),
        ({"view": "FRONTAL"}, {"ViewPosition": "AP"}, {"ViewCodeSequence": coded("399173006")}),
        ({"min_age_years": 2}, {"PatientAge": "002Y"}, {"PatientAge": "023M"}),
        ({"max_age_years": 2}, {"PatientAge": "002Y"}, {"PatientAge": "003Y"}),
        ({"max_age_years": 2}, {"PatientAge": "002Y"}, {}),
    ],
)
def test_each_condition_looks_at_its_attribute(conditions, met, not_met) -> None:
    rule = Rule(name="that", then="skip", **conditions)
    assert decide_by(header(**met), [rule]).reason == "the rule 'that' leaves it out"
    assert "that" not in decide_by(header(**not_met), [rule]).reason


@pytest.mark.parametrize(
    "attributes", [{"SOPClassUID": "1.2.840.10008.5.1.4.1.1.2"}, {"ImageType": ["DERIVED", "SECONDARY"]}]
)
def test_no_rule_gives_the_model_what_is_no_original_radiograph(attributes) -> None:
    assert not decide_by(header(**attributes), [Rule(name="all", then="read")]).for_model


def test_an_explanation_names_every_rule_asked_but_nothing_of_the_patient() -> None:
    given = header(BodyPartExamined="CHEST HONG^GILDONG", StudyDescription="HONG^GILDONG")
    verdict = explain(given, [NICU, NO_TUBES], calling_ae_title="WARD")
    assert [(a.name, a.decides) for a in verdict.asked] == [
        ("one original radiograph", False),
        ("NICU", False),
        ("no tube checks", False),
        ("built-in rules", True),
    ]
    assert verdict.asked[1].because == "the sender is none of NICU*"
    assert "HONG" not in str(verdict)


def test_a_rule_can_name_every_body_part_that_the_tables_know() -> None:
    known = {part for part, *_ in _WORDS} | set(REGION_CODES.values()) | {"UNKNOWN"}
    assert set(get_args(BodyPart)) == known


def test_a_rule_that_is_misspelt_is_refused() -> None:
    with pytest.raises(ValidationError):
        Rule(name="x", then="read", body_parts=("CHEST",))  # type: ignore[call-arg]
    with pytest.raises(ValidationError):
        Rule(name="x", then="read", body_part=("TUMMY",))  # type: ignore[arg-type]


@pytest.fixture
def a_folder_with_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "kidray.toml").write_text(
        '[[rules]]\nname = "NICU"\nthen = "read"\ncalling_ae = "NICU*"\nbody_part = ["CHEST"]\n'
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_dry_run_explains_each_file(a_folder_with_rules: Path) -> None:
    abdomen = make_radiograph()
    chest = make_radiograph()
    chest.BodyPartExamined, chest.PatientName = "CHEST", "HONG^GILDONG"
    files = [saved(d, a_folder_with_rules / "files") for d in (abdomen, chest)]
    (a_folder_with_rules / "files" / "notes.txt").write_text("no DICOM")

    def shown(*more: str) -> str:
        done = CliRunner().invoke(cli.app, ["rules", "test", str(files[0].parent), *more])
        assert done.exit_code == 0, done.output
        return done.output

    refused, read = shown(), shown("--calling", "NICU1")
    assert "body part is CHEST; the model reads the abdomen only" in refused
    assert "the sender is none of NICU*" in refused
    assert "every condition is met: read" in read
    assert "not a DICOM Part 10 file" in read
    assert "HONG" not in refused + read


def test_another_process_has_the_same_rules(a_folder_with_rules: Path, monkeypatch, tmp_path) -> None:
    settings = load_settings()
    assert settings.rules[0].calling_ae == ("NICU*",)
    monkeypatch.setenv("KIDRAY_RULES", settings.environment()["KIDRAY_RULES"])
    (a_folder_with_rules / "kidray.toml").unlink()
    assert load_settings().rules == settings.rules


def test_a_wrong_rule_in_the_file_stops_the_start_with_its_place(a_folder_with_rules: Path) -> None:
    (a_folder_with_rules / "kidray.toml").write_text('[[rules]]\nname = "x"\nthen = "perhaps"\n')
    with pytest.raises(SettingsError, match=r"KIDRAY_RULES_0_THEN"):
        load_settings()


def test_whatever_a_reason_names_has_a_korean_name():
    parts = {part for part, *_ in _WORDS} - {"ABDOMEN"}
    assert {*_TEXTS.values(), "anatomic region", *parts} <= KOREAN_TERMS.keys()
