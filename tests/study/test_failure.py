"""Why a step failed, as it is recorded, and what is made of an older archive's sentence."""

from __future__ import annotations

import importlib
import pkgutil

import pytest
import redis

from study.errors import KidrayError, ModelError, NoneReadableError, NotInArchiveError
from study.failure import Failure
from study.failure_code import FailureCode
from study.given_up import DeadLetterNotes
from study.history import EVENT, Failed, Queued, fold
from study.registry import PREFIX
from study.telemetry import now
from tests.study.test_history import received

ROOMS = ("study", "inference", "reporting", "dicom_node", "roles")
# What no job runs into: they end a process, a connection, or a child's own work.
OUTSIDE_JOBS = {"JobFailedError", "LimitError", "NotAliveError", "RoleFailedError", "_EndedError"}


def every_error(kind: type[KidrayError] = KidrayError) -> set[type[KidrayError]]:
    """Return all errors of the rooms in which jobs run."""
    for room in ROOMS:
        package = importlib.import_module(room)
        for module in pkgutil.iter_modules(package.__path__, f"{room}."):
            importlib.import_module(module.name)
    return {
        found
        for each in kind.__subclasses__()
        for found in {each, *every_error(each)}
        if found.__module__.split(".")[0] in ROOMS
    }


def test_every_error_that_a_job_may_end_with_says_which_kind_of_trouble_it_is():
    silent = {each.__name__ for each in every_error() if each.code is FailureCode.UNEXPECTED}
    assert silent == OUTSIDE_JOBS


def test_every_kind_of_trouble_but_those_without_an_error_of_ours_comes_of_one():
    ours = {each.code for each in every_error()} | {FailureCode.MEMORY, FailureCode.OTHER}
    assert ours == set(FailureCode)


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (ModelError("/models/x is damaged"), Failure.of(FailureCode.MODEL)),
        (NotInArchiveError("no instance 1.2.3.4"), Failure.of(FailureCode.MISSING)),
        (NoneReadableError("1.2.3.4: short", 3), Failure.of(FailureCode.NONE_READABLE, files=3)),
        (MemoryError("DOE^JANE"), Failure.of(FailureCode.MEMORY)),
        (RuntimeError("DOE^JANE"), Failure.of(FailureCode.UNEXPECTED, error="RuntimeError")),
    ],
)
def test_what_a_reader_is_told_quotes_nothing_of_the_error(error: Exception, failure: Failure):
    assert Failure.by(error) == failure


@pytest.mark.parametrize(
    ("sentence", "detail"),
    [
        (
            "no radiograph of the study can be read; 1.2.840.113619.2.5: the pixel data is short",
            "no radiograph of the study can be read: the pixel data is short",
        ),
        ("the archive holds no instance 2.25.7.8", "the archive holds no instance"),
        ("Redis does not answer", "Redis does not answer"),
        ("the model kidray 0.5.1 is damaged", "the model kidray 0.5.1 is damaged"),
    ],
)
def test_an_older_archives_sentence_stays_without_the_uids_in_it(sentence: str, detail: str):
    old = {"kind": "failed", "stage": "segment", "reason": sentence, "retryable": True}
    failed = EVENT.validate_python({**old, "at": now(), "revision": 1})
    record = fold("1.2", [received(), Queued(at=now(), revision=1, instances=1), failed])
    assert record is not None
    assert record.failure == Failure.of(FailureCode.OTHER, detail=detail)
    assert record.reason == sentence


def test_a_study_that_is_queued_again_has_no_failure_any_more():
    failed = Failed(
        at=now(),
        revision=1,
        stage="segment",
        reason="x",
        retryable=True,
        failure=Failure.of(FailureCode.MODEL),
    )
    queued = Queued(at=now(), revision=1, instances=1)
    record = fold("1.2", [received(), queued, failed])
    assert record is not None
    assert record.failure == failed.failure
    record = fold("1.2", [received(), queued, failed, queued])
    assert record is not None
    assert record.failure is None


def test_why_another_release_gave_a_job_up_hides_no_dead_letter(redis_url: str):
    client = redis.Redis.from_url(redis_url)
    notes = DeadLetterNotes(client)
    notes.add("1", ModelError("x"))
    client.set(PREFIX + "given-up:2", '{"code": "of_another_release"}')
    assert notes.of(["1", "2", "3"]) == [Failure.of(FailureCode.MODEL), None, None]
    client.close()
