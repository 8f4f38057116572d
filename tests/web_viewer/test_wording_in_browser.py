"""While the LLM words a draft, the viewer shows how far it is, and the template's words alone."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from study.history import Drafted
from study.intake import Intake
from study.ledger import Ledger
from study.model import DraftSource, Wording
from study.progress import WordingProgress, WordingStage, teller
from study.registry import connect
from tests.web_viewer.browser import SLOW, a_page
from tests.web_viewer.server import serving
from tests.web_viewer.studies import a_report, a_segmented_study, append, later
from web_viewer.deps import STATIC, Services

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

WORDED = Wording(
    source=DraftSource.LLM,
    llm_model="kidray-writer-micro",
    llm_sha256="3f" * 32,
    prompt_sha256="a1" * 32,
    server="127.0.0.1:8000",
    engine="llamacpp",
    decoding="json_schema",
    tries=2,
    prompt_tokens=96,
    completion_tokens=141,
    first_token_ms=31.5,
    milliseconds=187.0,
)


def shot(page: Page, name: str) -> None:
    """Keep a picture where somebody wants to look at it."""
    folder = os.environ.get("KIDRAY_SHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png")


@pytest.mark.parametrize(
    ("language", "counted", "checked"),
    [
        ("en", "has written 3 sentences; none is shown", "is checked against the findings"),
        ("ko", "3개 문장을 작성했습니다", "대조해 검사하고 있습니다"),
    ],
)
def test_progress_is_shown_and_then_what_the_wording_cost(
    build_services: Callable[..., Services],
    intake: Intake,
    ledger: Ledger,
    redis_url: str,
    language: str,
    counted: str,
    checked: str,
):
    study = a_segmented_study(intake, ledger)
    template = a_report(study).model_copy(update={"wording": Wording(source=DraftSource.TEMPLATE)})
    append(
        ledger, study.study_uid, lambda r: Drafted(at=later(r, 3), revision=1, report=template, final=False)
    )
    tell = teller(connect(redis_url))
    with serving(build_services(static=STATIC)) as (url, _, _), a_page() as page:
        page.add_init_script(f"localStorage.setItem('kidray.language', '{language}')")
        page.goto(f"{url}/viewer?StudyInstanceUID={study.study_uid}")
        progress = page.get_by_test_id("wording-progress")
        expect(progress).to_be_visible(timeout=SLOW)
        expect(page.locator("[data-connection=live]")).to_be_visible(timeout=SLOW)
        for stage, sentences, said in (
            (WordingStage.WORDING, 3, counted),
            (WordingStage.CHECKING, 0, checked),
        ):
            tell(WordingProgress(study_uid=study.study_uid, stage=stage, sentences=sentences))
            expect(progress).to_contain_text(said, timeout=SLOW)
            shot(page, f"{language}-{stage}")
        worded = template.model_copy(update={"version": template.version + 1, "wording": WORDED})
        append(ledger, study.study_uid, lambda r: Drafted(at=later(r, 4), revision=1, report=worded))
        expect(progress).to_have_count(0, timeout=SLOW)
        page.get_by_test_id("wording-source").click()
        expect(page.get_by_text("127.0.0.1:8000, llamacpp")).to_be_visible()
        expect(page.get_by_title("3f" * 32)).to_have_text("3f3f3f3f3f3f")
        shot(page, f"{language}-provenance")
