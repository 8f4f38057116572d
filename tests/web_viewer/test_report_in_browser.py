"""The report beside the image in a real Chromium: macros, a crash, two readers, paper, an addendum."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error, Page, expect, sync_playwright

from benchmarks.chromium import FLAGS
from reporting.review import Reviewer
from study.access import User
from study.intake import Intake
from study.ledger import Ledger
from tests.web_viewer.browser import SLOW, a_page, open_study
from tests.web_viewer.server import serving
from tests.web_viewer.studies import SegmentedStudy
from tests.web_viewer.test_pages_in_browser import violations
from tests.web_viewer.test_review import a_study_of_two_findings
from web_viewer.deps import STATIC, Services
from web_viewer.identity.passwords import hashed

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not (STATIC / "index.html").is_file(), reason="the viewer is not built"),
]


@pytest.fixture
def drafted(intake: Intake, ledger: Ledger) -> SegmentedStudy:
    return a_study_of_two_findings(intake, ledger)


@pytest.fixture
def build(build_services: Callable[..., Services]) -> Callable[..., Services]:
    def with_viewer(**settings: Any) -> Services:
        return replace(build_services(**settings), static=STATIC, review=Reviewer())

    return with_viewer


@pytest.fixture
def url(build: Callable[..., Services]) -> Iterator[str]:
    with serving(build()) as (url, _, _):
        yield url


def shot(page: Page, name: str) -> None:
    """Keep a picture where somebody wants to look at it."""
    folder = os.environ.get("KIDRAY_SHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"report-{name}.png")


def begin_line(page: Page, section: str) -> None:
    """Put the caret on a new last line of a section."""
    field = page.get_by_test_id(f"report-{section}")
    field.focus()
    field.press("Control+End")
    field.press("Enter")


def test_a_macro_is_typed_filled_in_undone_and_checked_as_typed_words_are(url: str, drafted: SegmentedStudy):
    with a_page() as page:
        open_study(page, url, drafted.study_uid)
        expect(page.get_by_test_id("macros")).to_be_visible(timeout=SLOW)
        recommendation = page.get_by_test_id("report-recommendation")
        before = recommendation.input_value()
        begin_line(page, "recommendation")
        page.keyboard.type(".call ")
        expect(recommendation).to_have_value(f"{before}\nTold ___ by phone at ___.")
        page.keyboard.type("Dr Park")
        page.keyboard.press("Tab")
        page.keyboard.type("9:30")
        expect(recommendation).to_have_value(f"{before}\nTold Dr Park by phone at 9:30.")
        page.keyboard.press("Tab")
        assert page.evaluate(
            "document.activeElement !== document.querySelector('[data-testid=report-recommendation]')"
        )

        begin_line(page, "impression")
        page.keyboard.type(".free")
        page.keyboard.press("Tab")
        impression = page.get_by_test_id("report-impression")
        expect(impression).to_have_value(re.compile(r"\nNo free intraperitoneal gas is seen on this view\.$"))
        objections = page.get_by_test_id("objections")
        expect(objections.first).to_be_visible(timeout=SLOW)
        expect(objections.filter(has_text="No free intraperitoneal gas")).to_have_count(1)
        shot(page, "macro-checked")
        page.keyboard.press("Control+z")
        expect(impression).to_have_value(re.compile(r"\n\.free$"))


@pytest.mark.parametrize("language", ["en", "ko"])
def test_macros_are_chosen_from_a_menu_and_rewritten(url: str, drafted: SegmentedStudy, language: str):
    with a_page() as page:
        page.add_init_script(f"localStorage.setItem('kidray.language', '{language}')")
        open_study(page, url, drafted.study_uid)
        findings = page.get_by_test_id("report-findings")
        findings.focus()
        page.get_by_test_id("macros").click()
        menu = page.locator("#report-macros")
        expect(menu).to_be_visible()
        shot(page, f"macro-menu-{language}")
        assert violations(page) == []
        menu.get_by_text("The visualised lung bases are clear.").click()
        expect(menu).to_be_hidden()
        expect(findings).to_have_value(re.compile("The visualised lung bases are clear"))
        assert page.evaluate("document.activeElement.dataset.testid") == "report-findings"

        page.get_by_test_id("macros").click()
        page.get_by_test_id("macros-edit").click()
        expect(page.get_by_test_id("macro-editor")).to_be_visible(timeout=SLOW)
        shot(page, f"macro-editor-{language}")
        assert violations(page) == []
        page.get_by_test_id("macro-name").first.fill("two words")
        page.get_by_test_id("macros-save").click()
        expect(page.get_by_test_id("macro-editor").get_by_role("alert")).to_be_visible()
        shot(page, f"macro-fault-{language}")
        page.get_by_test_id("macro-name").first.fill("정상")
        page.get_by_test_id("macro-text").first.fill("Normal bowel gas.")
        page.get_by_test_id("macros-save").click()
        expect(page.get_by_test_id("macro-editor")).to_have_count(0)
        page.reload()
        expect(page.get_by_test_id("macros")).to_be_visible(timeout=SLOW)
        begin_line(page, "findings")
        page.keyboard.insert_text(".정상")
        page.keyboard.type(" ")
        expect(findings).to_have_value(re.compile(r"Normal bowel gas\.$"))


def log_in(page: Page, url: str) -> None:
    page.goto(url)
    page.locator("input[name=login]").fill("mkim")
    page.locator("input[name=password]").fill("between us")
    page.locator("button.button").click()
    page.wait_for_url(f"{url}/")


def test_macros_follow_a_login_to_another_workstation(
    build: Callable[..., Services], drafted: SegmentedStudy
):
    user = User(login="mkim", name="Kim^Minji", password=hashed("between us"), roles=("signer",))
    with serving(build(users=(user,))) as (url, _, _):
        with a_page() as page:
            log_in(page, url)
            open_study(page, url, drafted.study_uid)
            page.get_by_test_id("macros").click()
            page.get_by_test_id("macros-edit").click()
            page.get_by_test_id("macro-name").first.fill("mine")
            page.get_by_test_id("macros-save").click()
            expect(page.get_by_test_id("macro-editor")).to_have_count(0)
        with a_page() as page:
            log_in(page, url)
            open_study(page, url, drafted.study_uid)
            page.get_by_test_id("macros").click()
            expect(page.locator("#report-macros").get_by_text(".mine")).to_be_visible(timeout=SLOW)


def test_unsaved_words_survive_the_end_of_the_browsers_process(
    url: str, drafted: SegmentedStudy, tmp_path: Path
):
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:

        def begin() -> tuple[Any, Page]:
            browser = playwright.chromium.launch_persistent_context(
                str(tmp_path / "profile"), executable_path=program, args=[*FLAGS, "--disable-gpu"]
            )
            page = browser.new_page()
            page.set_default_timeout(SLOW)
            return browser, page

        browser, page = begin()
        open_study(page, url, drafted.study_uid)
        begin_line(page, "impression")
        page.keyboard.type("Seen at once.")
        wait_kept = "() => Object.keys(localStorage).some(k => k.startsWith('kidray.unsaved.edit'))"
        page.wait_for_function(wait_kept)
        page.wait_for_timeout(6_000)  # Chromium writes its storage to disk every few seconds
        with contextlib.suppress(Error):  # the renderer is gone, as asked
            page.goto("chrome://crash", timeout=5_000)
        browser.close()
        browser, page = begin()
        open_study(page, url, drafted.study_uid)
        expect(page.get_by_test_id("report-impression")).to_have_value(re.compile("Seen at once"))
        expect(page.get_by_test_id("report-unsaved")).to_be_visible()
        browser.close()


def test_a_tab_that_saves_last_leaves_the_unsaved_words_of_another(url: str, drafted: SegmentedStudy):
    kept = "() => Object.entries(localStorage).filter(([k]) => k.startsWith('kidray.unsaved.edit')).join()"
    with a_page() as alone:
        reader = alone.context.browser.new_context()  # type: ignore[union-attr]
        page, other = reader.new_page(), reader.new_page()  # tabs of one browser share what is kept
        for each in (page, other):
            open_study(each, url, drafted.study_uid)
        begin_line(page, "impression")
        page.keyboard.type("One says this.")
        begin_line(other, "impression")
        other.keyboard.type("The other says that.")
        other.wait_for_function(f"({kept})().includes('other says that')")
        assert "One says this" in other.evaluate(kept)
        other.get_by_test_id("report-save").click()
        expect(other.get_by_test_id("report-unsaved")).to_have_count(0, timeout=SLOW)
        assert "The other" not in other.evaluate(kept)
        page.close()  # without a word: nobody saw the conflict
        open_study(other, url, drafted.study_uid)
        expect(other.get_by_test_id("report-impression")).to_have_value(re.compile("One says this"))
        expect(other.get_by_test_id("conflict-mine")).to_be_visible(timeout=SLOW)
        reader.close()


def test_two_readers_are_told_of_each_other(url: str, drafted: SegmentedStudy, ledger: Ledger):
    with a_page() as page:
        other = page.context.browser.new_page()  # type: ignore[union-attr]
        open_study(page, url, drafted.study_uid)
        open_study(other, url, drafted.study_uid)
        for each, words in ((page, "One says this."), (other, "The other says that.")):
            begin_line(each, "impression")
            each.keyboard.type(words)
        page.get_by_test_id("report-save").click()
        expect(other.get_by_test_id("conflict-mine")).to_be_visible(timeout=SLOW)
        expect(other.get_by_test_id("report-save")).to_be_disabled()
        shot(other, "conflict")
        other.get_by_test_id("conflict-mine").click()
        other.get_by_test_id("report-save").click()
        expect(other.get_by_test_id("report-unsaved")).to_have_count(0, timeout=SLOW)
        expect(page.get_by_test_id("report-impression")).to_have_value(
            re.compile("The other says that"), timeout=SLOW
        )
        other.close()
    draft = ledger.held(drafted.study_uid).draft
    assert draft is not None
    assert draft.version == 3


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_printed_page_is_the_report_with_patient_state_and_disclaimer(
    url: str, drafted: SegmentedStudy, tmp_path: Path, language: str
):
    with a_page() as page:
        page.add_init_script(f"localStorage.setItem('kidray.language', '{language}')")
        page.add_init_script("window.print = () => { window.printed = (window.printed ?? 0) + 1 }")
        open_study(page, url, drafted.study_uid)
        begin_line(page, "impression")
        page.keyboard.type("My own words.")
        page.get_by_test_id("report-print").click()
        assert page.evaluate("window.printed") == 1
        page.emulate_media(media="print")
        shot(page, f"print-{language}")
        for there in ("patient", "disclaimer"):
            expect(page.locator(f"[class*=_{there}_]").last).to_be_visible()
        expect(page.get_by_test_id("report-status")).to_be_visible()
        expect(page.get_by_test_id("printed-line")).to_be_visible()
        for gone in (
            "viewer-canvas",
            "signer-name",
            "report-impression",
            "macros",
            "report-print",
            "account",
        ):
            expect(page.get_by_test_id(gone)).to_be_hidden()
        content = page.pdf(path=tmp_path / "page.pdf")
        assert content[:5] == b"%PDF-"
        text = page.evaluate("document.body.innerText")
        warning = {"en": "not for clinical use", "ko": "임상용 아님"}[language]
        for said in ("My own words.", warning, "PID-4711", "ACC1", "2026-01-01"):
            assert said in text
        keep = os.environ.get("KIDRAY_SHOTS")
        if keep:
            (Path(keep) / f"print-{language}.pdf").write_bytes(content)


def test_a_draft_is_switched_to_the_other_language_and_back(url: str, drafted: SegmentedStudy):
    with a_page() as page:
        open_study(page, url, drafted.study_uid)
        impression = page.get_by_test_id("report-impression")
        expect(impression).to_have_value(re.compile("Pneumoperitoneum"))
        begin_line(page, "impression")
        page.keyboard.type("Mine.")
        switch = page.get_by_test_id("report-language")
        expect(switch).to_be_disabled()
        page.get_by_test_id("report-save").click()
        expect(page.get_by_test_id("report-unsaved")).to_have_count(0, timeout=SLOW)
        switch.click()
        expect(impression).to_have_value(re.compile(r"기복증[\s\S]*Mine\.$"), timeout=SLOW)
        expect(impression).to_have_attribute("lang", "ko")
        shot(page, "korean-draft")
        assert violations(page) == []
        begin_line(page, "recommendation")
        page.keyboard.type(".us ")
        expect(page.get_by_test_id("report-recommendation")).to_have_value(re.compile("초음파 검사를 권장함"))


def test_the_pdf_is_the_saved_report_in_a_tab_of_its_own(url: str, drafted: SegmentedStudy):
    with a_page() as page:
        open_study(page, url, drafted.study_uid)
        link = page.get_by_test_id("report-pdf")
        expect(link).to_have_attribute("target", "_blank", timeout=SLOW)
        assert link.get_attribute("href") == f"/api/studies/{drafted.study_uid}/report.pdf"


def test_an_addendum_survives_a_reload_and_stands_under_what_was_signed(
    url: str, drafted: SegmentedStudy, ledger: Ledger
):
    with a_page() as page:
        open_study(page, url, drafted.study_uid)
        page.get_by_test_id("signer-name").fill("Kim Minji")
        page.get_by_test_id("report-sign").click()
        page.get_by_test_id("addendum-open").click()
        page.get_by_test_id("addendum-text").fill("Surgery confirmed it.")
        page.reload()
        expect(page.get_by_test_id("addendum-text")).to_have_value("Surgery confirmed it.", timeout=SLOW)
        page.get_by_test_id("addendum-text").press("Control+End")
        page.keyboard.press("Enter")
        page.keyboard.type(".corr ")
        page.get_by_test_id("addendum-sign").click()
        expect(page.get_by_test_id("addendum")).to_contain_text("Clinical correlation", timeout=SLOW)
        shot(page, "addendum")
    draft = ledger.held(drafted.study_uid).draft
    assert draft is not None
    assert [s.text for s in draft.addenda[0].sentences] == [
        "Surgery confirmed it.",
        "Clinical correlation is recommended.",
    ]
