from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmarks.bad_llm import stream_events
from reporting.llm import Llm
from reporting.wording import reword
from study.model import DraftSource, Finding, Language, Report, View
from tests.reporting.builders import NOW, draft, finding, findings, radiograph

EN, KO = Language.ENGLISH, Language.KOREAN
MADE = findings(finding("pneumoperitoneum", certainty="moderate", region="upper_abdomen"))
NONE = {
    "text": "No evidence of pyloric stenosis, air-fluid levels or constipation.",
    "refs": ["f2", "f3", "f4"],
}
TRUTH = {
    "findings": [
        {"text": "Probable free intraperitoneal air in the upper abdomen.", "refs": ["f1"]},
        NONE,
    ],
    "impression": [{"text": "Probable pneumoperitoneum.", "refs": ["f1"]}],
}
LIE = {
    "findings": [{"text": "Probable free intraperitoneal air in the pelvis.", "refs": ["f1"]}, NONE],
    "impression": [{"text": "Probable pneumoperitoneum.", "refs": ["f1"]}],
}

Answer = Callable[[dict], tuple[int, str]]


@contextmanager
def a_server(answer: Answer) -> Iterator[tuple[Llm, list[dict]]]:
    """Serve chat completions whose text `answer` gives; what was asked is kept."""
    asked: list[dict] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(body)
            status, text = answer(body)
            try:
                self.send_response(status)
                kind = "text/event-stream" if text.startswith("data:") else "application/json"
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())
            except BrokenPipeError:
                pass

        def log_message(self, *_: object) -> None:
            """Keep the tests' output quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield Llm(f"http://127.0.0.1:{server.server_address[1]}/v1", "any", timeout=3.0), asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def completion(content: object, finish: str = "stop") -> str:
    text = content if isinstance(content, str) else json.dumps(content)
    return b"".join(stream_events(text, finish, tokens=(40, 60))).decode()


def worded(
    llm: Llm, made: list[Finding] = MADE, language: Language = EN, view: View = View.SUPINE
) -> tuple[Report, Report]:
    template = draft(made, [radiograph(view)], language=language)
    return template, reword(template, made, [radiograph(view)], llm, at=NOW).report


def assert_template_stands(template: Report, report: Report) -> None:
    same = {"version": template.version, "wording": template.wording, "created_at": template.created_at}
    assert report.model_copy(update=same) == template
    assert report.version == template.version + 1
    assert report.wording.source is DraftSource.TEMPLATE


def test_a_true_wording_is_taken_and_the_rest_stays():
    with a_server(lambda _: (200, completion(TRUTH))) as (llm, asked):
        template, report = worded(llm, view=View.ERECT)
    assert report.wording.source is DraftSource.LLM
    assert report.wording.llm_model == "any"
    assert (report.wording.tries, report.wording.decoding) == (1, "json_schema")
    assert (report.wording.prompt_tokens, report.wording.completion_tokens) == (40, 60)
    assert report.wording.server == llm.place
    assert 0 < (report.wording.first_token_ms or 0) <= (report.wording.milliseconds or 0)
    assert [s.text for s in report.findings] == [
        "Probable free intraperitoneal air in the upper abdomen.",
        "No evidence of pyloric stenosis, air-fluid levels or constipation.",
        "Free gas: area 12.3 cm² at the detector.",
    ]
    assert report.impression[0].finding_ids == [MADE[0].id]
    for kept in ("technique", "recommendation", "comparison", "limitations", "critical", "disclaimer"):
        assert getattr(report, kept) == getattr(template, kept)
    assert len(asked) == 1
    assert asked[0]["response_format"]["type"] == "json_schema"
    assert asked[0]["temperature"] == 0
    assert asked[0]["chat_template_kwargs"] == {"enable_thinking": False}


def test_an_accepted_wording_never_denies_what_the_radiograph_cannot_show():
    with a_server(lambda _: (200, completion(TRUTH))) as (llm, _):
        template, report = worded(llm, view=View.SUPINE)
    assert report.wording.source is DraftSource.LLM
    assert [s.text for s in report.findings] == [
        "Probable free intraperitoneal air in the upper abdomen.",
        "The model finds no evidence of a pyloric stenosis pattern or faecal loading on this radiograph.",
        "Air-fluid levels cannot be assessed on a supine radiograph.",
        "Free gas: area 12.3 cm² at the detector.",
    ]
    assert template.findings[1:] == report.findings[1:]


def test_a_server_that_lies_is_refused_and_asked_once_more():
    with a_server(lambda _: (200, completion(LIE))) as (llm, asked):
        template, report = worded(llm)
    assert_template_stands(template, report)
    assert report.wording.fallback_reason is not None
    assert "region" in report.wording.fallback_reason
    assert [check.rule for check in report.wording.checks] == ["region"]
    assert len(asked) == 2
    assert "region: puts f1 in pelvis" in asked[1]["messages"][-1]["content"]
    assert (report.wording.tries, report.wording.completion_tokens) == (2, 120)


def test_a_second_reply_that_is_true_is_taken():
    replies = iter([completion(LIE), completion(TRUTH)])
    with a_server(lambda _: (200, next(replies))) as (llm, _):
        _, report = worded(llm)
    assert report.wording.source is DraftSource.LLM
    assert report.wording.checks == []


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (200, completion("not json"), "schema"),
        (200, completion({"findings": [], "impression": []}), "schema"),
        (200, completion({**TRUTH, "diagnosis": "x"}), "schema"),
        (200, completion(" \n" * 60), "empty"),
        (200, completion(" \n" * 2000), "white space"),
        (200, completion("a" * 9000), "longer than any wording"),
        (200, completion("", finish="length"), "cut off"),
        (200, "<html>a proxy's login page</html>", "cannot be read"),
        (200, "{}", "cannot be read"),
        (404, '{"error": "no such model"}', "HTTP 404"),
        (503, '{"error": "loading"}', "HTTP 503"),
    ],
    ids=[
        "prose",
        "nothing",
        "extra",
        "blank",
        "white space",
        "too long",
        "cut off",
        "html",
        "no choices",
        "404",
        "503",
    ],
)
def test_an_answer_that_is_no_wording_leaves_the_template(status: int, body: str, reason: str):
    with a_server(lambda _: (status, body)) as (llm, _):
        template, report = worded(llm)
    assert_template_stands(template, report)
    assert reason in str(report.wording.fallback_reason)


def test_no_server_leaves_the_template_at_once():
    began = time.monotonic()
    template, report = worded(Llm("http://127.0.0.1:9/v1", "any"))
    assert_template_stands(template, report)
    assert report.wording.fallback_reason == "the LLM at 127.0.0.1:9 does not answer"
    assert time.monotonic() - began < 10


def test_a_slow_server_is_left_at_the_deadline():
    def slow(_: dict) -> tuple[int, str]:
        time.sleep(3)
        return 200, completion(TRUTH)

    with a_server(slow) as (llm, asked):
        began = time.monotonic()
        template, report = worded(Llm(llm.url, "any", timeout=0.8))
        elapsed = time.monotonic() - began
    assert_template_stands(template, report)
    assert "within 0.8 s" in str(report.wording.fallback_reason)
    assert elapsed < 2.5
    assert len(asked) == 1


def test_no_reply_changes_what_is_not_its_to_change():
    """A reply full of extra claims leaves codes, flag and recommendation as the rules made them."""
    bold = {**TRUTH, "critical": False, "recommendation": ["Discharge."]}
    with a_server(lambda _: (200, completion(bold))) as (llm, _):
        template, report = worded(llm)
    assert report.critical
    assert report.recommendation == template.recommendation
