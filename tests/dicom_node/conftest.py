"""A receiver with the real intake, archive and Redis behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom.config
import pytest
from pydicom import Dataset
from structlog.testing import capture_logs

from dicom_node.receive import Receiver
from study.archive import Archive
from study.intake import Intake
from study.jobs import JobQueue, build_broker
from study.ledger import Ledger
from study.redis_server import running_redis
from study.registry import Registry, connect
from tests.study.radiographs import radiograph


@pytest.fixture(autouse=True)
def _pydicom_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo, after each test, what preparing the toolkit changes for the whole process."""
    monkeypatch.setattr(pydicom.config.settings, "_reading_validation_mode", None)


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


@pytest.fixture
def ledger(archive: Archive, redis_url: str) -> Iterator[Ledger]:
    client = connect(redis_url)
    client.flushdb()
    yield Ledger(archive, Registry(client))
    client.close()


@pytest.fixture
def intake(ledger: Ledger, redis_url: str) -> Iterator[Intake]:
    broker = build_broker(redis_url)
    yield Intake(ledger, JobQueue(broker), quiet_period=60, complete_on_release={"RELEASER"})
    broker.close()
    broker.client.close()


@pytest.fixture
def receiver(intake: Intake) -> Iterator[Receiver]:
    node = Receiver(intake, ae_title="KIDRAY", host="127.0.0.1", port=0)
    node.start()
    yield node
    node.stop(grace=5)


@pytest.fixture
def log_lines() -> Iterator[list[dict[str, object]]]:
    with capture_logs() as lines:
        yield lines


@pytest.fixture
def a_radiograph() -> Dataset:
    return make_radiograph()


@pytest.fixture
def a_file(a_radiograph: Dataset, tmp_path: Path) -> Path:
    return saved(a_radiograph, tmp_path / "sent")


def make_radiograph(side: int = 64, **attributes: object) -> Dataset:
    """Return a small DX of an abdomen."""
    ramp = np.arange(side * side, dtype=np.uint16).reshape(side, side) % 4096
    return radiograph(ramp, BodyPartExamined="ABDOMEN", StudyDate="20260301", PatientAge="003Y", **attributes)


def saved(dataset: Dataset, folder: Path) -> Path:
    """Write `dataset` as a Part 10 file below `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{dataset.SOPInstanceUID}.dcm"
    dataset.save_as(path, enforce_file_format=True)
    return path
