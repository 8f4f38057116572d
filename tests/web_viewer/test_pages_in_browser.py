"""Every page in a real Chromium: accessible in both languages and both themes, locked when left alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from study.intake import Intake
from study.ledger import Ledger
from study.model import StudyRecord, StudySummary
from study.registry import Registry
from tests.peers import wait_for
from tests.web_viewer.browser import SLOW, a_page
from tests.web_viewer.provider import CLIENT_ID, CLIENT_SECRET, running_provider
from tests.web_viewer.server import serving
from tests.web_viewer.studies import SegmentedStudy, a_drafted_study, a_failed_study, a_skipped_study
from web_viewer.deps import STATIC, Services

AXE = Path(__file__).parents[2] / "web_viewer" / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
SHOTS = Path(__file__).parents[2] / "runs" / "viewer"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        not (STATIC / "index.html").is_file() or not AXE.is_file(), reason="the viewer is not built"
    ),
]


@pytest.fixture
def studies(intake: Intake, ledger: Ledger) -> SegmentedStudy:
    """One study of each kind that a row can be; returns one that waits for its reader."""
    a_failed_study(intake, ledger, "The pixel data end early.")
    a_skipped_study(intake, ledger, "a chest radiograph")
    a_drafted_study(intake, ledger, critical=False, PatientName="KIM^MINJI")
    return a_drafted_study(intake, ledger)


@pytest.fixture
def build(build_services: Callable[..., Services]) -> Callable[..., Services]:
    def with_viewer(**settings: Any) -> Services:
        return replace(build_services(pacs="PACS@10.0.0.5:104", **settings), static=STATIC)

    return with_viewer


@pytest.fixture
def url(build: Callable[..., Services]) -> Iterator[str]:
    with serving(build()) as (url, _, _):
        yield url


def violations(page: Page) -> list[str]:
    """What axe-core objects to, with where it is."""
    page.evaluate(AXE.read_text())  # in the page's own world, past its Content-Security-Policy
    told = page.evaluate(
        "tags => axe.run(document, {runOnly: tags}).then(r => JSON.stringify(r.violations))", WCAG
    )
    return [
        f"{each['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
        for each in json.loads(told)
        for node in each["nodes"]
    ]


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("language", ["en", "ko"])
def test_no_page_keeps_anybody_out(url: str, studies: SegmentedStudy, language: str, theme: str):
    with a_page(reduced_motion="reduce") as page:
        page.add_init_script(
            f"localStorage.setItem('kidray.theme', '{theme}');"
            f"localStorage.setItem('kidray.language', '{language}')"
        )
        found = {}
        for name, address, ready in (
            ("worklist", "/", '[data-testid="worklist-row"]'),
            ("viewer", f"/viewer?StudyInstanceUID={studies.study_uid}", '[data-state="ready"]'),
            ("blank", "/viewer", "main"),
            ("admin", "/admin", '[data-testid="audit"]'),
        ):
            page.goto(url + address)
            page.locator(ready).first.wait_for(timeout=SLOW)
            page.wait_for_timeout(500)
            found[name] = violations(page)
            shot(page, f"{name}-{language}-{theme}")
        assert {name: each for name, each in found.items() if each} == {}


def test_the_account_menu_and_the_help_are_accessible_too(url: str):
    with a_page() as page:
        page.goto(url + "/")
        page.get_by_test_id("account").click()
        expect(page.get_by_test_id("theme-light")).to_be_visible()
        assert violations(page) == []
        page.get_by_test_id("theme-light").click()
        assert page.evaluate("document.documentElement.dataset.theme") == "light"
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == "rgb(244, 246, 248)"
        shot(page, "account-menu")
        page.reload()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == ground
        expect(page.get_by_role("searchbox")).to_be_visible(timeout=SLOW)
        page.keyboard.press("?")
        expect(page.locator("dialog[open]")).to_be_visible()
        assert violations(page) == []


def test_what_is_around_the_radiograph_stays_dark_in_the_light_theme(url: str, studies: SegmentedStudy):
    with a_page() as page:
        page.add_init_script("localStorage.setItem('kidray.theme', 'light')")
        page.goto(f"{url}/viewer?StudyInstanceUID={studies.study_uid}")
        canvas = page.get_by_test_id("viewer-canvas")
        expect(canvas).to_have_attribute("data-state", "ready", timeout=SLOW)
        scheme = "element => getComputedStyle(element).colorScheme"
        assert canvas.evaluate(scheme) == "dark"
        warning = page.get_by_test_id("disclaimer").first
        assert warning.evaluate("e => getComputedStyle(e).color") == "rgb(243, 196, 98)"
        assert page.get_by_test_id("report-impression").first.evaluate(scheme) == "light"


def test_everything_can_be_reached_by_key_and_is_seen_to_be(url: str, studies: SegmentedStudy):
    with a_page() as page:
        page.goto(url + "/")
        page.get_by_test_id("worklist-row").first.wait_for(timeout=SLOW)
        for _ in range(12):
            page.keyboard.press("Tab")
            outline = page.evaluate(
                "(() => { const e = document.activeElement; const own = getComputedStyle(e);"
                "const box = getComputedStyle(e.closest('label') ?? e);"
                "return own.outlineStyle !== 'none' || box.borderColor !== 'rgb(59, 69, 84)' })()"
            )
            assert outline, page.evaluate("document.activeElement.outerHTML")


def test_a_page_that_is_left_alone_locks_and_a_click_opens_it_again(build: Callable[..., Services]):
    with serving(build(lock_after=0.05)) as (url, _, _), a_page() as page:
        page.goto(url + "/")
        lock = page.get_by_test_id("lock-screen")
        expect(lock).to_be_visible(timeout=SLOW)
        assert violations(page) == []
        shot(page, "locked")
        for _ in range(3):
            page.keyboard.press("Escape")
        expect(lock).to_be_visible()
        page.reload()
        expect(lock).to_be_visible(timeout=SLOW)
        page.get_by_test_id("unlock").click()
        expect(lock).to_have_count(0)


def test_at_a_provider_the_lock_ends_the_session_and_asks_for_the_login_anew(
    build: Callable[..., Services], studies: SegmentedStudy
):
    with running_provider() as provider:
        provider.claims = {"sub": "u-1", "family_name": "Kim", "given_name": "Minji", "roles": ["signer"]}
        services = build(oidc_issuer=provider.url, oidc_client_id=CLIENT_ID, oidc_client_secret=CLIENT_SECRET)
        with serving(services) as (url, _, _), a_page() as page:
            page.goto(f"{url}/viewer?StudyInstanceUID={studies.study_uid}")
            name = page.get_by_test_id("signer-name")
            expect(name).to_have_value("Kim Minji", timeout=SLOW)
            expect(name).not_to_be_editable()
            assert page.evaluate("document.cookie") == ""
            kept = page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")
            assert all(token not in kept for token in provider.tokens)
            page.get_by_test_id("account").click()
            page.get_by_test_id("lock-now").click()
            expect(page.get_by_test_id("lock-screen")).to_be_visible()
            wait_for(lambda: page.request.get(f"{url}/api/session").status == 401, what="the session's end")
            page.get_by_test_id("unlock").click()
            page.wait_for_url(f"{url}/viewer?StudyInstanceUID={studies.study_uid}")
            assert provider.asked[-1]["prompt"] == "login"
            expect(page.get_by_test_id("signer-name")).to_have_value("Kim Minji", timeout=SLOW)
            expect(page.get_by_test_id("lock-screen")).to_have_count(0)


def test_a_view_of_the_worklist_is_kept_under_a_name(url: str, studies: SegmentedStudy):
    with a_page() as page:
        page.goto(url + "/")
        rows = page.get_by_test_id("worklist-row")
        expect(rows).to_have_count(4, timeout=SLOW)
        page.get_by_test_id("filter-problems").click()
        expect(rows).to_have_count(2)
        page.get_by_test_id("views").click()
        assert violations(page) == []
        page.get_by_test_id("view-name").fill("Stuck")
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("views")).to_have_text("Stuck")
        page.reload()
        expect(rows).to_have_count(4, timeout=SLOW)
        page.get_by_test_id("views").click()
        shot(page, "views")
        page.get_by_role("button", name="Stuck", exact=True).click()
        expect(rows).to_have_count(2)
        page.get_by_test_id("filter-delivery").select_option("failed")
        expect(rows).to_have_count(0)


def test_a_list_of_thousands_draws_a_screenful_and_reaches_its_end_at_once(url: str, registry: Registry):
    at = datetime(2026, 1, 1, tzinfo=timezone.utc)
    for number in range(3_000):
        received = at + timedelta(minutes=number)
        registry.publish(
            StudyRecord(
                study_uid=f"1.2.3.{number + 1}",
                state="drafted",
                revision=1,
                version=3,
                summary=StudySummary(patient_name=f"DOE^J{number}"),
                received_at=received,
                updated_at=received,
            )
        )
    with a_page() as page:
        asked: list[str] = []
        page.on(
            "request", lambda request: asked.append(request.url) if "/api/worklist" in request.url else None
        )
        page.goto(url + "/")
        rows = page.get_by_test_id("worklist-row")
        expect(rows.first).to_have_attribute("data-study-uid", "1.2.3.3000", timeout=SLOW)
        assert rows.count() < 80
        page.evaluate("document.querySelector('main').scrollTop = 1e9")
        expect(page.locator('[data-study-uid="1.2.3.1"]')).to_be_visible(timeout=SLOW)
        assert rows.count() < 80
        assert len({url for url in asked if "offset=0" not in url}) <= 3  # not every page on the way


def test_scripts_and_styles_are_held_to_their_hashes():
    page = (STATIC / "index.html").read_text()
    named = [
        line
        for line in page.splitlines()
        if ("<script" in line and "importmap" not in line) or 'rel="stylesheet"' in line
    ]
    assert len(named) >= 3
    assert all('integrity="sha384-' in line for line in named)
    assert "http" not in page.replace("http-equiv", "")


def shot(page: Page, name: str) -> None:
    """Keep a picture for whoever wants to look."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png")
