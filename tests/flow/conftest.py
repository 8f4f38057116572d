"""One service and one Orthanc for the flow tests, and phantoms to send."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.flow.service import RunningService
from tests.peers import Orthanc
from training.phantom_set import write_phantoms


@dataclass(frozen=True)
class SentPhantom:
    """A phantom on disk."""

    kind: str
    image: Path
    truth: Path | None
    study_uid: str
    instance_uid: str


@pytest.fixture(scope="session")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> dict[str, SentPhantom]:
    """One phantom of each class."""
    out = tmp_path_factory.mktemp("phantoms")
    return {
        str(phantom.kind): SentPhantom(
            str(phantom.kind), written.image, written.truth, written.study_uid, written.instance_uid
        )
        for phantom, written in write_phantoms(out, 5, 4711, size=(2048, 2048))
    }


@pytest.fixture(scope="package")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    with Orthanc(tmp_path_factory.mktemp("orthanc")) as running:
        yield running


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory, orthanc: Orthanc) -> Iterator[RunningService]:
    with RunningService(tmp_path_factory.mktemp("kidray") / "home", pacs=orthanc.destination) as running:
        yield running
