"""Two readers, each in a browser of their own: each learns that the other has the study open."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from study.access import User
from tests.web_viewer.browser import SLOW, a_page, open_study
from tests.web_viewer.server import serving
from tests.web_viewer.studies import SegmentedStudy
from web_viewer.deps import STATIC, Services
from web_viewer.identity.passwords import hashed, header_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not (STATIC / "index.html").is_file(), reason="the viewer is not built"),
]
KIM = header_of("mkim", "between us")
LEE = header_of("slee", "also secret")


@pytest.fixture
def url(build_services: Callable[..., Services]) -> Iterator[str]:
    users = (
        User(login="mkim", name="Kim^Minji", password=hashed("between us"), roles=("signer",)),
        User(login="slee", name="Lee^Suho", password=hashed("also secret"), roles=("reader",)),
    )
    with serving(build_services(static=STATIC, users=users)) as (url, _, _):
        yield url


@contextmanager
def two_readers() -> Iterator[tuple[Page, Page]]:
    """A page of Kim's, in English, and one of Lee's, in Korean, of one browser."""
    with a_page(extra_http_headers={"Authorization": KIM}) as kims:
        browser = kims.context.browser
        assert browser is not None
        context = browser.new_context(extra_http_headers={"Authorization": LEE})
        context.add_init_script("localStorage.setItem('kidray.language', 'ko')")
        lees = context.new_page()
        lees.set_default_timeout(SLOW)
        yield kims, lees
        context.close()


def shot(page: Page, name: str) -> None:
    folder = os.environ.get("KIDRAY_SHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"presence-{name}.png")


def test_who_opens_a_study_that_another_reads_is_told_and_so_is_the_other(url: str, drafted: SegmentedStudy):
    with two_readers() as (kims, lees):
        open_study(kims, url, drafted.study_uid)
        expect(kims.get_by_role("banner").get_by_text("Live")).to_be_visible(timeout=SLOW)
        expect(kims.get_by_test_id("also-reading")).to_have_count(0)
        lees.goto(url + "/")
        expect(lees.get_by_test_id("worklist-reading")).to_have_text("열람 중: Kim, Minji", timeout=SLOW)
        shot(lees, "worklist-ko")
        open_study(lees, url, drafted.study_uid)
        expect(lees.get_by_test_id("also-reading")).to_have_text("함께 열람 중: Kim, Minji", timeout=SLOW)
        expect(kims.get_by_test_id("also-reading")).to_have_text("Also open: Lee, Suho", timeout=SLOW)
        shot(kims, "viewer")
        shot(lees, "viewer-ko")
        lees.get_by_test_id(f"finding-accept-{drafted.finding_id.partition('@')[0]}").click()
        lees.close()
        expect(kims.get_by_test_id("also-reading")).to_have_count(0, timeout=SLOW)
        kims.keyboard.press("Escape")
        row = kims.get_by_test_id("worklist-row")
        expect(row).to_contain_text("Lee, Suho", timeout=SLOW)
        expect(row).to_contain_text("not signed")
        expect(kims.get_by_test_id("worklist-reading")).to_have_count(0, timeout=SLOW)
        shot(kims, "worklist")
