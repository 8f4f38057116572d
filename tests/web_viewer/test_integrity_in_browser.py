"""A script of the viewer that is not what was built runs in no browser, however late it is loaded."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Error, expect, sync_playwright

from benchmarks.chromium import FLAGS
from tests.web_viewer.browser import SLOW, open_study
from tests.web_viewer.server import serving
from tests.web_viewer.studies import SegmentedStudy
from web_viewer.deps import STATIC, Services
from web_viewer.security_headers import CONTENT_SECURITY_POLICY, policy_with

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not (STATIC / "index.html").is_file(), reason="the viewer is not built"),
]

RAN = "globalThis.tampered = true;"


def tampered(folder: Path, name: str) -> Path:
    """A copy of the build in which one script does something more."""
    build = folder / "static"
    shutil.copytree(STATIC, build)
    script = next((build / "assets").glob(name))
    script.write_text(RAN + script.read_text())
    for suffix in (".br", ".gz"):
        script.with_name(script.name + suffix).unlink()
    return build


@pytest.mark.parametrize("name", ["WorklistPage-*.js", "base-*.js", "ko-*.js"])
def test_a_tampered_script_is_refused(build_services: Callable[..., Services], tmp_path: Path, name: str):
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("Chromium is not installed")
    with serving(build_services(static=tampered(tmp_path, name))) as (url, _, _), sync_playwright() as p:
        browser = p.chromium.launch(executable_path=program, args=[*FLAGS, "--disable-gpu"])
        page = browser.new_page()
        page.add_init_script("localStorage.setItem('kidray.language', 'ko')")
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.goto(url + "/")
        for _ in range(SLOW // 500):
            if any("integrity" in text for text in said):
                break
            page.wait_for_timeout(500)
        assert any("integrity" in text for text in said), said
        assert page.evaluate("globalThis.tampered") is None
        browser.close()


def test_a_part_that_cannot_be_had_takes_nothing_else_with_it(
    build_services: Callable[..., Services], drafted: SegmentedStudy, tmp_path: Path
):
    build = tmp_path / "static"
    shutil.copytree(STATIC, build)
    for file in (build / "assets").glob("ReportTools-*.js*"):
        file.unlink()  # as after an update of the service, for a page that was opened before it
    with serving(build_services(static=build)) as (url, _, _), sync_playwright() as p:
        program = shutil.which("chromium")
        if program is None:
            pytest.skip("Chromium is not installed")
        browser = p.chromium.launch(executable_path=program, args=[*FLAGS, "--disable-gpu"])
        page = browser.new_page()
        page.set_default_timeout(SLOW)
        open_study(page, url, drafted.study_uid)
        expect(page.get_by_text("This could not be loaded.")).to_be_visible(timeout=SLOW)
        page.get_by_test_id("report-impression").press("Control+End")
        page.keyboard.type(" Mine.")
        page.get_by_test_id("report-save").click()
        expect(page.get_by_test_id("report-unsaved")).to_have_count(0, timeout=SLOW)
        browser.close()


def test_what_was_built_is_let_through_whole(build_services: Callable[..., Services]):
    with serving(build_services(static=STATIC)) as (url, _, _), sync_playwright() as p:
        program = shutil.which("chromium")
        if program is None:
            pytest.skip("Chromium is not installed")
        browser = p.chromium.launch(executable_path=program, args=[*FLAGS, "--disable-gpu"])
        page = browser.new_page()
        trouble: list[str] = []
        page.on("console", lambda said: trouble.append(said.text) if said.type == "error" else None)
        page.goto(url + "/")
        page.get_by_test_id("worklist-empty").wait_for(timeout=SLOW)
        names = [each.name for each in (STATIC / "assets").glob("*.js")]
        for name in names:  # every one of them, also those that no page has asked for yet
            page.evaluate("name => import(`/assets/${name}`).then(() => null)", name)
        with pytest.raises(Error):  # the page's policy lets no other script through
            page.add_script_tag(content="globalThis.other = true")
        assert page.evaluate("globalThis.other") is None
        assert [text for text in trouble if "integrity" in text] == []
        browser.close()


def test_the_policy_lets_the_import_map_through_by_its_hash_alone(build_services: Callable[..., Services]):
    with serving(build_services(static=STATIC)) as (url, _, _):
        answer = httpx.get(url + "/")
        policy = answer.headers["content-security-policy"]
        held = re.search(r'<script type="importmap">(.*?)</script>', answer.text)
        assert held is not None
        assert policy == policy_with(held[1].encode())
        assert policy.startswith(CONTENT_SECURITY_POLICY)
        assert "unsafe" not in policy
        assert all(each.name in held[1] for each in (STATIC / "assets").glob("*.js"))
        other = httpx.get(url + "/healthz").headers["content-security-policy"]
        assert other == CONTENT_SECURITY_POLICY
