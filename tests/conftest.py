"""Parts that every room's tests share: a real archive, a real Redis, and a clock that is held."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
os.environ.setdefault("LANGSMITH_TRACING", "false")

import pytest

from study.archive import Archive
from study.jobs import JobQueue, build_broker
from study.ledger import Ledger
from study.redis_server import running_redis
from study.registry import Registry, connect


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real server for the whole run; `a_registry` empties it for each test."""
    with running_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


@pytest.fixture
def registry(redis_url: str) -> Iterator[Registry]:
    client = connect(redis_url)
    client.flushall()
    yield Registry(client)
    client.close()


@pytest.fixture
def ledger(archive: Archive, registry: Registry) -> Ledger:
    return Ledger(archive, registry)


@pytest.fixture
def queue(redis_url: str, registry: Registry) -> Iterator[JobQueue]:
    broker = build_broker(redis_url)
    yield JobQueue(broker)
    broker.client.close()
