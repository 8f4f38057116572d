"""An outline that a reader draws reaches the draft; an edited draft says where its numbers are older."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from reporting.review import Reviewer
from reporting.step import draft_study
from study.history import Drafted
from study.intake import Intake
from study.jobs import Job, JobQueue
from study.ledger import Ledger
from study.model import DraftSource, Language
from study.telemetry import now
from tests.web_viewer.browser import SLOW, a_page, open_study
from tests.web_viewer.marks_worker import a_marks_worker
from tests.web_viewer.server import serving
from tests.web_viewer.studies import SegmentedStudy, append, later
from tests.web_viewer.test_correction_in_browser import drag
from tests.web_viewer.test_review import a_study_of_two_findings, draw_anew
from web_viewer.deps import STATIC, Services

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture
def drafted(intake: Intake, ledger: Ledger) -> SegmentedStudy:
    return a_study_of_two_findings(intake, ledger)


@pytest.fixture
def url(
    build_services: Callable[..., Services], redis_url: str, ledger: Ledger, queue: JobQueue
) -> Iterator[str]:
    """A server, and a worker that measures outlines and draws drafts anew."""
    draft = partial(draft_study, ledger=ledger, worded=False, language=Language.ENGLISH, clock=now)
    services = replace(build_services(static=STATIC), review=Reviewer())
    with a_marks_worker(redis_url, ledger, queue, {Job.DRAFT: draft}), serving(services) as (url, _, _):
        yield url


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with a_page() as page:
        yield page


def shot(page: Page, name: str) -> None:
    folder = os.environ.get("KIDRAY_SHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"outdated-{name}.png")


def test_a_finding_that_the_model_called_absent_is_drawn_and_the_draft_states_it(
    page: Page, url: str, drafted: SegmentedStudy
):
    canvas = open_study(page, url, drafted.study_uid)
    for width in (1280, 1600):
        page.set_viewport_size({"width": width, "height": 900})
        facts = page.get_by_test_id("finding-row-constipation").locator("[class*=facts]").bounding_box()
        actions = page.get_by_test_id("finding-toggle-constipation").bounding_box()
        assert facts is not None
        assert actions is not None
        assert facts["height"] < 30  # one line, with the buttons below it
        assert facts["y"] + facts["height"] <= actions["y"]
        shot(page, f"rows-{width}")
    name = page.get_by_test_id("finding-draw-air_fluid_levels")
    expect(name).to_have_text("air-fluid levels")
    name.focus()
    shot(page, "name")
    name.press("Enter")
    expect(page.get_by_test_id("correction-bar")).to_be_visible(timeout=SLOW)
    drag(page, canvas, (40, 30), (55, 30))
    page.get_by_test_id("correction-save").click()
    expect(page.get_by_test_id("finding-drawn-air_fluid_levels")).to_be_visible(timeout=SLOW)
    stated = re.compile("Single air-fluid level")
    expect(page.get_by_test_id("report-impression")).to_have_value(stated, timeout=SLOW)
    expect(page.locator("[data-version='2']")).to_be_visible()
    shot(page, "drawn")
    page.goto("about:blank")


@pytest.mark.parametrize("language", ["en", "ko"])
def test_an_edited_draft_warns_of_an_older_number_and_asks_before_it_is_signed(
    page: Page, url: str, drafted: SegmentedStudy, ledger: Ledger, language: str
):
    draft = ledger.held(drafted.study_uid).draft
    assert draft is not None
    wording = draft.wording.model_copy(update={"source": DraftSource.RADIOLOGIST})
    edited = draft.model_copy(update={"version": 2, "follows": 1, "wording": wording})
    append(ledger, drafted.study_uid, lambda r: Drafted(at=later(r, 5), revision=1, report=edited))
    draw_anew(ledger, drafted, 60.0)
    remembered = f"localStorage.setItem('kidray.language', '{language}')"
    page.add_init_script(f"if (location.protocol === 'http:') {remembered}")
    open_study(page, url, drafted.study_uid)
    findings = page.get_by_test_id("report-findings")
    expect(page.get_by_test_id("objections")).to_be_visible(timeout=SLOW)
    assert "0.6 cm" not in findings.input_value()
    page.get_by_test_id("signer-name").fill("Kim Minji")
    page.get_by_test_id("report-sign").click()
    expect(page.get_by_test_id("sign-anyway")).to_be_visible()
    shot(page, f"edited-{language}")
    page.get_by_test_id("sign-not-yet").click()
    page.get_by_test_id("take-proposal").click()
    assert "0.6 cm" in findings.input_value()
    expect(page.get_by_test_id("objections")).to_have_count(0, timeout=SLOW)
    page.get_by_test_id("report-sign").click()
    expect(page.get_by_test_id("report-sign")).to_have_count(0, timeout=SLOW)
    assert ledger.held(drafted.study_uid).state == "signed"
    page.goto("about:blank")
