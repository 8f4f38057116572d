"""A person with a password gets a session of the service, which ends with the lock; a program keeps Basic."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Page, expect

from study.access import User
from study.settings import load_settings
from tests.peers import wait_for
from tests.web_viewer.browser import SLOW, a_page
from tests.web_viewer.server import serving
from tests.web_viewer.studies import SegmentedStudy
from tests.web_viewer.test_pages_in_browser import shot, violations
from web_viewer.app import create_app
from web_viewer.deps import STATIC, Services
from web_viewer.identity.passwords import hashed, header_of
from web_viewer.identity.sessions import COOKIE
from web_viewer.identity.tries import FORGIVEN_AFTER, WRONG_AT_ONCE, WRONG_OF_ONE_LOGIN, Tries
from web_viewer.identity.wiring import logins_of

BROWSER = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin"}
RIGHT = {"login": "mkim", "password": "between us"}


@pytest.fixture(scope="module")
def users() -> tuple[User, ...]:
    return (User(login="mkim", name="Kim^Minji", password=hashed("between us"), roles=("signer",)),)


@pytest.fixture
def site(build_services: Callable[..., Services], users: tuple[User, ...]) -> Iterator[TestClient]:
    app = create_app(build_services(users=users))
    with TestClient(app, base_url="http://kidray.hospital", follow_redirects=False) as client:
        yield client


def log_in(site: TestClient, **form: str) -> httpx.Response:
    return site.post("/login/password", data={**RIGHT, **form}, headers=BROWSER)


def test_a_browser_is_led_to_the_form_and_back_to_where_it_was_going(site: TestClient):
    sent = site.get("/viewer?StudyInstanceUID=1.2.3", headers=BROWSER)
    assert sent.status_code == 303
    assert "www-authenticate" not in sent.headers
    form = site.get(sent.headers["location"], headers=BROWSER)
    assert form.headers["location"].startswith("/login/password?next=")
    page = site.get(form.headers["location"], headers=BROWSER)
    assert 'value="/viewer?StudyInstanceUID=1.2.3"' in page.text
    entered = log_in(site, next="/viewer?StudyInstanceUID=1.2.3")
    assert (entered.status_code, entered.headers["location"]) == (303, "/viewer?StudyInstanceUID=1.2.3")
    cookie = entered.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()
    assert site.get("/api/session").json()["name"] == "Kim^Minji"


@pytest.mark.parametrize("address", ["https://elsewhere.example/", "//elsewhere.example", "/login/out", "x"])
def test_the_form_leads_nowhere_else(site: TestClient, address: str):
    assert log_in(site, next=address).headers["location"] == "/"


def test_the_end_of_a_session_is_its_end_wherever_its_cookie_is_held(site: TestClient):
    log_in(site)
    cookie = {"Cookie": f"{COOKIE}={site.cookies[COOKIE]}"}
    assert site.post("/api/session/end").json() == {"address": "/login/out"}
    site.cookies.clear()
    assert site.get("/api/worklist", headers=cookie).status_code == 401


def test_the_lock_screen_begins_a_new_session_with_the_password_alone(site: TestClient):
    assert site.post("/api/session/begin", json={**RIGHT, "password": "guess"}).status_code == 403
    assert site.get("/api/worklist").status_code == 401
    assert site.post("/api/session/begin", json=RIGHT).status_code == 204
    assert site.get("/api/worklist").status_code == 200


def test_wrong_passwords_count_together_by_whichever_way_they_come(site: TestClient):
    for number in range(WRONG_AT_ONCE):
        if number % 2:
            assert log_in(site, password="guess").status_code == 403
        else:
            assert site.post("/api/session/begin", json={**RIGHT, "password": "guess"}).status_code == 403
    refused = site.post("/api/session/begin", json=RIGHT)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    page = log_in(site)
    assert page.status_code == 429
    assert "too many wrong passwords" in page.text.lower()
    assert site.get("/api/worklist", headers={"Authorization": header_of("mkim", "x")}).status_code == 429


def test_a_form_of_many_fields_is_not_taken_apart(site: TestClient):
    assert site.post("/login/password", content="a=1&" * 200_000, headers=BROWSER).status_code == 400


def test_wrong_passwords_are_forgotten_once_they_are_forgiven():
    times = [0.0]
    tries = Tries(lambda: times[-1])
    assert tries.let_in("10.0.0.1", "mkim")
    times.append(FORGIVEN_AFTER)
    assert tries.let_in("10.0.0.2", "mkim")
    assert [each.address for each in tries._wrong] == ["10.0.0.2"]


def test_the_right_password_makes_up_for_the_wrong_ones_of_its_login_alone():
    tries = Tries(lambda: 0.0)
    for _ in range(WRONG_AT_ONCE // 2):
        assert tries.let_in("10.0.0.1", "mkim")
        assert tries.let_in("10.0.0.1", "slee")
    assert not tries.let_in("10.0.0.1", "slee")
    tries.forgive("10.0.0.1", "slee")
    left = [tries.let_in("10.0.0.1", "mkim") for _ in range(WRONG_AT_ONCE)]
    assert left.count(True) == WRONG_AT_ONCE - WRONG_AT_ONCE // 2


def test_guesses_at_one_login_from_many_addresses_count_together():
    tries = Tries(lambda: 0.0)
    let_in = [tries.let_in(f"10.0.{number}.1", "mkim") for number in range(WRONG_OF_ONE_LOGIN + 5)]
    assert let_in.count(True) == WRONG_OF_ONE_LOGIN
    assert tries.let_in("10.0.0.1", "slee")


def test_many_tries_at_the_same_time_are_no_more_than_one_after_the_other():
    tries = Tries(lambda: 0.0)
    with ThreadPoolExecutor(16) as pool:
        let_in = list(pool.map(lambda _: tries.let_in("10.0.0.1", "mkim"), range(200)))
    assert let_in.count(True) == WRONG_AT_ONCE


def test_a_browser_without_tls_is_not_asked_for_basic_either(site: TestClient):
    asked = site.get("/api/worklist", headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64)"})
    assert asked.status_code == 401
    assert "www-authenticate" not in asked.headers


def test_a_browser_without_tls_says_where_the_form_comes_from(site: TestClient):
    """Without a referrer its Origin would be null, which is refused; so is another page's."""
    for page in (site.get("/login/password"), log_in(site, password="guess")):
        assert page.headers["referrer-policy"] == "same-origin"
    for origin, status in ((str(site.base_url).rstrip("/"), 303), ("null", 403), ("http://other", 403)):
        answer = site.post("/login/password", data=RIGHT, headers={"Origin": origin})
        assert answer.status_code == status


def test_another_page_can_neither_log_in_nor_log_out(site: TestClient):
    elsewhere = {**BROWSER, "Sec-Fetch-Site": "cross-site"}
    assert site.post("/login/password", data=RIGHT, headers=elsewhere).status_code == 403
    assert site.post("/api/session/begin", json=RIGHT, headers=elsewhere).status_code == 403


def test_what_was_typed_comes_back_as_text(site: TestClient):
    page = log_in(site, login='"><script>', password="x").text
    assert "<script>" not in page
    assert "x" not in page.split("password")[-1].split(">")[0].replace("required", "")


def test_a_session_stands_and_falls_with_its_login(
    build_services: Callable[..., Services], users: tuple[User, ...], tmp_path: Path
):
    with TestClient(create_app(build_services(users=users)), base_url="http://kidray.hospital") as site:
        site.post("/api/session/begin", json=RIGHT)
        cookies = dict(site.cookies)
    demoted = (users[0].model_copy(update={"roles": ("reader",)}),)
    with TestClient(create_app(build_services(users=demoted)), base_url="http://kidray.hospital") as site:
        site.cookies.update(cookies)
        assert site.get("/api/session").status_code == 401


USERS = """
[[users]]
login = "mkim"
name = "Kim^Minji"
password = "{}"
roles = ["signer"]
"""


@pytest.fixture
def watched(
    build_services: Callable[..., Services],
    users: tuple[User, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Services:
    """A service over the logins of a `kidray.toml` that may be changed while it runs."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kidray.toml").write_text(USERS.format(users[0].password.get_secret_value()))
    return replace(build_services(users=users), logins=lambda: logins_of(load_settings()))


def test_a_changed_password_ends_the_sessions_of_its_login_at_once(watched: Services, tmp_path: Path):
    file = tmp_path / "kidray.toml"
    with TestClient(create_app(watched), base_url="http://kidray.hospital") as site:
        site.post("/api/session/begin", json=RIGHT)
        kept = dict(site.cookies)
        assert site.get("/api/worklist").status_code == 200
        before = file.read_text()
        file.write_text(USERS.format(hashed("a new one")))
        assert site.get("/api/worklist").status_code == 401
        assert site.post("/api/session/begin", json=RIGHT).status_code == 403
        assert site.post("/api/session/begin", json={**RIGHT, "password": "a new one"}).status_code == 204
        assert site.get("/api/worklist").status_code == 200
        file.write_text(before)
        site.cookies.clear()
        site.cookies.update(kept)
        assert site.get("/api/worklist").status_code == 401, "a session that has ended came back"


def test_the_last_login_that_is_removed_opens_no_door(watched: Services, tmp_path: Path):
    with TestClient(create_app(watched), base_url="http://kidray.hospital") as site:
        site.post("/api/session/begin", json=RIGHT)
        (tmp_path / "kidray.toml").write_text("")
        assert site.get("/api/worklist").status_code == 401
        assert site.post("/api/session/begin", json=RIGHT).status_code == 403
        site.cookies.clear()
        assert site.get("/api/worklist").status_code == 401


def test_a_file_that_is_half_written_changes_no_login(watched: Services, tmp_path: Path):
    with TestClient(create_app(watched), base_url="http://kidray.hospital") as site:
        site.post("/api/session/begin", json=RIGHT)
        (tmp_path / "kidray.toml").write_text("[[users]]\nlogin = ")
        assert site.get("/api/worklist").status_code == 200


def test_the_stream_of_events_ends_with_the_session(watched: Services, tmp_path: Path):
    with serving(watched) as (url, _, _), httpx.Client(base_url=url, timeout=60) as site:
        site.post("/api/session/begin", json=RIGHT).raise_for_status()
        with site.stream("GET", "/api/events") as stream:
            lines = stream.iter_lines()
            assert next(lines) == "event: hello"
            (tmp_path / "kidray.toml").write_text(USERS.format(hashed("a new one")))
            assert not [line for line in lines if line.startswith("event")]  # comes to an end


def test_a_file_of_a_session_tells_nothing_of_the_password(site: TestClient, tmp_path: Path):
    log_in(site)
    (file,) = (tmp_path / "sessions").iterdir()
    told = json.loads(file.read_text())
    assert "argon2" not in file.read_text()
    assert set(told) == {"subject", "name", "roles", "how", "until", "seal"}


def test_a_login_that_is_refused_for_too_many_tries_is_in_the_audit_trail(site: TestClient, tmp_path: Path):
    for _ in range(WRONG_AT_ONCE):
        log_in(site, password="guess")
    for _ in range(3):
        assert log_in(site).status_code == 429
    assert site.post("/api/session/begin", json=RIGHT).status_code == 429
    assert site.get("/api/worklist", headers={"Authorization": header_of("mkim", "x")}).status_code == 429
    lines = [json.loads(line) for line in (tmp_path / "audit" / "audit.jsonl").read_text().splitlines()]
    told = [(line["subtype"][-1]["code"], line["outcome"]) for line in lines]
    assert told == [("login", "4")] * WRONG_AT_ONCE + [("login_too_often", "4")], "one within a minute"


def test_logins_and_failures_are_in_the_audit_trail(site: TestClient, tmp_path: Path):
    log_in(site, password="guess")
    log_in(site)
    site.post("/api/session/end")
    lines = [json.loads(line) for line in (tmp_path / "audit" / "audit.jsonl").read_text().splitlines()]
    told = [(line["subtype"][0]["code"], line["outcome"]) for line in lines]
    assert [each[1] for each in told] == ["4", "0", "0"]
    assert "between us" not in json.dumps(lines)


@pytest.mark.browser
@pytest.mark.timeout(300)
@pytest.mark.skipif(not (STATIC / "index.html").is_file(), reason="the viewer is not built")
def test_the_lock_ends_a_password_session_and_the_password_alone_opens_it_again(
    build_services: Callable[..., Services], users: tuple[User, ...], drafted: SegmentedStudy
):
    services = replace(build_services(users=users), static=STATIC)
    with serving(services) as (url, _, _), a_page() as page:
        page.goto(f"{url}/viewer?StudyInstanceUID={drafted.study_uid}")
        assert violations(page) == []
        shot(page, "login")
        enter(page, "between us")
        impression = page.get_by_test_id("report-impression")
        impression.press("Control+End", timeout=SLOW)
        page.keyboard.type(" Mine.")
        lock(page)
        wait_for(lambda: page.request.get(f"{url}/api/worklist").status == 401, what="the session's end")
        shot(page, "locked-password")
        page.locator("[data-testid=lock-screen] input").fill("between us")
        page.get_by_test_id("unlock").click()
        expect(page.get_by_test_id("lock-screen")).to_have_count(0, timeout=SLOW)
        assert impression.input_value().endswith("Mine.")
        assert page.request.get(f"{url}/api/worklist").status == 200
        page.get_by_test_id("report-save").click()
        expect(page.get_by_test_id("report-unsaved")).to_have_count(0, timeout=SLOW)
        lock(page)
        wait_for(lambda: page.request.get(f"{url}/api/worklist").status == 401, what="the session's end")
        page.reload()
        enter(page, "between us")
        expect(impression).to_be_visible(timeout=SLOW)
        expect(page.get_by_test_id("lock-screen")).to_have_count(0, timeout=SLOW)


def enter(page: Page, password: str) -> None:
    page.locator("input[name=login]").fill("mkim")
    page.locator("input[name=password]").fill(password)
    page.locator("button.button").click()


def lock(page: Page) -> None:
    page.get_by_test_id("account").click()
    page.get_by_test_id("lock-now").click()
    expect(page.get_by_test_id("lock-screen")).to_be_visible(timeout=SLOW)


@pytest.mark.browser
@pytest.mark.timeout(300)
@pytest.mark.skipif(not (STATIC / "index.html").is_file(), reason="the viewer is not built")
def test_a_page_whose_login_is_over_asks_no_more_until_somebody_has_logged_in(
    watched: Services, drafted: SegmentedStudy, tmp_path: Path
):
    services = replace(watched, static=STATIC)
    refusals = "Failed to load resource: the server responded with a status of 401"
    with serving(services) as (url, _, _), a_page(expected=refusals) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url.removeprefix(url)))
        page.goto(f"{url}/")
        enter(page, "between us")
        expect(page.locator("[data-connection=live]")).to_have_count(1, timeout=SLOW)
        (tmp_path / "kidray.toml").write_text(USERS.format(hashed("a new one")))
        expect(page.get_by_test_id("lock-screen")).to_be_visible(timeout=SLOW)
        page.wait_for_timeout(1_000)
        asked.clear()
        page.wait_for_timeout(7_000)
        assert asked == []
        page.locator("[data-testid=lock-screen] input").fill("a new one")
        page.get_by_test_id("unlock").click()
        expect(page.get_by_test_id("lock-screen")).to_have_count(0, timeout=SLOW)
        expect(page.locator("[data-connection=live]")).to_have_count(1, timeout=SLOW)
