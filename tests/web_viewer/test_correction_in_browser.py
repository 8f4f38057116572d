"""A reader draws an outline anew: in a real browser, on a real server, made into a SEG by a real job."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pydicom
import pytest
from playwright.sync_api import Locator, Page, expect

from study.archive import InstanceReference
from study.findings import FINDINGS
from study.jobs import JobQueue
from study.ledger import Ledger
from study.segmentation import read_masks
from tests.web_viewer.browser import SLOW, a_page, open_study
from tests.web_viewer.marks_worker import a_marks_worker
from tests.web_viewer.server import serving
from tests.web_viewer.studies import COLUMNS, LABEL, ROWS, SegmentedStudy
from web_viewer.deps import STATIC, Services

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
NUMBER = FINDINGS[LABEL].segment_number


@pytest.fixture
def url(
    build_services: Callable[..., Services], redis_url: str, ledger: Ledger, queue: JobQueue
) -> Iterator[str]:
    """A server, and a worker that makes objects of marks."""
    services = build_services(static=STATIC)
    with a_marks_worker(redis_url, ledger, queue), serving(services) as (url, _, _):
        yield url


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with a_page() as page:
        yield page


def on_image(canvas: Locator, x: float, y: float) -> tuple[float, float]:
    """Return where an image point lies on the page, the image being fitted."""
    box = canvas.bounding_box()
    assert box is not None
    scale = min(box["width"] / COLUMNS, box["height"] / ROWS) * 0.985
    return (
        box["x"] + box["width"] / 2 + (x - COLUMNS / 2) * scale,
        box["y"] + box["height"] / 2 + (y - ROWS / 2) * scale,
    )


def drag(page: Page, canvas: Locator, *points: tuple[float, float]) -> None:
    page.mouse.move(*on_image(canvas, *points[0]))
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*on_image(canvas, *point), steps=4)
    page.mouse.up()


def overlay(page: Page, url: str, study: SegmentedStudy) -> np.ndarray:
    answer = page.request.get(f"{url}/api/studies/{study.study_uid}/radiographs/{study.instance_uid}/overlay")
    return np.frombuffer(answer.body(), np.uint8).reshape(ROWS, COLUMNS)


def record(page: Page, url: str, study: SegmentedStudy) -> dict[str, Any]:
    found: dict[str, Any] = page.request.get(f"{url}/api/studies/{study.study_uid}").json()
    return found


def test_an_outline_is_drawn_undone_saved_and_shown_as_a_persons(
    page: Page, url: str, drafted: SegmentedStudy, ledger: Ledger
):
    canvas = open_study(page, url, drafted.study_uid)
    page.get_by_test_id(f"finding-correct-{LABEL}").click()
    bar = page.get_by_test_id("correction-bar")
    expect(bar).to_be_visible(timeout=SLOW)
    expect(page.get_by_test_id("correction-save")).to_be_disabled()

    drag(page, canvas, (40, 30), (55, 30))  # a stroke of the brush, off the model's mask
    page.keyboard.press("e")
    drag(page, canvas, (12, 8), (28, 8))  # erased out of it
    page.keyboard.press("Control+z")
    page.keyboard.press("l")
    for corner in ((35, 38), (60, 38), (60, 45), (35, 45), (35, 38)):
        page.mouse.click(*on_image(canvas, *corner))
    page.get_by_test_id("correction-save").click()
    expect(bar).to_have_count(0, timeout=SLOW)
    expect(page.get_by_test_id(f"finding-drawn-{LABEL}")).to_be_visible(timeout=SLOW)

    drawn = (overlay(page, url, drafted) >> (NUMBER - 1)) & 1
    assert drawn[30, 40:55].all()
    assert drawn[5:20, 10:30].all()  # what was erased was undone
    assert drawn[39:44, 36:59].all()
    assert drawn.sum() < drafted.mask.sum() + 17 * 4 + 25 * 7 + 40

    (finding,) = record(page, url, drafted)["findings"]
    assert finding["area_px"] == int(drawn.sum())
    assert finding["drawn_by"]
    segment = finding["segment"]
    ref = InstanceReference(drafted.study_uid, segment["series_uid"], segment["instance_uid"])
    seg = pydicom.dcmread(ledger.archive.path(ref))
    assert seg.SegmentSequence[0].SegmentAlgorithmType == "SEMIAUTOMATIC"
    np.testing.assert_array_equal(read_masks(seg)[NUMBER], drawn.astype(np.bool_))
    page.goto("about:blank")


def test_a_discarded_outline_leaves_nothing_and_escape_does_not_leave_the_study(
    page: Page, url: str, drafted: SegmentedStudy
):
    canvas = open_study(page, url, drafted.study_uid)
    page.get_by_test_id(f"finding-correct-{LABEL}").click()
    expect(page.get_by_test_id("correction-bar")).to_be_visible(timeout=SLOW)
    drag(page, canvas, (40, 30), (55, 30))
    page.keyboard.press("Escape")  # with something drawn: not lost by a key
    expect(page.get_by_test_id("correction-bar")).to_be_visible()
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_test_id("correction-bar")).to_have_count(0, timeout=SLOW)
    assert record(page, url, drafted)["marks"]["corrections"] == []
    assert "/viewer" in page.url
    page.goto("about:blank")


def test_a_signed_study_takes_no_mask(page: Page, url: str, drafted: SegmentedStudy):
    signed = page.request.post(
        f"{url}/api/studies/{drafted.study_uid}/sign", data={"signer": "Reader^One", "version": 1}
    )
    assert signed.ok, signed.text()
    mask = {"left": 0, "top": 0, "width": 2, "height": 1, "runs": [0, 2]}
    path = f"{url}/api/studies/{drafted.study_uid}/findings/{drafted.finding_id}/mask"
    answer = page.request.post(path, data={"mask": mask, "reader": "Reader^One"})
    assert (answer.status, "signed" in answer.json()["detail"]) == (409, True)


@pytest.mark.parametrize(
    ("mask", "status"),
    [
        ({"left": COLUMNS - 1, "top": 0, "width": 2, "height": 1, "runs": [0, 2]}, 422),
        ({"left": 0, "top": 0, "width": 2, "height": 1, "runs": [2, 0]}, 422),
        ({"left": 0, "top": 0, "width": 2, "height": 1, "runs": [0, 3]}, 422),
    ],
    ids=["beyond the image", "empty", "too long"],
)
def test_a_mask_that_cannot_be_one_is_refused(client: Any, drafted: SegmentedStudy, mask: Any, status: int):
    path = f"/api/studies/{drafted.study_uid}/findings/{drafted.finding_id}/mask"
    assert client.post(path, json={"mask": mask, "reader": "R^1"}).status_code == status
