"""A reader's macros are kept for each login, in each language."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from study.access import Role, User
from study.model import Language
from tests.web_viewer.conftest import ORIGIN
from web_viewer.app import create_app
from web_viewer.deps import Services
from web_viewer.identity.passwords import hashed, header_of
from web_viewer.identity.person import Person
from web_viewer.macros import LONGEST_NAME, MOST, Macro, MacroFolder, MacroList

KIM = {"Authorization": header_of("mkim", "between us")}
LEE = {"Authorization": header_of("slee", "also secret")}
RUNS = {"Authorization": header_of("ops", "third")}
TUBE = {"name": "tube", "text": "Nasogastric tube with its tip in the ___."}
FREE = {"name": "비유", "text": "유리 가스는 보이지 않음."}


@pytest.fixture(scope="module")
def users() -> tuple[User, ...]:
    return (
        User(login="mkim", name="Kim^Minji", password=hashed("between us"), roles=("signer",)),
        User(login="slee", name="Lee^Suho", password=hashed("also secret"), roles=("reader",)),
        User(login="ops", name="Ops^One", password=hashed("third"), roles=("admin",)),
    )


@pytest.fixture
def site(build_services: Callable[..., Services], users: tuple[User, ...]) -> Iterator[TestClient]:
    with TestClient(create_app(build_services(users=users)), base_url=ORIGIN) as client:
        yield client


def test_each_login_keeps_its_own_macros_by_language(site: TestClient, tmp_path: Path):
    assert site.get("/api/macros", headers=KIM).json() == {"en": None, "ko": None}
    site.put("/api/macros/en", json={"macros": [TUBE]}, headers=KIM)
    kept = site.put("/api/macros/ko", json={"macros": [FREE]}, headers=KIM).json()
    assert kept == {"en": [TUBE], "ko": [FREE]}
    assert site.get("/api/macros", headers=KIM).json() == kept
    assert site.get("/api/macros", headers=LEE).json() == {"en": None, "ko": None}
    assert site.put("/api/macros/en", json={"macros": None}, headers=KIM).json()["en"] is None
    files = list((tmp_path / "macros").glob("*.json"))
    assert len(files) == 1
    assert files[0].stat().st_mode & 0o077 == 0
    assert "mkim" not in files[0].name


def test_without_a_login_the_browser_keeps_them(client: TestClient):
    for answer in (client.get("/api/macros"), client.put("/api/macros/en", json={"macros": [TUBE]})):
        assert answer.status_code == 400
        assert "in the browser" in answer.json()["detail"]


def test_whoever_reads_no_reports_has_none(site: TestClient):
    assert site.get("/api/macros", headers=RUNS).status_code == 403


@pytest.mark.parametrize(
    "macros",
    [
        [TUBE, {**TUBE, "name": "TUBE"}],
        [{**TUBE, "name": "two words"}],
        [{**TUBE, "name": "x" * (LONGEST_NAME + 1)}],
        [{**TUBE, "name": ""}],
        [{**TUBE, "text": ""}],
        [{**TUBE, "text": "a\x00b"}],
        [{**TUBE, "text": "x" * 2001}],
        [{"name": f"m{number}", "text": "x"} for number in range(MOST + 1)],
    ],
)
def test_what_cannot_be_a_macro_is_refused(site: TestClient, macros: list[dict[str, str]]):
    assert site.put("/api/macros/en", json={"macros": macros}, headers=KIM).status_code == 422
    assert site.get("/api/macros", headers=KIM).json()["en"] is None


def test_a_file_that_cannot_be_read_keeps_nobody_from_reading(site: TestClient, tmp_path: Path):
    site.put("/api/macros/en", json={"macros": [TUBE]}, headers=KIM)
    next((tmp_path / "macros").glob("*.json")).write_text("{")
    assert site.get("/api/macros", headers=KIM).json() == {"en": None, "ko": None}


def test_macros_of_two_languages_that_are_kept_at_once_are_both_there(tmp_path: Path):
    """Two folders, as two web roles have: what is shared is the disk alone."""
    kim = Person("mkim", "Kim^Minji", frozenset({Role.READER}), "password")
    wishes = {Language.ENGLISH: MacroList(macros=[Macro(**TUBE)]), Language.KOREAN: MacroList(macros=[])}
    for _ in range(20):
        folders = {language: MacroFolder(tmp_path / "macros") for language in wishes}
        start = threading.Barrier(len(wishes))

        def keep(language: Language, folders=folders, start=start) -> None:
            start.wait()
            folders[language].replace(kim, language, wishes[language])

        threads = [threading.Thread(target=keep, args=(language,)) for language in wishes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        kept = MacroFolder(tmp_path / "macros").read(kim)
        assert (kept.en, kept.ko) == ([Macro(**TUBE)], [])
        for language in wishes:
            folders[language].replace(kim, language, MacroList(macros=None))
