"""People log in at a real OpenID provider, through a real client that follows as a browser does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.cookiejar import Cookie
from typing import Any

import httpx
import pytest

from study.access import Role
from tests.web_viewer.provider import CLIENT_ID, CLIENT_SECRET, Provider, running_provider
from tests.web_viewer.server import serving
from tests.web_viewer.studies import SegmentedStudy
from web_viewer.deps import Services
from web_viewer.identity.person import Person, person_name, roles_of
from web_viewer.identity.sessions import COOKIE, Sessions

KIM = {"sub": "u-1", "family_name": "Kim", "given_name": "Minji", "roles": ["Radiologists"]}
PAGE = {"Accept": "text/html"}


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running_provider() as running:
        running.claims = dict(KIM)
        yield running


@pytest.fixture
def settings(provider: Provider) -> dict[str, Any]:
    return {
        "oidc_issuer": provider.url,
        "oidc_client_id": CLIENT_ID,
        "oidc_client_secret": CLIENT_SECRET,
        "oidc_roles": "Radiologists=signer,Residents=reader,Operators=admin",
    }


@pytest.fixture
def url(build_services: Callable[..., Services], settings: dict[str, Any]) -> Iterator[str]:
    with serving(build_services(**settings)) as (url, _, _):
        yield url


@pytest.fixture
def browser(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, follow_redirects=True, timeout=60) as client:
        yield client


def session_cookie(browser: httpx.Client) -> Cookie:
    return next(cookie for cookie in browser.cookies.jar if cookie.name == COOKIE)


def test_whoever_is_not_logged_in_is_sent_to_the_provider_and_back_to_the_page_they_asked_for(
    browser: httpx.Client, provider: Provider, url: str
):
    answer = browser.get("/viewer?AccessionNumber=A1", headers=PAGE)
    assert str(answer.url) == f"{url}/viewer?AccessionNumber=A1"
    assert [step.status_code for step in answer.history] == [303, 303, 302, 303]
    asked = provider.asked[0]
    assert (asked["response_type"], asked["client_id"]) == ("code", CLIENT_ID)
    assert (asked["code_challenge_method"], len(asked["code_challenge"])) == ("S256", 43)
    session = browser.get("/api/session").json()
    assert session == {
        "subject": "u-1",
        "name": "Kim^Minji",
        "roles": ["reader", "signer"],
        "how": "openid",
        "lock_after": 15.0,
    }


def test_no_token_reaches_an_address_a_cookie_or_the_disk(
    browser: httpx.Client, provider: Provider, tmp_path: Any
):
    answer = browser.get("/", headers=PAGE)
    addresses = " ".join(str(step.url) for step in (*answer.history, answer))
    cookies = " ".join(str(cookie.value) for cookie in browser.cookies.jar)
    kept = " ".join(
        p.read_text() for p in tmp_path.rglob("*") if p.is_file() and p.suffix in (".json", ".jsonl")
    )
    assert len(provider.tokens) == 2
    for token in provider.tokens:
        assert token not in addresses
        assert token not in cookies
        assert token not in kept


def test_the_sessions_cookie_is_out_of_reach_for_scripts_and_other_sites(browser: httpx.Client):
    browser.get("/", headers=PAGE)
    cookie = session_cookie(browser)
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite").lower() == "lax"


def test_behind_tls_the_cookie_is_secure_and_of_this_host_alone(
    build_services: Callable[..., Services], settings: dict[str, Any]
):
    services = build_services(**settings, web_url="https://kidray.hospital")
    with serving(services) as (url, _, _):
        answer = httpx.get(f"{url}/login", follow_redirects=False)
        assert "redirect_uri=https%3A%2F%2Fkidray.hospital%2Flogin%2Fcallback" in answer.headers["location"]
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-kidray_login=")
        for word in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"):
            assert word in cookie


def test_the_api_is_refused_without_a_login_and_asks_no_script_for_a_password(browser: httpx.Client):
    for path in (
        "/api/worklist",
        "/api/events",
        "/dicom-web/studies",
        "/openapi.json",
        "/metrics",
        "/api/session",
    ):
        answer = browser.get(path)
        assert answer.status_code == 401, path
        assert "www-authenticate" not in answer.headers
    assert browser.get("/readyz").status_code == 200


def test_the_report_is_signed_with_the_name_of_the_login(browser: httpx.Client, drafted: SegmentedStudy):
    browser.get("/", headers=PAGE)
    path = f"/api/studies/{drafted.study_uid}"
    answer = browser.post(f"{path}/findings/{drafted.finding_id}/assessment", json={"assessment": "accepted"})
    assert answer.status_code == 200
    signed = browser.post(f"{path}/sign", json={"signer": "Somebody^Else", "version": 1})
    assert signed.json()["draft"]["signature"]["signer"] == "Kim^Minji"


@pytest.mark.parametrize(
    ("groups", "worklist", "sign", "admin"),
    [
        (["Residents"], 200, 403, 403),
        (["Radiologists"], 200, 409, 403),
        (["Operators"], 403, 403, 200),
        (["signer", "admin"], 200, 409, 200),
    ],
)
def test_a_role_opens_what_it_is_for_and_nothing_else(
    browser: httpx.Client,
    provider: Provider,
    drafted: SegmentedStudy,
    groups: list[str],
    worklist: int,
    sign: int,
    admin: int,
):
    provider.claims["roles"] = groups
    browser.get("/", headers=PAGE)
    wish = {"version": 99}  # a conflict for whoever may sign
    assert browser.get("/api/worklist").status_code == worklist
    assert browser.post(f"/api/studies/{drafted.study_uid}/sign", json=wish).status_code == sign
    assert browser.get("/api/admin/audit").status_code == admin
    assert browser.get("/api/session").status_code == 200


def test_somebody_without_a_role_is_told_so_and_gets_no_session(browser: httpx.Client, provider: Provider):
    provider.claims["roles"] = ["Visitors"]
    answer = browser.get("/", headers=PAGE)
    assert answer.status_code == 403
    assert "known as Kim Minji" in answer.text
    assert browser.get("/api/worklist").status_code == 401


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("iss", "https://evil.example"),
        ("aud", "another client"),
        ("nonce", "of another login"),
        ("exp", 1_700_000_000),  # long past; a name that changes would keep processes from sharing the tests
        ("azp", "another client"),
    ],
)
def test_an_id_token_that_does_not_fit_logs_nobody_in(
    browser: httpx.Client, provider: Provider, claim: str, value: object
):
    provider.claims[claim] = value
    assert browser.get("/", headers=PAGE).status_code == 401
    assert browser.get("/api/worklist").status_code == 401


def test_an_id_token_of_another_key_logs_nobody_in_and_a_new_key_of_the_provider_does(
    browser: httpx.Client, provider: Provider, monkeypatch: pytest.MonkeyPatch
):
    from web_viewer.identity import openid

    assert browser.get("/", headers=PAGE).url.path == "/"
    published = provider.key
    forged = type(published).generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
    monkeypatch.setattr(provider, "id_token", _signed_by(provider, forged))
    assert browser.get("/login").status_code == 401
    monkeypatch.setattr(openid, "_KEYS_AGAIN_AFTER", 1e-9)
    provider.key = forged  # the provider has changed its key: now it is right
    assert browser.get("/login").status_code != 401


def _signed_by(provider: Provider, key: Any) -> Callable[[str], str]:
    original = Provider.id_token

    def sign(nonce: str) -> str:
        kept, provider.key = provider.key, key
        try:
            return original(provider, nonce)
        finally:
            provider.key = kept

    return sign


def test_a_return_that_another_browser_began_logs_nobody_in(
    browser: httpx.Client, provider: Provider, url: str
):
    begun = httpx.get(f"{url}/login", follow_redirects=False)
    back = httpx.get(begun.headers["location"], follow_redirects=False).headers["location"]
    assert browser.get(back).status_code == 401
    assert browser.get("/api/worklist").status_code == 401


def test_a_login_ends_once(browser: httpx.Client, url: str):
    begun = httpx.get(f"{url}/login", follow_redirects=False)
    back = httpx.get(begun.headers["location"], follow_redirects=False).headers["location"]
    cookies = dict(begun.cookies)
    assert httpx.get(back, cookies=cookies).status_code == 303
    assert httpx.get(back, cookies=cookies).status_code == 401


@pytest.mark.parametrize(
    "after", ["https://evil.example/", "//evil.example/", "/\\evil.example", "/login", "x"]
)
def test_after_the_login_nobody_is_sent_to_another_site(browser: httpx.Client, url: str, after: str):
    answer = browser.get("/login", params={"next": after}, headers=PAGE)
    assert str(answer.url) == f"{url}/"


def test_a_provider_that_is_away_is_named_and_a_later_try_succeeds(
    build_services: Callable[..., Services], settings: dict[str, Any]
):
    away = {**settings, "oidc_issuer": "http://127.0.0.1:9/"}
    with serving(build_services(**away)) as (url, _, _):
        answer = httpx.get(f"{url}/login")
        assert answer.status_code == 502
        assert "does not answer" in answer.text


def test_a_logout_ends_the_session_here_and_names_the_providers_page_without_a_token(
    browser: httpx.Client, provider: Provider
):
    browser.get("/", headers=PAGE)
    cookie = session_cookie(browser).value
    farewell = browser.post("/api/session/end").json()["address"]
    assert farewell.startswith(f"{provider.url}/logout?client_id=kidray&post_logout_redirect_uri=")
    assert browser.get("/api/worklist").status_code == 401
    assert browser.get("/api/worklist", headers={"Cookie": f"{COOKIE}={cookie}"}).status_code == 401
    assert browser.get("/login/out").status_code == 200


def test_a_page_elsewhere_cannot_use_a_session(browser: httpx.Client, drafted: SegmentedStudy):
    browser.get("/", headers=PAGE)
    path = f"/api/studies/{drafted.study_uid}/sign"
    answer = browser.post(path, json={"version": 1}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_a_session_ends_when_nothing_is_asked_for_too_long_and_at_its_end(tmp_path: Any):
    now = [1000.0]
    sessions = Sessions(tmp_path, longest=100.0, idle=30.0, clock=lambda: now[0])
    kim = Person("u-1", "Kim^Minji", frozenset({Role.SIGNER}), "openid")
    cookie = sessions.begin(kim)
    for now[0] in (1025.0, 1050.0, 1075.0, 1099.0):
        found = sessions.person(cookie)
        assert found is not None
        assert found._replace(session="") == kim
    now[0] = 1101.0
    assert sessions.person(cookie) is None
    cookie = sessions.begin(kim)
    now[0] += 31
    assert sessions.person(cookie) is None
    for wrong in ("", "../../etc/passwd", cookie[:-1], "A" * 43):
        assert sessions.person(wrong) is None


def test_what_the_disk_holds_of_a_session_cannot_be_used_as_a_cookie(tmp_path: Any):
    sessions = Sessions(tmp_path, longest=100.0, idle=0)
    cookie = sessions.begin(Person("u", "", frozenset({Role.READER}), "openid"))
    (file,) = tmp_path.iterdir()
    assert cookie not in file.name + file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    assert json.loads(file.read_text())["roles"] == ["reader"]


def test_roles_are_found_wherever_the_claim_lies():
    meanings = (("PACS Admins", Role.ADMIN), ("rad", Role.SIGNER))
    nested = {"realm_access": {"roles": ["rad", "other"]}}
    assert roles_of(nested, "realm_access.roles", meanings) == {Role.SIGNER}
    assert roles_of({"https://h.example/roles": "reader"}, "https://h.example/roles", ()) == {Role.READER}
    assert roles_of({"groups": ["PACS Admins"]}, "groups", meanings) == {Role.ADMIN}
    assert roles_of({}, "groups", meanings) == frozenset()
    assert roles_of({"groups": {"rad": 1}}, "groups", meanings) == frozenset()


def test_a_name_is_one_that_dicom_can_hold():
    assert person_name({"family_name": "Kim", "given_name": "Minji"}) == "Kim^Minji"
    assert person_name({"family_name": "Kim^\\=Evil", "given_name": "A\nB"}) == "Kim Evil^A B"
    assert person_name({"name": "김민지", "sub": "u"}) == "김민지"
    assert len(person_name({"name": "x" * 100})) == 64
