"""A reader measures, marks a key image and compares with a prior, in a real browser on a real server."""

from __future__ import annotations

import math

import numpy as np
import pydicom
import pytest
from playwright.sync_api import Page, expect

from study.archive import InstanceReference
from study.intake import Intake
from study.ledger import Ledger
from tests.peers import wait_for
from tests.web_viewer.browser import SLOW, open_study
from tests.web_viewer.studies import SegmentedStudy, a_dx, pixels, take
from tests.web_viewer.test_correction_in_browser import drag, on_image, page, record, url

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
__all__ = ["page", "url"]


def test_measurements_are_drawn_moved_named_and_kept_as_a_report_and_a_presentation_state(
    page: Page, url: str, drafted: SegmentedStudy, ledger: Ledger
):
    canvas = open_study(page, url, drafted.study_uid)
    page.keyboard.press("d")
    drag(page, canvas, (10, 10), (40, 10))
    expect(page.get_by_test_id("measurement-length")).to_contain_text("6.0 mm at detector", timeout=SLOW)
    page.keyboard.press("q")
    drag(page, canvas, (20, 20), (30, 24))
    inside = pixels()[20:24, 20:30].astype(float)
    region = page.get_by_test_id("measurement-rectangle")
    expect(region).to_contain_text(f"mean {inside.mean():.1f}", timeout=SLOW)
    page.keyboard.press("v")
    drag(page, canvas, (10, 40), (30, 40))
    page.mouse.click(*on_image(canvas, 30, 28))
    expect(page.get_by_test_id("measurement-angle")).to_contain_text("90.0°", timeout=SLOW)
    page.get_by_role("textbox", name="Name of the measurement").first.fill("free gas")
    page.get_by_test_id("measurements-save").click()
    expect(page.get_by_test_id("measurements-save")).to_have_count(0, timeout=SLOW)

    def made() -> dict[str, object] | None:
        (kept,) = record(page, url, drafted)["marks"]["annotations"]
        return kept if kept["made"] else None

    kept = wait_for(made, seconds=120, what="the objects")
    report, state = (
        pydicom.dcmread(
            ledger.archive.path(
                InstanceReference(drafted.study_uid, kept[k]["series_uid"], kept[k]["instance_uid"])
            )
        )
        for k in ("sr", "presentation")
    )
    assert (report.Modality, state.Modality) == ("SR", "PR")
    length, box, angle = kept["annotations"]
    assert length["text"] == "free gas"
    assert np.allclose(length["points"], [[10, 10], [40, 10]], atol=0.3)
    assert math.isclose(box["points"][1][1], 24, abs_tol=0.3)
    assert angle["kind"] == "angle"

    open_study(page, url, drafted.study_uid)  # again: they are there
    expect(page.get_by_test_id("measurement-length")).to_contain_text("free gas", timeout=SLOW)
    page.get_by_role("button", name="Remove the measurement").first.click()
    expect(page.get_by_test_id("measurement-length")).to_have_count(0)
    page.goto("about:blank")


def test_a_radiograph_becomes_a_key_image_and_is_none_again(page: Page, url: str, drafted: SegmentedStudy):
    open_study(page, url, drafted.study_uid)
    button = page.get_by_test_id("key-image")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true", timeout=SLOW)
    wait_for(
        lambda: record(page, url, drafted)["marks"]["key_images"]["document"],
        seconds=120,
        what="the document",
    )
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false", timeout=SLOW)
    assert record(page, url, drafted)["marks"]["key_images"]["radiograph_uids"] == []
    page.goto("about:blank")


def test_a_prior_beside_the_radiograph_is_zoomed_with_it(
    page: Page, url: str, drafted: SegmentedStudy, intake: Intake
):
    take(intake, a_dx(StudyDate="20250501"))
    canvas = open_study(page, url, drafted.study_uid)
    page.get_by_test_id("compare").click()
    prior = page.get_by_test_id("prior-canvas")
    expect(prior).to_have_attribute("data-state", "ready", timeout=SLOW)
    expect(page.get_by_test_id("prior-note")).to_have_text("Prior, 2025-05-01")
    box = prior.bounding_box()
    assert box is not None
    before = canvas.screenshot()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.wheel(0, -500)  # over the prior: both follow
    page.wait_for_timeout(1000)
    assert canvas.screenshot() != before
    page.keyboard.press("s")
    expect(prior).to_have_count(0)
    page.keyboard.press("s")
    page.keyboard.press("s")
    page.goto("about:blank")
