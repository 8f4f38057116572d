"""How a reader looks at a radiograph: window by region, magnifier, flip, a sharp screen, two fingers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.web_viewer.browser import SLOW, a_page, open_study
from tests.web_viewer.server import serving
from tests.web_viewer.studies import SegmentedStudy, pixels
from tests.web_viewer.test_correction_in_browser import drag, on_image
from web_viewer.deps import STATIC, Services

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with a_page(device_scale_factor=2, has_touch=True) as page:
        yield page


@pytest.fixture
def url(build_services: Callable[..., Services]) -> Iterator[str]:
    with serving(build_services(static=STATIC)) as (url, _, _):
        yield url


def scale_of(page: Page) -> int:
    """Return the magnification that is shown, in percent."""
    said = page.get_by_text(re.compile(r"^\d+ %$")).first.inner_text()
    return int(said.removesuffix(" %"))


def test_a_region_sets_the_window_to_its_own_values(page: Page, url: str, drafted: SegmentedStudy):
    canvas = open_study(page, url, drafted.study_uid)
    page.keyboard.press("g")
    drag(page, canvas, (10, 10), (50, 30))
    inside = pixels()[10:30, 10:50].astype(float)
    note = page.get_by_test_id("window-note")
    expect(note).not_to_contain_text("W 3072", timeout=SLOW)
    center, width = (float(n) for n in re.findall(r"-?\d+", note.inner_text()))
    assert abs(center - (inside.min() + inside.max()) / 2) < 40
    assert 0.9 < width / (inside.max() - inside.min()) < 1.05
    expect(canvas).to_have_attribute("data-tool", "window")  # the next drag fine-tunes it
    page.goto("about:blank")


def test_the_magnifier_is_there_while_its_key_is_held(page: Page, url: str, drafted: SegmentedStudy):
    canvas = open_study(page, url, drafted.study_uid)
    page.mouse.move(*on_image(canvas, 30, 20))
    page.keyboard.down("m")
    page.mouse.move(*on_image(canvas, 31, 20))
    expect(page.get_by_test_id("magnifier")).to_be_visible(timeout=SLOW)
    page.keyboard.up("m")
    expect(page.get_by_test_id("magnifier")).to_have_count(0)
    page.goto("about:blank")


def test_a_flip_is_warned_of_beside_the_side_letters(page: Page, url: str, drafted: SegmentedStudy):
    open_study(page, url, drafted.study_uid)
    expect(page.get_by_text("flipped", exact=True)).to_have_count(0)
    page.keyboard.press("x")
    expect(page.get_by_text("flipped", exact=True)).to_have_count(2)
    page.goto("about:blank")


def test_on_a_dense_screen_each_of_its_pixels_is_drawn(page: Page, url: str, drafted: SegmentedStudy):
    canvas = open_study(page, url, drafted.study_uid)
    box = canvas.bounding_box()
    drawn: Any = canvas.evaluate("(canvas) => [canvas.width, canvas.height]")
    assert box is not None
    assert drawn == [pytest.approx(2 * box["width"], abs=1), pytest.approx(2 * box["height"], abs=1)]
    page.goto("about:blank")


def test_two_fingers_zoom(page: Page, url: str, drafted: SegmentedStudy):
    canvas = open_study(page, url, drafted.study_uid)
    before = scale_of(page)
    x, y = on_image(canvas, 32, 24)
    touch = page.context.new_cdp_session(page)

    def fingers(kind: str, apart: float) -> None:
        points = [{"x": x - apart, "y": y, "id": 1}, {"x": x + apart, "y": y, "id": 2}]
        wanted = [] if kind == "touchEnd" else points
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": wanted})

    fingers("touchStart", 100)
    for apart in (80, 65, 50):
        fingers("touchMove", apart)
    fingers("touchEnd", 50)
    page.wait_for_timeout(500)
    assert scale_of(page) == pytest.approx(before / 2, rel=0.05)
    page.goto("about:blank")
