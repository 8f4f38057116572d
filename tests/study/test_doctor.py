"""`kidray doctor` says why drafts keep the template's wording."""

from __future__ import annotations

import pytest

from benchmarks.bad_llm import Fault, serving_badly
from study.circuit import LLM_RHYTHM, llm_circuit, place
from study.doctor import general_checks
from study.errors import SettingsError
from study.registry import Registry, connect
from study.settings import Settings


def look(url: str, redis_url: str) -> str:
    checks = general_checks(Settings(llm_url=url), redis_url)
    return next(check for check in checks if check.name == "LLM").look()


def test_an_llm_that_is_well_is_named(registry: Registry, redis_url: str):
    with serving_badly(Fault.NONE) as url:
        assert look(url, redis_url) == f"{place(url)} answers 200, model snuh/hari-q3-14b"


def test_a_login_in_the_llms_url_is_shown_to_nobody(registry: Registry, redis_url: str):
    with serving_badly(Fault.NONE) as url:
        assert "secret" not in look(url.replace("://", "://kidray:secret@"), redis_url)
    with pytest.raises(SettingsError, match="does not answer") as failed:
        look("http://kidray:secret@127.0.0.1:9/v1", redis_url)
    assert "secret" not in str(failed.value)


def test_an_llm_that_is_not_well_is_said_to_be(registry: Registry, redis_url: str):
    with serving_badly(Fault.UNWELL) as url, pytest.raises(SettingsError, match="/health answers 503"):
        look(url, redis_url)


def test_an_llm_that_the_workers_leave_alone_is_said_to_be_with_the_reason(
    registry: Registry, redis_url: str
):
    with serving_badly(Fault.NONE) as url:
        circuit = llm_circuit(connect(redis_url))
        for _ in range(LLM_RHYTHM.failures):
            circuit.failed(place(url), "the LLM gave no wording within 20 s")
        with pytest.raises(SettingsError, match=r"left alone after 3 failures .* no wording within 20 s"):
            look(url, redis_url)


def test_a_variable_that_is_nearly_a_setting_is_named(monkeypatch: pytest.MonkeyPatch):
    settings = next(c for c in general_checks(Settings(), "redis://127.0.0.1:1/0") if c.name == "settings")
    monkeypatch.setenv("KIDRAY_DICOM_PORT", "104")
    monkeypatch.setenv("KIDRAY_PORT_104_TCP", "tcp://10.0.0.1:104")  # Kubernetes names services so
    assert "KIDRAY_DICOM_PORT" in settings.look()
    monkeypatch.setenv("KIDRAY_DICM_PORT", "105")
    with pytest.raises(SettingsError, match="KIDRAY_DICM_PORT is no setting; did you mean KIDRAY_DICOM_PORT"):
        settings.look()


def test_a_password_in_the_url_of_redis_is_shown_to_nobody():
    checks = {each.name: each.look for each in general_checks(Settings(), "redis://:secret@127.0.0.1:1/0")}
    with pytest.raises(SettingsError, match=r"no answer at redis://127\.0\.0\.1:1/0; start"):
        checks["Redis"]()


@pytest.mark.parametrize(
    "url",
    [
        "redis://:secret@127.0.0.1:9/0",
        "redis://kidray:secret@127.0.0.1:9/0",
        "redis://127.0.0.1:9/0?password=secret",
        "unix:///nowhere/redis.sock?username=kidray&password=secret",
    ],
)
def test_a_login_in_the_redis_url_is_shown_to_nobody(url: str):
    check = next(check for check in general_checks(Settings(), url) if check.name == "Redis")
    with pytest.raises(
        SettingsError, match=r"no answer at (redis://127\.0\.0\.1:9/0|unix:///nowhere)"
    ) as failed:
        check.look()
    assert "secret" not in str(failed.value)
