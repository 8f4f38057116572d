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
from study.intake import Intake
from study.jobs import JobQueue
from study.ledger import Ledger
from tests.study.radiographs import radiograph


@pytest.fixture(autouse=True)
def _pydicom_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo, after each test, what preparing the toolkit changes for the whole process."""
    monkeypatch.setattr(pydicom.config.settings, "_reading_validation_mode", None)


@pytest.fixture
def intake(ledger: Ledger, queue: JobQueue) -> Intake:
    return Intake(ledger, queue, quiet_period=60, complete_on_release={"RELEASER"})


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
