"""`kidray deliveries` against a real archive, Redis and queue."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

import cli
from dicom_node.receive import Receiver
from study.archive import Archive
from study.circuit import FAILURES, Circuit
from study.errors import DeliveryError
from study.jobs import Job, JobQueue
from study.ledger import Ledger
from study.registry import Registry
from study.settings import Destination
from tests.dicom_node.test_deliver import a_segmented_study, deliver
from tests.peers import free_port

__all__ = ["a_segmented_study"]


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "home" / "archive")


@pytest.fixture
def configured(
    tmp_path: Path, redis_url: str, registry: Registry, receiver: Receiver, monkeypatch
) -> tuple[Destination, Destination]:
    """Return a destination that is up and one that is down, both in the settings."""
    up, down = (
        Destination("UP", "127.0.0.1", receiver.port),
        Destination("DOWN", "127.0.0.1", free_port()),
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KIDRAY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KIDRAY_REDIS_URL", redis_url)
    monkeypatch.setenv("KIDRAY_PACS", f"{up},{down}")
    return up, down


def kidray(*arguments: str) -> str:
    done = CliRunner().invoke(cli.app, ["deliveries", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_what_was_not_tried_yet_is_shown_as_waiting(configured, a_segmented_study) -> None:
    shown = kidray("list", "--state", "waiting", "--destination", "UP")
    assert shown.count("waiting") == 2
    assert str(a_segmented_study.radiographs[0].seg_instance_uid) in shown
    assert "DOWN" not in shown


def test_each_destination_shows_what_it_has_lacks_and_why(configured, ledger, a_segmented_study) -> None:
    for _ in range(FAILURES):
        with pytest.raises(DeliveryError):
            deliver(ledger, a_segmented_study, *configured)
    shown = kidray("list")
    assert "UP" not in shown.partition("Study Instance UID")[2]
    assert shown.count("pending") == 2
    assert f"after {FAILURES} failures: {configured[1]} does not answer" in shown
    assert kidray("list", "--state", "sent").partition("Study Instance UID")[2].count(" UP ") == 2


def test_a_replay_queues_the_studies_that_lack_something_and_cuts_the_pause_short(
    configured, ledger: Ledger, queue: JobQueue, registry: Registry, a_segmented_study
) -> None:
    for _ in range(FAILURES):
        with pytest.raises(DeliveryError):
            deliver(ledger, a_segmented_study, *configured)
    assert "0 studies" in kidray("replay", "--destination", "UP")
    assert queue.lengths()["deliver"] == 0
    assert "1 studies" in kidray("replay")
    assert queue.lengths()["deliver"] == 1
    assert Circuit(registry._redis).pause("DOWN") is None


def test_a_replay_of_another_study_queues_nothing(configured, queue: JobQueue, a_segmented_study) -> None:
    assert "0 studies" in kidray("replay", "1.2.3")
    assert queue.lengths() == dict.fromkeys(queue.lengths(), 0)
    assert str(Job.DELIVER) in queue.lengths()


def test_what_a_destination_takes_is_shown_once_it_has_said_so(configured, ledger, a_segmented_study) -> None:
    assert kidray("list", "--destination", "UP").count("not known yet") == 1
    with pytest.raises(DeliveryError):
        deliver(ledger, a_segmented_study, *configured)
    shown = kidray("list", "--destination", "UP")
    assert "SEG, SR, REPORT (as it can)" in shown
    assert "takes SEG, SR, REPORT, GSPS, CAPTURE, PDF (" in shown
    assert "not known yet" in kidray("list", "--destination", "DOWN")
