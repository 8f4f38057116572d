"""A study that the shipped model has read, the web role over it, and a worker that makes maps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest

from roles.vision import Vision
from study.fence import Fence
from study.history import Queued, Received
from study.intake import Intake
from study.jobs import Job, JobQueue, build_broker, register
from study.ledger import Ledger
from study.model import StudyRecord, StudySummary
from study.probability_maps import ProbabilityMaps
from study.registry import connect
from study.settings import Settings
from study.workers import start_worker
from training.phantom import PhantomKind, draw_phantom
from training.phantom_dicom import radiograph_dataset
from web_viewer.deps import STATIC, Services

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)


@pytest.fixture(scope="module")
def fence() -> Iterator[Fence]:
    with Fence(1) as fence:
        yield fence


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, worker_threads=1)


@pytest.fixture
def vision(settings: Settings, ledger: Ledger, fence: Fence) -> Vision:
    return Vision.open(settings, ledger, fence)


@pytest.fixture
def read(vision: Vision, ledger: Ledger) -> Callable[..., StudyRecord]:
    """Return a function that has the shipped model read a study of one phantom."""

    def read(kind: PhantomKind, size: tuple[int, int] = (1024, 896)) -> StudyRecord:
        dataset = radiograph_dataset(draw_phantom(41, kind, size=size), number=1)
        study_uid = str(dataset.StudyInstanceUID)
        ledger.archive.write_dataset(dataset)
        came = Received(at=NOW, revision=1, calling_ae_title="CR", summary=StudySummary())
        ledger.append(study_uid, lambda _: came)
        ledger.append(study_uid, lambda _: Queued(at=NOW, revision=1, instances=1))
        return vision.segment(study_uid)

    return read


@pytest.fixture
def services(ledger: Ledger, queue: JobQueue, redis_url: str, settings: Settings, fence: Fence) -> Services:
    return Services(
        archive=ledger.archive,
        ledger=ledger,
        registry=ledger.registry,
        queue=queue,
        intake=Intake(ledger, queue, quiet_period=60.0),
        settings=settings,
        redis_url=redis_url,
        fence=fence,
        static=STATIC,
    )


@pytest.fixture
def maps(redis_url: str) -> Iterator[ProbabilityMaps]:
    held = ProbabilityMaps(connect(redis_url, decode=False))
    yield held
    held.close()


@pytest.fixture
def work(redis_url: str, ledger: Ledger, queue: JobQueue, vision: Vision, maps: ProbabilityMaps):
    """Return a function that starts a worker for maps on a vision's models."""
    started = []

    def start(vision: Vision = vision) -> None:
        broker = build_broker(redis_url)
        register(broker, {Job.MAP: lambda uid: vision.make_maps(uid, maps)}, ledger, queue)
        started.append((start_worker(broker, threads=1, queues=["map"]), broker))

    yield start
    for running, broker in started:
        running.stop(timeout=15_000)
        broker.client.close()
