"""A real Chromium for tests of what the viewer draws."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from benchmarks.chromium import FLAGS

# A CPU that plays GPU: WebGL2 is then there on a machine without one.
SOFTWARE_GL = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
SLOW = 60_000  # milliseconds: machines of tests are busy


@contextmanager
def a_page(*, webgl: bool = False, expected: str | None = None, **context: Any) -> Iterator[Page]:
    """Give a page; what it complains of in its console fails the test, but for what begins as `expected`."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        flags = [*FLAGS, *(SOFTWARE_GL if webgl else ["--disable-gpu"])]
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        page = browser.new_page(**{"viewport": {"width": 1600, "height": 900}, **context})
        page.set_default_timeout(SLOW)
        trouble: list[str] = []
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("console", lambda said: trouble.append(said.text) if said.type == "error" else None)
        yield page
        browser.close()
        unexpected = [each for each in trouble if expected is None or not each.startswith(expected)]
        assert unexpected == [], unexpected


def open_study(page: Page, url: str, study_uid: str, **parameters: str) -> Any:
    """Open a study, and return the canvas once radiograph and overlay are drawn."""
    more = "".join(f"&{name}={value}" for name, value in parameters.items())
    page.goto(f"{url}/viewer?StudyInstanceUID={study_uid}{more}")
    canvas = page.get_by_test_id("viewer-canvas")
    expect(canvas).to_have_attribute("data-state", "ready", timeout=SLOW)
    return canvas
