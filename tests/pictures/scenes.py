"""What is photographed: the viewer's main states, each reached as a reader reaches it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal, NamedTuple

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from benchmarks.chromium import FLAGS
from tests.pictures.files import decoded
from tests.pictures.likeness import Box, Picture
from tests.pictures.stage import NOW, SIZE, Stage
from tests.web_viewer.browser import SLOW

SCREEN = {"width": 1440, "height": 900}
# On the admin page: when it was told, and how many times it was asked since the service began.
AS_OF = ("[data-testid=as-of]", "[data-testid=trend] svg")


class Scene(NamedTuple):
    """A state of the viewer.

    Attributes
    ----------
    act
        Brings a fresh page there.
    unlike
        Selectors of what is never the same twice.
    stage
        Whether the service holds the studies, or nothing yet.
    """

    says: str  # what is to be seen, for the page that shows the pictures
    act: Callable[[Page, Stage], None]
    language: Literal["en", "ko"] = "en"
    theme: Literal["dark", "light"] = "dark"
    unlike: tuple[str, ...] = ()
    stage: Literal["full", "empty"] = "full"


def _worklist(page: Page, stage: Stage) -> None:
    page.goto(stage.url + "/")
    page.get_by_test_id("worklist-row").first.wait_for(timeout=SLOW)


def _study(name: str) -> Callable[[Page, Stage], None]:
    def act(page: Page, stage: Stage) -> None:
        page.goto(stage.address(name))
        expect(page.get_by_test_id("viewer-canvas")).to_have_attribute("data-state", "ready", timeout=SLOW)

    return act


def _troubles(page: Page, stage: Stage) -> None:
    _worklist(page, stage)
    page.get_by_test_id("filter-problems").click()
    expect(page.get_by_test_id("worklist-row")).to_have_count(2, timeout=SLOW)


def _empty(page: Page, stage: Stage) -> None:
    page.goto(stage.url + "/")
    page.get_by_test_id("worklist-empty").wait_for(timeout=SLOW)


def _selected(page: Page, stage: Stage) -> None:
    _study("critical")(page, stage)
    page.get_by_test_id("finding-row-pneumoperitoneum").click()


def _called(page: Page, stage: Stage) -> None:
    _study("critical")(page, stage)
    page.get_by_test_id("alert-acknowledge").first.click()
    page.get_by_test_id("acknowledge-dialog").wait_for(timeout=SLOW)
    page.get_by_test_id("told-to").fill("Dr Han, surgeon on call")


def _corrected(page: Page, stage: Stage) -> None:
    _study("pyloric")(page, stage)
    page.get_by_test_id("finding-correct-pyloric_stenosis").click()
    page.get_by_test_id("correction-bar").wait_for(timeout=SLOW)
    canvas = page.get_by_test_id("viewer-canvas")
    _stroke(page, canvas, (520, 620), (700, 720))
    page.mouse.move(*_on_image(canvas, 760, 640))


def _compared(page: Page, stage: Stage) -> None:
    _study("compared")(page, stage)
    page.get_by_test_id("compare").click()
    expect(page.get_by_test_id("prior-canvas")).to_have_attribute("data-state", "ready", timeout=SLOW)


def _edited(page: Page, stage: Stage) -> None:
    _study("critical")(page, stage)
    impression = page.get_by_test_id("report-impression").first
    impression.fill("No free gas. Faecal loading of the left colon.")
    page.get_by_test_id("objections").first.wait_for(timeout=SLOW)


def _offline(page: Page, stage: Stage) -> None:
    _study("normal")(page, stage)
    page.get_by_test_id("report-impression").first.fill("Normal bowel gas pattern.")
    page.context.set_offline(True)
    page.get_by_test_id("report-save").click()
    page.get_by_text("does not answer").first.wait_for(timeout=SLOW)


def _cut(page: Page, stage: Stage) -> None:
    _study("compared")(page, stage)
    page.get_by_test_id("finding-cut-constipation").click()
    slider = page.get_by_test_id("threshold-slider-constipation")
    slider.wait_for(timeout=SLOW)
    slider.fill("0.9")
    page.get_by_test_id("threshold-cut").wait_for(timeout=SLOW)


def _help(page: Page, stage: Stage) -> None:
    _study("normal")(page, stage)
    page.keyboard.press("?")
    page.locator("dialog[open]").wait_for(timeout=SLOW)


def _admin(page: Page, stage: Stage) -> None:
    page.goto(stage.url + "/admin")
    page.get_by_test_id("audit").wait_for(timeout=SLOW)


SCENES = {
    "worklist": Scene("The worklist: what nobody has acknowledged stands on top", _worklist),
    "worklist-ko-light": Scene("The same in Korean, in an office's light", _worklist, "ko", "light"),
    "troubles": Scene("Why a study was not read, and the way to try again", _troubles),
    "empty": Scene("Before the first study", _empty, stage="empty", unlike=("dd",)),
    "viewer": Scene("A critical result: overlay, findings and draft at once", _study("critical")),
    "viewer-ko": Scene("The same in Korean", _study("critical"), "ko"),
    "viewer-light": Scene(
        "In the light theme the radiograph stays in the dark", _study("pyloric"), theme="light"
    ),
    "selected": Scene("A finding in list, image and report", _selected),
    "acknowledge": Scene("Who was told of a critical result", _called),
    "correction": Scene("An outline drawn anew", _corrected),
    "threshold": Scene("The model's map at another threshold, marked as not its outline", _cut),
    "measurements": Scene("What a reader measured", _study("compared")),
    "priors": Scene("An earlier study beside, zoomed and windowed together", _compared),
    "report": Scene("Words that the findings do not bear out are pointed out", _edited),
    "signed-ko": Scene("A signed report, in Korean", _study("signed"), "ko"),
    "skipped": Scene("A radiograph that is not for the model, and why", _study("skipped")),
    "offline": Scene("The service is out of reach: nothing that was typed is lost", _offline),
    "help": Scene("The keys", _help),
    "admin": Scene("For whoever runs the service", _admin, unlike=AS_OF),
}


def without(scene: Scene, what: Literal["overlay", "panel", "card"]) -> Scene:
    """Return the scene as it must not be: overlay or card gone, or the panel ten pixels from its place."""

    def act(page: Page, stage: Stage) -> None:
        scene.act(page, stage)
        if what == "overlay":
            page.keyboard.press("o")
        elif what == "card":
            page.evaluate("document.querySelector('[data-testid=dead-letters]').style.visibility = 'hidden'")
        else:
            page.evaluate("document.querySelector('aside').style.translate = '-10px'")

    return scene._replace(act=act)


@contextmanager
def a_camera() -> Iterator[Callable[[Scene, Stage], tuple[Picture, list[Box]]]]:
    """Give what takes a picture of a scene, with what is never the same twice."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*FLAGS, "--disable-gpu"])
        yield lambda scene, stage: _taken(browser, scene, stage)
        browser.close()


def _taken(browser: Browser, scene: Scene, stage: Stage) -> tuple[Picture, list[Box]]:
    context = browser.new_context(
        viewport=SCREEN,  # type: ignore[arg-type]
        device_scale_factor=1,
        timezone_id="UTC",
        locale={"en": "en-GB", "ko": "ko-KR"}[scene.language],
        reduced_motion="reduce",
    )
    try:
        context.set_default_timeout(SLOW)
        page = context.new_page()
        page.clock.set_fixed_time(NOW)
        kept = {"kidray.theme": scene.theme, "kidray.language": scene.language, "kidray.alarm": "no"}
        page.add_init_script(
            f"for (const [k, v] of Object.entries({json.dumps(kept)})) localStorage.setItem(k, v);"
        )
        scene.act(page, stage)
        settle(page)
        boxes = [box for selector in scene.unlike for box in _boxes(page, selector)]
        return decoded(page.screenshot(animations="disabled", caret="hide")), boxes
    finally:
        context.close()


def settle(page: Page) -> None:
    """Wait until nothing is asked for any more and two frames look the same."""
    before = b""
    for _ in range(40):
        page.wait_for_timeout(300)
        now = page.screenshot(animations="disabled", caret="hide")
        if now == before:
            return
        before = now


def _boxes(page: Page, selector: str) -> Iterator[Box]:
    for element in page.locator(selector).all():
        box = element.bounding_box()
        if box is not None:
            yield Box(*(round(box[side]) for side in ("x", "y", "width", "height")))


def _on_image(canvas: Locator, x: float, y: float) -> tuple[float, float]:
    """Return where an image point lies on the page, the image being fitted."""
    box = canvas.bounding_box()
    assert box is not None
    rows, columns = SIZE
    scale = min(box["width"] / columns, box["height"] / rows) * 0.985
    return (
        box["x"] + box["width"] / 2 + (x - columns / 2) * scale,
        box["y"] + box["height"] / 2 + (y - rows / 2) * scale,
    )


def _stroke(page: Page, canvas: Locator, *points: tuple[float, float]) -> None:
    page.mouse.move(*_on_image(canvas, *points[0]))
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*_on_image(canvas, *point), steps=8)
    page.mouse.up()
