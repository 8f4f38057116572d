"""One viewer in one browser: how soon it shows a study, how it follows the mouse, what it keeps in memory."""

from __future__ import annotations

import itertools
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psutil
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from benchmarks.chromium import FLAGS as QUIET
from benchmarks.viewers import Viewer

PROBE = (Path(__file__).parent / "viewer_probe.js").read_text("utf-8")
# As on any machine without a GPU, and WebGL by a CPU that plays one: OHIF draws no overlay without.
FLAGS = (*QUIET, "--enable-unsafe-swiftshader")
SCREEN = {"width": 1600, "height": 900}
SLOW = 120_000  # milliseconds
_STARTED = 1_500  # milliseconds until a browser has done what it does once when it starts


# OHIF walks a first visitor through its tools; only a reader who has seen that can work.
_TOUR_SEEN = 'localStorage.setItem("shownTours", JSON.stringify(["basicViewerTour"]));'


@contextmanager
def a_browser() -> Iterator[Browser]:
    """Give a browser of its own, with an empty profile."""
    program = shutil.which("chromium")
    if program is None:
        raise SystemExit("chromium was not found: install Debian's")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def a_context(browser: Browser) -> BrowserContext:
    """Return a profile whose pages tell what they show."""
    context = browser.new_context(viewport=SCREEN)  # type: ignore[arg-type]
    context.set_default_timeout(SLOW)
    context.add_init_script(_TOUR_SEEN + PROBE)
    return context


# Resource Timing's sizes are those before decoding, also of what came from the cache.
_SCRIPT_BYTES = """(until) => performance.getEntriesByType("resource")
    .filter(({ name, startTime }) => startTime <= until && /\\.(js|wasm)$/.test(new URL(name).pathname))
    .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)"""


_PAGE_READY = 'performance.getEntriesByType("navigation")[0].domContentLoadedEventStart'


class Opened(NamedTuple):
    """What opening a study took; milliseconds from the navigation's start, bytes as compressed.

    Attributes
    ----------
    preview
        None where the viewer shows none.
    whole
        When every pixel of the radiograph is there; ours draws a fitted one before.
    script_bytes, overlay_script_bytes
        Of scripts and WebAssembly asked for until the page was ready (DOMContentLoaded), and until the
        overlay was shown.
    """

    preview: float | None
    radiograph: float
    overlay: float
    whole: float
    script_bytes: int
    overlay_script_bytes: int


def open_study(page: Page, viewer: Viewer, port: int, uid: str) -> Opened:
    """Open a study by its address in a browser that has started, and wait for its overlay."""
    page.wait_for_timeout(_STARTED)
    page.goto(viewer.study.format(port=port, uid=uid), wait_until="commit")
    wait(page, "benchmark.seen.radiograph")
    if viewer.show_overlay is not None:
        viewer.show_overlay(page)
    wait(page, "benchmark.seen.overlay")
    seen = page.evaluate("benchmark.seen")
    whole = seen["radiograph"]
    if viewer.every_pixel is not None:
        wait(page, viewer.every_pixel)
        whole = page.evaluate(viewer.every_pixel)
    return Opened(
        seen.get("preview"),
        seen["radiograph"],
        seen["overlay"],
        whole,
        page.evaluate(_SCRIPT_BYTES, page.evaluate(_PAGE_READY)),
        page.evaluate(_SCRIPT_BYTES, seen["overlay"]),
    )


def wait(page: Page, told: str) -> None:
    """Wait until an expression is true; asked from here, for a page need not allow `eval` inside it."""
    until = time.monotonic() + SLOW / 1000
    while not page.evaluate(told):
        if time.monotonic() > until:
            raise SystemExit(f"{page.url.partition('?')[0]} did not come to {told}")
        page.wait_for_timeout(30)


class Motion(NamedTuple):
    """Frames of a movement: how many a second, and the interval (ms) that one in twenty exceeds."""

    per_second: float
    slow_interval: float

    @classmethod
    def of(cls, times: Sequence[float]) -> Motion:
        """Return the motion of frames at `times`, milliseconds."""
        if len(times) < 3:
            return cls(0.0, float("inf"))
        intervals = sorted(after - before for before, after in itertools.pairwise(times))
        return cls(
            1000 * len(intervals) / (times[-1] - times[0]), intervals[int(0.95 * (len(intervals) - 1))]
        )


def drag(page: Page, button: Any, *, seconds: float = 4.0) -> Motion:
    """Drag over the radiograph, each movement as soon as the page has taken the last; counts drawn frames."""
    box = page.evaluate(
        """() => { const all = [...document.querySelectorAll('canvas')];
        all.sort((a, b) => b.clientWidth * b.clientHeight - a.clientWidth * a.clientHeight);
        const { x, y, width, height } = all[0].getBoundingClientRect();
        return [x + width / 2, y + height / 2]; }"""
    )
    x, y = box[0], box[1] + 60
    page.mouse.move(x, y)
    page.mouse.down(button=button)
    page.evaluate("benchmark.frames.length = 0")
    began, sign = time.monotonic(), 1
    while time.monotonic() - began < seconds:
        page.mouse.move(x + sign * 60, y - sign * 60, steps=20)
        sign = -sign
    times = page.evaluate("benchmark.frames")
    page.mouse.up(button=button)
    return Motion.of(times)


_SHOWN_ROW = 'Number(document.querySelector("[data-index]")?.dataset.index ?? -1)'


def scroll(page: Page, *, seconds: float = 6.0, rows: int = 100) -> Motion:
    """Turn the wheel over a list, and count the page's frames; at least `rows` rows have to pass by."""
    page.mouse.move(SCREEN["width"] / 2, SCREEN["height"] * 0.7)
    page.mouse.wheel(0, 400)
    page.wait_for_timeout(500)
    first = page.evaluate(_SHOWN_ROW)
    page.evaluate("benchmark.ticks.length = 0")
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        page.mouse.wheel(0, 240)
    motion = Motion.of(page.evaluate("benchmark.ticks"))
    passed = page.evaluate(_SHOWN_ROW) - first
    if passed < rows:  # a page that shows nothing makes every frame
        raise SystemExit(f"the list was not scrolled: {passed} rows passed by")
    return motion


class Memory(NamedTuple):
    """MiB after a number of studies: the JavaScript heap after a collection, and all of the browser."""

    studies: int
    heap: float
    browser: float


def open_in_a_row(page: Page, viewer: Viewer, port: int, uids: Sequence[str], *, every: int) -> list[Memory]:
    """Open study after study in one page, as its own links do; returns the memory after each `every`."""
    page.goto(viewer.home.format(port=port))
    found = []
    for number, uid in enumerate(uids, 1):
        _follow(page, viewer.study.format(port=port, uid=uid))
        wait(page, "benchmark.seen.radiograph")
        if viewer.show_overlay is None:
            wait(page, "benchmark.seen.overlay || benchmark.ticks.length > 120")
        if number % every == 0:
            found.append(_memory(page, number))
        if viewer.between:
            _follow(page, viewer.home.format(port=port))
            page.wait_for_timeout(300)
    return found


def _follow(page: Page, address: str) -> None:
    page.evaluate(
        """(address) => {
        for (const key of Object.keys(benchmark.seen)) delete benchmark.seen[key];
        benchmark.ticks.length = benchmark.frames.length = 0;
        const { pathname, search } = new URL(address);
        history.pushState({ key: String(Math.random()) }, "", pathname + search);
        dispatchEvent(new PopStateEvent("popstate", { state: history.state })); }""",
        address,
    )


def _memory(page: Page, studies: int) -> Memory:
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    metrics = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    session.detach()
    held = 0
    for child in psutil.Process().children(recursive=True):
        if "chrom" in child.name():
            held += child.memory_full_info().uss
    return Memory(studies, metrics["JSHeapUsedSize"] / 2**20, held / 2**20)
