"""Tell whether a role of this machine does its work, for the health checks of containers and the like."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import redis

from study.errors import KidrayError
from study.registry import connect

if TYPE_CHECKING:
    from dramatiq.brokers.redis import RedisBroker

_WORKER = "work.ready"
_HEARTBEATS = "dramatiq:__heartbeats__"  # sorted set: a worker's ID, when it last asked for jobs (ms)


class NotAliveError(KidrayError):
    """Raised when a role does not do its work."""

    retryable = True


def worker_file(run: Path) -> Path:
    """Return the file in which a worker that is ready leaves its ID."""
    return run / _WORKER


def leave_worker_id(run: Path, broker: RedisBroker) -> None:
    """Note under which ID the worker of this machine asks for jobs."""
    file, name = worker_file(run), str(broker.broker_id)
    if not file.exists() or file.read_text() != name:
        run.mkdir(parents=True, exist_ok=True)
        file.write_text(name)


def check_worker(run: Path, redis_url: str) -> None:
    """Return if the worker of this machine asked for jobs a moment ago.

    Raises
    ------
    NotAliveError
        If there is no worker, it has stopped asking, or Redis does not answer.
    """
    from study.broker import HEARTBEAT_TIMEOUT_MS

    try:
        worker = worker_file(run).read_text()
    except FileNotFoundError as error:
        raise NotAliveError(f"no worker has become ready: there is no {worker_file(run)}") from error
    try:
        heard = connect(redis_url).zscore(_HEARTBEATS, worker)
    except redis.RedisError as error:
        raise NotAliveError("Redis does not answer, so no worker can ask for jobs") from error
    if heard is None or time.time() * 1000 - float(str(heard)) > HEARTBEAT_TIMEOUT_MS:
        raise NotAliveError(f"the worker has not asked for jobs for {HEARTBEAT_TIMEOUT_MS // 1000} s")


def check_address(url: str) -> None:
    """Return if `url` answers a GET with 200.

    Raises
    ------
    NotAliveError
        If it does not.
    """
    try:
        answer = httpx.get(url, timeout=5.0, trust_env=False)
    except httpx.HTTPError as error:
        raise NotAliveError(f"{url} does not answer: {type(error).__name__}") from error
    if answer.status_code != 200:
        raise NotAliveError(f"{url} answers {answer.status_code}")
