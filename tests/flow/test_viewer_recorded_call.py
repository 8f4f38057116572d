"""A radiologist records in a real browser, by keyboard alone, that the surgeon was told."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.flow.conftest import SentPhantom
from tests.flow.service import RunningService
from tests.flow.test_viewer_in_browser import page
from tests.peers import storescu

__all__ = ["page"]  # a fixture
pytestmark = [pytest.mark.browser, pytest.mark.peer, pytest.mark.timeout(300)]
LONG = 60_000  # ms; the machine may be busy


@pytest.fixture(scope="module")
def alerted(service: RunningService, phantoms: dict[str, SentPhantom]) -> str:
    phantom = phantoms["pneumoperitoneum"]
    storescu(service.dicom_port, [phantom.image])
    service.wait_until(phantom.study_uid, "drafted", "signed", seconds=200)
    return phantom.study_uid


def test_the_worklist_asks_once_whether_it_may_sound(page: Page, service: RunningService, alerted: str):
    page.goto(service.url + "/")
    expect(page.get_by_test_id("critical-banner")).to_be_visible(timeout=LONG)
    expect(page.get_by_test_id("waiting-time").first).to_contain_text("waiting")
    page.get_by_test_id("alarm-no").click()
    expect(page.get_by_test_id("alarm-switch")).to_have_attribute("aria-pressed", "false")
    page.reload()
    expect(page.get_by_test_id("alarm-switch")).to_be_visible(timeout=LONG)
    expect(page.get_by_test_id("alarm-question")).to_have_count(0)


def test_the_six_fields_are_recorded_by_keyboard(page: Page, service: RunningService, alerted: str):
    page.goto(f"{service.url}/viewer?StudyInstanceUID={alerted}")
    record = page.get_by_test_id("alert-acknowledge")
    expect(record).to_be_visible(timeout=LONG)
    record.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_test_id("acknowledge-dialog")
    expect(dialog).to_contain_text("Pneumoperitoneum")  # the finding, and when it was identified
    expect(page.get_by_test_id("told-to")).to_be_focused()
    expect(page.get_by_test_id("acknowledge-save")).to_be_disabled()
    page.keyboard.type("Dr Park, surgery")
    page.keyboard.press("Tab")
    page.keyboard.press("Control+A")
    page.keyboard.type("Kim^Minji")
    page.get_by_test_id("told-phone").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")

    banner = page.get_by_test_id("alert-banner")
    expect(banner).to_have_attribute("data-state", "acknowledged", timeout=LONG)
    expect(banner).to_contain_text("Kim Minji told Dr Park, surgery, by phone")
    expect(dialog).to_have_count(0)
    study = service.study(alerted)
    assert study is not None
    said = study["alert"]["acknowledgement"]
    assert (said["told_by"], said["told_to"], said["how"]) == ("Kim^Minji", "Dr Park, surgery", "phone")
    assert said["identified_at"] == study["alert"]["identified_at"]


def test_the_worklist_says_who_was_told_and_the_banner_is_gone(
    page: Page, service: RunningService, alerted: str
):
    page.goto(service.url + "/")
    row = page.locator(f'[data-study-uid="{alerted}"]')
    expect(row.get_by_test_id("alert-mark")).to_contain_text("Dr Park, surgery told by phone", timeout=LONG)
    expect(page.get_by_test_id("critical-banner")).to_have_count(0)
