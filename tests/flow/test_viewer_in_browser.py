"""A radiologist at the viewer, in a real browser: see the overlay, edit the draft, sign."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect, sync_playwright

from benchmarks.chromium import FLAGS
from study.findings import FINDINGS, FindingLabel
from tests.flow.conftest import SentPhantom
from tests.flow.service import RunningService
from tests.peers import storescu

CHROMIUM = shutil.which("chromium")
pytestmark = [pytest.mark.browser, pytest.mark.peer, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1600, "height": 900})
        trouble: list[str] = []
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("console", lambda message: trouble.append(message.text) if message.type == "error" else None)
        yield page
        browser.close()
        assert trouble == []


def picture(locator: Locator) -> np.ndarray:
    """Return what is seen of an element: uint8 (H, W, 3), RGB."""
    decoded = cv2.imdecode(np.frombuffer(locator.screenshot(), np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    return decoded[:, :, ::-1].astype(int)


def test_the_worklist_updates_by_itself_with_the_possible_pneumoperitoneum_on_top(
    page: Page, service: RunningService, phantoms: dict[str, SentPhantom]
):
    page.goto(service.url + "/")
    expect(page.get_by_text("not for clinical use").first).to_be_visible()
    for kind in ("pneumoperitoneum", "normal"):
        storescu(service.dicom_port, [phantoms[kind].image])
    service.wait_until(phantoms["normal"].study_uid, "drafted", "signed")
    service.wait_until(phantoms["pneumoperitoneum"].study_uid, "drafted", "signed")
    first = page.get_by_test_id("worklist-row").first
    expect(first).to_contain_text("Pneumoperitoneum", timeout=15_000)
    expect(page.get_by_test_id("critical-banner").first).to_be_visible()


def test_the_overlay_is_shown_at_once_and_can_be_taken_away(
    page: Page, service: RunningService, phantoms: dict[str, SentPhantom]
):
    phantom = phantoms["pneumoperitoneum"]
    storescu(service.dicom_port, [phantom.image])
    service.wait_until(phantom.study_uid, "drafted", "signed")
    page.goto(f"{service.url}/viewer?StudyInstanceUID={phantom.study_uid}")
    canvas = page.get_by_test_id("viewer-canvas")
    expect(canvas).to_have_attribute("data-state", "ready", timeout=20_000)
    with_overlay = picture(canvas)
    assert with_overlay.std() > 20  # a radiograph, not an empty frame

    page.get_by_test_id("finding-toggle-pneumoperitoneum").click()
    page.wait_for_timeout(500)
    without = picture(canvas)
    drawn = np.abs(with_overlay - without).max(axis=2) > 20
    assert np.count_nonzero(drawn) > 500
    red, green, blue = FINDINGS[FindingLabel.PNEUMOPERITONEUM].color
    assert red > green > blue  # vermilion: so is what was drawn, and what is below it is grey
    assert np.median(with_overlay[drawn][:, 0] - with_overlay[drawn][:, 2]) > 25
    assert np.median(np.ptp(without[drawn], axis=1)) == 0

    page.get_by_test_id("finding-toggle-pneumoperitoneum").click()
    page.wait_for_timeout(500)
    assert np.array_equal(picture(canvas)[drawn], with_overlay[drawn])


def test_the_draft_is_edited_signed_and_then_closed_to_edits(
    page: Page, service: RunningService, phantoms: dict[str, SentPhantom]
):
    phantom = phantoms["pneumoperitoneum"]
    storescu(service.dicom_port, [phantom.image])
    service.wait_until(phantom.study_uid, "drafted")
    page.goto(f"{service.url}/viewer?StudyInstanceUID={phantom.study_uid}")
    expect(page.get_by_test_id("report-status")).to_contain_text("unverified")
    impression = page.get_by_test_id("report-impression")
    expect(impression).to_have_value(re.compile(r"\w+"))
    impression.fill("Free gas under the diaphragm. Surgeon informed.")
    page.get_by_test_id("report-save").click()
    expect(page.get_by_test_id("wording-source")).to_contain_text("adiologist")
    page.get_by_test_id("signer-name").fill("Reader^Two")
    page.get_by_test_id("report-sign").click()
    expect(page.get_by_test_id("report-status")).to_contain_text("igned by")

    study = service.study(phantom.study_uid)
    assert study is not None
    assert study["state"] == "signed"
    assert [s["text"] for s in study["draft"]["impression"]] == [
        "Free gas under the diaphragm. Surgeon informed."
    ]
    assert study["draft"]["signature"]["signer"] == "Reader^Two"
    expect(page.get_by_test_id("report-save")).to_have_count(0)
