"""A destination that does not answer is left alone, and found again."""

from __future__ import annotations

import pytest

from study.circuit import FAILURES, FIRST_PAUSE, LONGEST_PAUSE, Circuit
from study.errors import RegistryUnavailableError
from study.registry import Registry, connect
from tests.peers import free_port


class Clock:
    now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def circuit(registry: Registry, redis_url: str, clock: Clock) -> Circuit:
    return Circuit(connect(redis_url), clock)


def fail(circuit: Circuit, times: int = FAILURES) -> None:
    for _ in range(times):
        circuit.failed("PACS", "does not answer")


def test_a_few_failures_change_nothing(circuit: Circuit) -> None:
    fail(circuit, FAILURES - 1)
    assert circuit.why_not("PACS") is None
    assert circuit.pause("PACS") is None


def test_after_more_it_is_left_alone_with_the_reason_and_the_others_are_not(circuit: Circuit) -> None:
    fail(circuit)
    assert circuit.why_not("PACS") == "does not answer"
    assert circuit.why_not("OTHER") is None
    pause = circuit.pause("PACS")
    assert pause == (pytest.approx(FIRST_PAUSE, abs=0.01), FAILURES, "does not answer")


def test_one_success_forgets_the_failures_before(circuit: Circuit) -> None:
    fail(circuit, FAILURES - 1)
    circuit.succeeded("PACS")
    fail(circuit, FAILURES - 1)
    assert circuit.why_not("PACS") is None


def test_when_the_pause_is_over_one_finds_out_and_the_others_wait(circuit: Circuit, clock: Clock) -> None:
    fail(circuit)
    clock.now += FIRST_PAUSE + 0.1
    assert circuit.why_not("PACS") is None
    assert circuit.why_not("PACS") == "does not answer"
    circuit.succeeded("PACS")
    assert circuit.why_not("PACS") is None
    assert circuit.why_not("PACS") is None


def test_pauses_grow_to_a_longest(circuit: Circuit, clock: Clock) -> None:
    fail(circuit)
    pauses = []
    for _ in range(9):
        clock.now += LONGEST_PAUSE + 1
        assert circuit.why_not("PACS") is None
        circuit.failed("PACS", "does not answer")
        pause = circuit.pause("PACS")
        assert pause is not None
        pauses.append(round(pause.seconds))
    assert pauses == [10, 20, 40, 80, 160, 300, 300, 300, 300]


def test_tries_that_were_under_way_do_not_lengthen_the_pause(circuit: Circuit) -> None:
    fail(circuit, FAILURES + 20)
    pause = circuit.pause("PACS")
    assert pause is not None
    assert pause.failures == FAILURES


def test_a_probe_whose_worker_was_killed_is_done_by_another(circuit: Circuit, clock: Clock) -> None:
    fail(circuit)
    clock.now += FIRST_PAUSE + 0.1
    assert circuit.why_not("PACS") is None  # and then nothing more is heard of it
    clock.now += 121
    assert circuit.why_not("PACS") is None


def test_a_redis_that_is_down_has_its_own_error() -> None:
    nobody = Circuit(connect(f"redis://127.0.0.1:{free_port()}"))
    with pytest.raises(RegistryUnavailableError):
        nobody.why_not("PACS")
    with pytest.raises(RegistryUnavailableError):
        nobody.failed("PACS", "does not answer")
