"""`kidray up`: which processes make a whole service on one machine, and how each shows that it is ready."""

from __future__ import annotations

import fcntl
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psutil

from study import redis_server, telemetry
from study.alive import worker_file
from study.errors import RegistryUnavailableError, SettingsError
from study.jobs import owed_jobs
from study.reconcile import is_undelivered
from study.registry import Registry, connect
from study.service import Service
from study.settings import Settings
from study.state import FINISHED, State
from study.supervise import Role, Supervisor


def free_port(wanted: int, host: str) -> int:
    """Return `wanted`, or a free port where it is 0.

    Raises
    ------
    SettingsError
        If something else listens on it.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, wanted))
        except OSError as error:
            raise SettingsError(
                f"port {wanted} on {host} cannot be used: {error.strerror}; is Kidray running already? "
                "Choose another with --dicom-port or --web-port"
            ) from error
        return int(probe.getsockname()[1])


def settled(settings: Settings) -> Settings:
    """Return `settings` with every port and address that was left open decided."""
    return settings.model_copy(
        update={
            "dicom_port": free_port(settings.dicom_port, settings.dicom_host),
            "web_port": free_port(settings.web_port, settings.web_host),
            "redis_url": settings.redis_url or redis_server.url(settings.home / "redis"),
            "llm_url": settings.llm_url or f"http://127.0.0.1:{free_port(0, '127.0.0.1')}/v1",
        }
    )


@contextmanager
def only_one(home: Path, *, patience: float = 30.0) -> Iterator[int]:
    """Hold the home folder for this service alone; yields the descriptor that holds it.

    Roles inherit it: a service that was killed holds its folder until the last of them has ended, so
    that no two Redis servers ever write to it.

    Parameters
    ----------
    patience
        Seconds to wait for the roles of a service that was killed.

    Raises
    ------
    SettingsError
        If another service runs on it.
    """
    home.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + patience
    with (home / "lock").open("a+") as file:
        while not _locked(file.fileno()):
            file.seek(0)
            if _runs(file.read()):
                raise SettingsError(
                    f"another Kidray runs on {home}; stop it, or choose another folder with --home"
                )
            if time.monotonic() > until:
                raise SettingsError(
                    f"a Kidray was killed, and what it left behind still holds {home}: "
                    f"{_holders(home / 'lock')}; end it with `kill`, and start again"
                )
            time.sleep(0.1)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield file.fileno()


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holders(lock: Path) -> str:
    """Return the processes that have `lock` open, in words, but for this one."""
    path, found = str(lock.resolve()), []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.pid != os.getpid() and path in {file.path for file in process.open_files()}:
                found.append(f"process {process.pid} ({' '.join(process.cmdline()[-2:])})")
    return ", ".join(found) or "a process of another user"


def _runs(pid: str) -> bool:
    """Return whether the service of that process ID still runs; False where only its roles may."""
    try:
        os.kill(int(pid), 0)
    except ValueError:
        return True  # it has just begun
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def start(
    supervisor: Supervisor, wished: Settings, settings: Settings, echo: Callable[[Settings], bool]
) -> None:
    """Start every role of `settings`, those embedded first where `wished` names no server.

    Parameters
    ----------
    wished
        The settings as given: what is unset there is embedded.
    settings
        The same, from `settled`.
    echo
        Whether the DICOM node answers a C-ECHO.
    """
    settings.run.mkdir(parents=True, exist_ok=True)
    metrics = settings.run / "metrics"
    telemetry.share_metrics(metrics)
    environment = {
        **settings.environment(),
        telemetry.MULTIPROCESS: str(metrics),
        "PYTHONUNBUFFERED": "1",
        "PYTHONSAFEPATH": "1",
    }
    python = [sys.executable, "-m"]
    if wished.redis_url is None:
        redis = Role("redis", redis_server.command(settings.home / "redis"), lambda: _answers(settings))
        supervisor.start([redis])
    else:
        redis_server.wait_until_ready(wished.redis_url)
    worker_file(settings.run).unlink(missing_ok=True)
    roles = [
        Role("receive", [*python, "cli", "receive"], lambda: echo(settings), environment),
        Role("work", [*python, "cli", "work"], worker_file(settings.run).exists, environment),
        Role("web", [*python, "cli", "web"], lambda: _is_ready(settings), environment),
    ]
    if wished.llm_url is None and settings.llm_url is not None:
        port = settings.llm_url.rsplit(":", 1)[1].split("/")[0]
        command = [*python, "reporting.server", "--port", port]
        health = settings.llm_url.removesuffix("/v1") + "/health"
        roles.insert(0, Role("llm", command, lambda: _succeeds(health), environment, required=False))
    supervisor.start(roles)


def all_finished(service: Service) -> bool:
    """Return whether there are studies, with no job left to do and nothing left to deliver."""
    registry = service.ledger.registry
    records = registry.records(registry.worklist())
    return (
        bool(records)
        and all(
            State(r.state) in FINISHED
            and not owed_jobs(r)
            and not is_undelivered(r, service.settings.recipients)
            for r in records
        )
        and not any(service.queue.lengths().values())
    )


def watch(supervisor: Supervisor, stop: threading.Event, idle: Callable[[], bool]) -> None:
    """Keep the roles alive until `stop` is set or `idle` returns True twice in a row."""
    quiet = 0
    while not stop.wait(0.5):
        supervisor.watch()
        try:
            quiet = quiet + 1 if idle() else 0
        except RegistryUnavailableError:
            quiet = 0
        if quiet >= 2:
            return


def log_folder(settings: Settings) -> Path:
    """Return the folder of the roles' logs."""
    return settings.home / "logs"


def _answers(settings: Settings) -> bool:
    try:
        Registry(connect(str(settings.redis_url))).ping()
    except RegistryUnavailableError:
        return False
    return True


def _is_ready(settings: Settings) -> bool:
    return _succeeds(f"http://{settings.web_host}:{settings.web_port}/readyz")


def _succeeds(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2.0, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False
