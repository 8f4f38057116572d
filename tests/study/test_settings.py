from __future__ import annotations

from pathlib import Path

import pytest

from study.errors import SettingsError
from study.model import Language
from study.settings import Destination, load_settings


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    for name in [n for n in os.environ if n.startswith("KIDRAY_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_the_defaults_are_those_of_the_contract():
    settings = load_settings()
    assert (settings.dicom_port, settings.ae_title, settings.web_host, settings.web_port) == (
        11112,
        "KIDRAY",
        "127.0.0.1",
        8080,
    )
    assert settings.quiet_period == 10
    assert settings.llm_model == "snuh/hari-q3-14b"


def test_a_flag_beats_the_environment_which_beats_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "kidray.toml").write_text('ae_title = "FILE"\nlanguage = "ko"\nweb_port = 1\n')
    monkeypatch.setenv("KIDRAY_AE_TITLE", "ENV")
    monkeypatch.setenv("KIDRAY_WEB_PORT", "2")
    settings = load_settings(web_port=3, dicom_port=None)
    assert (settings.ae_title, settings.language, settings.web_port) == ("ENV", Language.KOREAN, 3)


def test_destinations_are_read_and_written_alike(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KIDRAY_PACS", "PACS@10.0.0.1:104, ORTHANC@localhost:4242")
    settings = load_settings()
    assert settings.pacs == (Destination("PACS", "10.0.0.1", 104), Destination("ORTHANC", "localhost", 4242))
    monkeypatch.setenv("KIDRAY_PACS", settings.environment()["KIDRAY_PACS"])
    assert load_settings().pacs == settings.pacs


@pytest.mark.parametrize("pacs", ["PACS", "PACS@host", "PACS@host:0", "TOOLONGAETITLE_TOO@h:1"])
def test_a_malformed_destination_is_named_with_the_right_form(pacs: str):
    with pytest.raises(SettingsError, match=r"KIDRAY_PACS.*AE@HOST:PORT"):
        load_settings(pacs=pacs)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "kidray.hospital"])
def test_beyond_loopback_the_viewer_wants_a_login(host: str):
    with pytest.raises(SettingsError, match="KIDRAY_WEB_LOGIN"):
        load_settings(web_host=host)
    assert load_settings(web_host=host, web_login="reader:secret").web_host == host


@pytest.mark.parametrize("login", ["reader", "reader:", ":secret"])
def test_a_login_that_nobody_could_use_is_refused_without_being_quoted(login: str):
    with pytest.raises(SettingsError, match=r"KIDRAY_WEB_LOGIN.*USER:PASSWORD") as caught:
        load_settings(web_login=login)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_on_loopback_no_login_is_needed(host: str):
    assert load_settings(web_host=host).web_login is None


def test_another_process_sees_the_same_settings_but_no_secret(monkeypatch: pytest.MonkeyPatch):
    settings = load_settings(
        quiet_period=3, complete_on_release="A,B", llm_api_key="hidden", web_login="u:hidden"
    )
    environment = settings.environment()
    assert "hidden" not in str(environment)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    again = load_settings()
    assert (again.quiet_period, again.complete_on_release) == (3, ("A", "B"))


def test_destinations_with_tables_follow_those_of_the_short_form(monkeypatch, tmp_path: Path):
    (tmp_path / "kidray.toml").write_text(
        'pacs = "PACS@10.0.0.1:104"\n[[destinations]]\nnode = "VIEWER@10.0.0.2:11112"\ngets = "CAPTURE"\n'
    )
    settings = load_settings()
    usual, table = settings.policies
    assert (str(usual.node), usual.gets, usual.when) == (
        "PACS@10.0.0.1:104",
        None,  # as it can
        "ready",
    )
    assert (str(table.node), table.gets) == ("VIEWER@10.0.0.2:11112", ("CAPTURE",))
    (tmp_path / "kidray.toml").unlink()
    for name in ("KIDRAY_PACS", "KIDRAY_DESTINATIONS"):
        monkeypatch.setenv(name, settings.environment()[name])
    assert load_settings().policies == settings.policies


def test_one_ae_title_is_one_destination(tmp_path: Path):
    (tmp_path / "kidray.toml").write_text(
        'pacs = "PACS@10.0.0.1:104"\n[[destinations]]\nnode = "PACS@10.0.0.2:104"\n'
    )
    with pytest.raises(SettingsError, match=r"KIDRAY_DESTINATIONS.*PACS stands for two"):
        load_settings()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("dicom_port = \n", "kidray.toml is not valid TOML: Invalid value (at line 1"),
        ("dicom_prt = 104\n", "kidray.toml: dicom_prt is no setting; did you mean dicom_port?"),
        ('[[destination]]\nnode = "PACS@h:1"\n', "destination is no setting; did you mean destinations?"),
        ("zzzzzz = 1\n", "kidray.toml: zzzzzz is no setting"),
    ],
)
def test_a_line_of_the_file_that_is_no_setting_is_named(tmp_path: Path, text: str, sentence: str):
    (tmp_path / "kidray.toml").write_text(text)
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert sentence in str(raised.value)


@pytest.mark.parametrize("url", ["127.0.0.1:6379", "redis://host:port", "redis://[::1", "http://host:6379"])
def test_a_redis_url_that_is_none_is_refused_with_the_right_form(url: str):
    with pytest.raises(SettingsError, match=r"KIDRAY_REDIS_URL: write it as redis://HOST:PORT/0"):
        load_settings(redis_url=url)
