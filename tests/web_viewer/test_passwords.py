from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from typer.testing import CliRunner

from study.access import User
from study.errors import SettingsError
from study.settings import Settings, load_settings
from tests.web_viewer.studies import SegmentedStudy
from web_viewer.app import create_app
from web_viewer.deps import Services
from web_viewer.identity.passwords import Passwords, hashed, header_of
from web_viewer.identity.roll import Logins, Roll
from web_viewer.identity.tries import WRONG_AT_ONCE
from web_viewer.identity.wiring import logins_of

KIM = header_of("mkim", "between us")
LEE = header_of("slee", "also secret")


@pytest.fixture(scope="module")
def users() -> tuple[User, ...]:
    return (
        User(login="mkim", name="Kim^Minji", password=hashed("between us"), roles=("signer",)),
        User(login="slee", name="Lee^Suho", password=hashed("also secret"), roles=("admin",)),
    )


@pytest.fixture
def site(build_services: Callable[..., Services], users: tuple[User, ...]) -> Iterator[TestClient]:
    with TestClient(create_app(build_services(users=users)), base_url="http://kidray.hospital") as client:
        yield client


def test_each_user_has_a_name_and_roles(site: TestClient, drafted: SegmentedStudy):
    assert site.get("/api/worklist").headers["www-authenticate"].startswith("Basic ")
    kim, lee = {"Authorization": KIM}, {"Authorization": LEE}
    assert site.get("/api/session", headers=kim).json()["name"] == "Kim^Minji"
    assert site.get("/api/worklist", headers=kim).status_code == 200
    assert site.get("/api/worklist", headers=lee).status_code == 403
    assert site.get("/api/admin/audit", headers=lee).status_code == 200
    path = f"/api/studies/{drafted.study_uid}/sign"
    assert site.post(path, json={"version": 1}, headers=lee).status_code == 403
    signed = site.post(path, json={"version": 1}, headers=kim)
    assert signed.json()["draft"]["signature"]["signer"] == "Kim^Minji"


def test_a_shared_login_says_by_hand_who_signs(
    build_services: Callable[..., Services], drafted: SegmentedStudy
):
    app = create_app(build_services(web_login="reader:s3cret"))
    with TestClient(app, base_url="http://kidray.hospital") as site:
        header = {"Authorization": header_of("reader", "s3cret")}
        path = f"/api/studies/{drafted.study_uid}/sign"
        unnamed = site.post(path, json={"version": 1}, headers=header)
        assert unnamed.status_code == 400
        assert "say who you are" in unnamed.json()["detail"]
        signed = site.post(path, json={"version": 1, "signer": "Park^Jun"}, headers=header)
        assert signed.json()["draft"]["signature"]["signer"] == "Park^Jun"


def test_wrong_passwords_close_the_door_to_their_address_for_a_while(site: TestClient):
    wrong = {"Authorization": header_of("mkim", "guess")}
    answers = [site.get("/api/worklist", headers=wrong).status_code for _ in range(WRONG_AT_ONCE + 1)]
    assert answers == [401] * WRONG_AT_ONCE + [429]


def test_a_program_that_asks_for_much_at_once_is_let_in_by_its_right_password(site: TestClient):
    async def ask() -> list[int]:
        transport = httpx.ASGITransport(app=site.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://kidray.hospital") as program:
            right = {"Authorization": KIM}
            asked = [program.get("/api/session", headers=right) for _ in range(3 * WRONG_AT_ONCE)]
            return [answer.status_code for answer in await asyncio.gather(*asked)]

    assert set(asyncio.run(ask())) == {200}


def test_a_colleague_who_logs_in_gives_whoever_guesses_beside_them_no_further_tries(site: TestClient):
    for number in range(WRONG_AT_ONCE):
        wrong = {"Authorization": header_of("mkim", f"guess {number}")}
        assert site.get("/api/worklist", headers=wrong).status_code == 401
        if number < WRONG_AT_ONCE - 1:
            lee = {"login": "slee", "password": "also secret"}
            assert site.post("/api/session/begin", json=lee).status_code == 204
            site.cookies.clear()
    assert site.get("/api/worklist", headers={"Authorization": KIM}).status_code == 429


def test_a_password_that_is_changed_ends_what_a_program_was_let_in_by(users: tuple[User, ...]):
    said = [Logins.of(None, users)]
    passwords = Passwords(Roll(said[0], file=Path(__file__), read=lambda: said[-1]))
    assert passwords.person(KIM) is not None
    passwords._roll._mark = None  # as a file that was written since
    other = users[0].model_copy(update={"password": SecretStr(hashed("a new one"))})
    said.append(Logins.of(None, (other, users[1])))
    assert passwords.remembered(KIM) is None
    assert passwords.person(KIM) is None
    assert passwords.person(header_of("mkim", "a new one")) is not None


def test_an_unknown_login_takes_as_long_as_a_wrong_password(users: tuple[User, ...]):
    passwords = Passwords(Roll(Logins.of(None, users)))
    assert passwords.person(header_of("nobody", "x")) is None
    assert passwords.person(KIM) == passwords.remembered(KIM)
    assert passwords.remembered(header_of("mkim", "x")) is None


def test_the_command_makes_a_hash_that_the_settings_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import cli

    done = CliRunner().invoke(cli.app, ["password"], input="between us\nbetween us\n")
    made = done.stdout.strip().splitlines()[-1]
    (tmp_path / "kidray.toml").write_text(
        f'web_host = "0.0.0.0"\n[[users]]\nlogin = "mkim"\nname = "Kim^Minji"\npassword = "{made}"\n'
    )
    monkeypatch.chdir(tmp_path)
    settings = load_settings()
    assert settings.asks_for_login
    found = Passwords(Roll(logins_of(settings))).person(KIM)
    assert found is not None
    assert found.name == "Kim^Minji"


def test_a_password_in_the_clear_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "kidray.toml").write_text('[[users]]\nlogin = "a"\nname = "A"\npassword = "clear"\n')
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match="kidray password"):
        load_settings()


def test_other_processes_see_the_same_access_and_no_secret(users: tuple[User, ...]):
    settings = Settings(
        users=users,
        oidc_issuer="https://login.hospital/",
        oidc_client_secret="hidden",
        oidc_roles="A=signer,B=admin",
        smart_issuers="https://ehr.hospital/fhir/",
    )
    environment = settings.environment()
    assert not any("hidden" in value or "argon2" in value for value in environment.values())
    show = "from study.settings import load_settings as l; s = l(); print(s.oidc_roles, s.smart_issuers)"
    done = subprocess.run(
        [sys.executable, "-c", show], env=environment, capture_output=True, text=True, check=True
    )
    assert "signer" in done.stdout
    assert "https://ehr.hospital/fhir'" in done.stdout
