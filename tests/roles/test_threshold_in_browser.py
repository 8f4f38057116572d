"""A reader moves a finding's threshold: in a real browser, on a map that a real worker makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from inference.marks import Reading, keep_marks
from study.findings import FINDINGS, FindingLabel
from study.history import Queued, Segmented
from study.ledger import Ledger
from study.model import StudyRecord
from study.pixels import file_attenuation, file_modality
from study.short_header import file_header
from tests.roles.conftest import NOW
from tests.web_viewer.browser import SLOW, a_page, open_study
from tests.web_viewer.server import serving
from tests.web_viewer.test_pages_in_browser import AXE, violations
from training.phantom import PhantomKind
from web_viewer.deps import Services

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
LABEL = FindingLabel.PNEUMOPERITONEUM

# What the layer draws, on the radiograph's own pixels: 1 inside.
RASTER = """([rows, columns]) => {
  const path = document.querySelector('[data-testid="threshold-cut"]');
  const canvas = new OffscreenCanvas(columns, rows);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const shown = document.querySelector('[data-testid="viewer-canvas"]');
  const scale = Math.min(shown.width / columns, shown.height / rows) * 0.985;  // as the radiograph is fitted
  const fitted = new DOMMatrix()
    .translate(shown.width / 2, shown.height / 2).scale(scale).translate(-columns / 2, -rows / 2);
  const own = DOMMatrix.fromMatrix(path.transform.baseVal[0].matrix);
  context.setTransform(fitted.inverse().multiply(own));
  context.fill(new Path2D(path.getAttribute("d")), "evenodd");
  const pixels = context.getImageData(0, 0, columns, rows).data;
  const bits = [];
  for (let i = 3; i < pixels.length; i += 4) bits.push(pixels[i] > 127 ? 1 : 0);
  return bits.join("");
}"""

# Move the slider once a frame; what each step costs, from the input to the drawn page.
DRAG = """async (slider) => {
  const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
  const frame = () => new Promise(requestAnimationFrame);
  const frames = [];
  for (let step = 0; step < 60; step++) {
    await frame();
    const began = performance.now();
    set.call(slider, String(0.2 + 0.01 * step));
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    await frame();
    await new Promise((resolve) => setTimeout(resolve));
    frames.push(performance.now() - began);
  }
  return frames.sort((one, other) => one - other);
}"""


@pytest.fixture
def url(services: Services) -> Iterator[str]:
    with serving(services) as (url, _, _):
        yield url


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with a_page() as page:
        yield page


@pytest.fixture
def read_study(read: Callable[..., StudyRecord]) -> StudyRecord:
    return read(PhantomKind.PNEUMOPERITONEUM, (1536, 1280))


@pytest.fixture
def shot(page: Page, tmp_path: Path) -> Callable[[str], None]:
    """Keeps a picture beside the test's other files, for whoever wants to look."""
    return lambda name: page.screenshot(path=tmp_path / f"{name}.png")  # type: ignore[func-returns-value]


def begin(page: Page, label: str = LABEL) -> Locator:
    """Open a finding's threshold, and return its slider once the map is there."""
    page.get_by_test_id(f"finding-cut-{label}").click()
    slider = page.get_by_test_id(f"threshold-slider-{label}")
    expect(slider).to_be_visible(timeout=SLOW)
    return slider


def press(page: Page, slider: Locator, key: str, times: int) -> None:
    slider.focus()
    for _ in range(times):
        page.keyboard.press(key)


def drawn(page: Page, record: StudyRecord) -> np.ndarray:
    """The cut as it is drawn, bool (rows, columns)."""
    rows, columns = record.radiographs[0].rows, record.radiographs[0].columns
    expect(page.get_by_test_id("threshold-cut")).to_have_count(1)
    bits = page.evaluate(RASTER, [rows, columns])
    return np.frombuffer(bits.encode(), np.uint8).reshape(rows, columns) == ord("1")


def own(page: Page, url: str, record: StudyRecord) -> np.ndarray:
    radiograph = record.radiographs[0]
    path = f"/api/studies/{record.study_uid}/radiographs/{radiograph.instance_uid}/overlay"
    body = page.request.get(url + path).body()
    bits = np.frombuffer(body, np.uint8).reshape(radiograph.rows, radiograph.columns)
    return (bits >> (FINDINGS[LABEL].segment_number - 1)) & 1 == 1


def test_a_threshold_is_moved_by_keyboard_is_marked_and_goes_back(
    page: Page, url: str, read_study: StudyRecord, work: Any, shot: Any
):
    open_study(page, url, read_study.study_uid)
    facts = page.get_by_test_id(f"finding-row-{LABEL}").locator("button").first.inner_text()
    work()
    slider = begin(page)
    value, notes = page.get_by_test_id(f"threshold-value-{LABEL}"), page.get_by_test_id("threshold-notes")
    expect(value).to_have_text("0.50")
    expect(notes).to_have_count(0)  # the model's own outline, as it is kept
    expect(page.get_by_text("Display only: measurements, segmentation and report stay")).to_be_visible()
    if AXE.is_file():
        assert violations(page) == []
    shot("1-open")

    press(page, slider, "ArrowRight", 1)
    expect(notes).to_contain_text("display threshold 0.51, not the model's outline")
    mask, cut = own(page, url, read_study), drawn(page, read_study)
    assert 2 * (mask & cut).sum() / (mask.sum() + cut.sum()) > 0.99
    reach = 2 * max(mask.shape) // 512 + 1  # two pixels of the network's
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    sure, possible = (f(mask.view(np.uint8), disc) > 0 for f in (cv2.erode, cv2.dilate))
    off = (sure & ~cut) | (cut & ~possible)
    assert off.sum() < 0.002 * mask.sum()  # parts too small to be kept

    press(page, slider, "PageUp", 2)
    press(page, slider, "ArrowLeft", 1)
    expect(value).not_to_have_text("0.51")
    press(page, slider, "End", 1)
    expect(value).to_have_text("0.99")
    assert (drawn(page, read_study) & ~possible).sum() == 0
    shot("2-high")
    high = drawn(page, read_study).sum()
    press(page, slider, "Home", 1)
    expect(value).to_have_text("0.01")
    assert drawn(page, read_study).sum() > mask.sum() > high
    shot("3-low")

    page.get_by_test_id(f"threshold-reset-{LABEL}").click()
    expect(value).to_have_text("0.50")
    expect(notes).to_have_count(0)
    assert page.get_by_test_id(f"finding-row-{LABEL}").locator("button").first.inner_text() == facts
    press(page, slider, "ArrowRight", 20)
    expect(notes).to_contain_text("0.70")
    said = page.get_by_test_id("threshold-announcement")  # once it is at rest
    expect(said).to_have_text(
        "Pneumoperitoneum: display threshold 0.70, not the model's outline", timeout=SLOW
    )
    assert notes.get_attribute("role") is None
    expect(value).to_have_attribute("aria-live", "off")
    if AXE.is_file():
        assert violations(page) == []
    shot("4-moved")
    page.keyboard.down("h")  # all of the overlay is hidden, this too
    expect(notes).to_have_count(0)
    page.keyboard.up("h")
    expect(notes).to_have_count(1)
    page.get_by_test_id(f"finding-cut-{LABEL}").click()  # closed: as the model drew it
    expect(notes).to_have_count(0)
    page.goto("about:blank")


SAID = """async ([slider, region]) => {
  const said = [];
  const watch = new MutationObserver(() => said.push(region.textContent));
  watch.observe(region, { childList: true, characterData: true, subtree: true });
  const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
  for (let step = 0; step < 25; step++) {
    set.call(slider, String(0.55 + 0.01 * step));
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const until = performance.now() + 30_000;
  while (said.length === 0 && performance.now() < until) await new Promise((r) => setTimeout(r, 100));
  watch.disconnect();
  return said;
}"""


def test_a_screen_reader_is_told_once_a_threshold_is_at_rest_and_a_click_picks_what_is_drawn(
    page: Page, url: str, read_study: StudyRecord, work: Any
):
    work()
    canvas = open_study(page, url, read_study.study_uid)
    slider = begin(page)
    press(page, slider, "ArrowRight", 1)
    region = page.get_by_test_id("threshold-announcement")
    expect(region).to_contain_text("0.51", timeout=SLOW)
    said = page.evaluate(SAID, [slider.element_handle(), region.element_handle()])
    assert said[-1].startswith("Pneumoperitoneum: display threshold 0.79")
    assert len(said) <= 3  # of 25 steps; more than one where the machine stood still between two

    row = page.get_by_test_id(f"finding-row-{LABEL}")

    def click(where: np.ndarray) -> None:
        rows, columns = where.shape
        assert where.any()
        y, x = np.argwhere(where)[int(where.sum()) // 2]
        box = canvas.bounding_box()
        assert box is not None
        scale = min(box["width"] / columns, box["height"] / rows) * 0.985
        page.mouse.click(
            box["x"] + box["width"] / 2 + (x + 0.5 - columns / 2) * scale,
            box["y"] + box["height"] / 2 + (y + 0.5 - rows / 2) * scale,
        )

    def apart(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Where only the first is, a pixel or more from the second and from its own edge."""
        square = np.ones((3, 3), np.uint8)
        return cv2.erode(one.view(np.uint8), square) & ~cv2.dilate(other.view(np.uint8), square)

    mask, nothing = own(page, url, read_study), np.zeros_like(own(page, url, read_study))
    press(page, slider, "End", 1)
    expect(page.get_by_test_id(f"threshold-value-{LABEL}")).to_have_text("0.99")
    narrow = drawn(page, read_study)
    click(apart(mask, narrow))
    expect(row).to_have_attribute("data-selected", "false")
    click(apart(narrow, nothing))
    expect(row).to_have_attribute("data-selected", "true")
    click(apart(~mask, narrow))
    expect(row).to_have_attribute("data-selected", "false")
    press(page, slider, "Home", 1)
    expect(page.get_by_test_id(f"threshold-value-{LABEL}")).to_have_text("0.01")
    click(apart(drawn(page, read_study), mask))
    expect(row).to_have_attribute("data-selected", "true")
    page.goto("about:blank")


def test_a_moving_threshold_is_drawn_at_least_thirty_times_a_second(
    page: Page, url: str, read_study: StudyRecord, work: Any
):
    work()
    open_study(page, url, read_study.study_uid)
    slider = begin(page)
    press(page, slider, "ArrowRight", 1)
    expect(page.get_by_test_id("threshold-notes")).to_have_count(1)
    frames = slider.evaluate(DRAG)
    median, slow = frames[len(frames) // 2], frames[int(len(frames) * 0.9)]
    print(f"a step takes {median:.1f} ms, one in ten more than {slow:.1f} ms")
    assert median < 1000 / 30
    page.goto("about:blank")


def test_a_readers_outline_stays_and_the_models_map_is_named_as_the_models(
    page: Page, url: str, read_study: StudyRecord, ledger: Ledger, work: Any, shot: Any
):
    finding_id = f"{LABEL}@{read_study.radiographs[0].instance_uid}"
    mask = {"left": 300, "top": 300, "width": 200, "height": 100, "runs": [0, 20_000]}
    answer = page.request.post(
        f"{url}/api/studies/{read_study.study_uid}/findings/{finding_id}/mask",
        data={"mask": mask, "reader": "Kim^Minji"},
    )
    assert answer.ok, answer.text()
    reading = Reading(file_header, file_attenuation, file_modality)
    keep_marks(read_study.study_uid, ledger=ledger, reading=reading)
    work()
    open_study(page, url, read_study.study_uid)
    begin(page)
    notes = page.get_by_test_id("threshold-notes")
    expect(notes).to_contain_text("the model's map at 0.50, not the outline by Kim^Minji")
    expect(page.get_by_text("The outline by Kim^Minji stays")).to_be_visible()
    cut = drawn(page, read_study)
    assert cut.sum() > 0
    assert not cut[300:400, 300:500].all()  # not what the reader drew
    shot("5-beside")
    page.get_by_test_id(f"finding-cut-{LABEL}").click()
    expect(notes).to_have_count(0)
    page.goto("about:blank")


def test_in_korean_too(page: Page, url: str, read_study: StudyRecord, work: Any, shot: Any):
    work()
    page.goto(url)
    page.evaluate("localStorage.setItem('kidray.language', 'ko')")
    try:
        open_study(page, url, read_study.study_uid)
        slider = begin(page)
        press(page, slider, "ArrowLeft", 30)
        expect(page.get_by_test_id("threshold-notes")).to_contain_text("표시 임계값 0.20, 모델의 윤곽이 아님")
        expect(page.get_by_text("화면 표시만 바뀝니다")).to_be_visible()
        shot("6-korean")
    finally:
        page.evaluate("localStorage.removeItem('kidray.language')")
        page.goto("about:blank")


def test_where_there_is_no_map_a_sentence_says_why(
    page: Page, url: str, read_study: StudyRecord, ledger: Ledger, work: Any, tmp_path: Path
):
    assert page.context.browser is not None
    with page.context.browser.new_page() as page:  # whose console may complain of a service that is away
        open_study(page, url, read_study.study_uid)
        page.get_by_test_id(f"finding-cut-{LABEL}").click()
        control = page.get_by_test_id(f"threshold-{LABEL}")
        expect(control).to_contain_text("The model's map is being made")
        page.screenshot(path=tmp_path / "7-making.png")

        page.context.set_offline(True)
        expect(control).to_contain_text("the service does not answer", timeout=SLOW)
        page.screenshot(path=tmp_path / "8-offline.png")
        page.context.set_offline(False)

        other = read_study.model.model_copy(update={"version": "0.0.1", "sha256": "0" * 64})
        said = {"model": other, "radiographs": read_study.radiographs, "findings": read_study.findings}
        ledger.append(read_study.study_uid, lambda _: Queued(at=NOW, revision=1, instances=1))
        ledger.append(read_study.study_uid, lambda _: Segmented(at=NOW, revision=1, segmentation=said))
        work()
        control.get_by_role("button", name="Try again").click()
        expect(control).to_contain_text("the model that made this finding is not the one", timeout=SLOW)
        page.screenshot(path=tmp_path / "9-other-model.png")
