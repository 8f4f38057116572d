"""A reader states findings with the keyboard alone, in a real browser, in both languages."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from reporting.review import Reviewer
from reporting.step import draft_study
from study.history import Drafted
from study.intake import Intake
from study.jobs import Job, JobQueue, build_broker, register
from study.ledger import Ledger
from study.model import DraftSource, Finding, Language, Presence, Region, Statement
from study.statements import Stated
from study.telemetry import now
from study.workers import start_worker
from tests.web_viewer.browser import SLOW, a_page, open_study
from tests.web_viewer.server import serving
from tests.web_viewer.studies import SegmentedStudy, append, later
from tests.web_viewer.test_pages_in_browser import AXE, violations
from tests.web_viewer.test_statement import GAS, LEVELS, STOOL, a_study_with_stool
from web_viewer.deps import STATIC, Services

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        not (STATIC / "index.html").is_file() or not AXE.is_file(), reason="the viewer is not built"
    ),
]
WORDS = {
    "en": {"add": "Add a finding", "by": "Stated by Kim Minji", "model": "model: not seen (30\u00a0%)"},
    "ko": {"add": "소견 추가", "by": "판독: Kim Minji", "model": "모델: 보이지 않음 (30\u00a0%)"},
}


@pytest.fixture
def drafted(intake: Intake, ledger: Ledger) -> SegmentedStudy:
    return a_study_with_stool(intake, ledger)


@pytest.fixture
def url(
    build_services: Callable[..., Services], redis_url: str, ledger: Ledger, queue: JobQueue
) -> Iterator[str]:
    """A server, and a worker that draws drafts anew."""
    broker = build_broker(redis_url)
    draft = partial(draft_study, ledger=ledger, worded=False, language=Language.ENGLISH, clock=now)
    register(broker, {Job.DRAFT: draft}, ledger, queue)
    worker = start_worker(broker, threads=1, queues=["draft", "urgent"])
    with serving(replace(build_services(static=STATIC), review=Reviewer())) as (url, _, _):
        yield url
    worker.stop(timeout=15_000)
    broker.client.close()


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with a_page(reduced_motion="reduce") as page:
        yield page


def remembering(page: Page, **kept: str) -> None:
    """Let the browser remember what readers choose once, such as a language or a name."""
    for name, value in kept.items():
        remembered = f"localStorage.setItem('kidray.{name}', '{value}')"
        page.add_init_script(f"if (location.protocol === 'http:') {{ {remembered} }}")


def shot(page: Page, name: str) -> None:
    folder = os.environ.get("KIDRAY_SHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"statement-{name}.png")


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def tab_to(page: Page, wanted: Locator) -> None:
    """Go on with the Tab key until the wanted control has the focus."""
    for _ in range(80):
        if wanted.evaluate("e => e === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("the Tab key does not get there")


def finding_of(ledger: Ledger, study: SegmentedStudy, label: str) -> Finding:
    return next(f for f in ledger.held(study.study_uid).findings if f.label == label)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_free_air_that_the_model_missed_is_stated_and_taken_back_by_keyboard(
    page: Page, url: str, drafted: SegmentedStudy, ledger: Ledger, language: str
):
    words = WORDS[language]
    remembering(page, language=language, reader="")
    open_study(page, url, drafted.study_uid)
    expect(page.get_by_test_id("report-impression")).not_to_have_value("", timeout=SLOW)
    add = page.get_by_test_id("finding-add")
    expect(add).to_have_text(words["add"])
    tab_to(page, add)
    page.keyboard.press("Enter")
    editor = page.get_by_test_id("statement-editor")
    expect(page.get_by_test_id("statement-finding")).to_be_focused(timeout=SLOW)
    expect(page.get_by_test_id("statement-finding")).to_have_value(GAS)  # the critical one first
    expect(page.get_by_test_id("statement-save")).to_be_disabled()  # nobody has said who states it
    shot(page, f"add-{language}")
    assert violations(page) == []

    for presence in ("present", "indeterminate", "absent"):
        expect(page.get_by_test_id(f"statement-{presence}")).not_to_be_checked()
    press(page, "Tab", "Space", "Tab")
    expect(page.get_by_test_id("statement-present")).to_be_checked()
    expect(page.get_by_test_id("statement-high")).to_be_focused()
    press(page, "ArrowLeft", "Tab", "ArrowDown", "Tab")
    expect(page.get_by_test_id("statement-moderate")).to_be_checked()
    page.keyboard.type("Kim Minji")
    press(page, "Enter")
    expect(editor).to_have_count(0, timeout=SLOW)
    stated = page.get_by_test_id(f"finding-stated-{GAS}")
    expect(stated).to_contain_text(words["by"])
    expect(stated).to_contain_text(words["model"])
    expect(page.get_by_test_id(f"finding-edit-{GAS}")).to_be_focused()
    gas = finding_of(ledger, drafted, GAS)
    assert (gas.presence, gas.certainty, gas.region, gas.observer) == (
        "present",
        "moderate",
        "right_upper_quadrant",
        "Kim Minji",
    )
    alert = ledger.held(drafted.study_uid).alert
    assert alert is not None
    assert alert.state == "open"
    expect(page.locator("[data-version='2']")).to_be_visible(timeout=SLOW)
    assert "pneumoperitoneum" in page.get_by_test_id("report-impression").input_value().casefold()
    shot(page, f"stated-{language}")
    assert violations(page) == []

    page.keyboard.press("Enter")
    expect(page.get_by_test_id("statement-present")).to_be_focused(timeout=SLOW)
    shot(page, f"undo-{language}")
    page.keyboard.press("Escape")
    expect(editor).to_have_count(0)
    assert "/viewer" in page.url  # Escape closes the editor, not the study
    expect(page.get_by_test_id(f"finding-edit-{GAS}")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_test_id("statement-undo"))
    page.keyboard.press("Enter")
    expect(page.get_by_test_id(f"finding-absent-{GAS}")).to_be_visible(timeout=SLOW)
    expect(add).to_be_focused()
    assert finding_of(ledger, drafted, GAS).stated is None
    page.goto("about:blank")


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_finding_that_is_not_there_is_stated_absent_and_still_says_what_the_model_said(
    page: Page, url: str, drafted: SegmentedStudy, ledger: Ledger, language: str
):
    remembering(page, language=language, reader="Kim Minji")
    page.set_viewport_size({"width": 1280, "height": 900})
    open_study(page, url, drafted.study_uid)
    tab_to(page, page.get_by_test_id(f"finding-edit-{STOOL}"))
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("statement-present")).to_be_focused(timeout=SLOW)
    expect(page.get_by_test_id("statement-save")).to_be_disabled()  # nothing is changed yet
    shot(page, f"row-{language}")
    assert violations(page) == []
    press(page, "ArrowRight")
    shot(page, f"indeterminate-{language}")
    press(page, "ArrowRight")
    expect(page.get_by_test_id("statement-region")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id(f"finding-row-{STOOL}")).to_have_count(0, timeout=SLOW)
    expect(page.get_by_test_id(f"finding-stated-{STOOL}")).to_contain_text("90\u00a0%")
    expect(page.get_by_test_id(f"finding-edit-{STOOL}")).to_be_focused()
    expect(page.locator("[data-version='2']")).to_be_visible(timeout=SLOW)
    shot(page, f"absent-{language}")
    assert violations(page) == []
    assert finding_of(ledger, drafted, STOOL).presence == "absent"
    said = page.get_by_test_id("report-findings").input_value().splitlines()
    assert "No evidence of faecal loading on this radiograph." in said  # the model did find it
    page.goto("about:blank")


def test_who_comes_second_sees_the_first_and_decides_and_a_signed_study_has_no_editor(
    page: Page, url: str, drafted: SegmentedStudy, ledger: Ledger
):
    remembering(page, language="en", reader="Kim Minji")
    open_study(page, url, drafted.study_uid)
    page.get_by_test_id(f"finding-edit-{STOOL}").click()
    page.get_by_test_id("statement-indeterminate").check(force=True)
    theirs = Statement(presence=Presence.PRESENT, certainty="low", region=Region.PELVIS)
    uid = finding_of(ledger, drafted, STOOL).id
    append(
        ledger,
        drafted.study_uid,
        lambda r: Stated(at=now(), revision=1, finding_id=uid, statement=theirs, reader="Lee^Jun"),
    )
    mine = page.get_by_test_id("statement-mine")
    expect(mine).to_be_visible(timeout=SLOW)
    expect(page.get_by_test_id("statement-save")).to_be_hidden()
    shot(page, "conflict")
    assert violations(page) == []
    mine.click()
    page.get_by_test_id("statement-save").click()
    expect(page.get_by_test_id("statement-editor")).to_have_count(0, timeout=SLOW)
    stool = finding_of(ledger, drafted, STOOL)
    assert (stool.presence, stool.region, stool.observer) == (
        "indeterminate",
        "left_lower_quadrant",
        "Kim Minji",
    )

    version = page.get_by_label("Report", exact=True)
    expect(version).not_to_have_attribute("data-version", "1", timeout=SLOW)
    page.get_by_test_id("signer-name").fill("Kim Minji")
    page.get_by_test_id("report-sign").click()
    expect(page.get_by_test_id(f"finding-edit-{STOOL}")).to_be_disabled(timeout=SLOW)
    expect(page.get_by_test_id("finding-add")).to_have_count(0)
    page.goto("about:blank")


def test_who_adds_another_finding_than_the_first_offered_sees_what_was_stated_of_it_meanwhile(
    page: Page, url: str, drafted: SegmentedStudy, ledger: Ledger
):
    remembering(page, language="en", reader="Kim Minji")
    open_study(page, url, drafted.study_uid)
    page.get_by_test_id("finding-add").click()
    page.get_by_test_id("statement-finding").select_option(LEVELS)
    theirs = Statement(presence=Presence.ABSENT, certainty="low", region=None)
    uid = finding_of(ledger, drafted, LEVELS).id
    append(
        ledger,
        drafted.study_uid,
        lambda r: Stated(at=now(), revision=1, finding_id=uid, statement=theirs, reader="Lee^Jun^Ho"),
    )
    expect(page.get_by_test_id("statement-mine")).to_be_visible(timeout=SLOW)
    expect(page.get_by_test_id("statement-editor")).to_contain_text("Lee, Jun Ho")
    expect(page.get_by_test_id("statement-save")).to_be_hidden()
    shot(page, "conflict-added")
    page.goto("about:blank")


def test_an_edited_draft_offers_the_sentences_that_follow_from_the_statement(
    page: Page, url: str, drafted: SegmentedStudy, ledger: Ledger
):
    remembering(page, language="en", reader="Kim Minji")
    draft = ledger.held(drafted.study_uid).draft
    assert draft is not None
    wording = draft.wording.model_copy(update={"source": DraftSource.RADIOLOGIST})
    edited = draft.model_copy(update={"version": 2, "follows": 1, "wording": wording})
    append(ledger, drafted.study_uid, lambda r: Drafted(at=later(r, 5), revision=1, report=edited))
    open_study(page, url, drafted.study_uid)
    impression = page.get_by_test_id("report-impression")
    expect(impression).not_to_have_value("", timeout=SLOW)
    impression.press("Control+End")
    impression.type("\nGastric tube in the stomach.")
    page.get_by_test_id("finding-add").click()
    page.get_by_test_id("statement-finding").select_option(LEVELS)
    expect(page.get_by_test_id("statement-save")).to_be_disabled()  # nothing has been said of it
    page.get_by_test_id("statement-present").check()
    page.get_by_test_id("statement-region").select_option("central_abdomen")
    page.get_by_test_id("statement-save").click()
    take = page.get_by_test_id("take-proposal")
    expect(take).to_be_visible(timeout=SLOW)
    shot(page, "proposal")
    assert violations(page) == []
    take.click()
    said = impression.input_value()
    assert "ir-fluid level" in said
    assert "Gastric tube in the stomach." in said
    expect(page.get_by_test_id("objections")).to_have_count(0, timeout=SLOW)
    page.goto("about:blank")
