"""An LLM that is slow, wrong, endless, silent or gone keeps nobody waiting."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from benchmarks.bad_llm import Fault, serving_badly
from reporting.gate import Gate
from reporting.llm import Llm
from reporting.step import draft_study, word_study
from reporting.wording import reword
from study.circuit import LLM_RHYTHM, llm_circuit
from study.ledger import Ledger
from study.model import DraftSource, Language, StudyRecord
from study.progress import WORDING_CHANNEL, WordingProgress, WordingStage, teller
from study.registry import Registry, connect
from study.state import State
from tests.reporting.builders import NOW, STUDY, draft, finding, findings, radiograph
from tests.reporting.test_step import clock, drafts, segmented
from tests.reporting.test_wording import LIE, TRUTH, a_server, completion

MADE = findings(finding("pneumoperitoneum", certainty="moderate", region="upper_abdomen"))
DEADLINE = 1.0
SLACK = 2.0  # seconds that a busy machine may take on top

__all__ = ["segmented"]  # a fixture


class Clock:
    """Monotonic and POSIX seconds, held."""

    now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module", autouse=True)
def _loaded() -> None:
    Llm.warm_up()


@pytest.mark.parametrize(
    "fault",
    [
        Fault.SLOW,
        Fault.HANGING,
        Fault.HEADERS,
        Fault.DRIPPING,
        Fault.COMMENTS,
        Fault.UNENDING,
    ],
    ids=lambda fault: fault.value,
)
def test_the_deadline_cuts_off_a_server_that(fault: Fault):
    """A read timeout would not: each of these but two sends something five times a second."""
    with serving_badly(fault) as url:
        began = time.monotonic()
        report = reword(draft(MADE), MADE, [radiograph()], Llm(url, "any", timeout=DEADLINE), at=NOW).report
        elapsed = time.monotonic() - began
    assert report.wording.fallback_reason == "the LLM gave no wording within 1 s"
    assert DEADLINE <= elapsed < DEADLINE + SLACK


def test_a_reply_that_ends_before_its_first_word_is_asked_for_once_more():
    with serving_badly(Fault.NOTHING) as url:
        report = reword(draft(MADE), MADE, [radiograph()], Llm(url, "any", timeout=20.0), at=NOW).report
    assert report.wording.fallback_reason == "the LLM's answer cannot be read: no piece of a reply came"
    assert report.wording.tries == 2


def test_endless_white_space_is_cut_long_before_the_deadline():
    with serving_badly(Fault.BLANK) as url:
        began = time.monotonic()
        report = reword(draft(MADE), MADE, [radiograph()], Llm(url, "any", timeout=20.0), at=NOW).report
        elapsed = time.monotonic() - began
    assert report.wording.fallback_reason == "the LLM's reply ran away into white space"
    assert report.wording.tries == 2
    assert elapsed < 5.0


@pytest.fixture
def guarded(registry: Registry, redis_url: str):
    """Return a gate for an LLM as another worker would make it, all with one clock."""
    held = Clock()

    def make(llm: Llm) -> Gate:
        return Gate(llm, llm_circuit(connect(redis_url), held), held)

    make.clock = held
    return make


def test_a_server_that_is_gone_is_left_alone_by_every_worker_after_three_failures(guarded):
    with serving_badly(Fault.REFUSED) as url:
        llm = Llm(url, "any")
        one, other = guarded(llm), guarded(llm)
        for gate in (one, other, one):
            assert gate.why_not() == f"the LLM at {llm.place} does not answer"
        for gate in (one, other):
            began = time.monotonic()
            assert gate.why_not() == f"the LLM is left alone for now: the LLM at {llm.place} does not answer"
            assert time.monotonic() - began < 0.5


def test_a_server_that_hangs_is_found_out_by_its_health_in_two_seconds(guarded):
    with serving_badly(Fault.HANGING) as url:
        began = time.monotonic()
        assert "did not answer within 2 s" in str(guarded(Llm(url, "any")).why_not())
        assert time.monotonic() - began < 2.0 + SLACK


def test_a_server_that_says_it_is_not_well_is_not_asked(guarded):
    with serving_badly(Fault.UNWELL) as url:
        assert "/health answers 503" in str(guarded(Llm(url, "any")).why_not())


def test_once_the_pause_is_over_one_wording_finds_out_and_the_others_wait(guarded):
    with a_server(lambda _: (200, completion(TRUTH))) as (llm, _):
        one, other = guarded(llm), guarded(llm)
        _, failure = reword(draft(MADE), MADE, [radiograph()], Llm("http://127.0.0.1:9/v1", "any"), at=NOW)
        for _ in range(3):
            one.ended(failure)
        assert one.why_not() is not None
        guarded.clock.now += LLM_RHYTHM.first_pause + 1
        assert one.why_not() is None  # though this server has no /health: on failures alone
        assert other.why_not() is not None
        _, failure = reword(draft(MADE), MADE, [radiograph()], llm, at=NOW)
        one.ended(failure)
        assert other.why_not() is None


def test_replies_that_are_refused_leave_the_server_in_use(guarded):
    with a_server(lambda _: (200, completion(LIE))) as (llm, _):
        gate = guarded(llm)
        for _ in range(4):
            report, failure = reword(draft(MADE), MADE, [radiograph()], llm, at=NOW)
            assert report.wording.checks
            gate.ended(failure)
        assert gate.why_not() is None


def test_without_redis_the_llm_is_asked_as_if_nothing_were_known():
    with a_server(lambda _: (200, completion(TRUTH))) as (llm, _):
        gate = Gate(llm, llm_circuit(connect("redis://127.0.0.1:9")))
        assert gate.why_not() is None
        gate.ended(None)


def drafted(
    ledger: Ledger, llm: Llm, gate: Gate, told: list[WordingProgress], late: float = 0
) -> StudyRecord:
    draft_study(STUDY, ledger=ledger, worded=True, language=Language.ENGLISH, clock=clock)
    word_study(
        STUDY,
        ledger=ledger,
        llm=llm,
        gate=gate,
        tell=told.append,
        clock=lambda: clock() + timedelta(seconds=late),
    )
    return ledger.held(STUDY)


def test_no_study_waits_for_an_llm_that_is_left_alone(segmented: Ledger, guarded):
    with serving_badly(Fault.HANGING) as url:
        llm = Llm(url, "any")
        gate = guarded(llm)
        _, failure = reword(draft(MADE), MADE, [radiograph()], Llm("http://127.0.0.1:9/v1", "any"), at=NOW)
        for _ in range(3):
            gate.ended(failure)
        began = time.monotonic()
        record = drafted(segmented, llm, gate, told := [])
        assert time.monotonic() - began < SLACK
    assert record.state == State.DRAFTED
    assert record.draft is not None
    assert "left alone" in str(record.draft.wording.fallback_reason)
    assert record.draft.wording.tries == 0
    assert [note.stage for note in told] == [WordingStage.ENDED]
    assert [event.final for event in drafts(segmented)] == [False, True]


def test_a_draft_that_has_waited_long_for_its_turn_keeps_the_template(segmented: Ledger, guarded):
    with a_server(lambda _: (200, completion(TRUTH))) as (llm, asked):
        record = drafted(segmented, llm, guarded(llm), [], late=10.0)
    assert record.draft is not None
    assert record.draft.wording.source is DraftSource.TEMPLATE
    assert "waited 10 s for its turn" in str(record.draft.wording.fallback_reason)
    assert asked == []


def test_progress_is_told_to_redis_without_a_word_of_the_reply(registry: Registry, redis_url: str):
    from reporting.notes import ProgressNotes

    client = connect(redis_url)
    heard = client.pubsub(ignore_subscribe_messages=True)
    heard.subscribe(WORDING_CHANNEL)
    heard.get_message(timeout=2)
    with a_server(lambda _: (200, completion(TRUTH))) as (llm, _):
        notes = ProgressNotes(STUDY, teller(client))
        reword(draft(MADE), MADE, [radiograph()], llm, at=NOW, notes=notes)
        notes.ended()
    told = []
    while (message := heard.get_message(timeout=1)) is not None:
        told.append(message["data"])
    heard.close()
    stages = [WordingProgress.model_validate_json(each).stage for each in told]
    assert stages[0] is WordingStage.ASKED
    assert stages[-2:] == [WordingStage.CHECKING, WordingStage.ENDED]
    assert "peritoneum" not in "".join(told)
