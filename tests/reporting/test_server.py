from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from reporting.brief import brief_of
from reporting.llm import Llm
from reporting.prompt import facts_text
from reporting.server import serving
from reporting.wording import reword
from reporting.writer.pairs import draw_pairs
from study.model import DraftSource, Language
from tests.reporting.builders import NOW, draft, finding, findings, radiograph

CASES = [
    findings(),
    findings(finding("pneumoperitoneum", region="upper_abdomen")),
    findings(finding("constipation", region="left_lower_quadrant")),
    findings(finding("air_fluid_levels", region="central_abdomen", count=4)),
    findings(finding("pyloric_stenosis", region="left_upper_quadrant")),
]


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    """The micro model that ships, on llama.cpp's own server."""
    with serving() as url:
        yield url


def test_it_answers_health(served: str):
    assert httpx.get(served.removesuffix("/v1") + "/health").json() == {"status": "ok"}


@pytest.mark.parametrize("language", list(Language))
def test_the_shipped_model_words_drafts_of_common_findings(served: str, language: Language):
    """The wording is either grounded or refused with a reason; most are used."""
    llm = Llm(served, "snuh/hari-q3-14b")
    used = 0
    for made in CASES:
        template = draft(made, language=language)
        report = reword(template, made, [radiograph()], llm, at=NOW).report
        used += report.wording.source is DraftSource.LLM
        assert (report.wording.source is DraftSource.LLM) == (report.wording.fallback_reason is None)
        assert report.recommendation == template.recommendation
    assert used >= 4


def test_the_server_reads_a_message_as_the_model_was_trained_to(served: str):
    """The chat template keeps the facts and drops the rules, and the tokens are those of training."""
    pytest.importorskip("torch", reason="the train extra is not installed")
    from reporting.server import WEIGHTS
    from reporting.writer.export import read_gguf
    from reporting.writer.tokens import prompt_text

    base = served.removesuffix("/v1")
    _, tokenizer = read_gguf(_weights(WEIGHTS))
    for pair in draw_pairs(20, 3):
        messages = [{"role": "system", "content": "Rules."}, {"role": "user", "content": pair.facts}]
        prompt = httpx.post(f"{base}/apply-template", json={"messages": messages}).json()["prompt"]
        assert prompt == prompt_text(pair.facts)
        for text in (prompt, pair.reply):
            answer = httpx.post(f"{base}/tokenize", json={"content": text, "parse_special": True})
            assert answer.json()["tokens"] == tokenizer.encode(text).ids


def test_it_runs_as_a_process_of_its_own_until_sigterm():
    command = [sys.executable, "-m", "reporting.server", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        line = next(line for line in process.stdout if line.startswith("serving"))
        url = re.sub(r"^serving (http://127\.0\.0\.1:\d+)/v1\s*$", r"\1", line)
        assert httpx.get(f"{url}/health").status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_training_pairs_are_the_message_that_production_sends():
    for pair in draw_pairs(10, 4):
        assert pair.facts == facts_text(pair.brief)
    made = CASES[1]
    brief, _ = brief_of(made, {}, Language.ENGLISH)
    assert facts_text(brief).startswith("language: en\nf1: pneumoperitoneum, present, certainty high")


def _weights(name: str):
    from importlib.resources import files
    from pathlib import Path

    return Path(str(files("reporting") / "weights" / name))
