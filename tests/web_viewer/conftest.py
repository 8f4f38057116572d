"""The real application over a real archive and a real Redis."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from study.fence import Fence
from study.intake import Intake
from study.jobs import JobQueue
from study.ledger import Ledger
from study.settings import Settings
from tests.web_viewer.studies import MODEL, SegmentedStudy, a_drafted_study
from web_viewer.app import create_app
from web_viewer.deps import Services

ORIGIN = "http://127.0.0.1:8080"


@pytest.fixture
def intake(ledger: Ledger, queue: JobQueue) -> Intake:
    return Intake(ledger, queue, quiet_period=60.0)


@pytest.fixture(scope="session")
def fence() -> Iterator[Fence]:
    with Fence(1) as opened:
        yield opened


@pytest.fixture
def build_services(
    ledger: Ledger, queue: JobQueue, intake: Intake, redis_url: str, tmp_path: Path, fence: Fence
) -> Callable[..., Services]:
    """Returns services; keyword arguments are settings."""

    def build(static: Path | None = None, **settings: Any) -> Services:
        return Services(
            archive=ledger.archive,
            ledger=ledger,
            registry=ledger.registry,
            queue=queue,
            intake=intake,
            settings=Settings(home=tmp_path, **settings),
            redis_url=redis_url,
            fence=fence,
            dicom_port=11113,
            model=MODEL,
            static=static or tmp_path / "no-build",
        )

    return build


@pytest.fixture
def client(build_services: Callable[..., Services]) -> Iterator[TestClient]:
    with TestClient(create_app(build_services()), base_url=ORIGIN) as client:
        yield client


@pytest.fixture
def drafted(intake: Intake, ledger: Ledger) -> SegmentedStudy:
    return a_drafted_study(intake, ledger)
