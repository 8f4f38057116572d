from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest

from reporting.brief import brief_of
from reporting.llm import Llm
from reporting.prompt import facts_text, messages
from reporting.served import check_health, engine_of
from reporting.server import WEIGHTS, serving
from reporting.wording import reword
from reporting.writer.pairs import draw_pairs
from study.errors import WordingError
from study.model import DraftSource, Language
from tests.reporting.builders import NOW, draft, finding, findings, radiograph

CASES = [
    findings(),
    findings(finding("pneumoperitoneum", region="upper_abdomen")),
    findings(finding("constipation", region="left_lower_quadrant")),
    findings(finding("air_fluid_levels", region="central_abdomen", count=4)),
    findings(finding("pyloric_stenosis", region="left_upper_quadrant")),
]


# A server that runs already is put to the same tests as the embedded one; see deploy/vllm.
OTHER = os.environ.get("KIDRAY_TEST_LLM_URL")


@pytest.fixture(scope="module", params=["embedded", *(["by URL"] if OTHER else [])])
def served(request: pytest.FixtureRequest) -> Iterator[str]:
    """The micro model: on llama.cpp's own server, and where one is named on another."""
    if request.param == "by URL":
        assert OTHER is not None
        yield OTHER
        return
    with serving() as url:
        yield url


def test_a_served_model_answers_health(served: str):
    assert check_health(Llm(served, "any"))


def test_a_served_model_has_a_name_a_hash_and_an_engine(served: str):
    llm = Llm(served, "snuh/hari-q3-14b")
    report = reword(draft(CASES[1]), CASES[1], [radiograph()], llm, at=NOW).report
    assert report.wording.llm_model == "kidray-writer-micro"
    assert report.wording.llm_sha256 == hashlib.sha256(_weights(WEIGHTS).read_bytes()).hexdigest()
    assert str(engine_of(llm)).startswith("vllm 0." if served == OTHER else "llamacpp")


def test_a_served_model_tells_what_a_wording_cost(served: str):
    heard: list[str] = []
    brief, _ = brief_of(CASES[1], {}, Language.ENGLISH)
    answer = Llm(served, "snuh/hari-q3-14b").ask(
        messages(brief), deadline=time.monotonic() + 60, hear=heard.append
    )
    assert len(heard) > 10, "the reply is streamed"
    assert heard[-1] == answer.text
    assert 20 < (answer.prompt_tokens or 0) < 200, "the chat template keeps the facts alone"
    assert 20 < (answer.completion_tokens or 0) < 400
    assert answer.first_token_ms is not None


def test_a_served_model_is_held_to_the_schema_whatever_it_is_asked(served: str):
    """Asked for something else at a high temperature: guided decoding yields the schema all the same."""
    from langchain_core.messages import HumanMessage

    question = [HumanMessage(content="language: en\nSay hello.")]
    texts = []
    for _ in range(3):
        with suppress(WordingError):  # some run on until they are cut off
            deadline = time.monotonic() + 60
            texts.append(
                Llm(served, "snuh/hari-q3-14b").ask(question, deadline=deadline, temperature=0.9).text
            )
    assert texts
    for text in texts:
        reply = json.loads(text)
        assert set(reply) == {"findings", "impression"}
        assert all(set(line) == {"text", "refs"} for line in [*reply["findings"], *reply["impression"]])


@pytest.mark.parametrize("language", list(Language))
def test_the_shipped_model_words_drafts_of_common_findings(served: str, language: Language):
    """The wording is either grounded or refused with a reason; most are used."""
    llm = Llm(served, "snuh/hari-q3-14b", timeout=60.0)
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
    if served == OTHER:
        pytest.skip("only llama.cpp shows what its template makes of a message")
    pytest.importorskip("torch", reason="the train extra is not installed")
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
