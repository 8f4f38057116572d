"""Who gets reports as FHIR or HL7, as the settings say it."""

from __future__ import annotations

from pathlib import Path

import pytest

from study.errors import SettingsError
from study.settings import load_settings

TABLES = """
pacs = "PACS@10.0.0.1:104"

[[endpoints]]
name = "EMR"
url = "https://fhir.hospital/r4"
gets = ["DRAFT", "REPORT"]
fhir_version = "R4"
token = "hidden"
patient_system = "urn:oid:1.2"

[[endpoints]]
name = "ENGINE"
url = "mllps://engine.hospital"
"""


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_short_form_comes_first_then_the_tables(tmp_path: Path):
    (tmp_path / "kidray.toml").write_text(TABLES)
    settings = load_settings(
        fhir_url="https://fhir.hospital/r5/",
        hl7="engine:6661",
        patient_system="HOSPITAL",
        fhir_token="hidden",
    )
    short_fhir, short_hl7, emr, engine = settings.receivers
    assert (str(short_fhir), short_fhir.fhir_version) == ("FHIR@https://fhir.hospital/r5", "R5")
    assert short_fhir.token is not None
    assert short_fhir.token.get_secret_value() == "hidden"
    assert (short_hl7.kind, short_hl7.address) == ("HL7", ("engine", 6661))
    assert {short_fhir.patient_system, short_hl7.patient_system} == {"HOSPITAL"}
    assert (emr.fhir_version, emr.gets, emr.patient_system) == ("R4", ("DRAFT", "REPORT"), "urn:oid:1.2")
    assert (engine.address, engine.tls, engine.gets) == (("engine.hospital", 2575), True, ("REPORT",))
    assert [recipient.name for recipient in settings.recipients] == ["PACS", "FHIR", "HL7", "EMR", "ENGINE"]


def test_no_token_is_handed_on_in_the_environment(tmp_path: Path):
    (tmp_path / "kidray.toml").write_text(TABLES)
    settings = load_settings(fhir_url="https://fhir.hospital", fhir_token="hidden")
    assert "hidden" not in str(settings.environment())
    assert "hidden" not in repr(settings)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"fhir_url": "fhir.hospital"}, "KIDRAY_FHIR_URL"),
        ({"fhir_url": "mllp://engine"}, "KIDRAY_FHIR_URL"),
        ({"hl7": "https://engine"}, "KIDRAY_HL7"),
        ({"hl7": "engine:99999"}, "KIDRAY_HL7"),
        ({"fhir_version": "R3"}, "KIDRAY_FHIR_VERSION"),
        ({"hl7": "engine:2575", "pacs": "HL7@10.0.0.1:104"}, "HL7 stands for two places"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_name(values: dict[str, str], said: str):
    with pytest.raises(SettingsError, match=said):
        load_settings(**values)


def test_two_tables_of_one_name_are_refused(tmp_path: Path):
    (tmp_path / "kidray.toml").write_text(TABLES.replace('"ENGINE"', '"EMR"'))
    with pytest.raises(SettingsError, match="EMR stands for two places"):
        load_settings()
