"""The other processes of the role `receive`: each accepts associations on the first one's ports.

The kernel spreads connections over them (`SO_REUSEPORT`). Each counts its own associations; only the
first one watches over what has arrived.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping

import structlog

from study.settings import Settings
from study.stopping import ended_with_parent

log = structlog.get_logger()

_LOOK_EVERY = 0.5  # seconds
_GRACE = 15.0  # seconds for what is in hand


def can_share_a_port() -> bool:
    """Return whether the system lets several processes listen on one port."""
    return sys.platform == "linux" and hasattr(socket, "SO_REUSEPORT")


class Acceptors:
    """Processes beside this one; one that ends is started again.

    Parameters
    ----------
    count
        How many.
    settings
        With the ports that are listened on already.
    on_loss
        Called when one has ended: Redis may not know all that it has taken in.
    """

    def __init__(self, count: int, settings: Settings, on_loss: Callable[[], None]) -> None:
        self._environment = {**os.environ, **settings.environment()}
        self._on_loss = on_loss
        self._processes = [_spawn(self._environment) for _ in range(count)]
        self._stop = threading.Event()
        self._watch = threading.Thread(target=self._keep_alive, name="acceptors")
        self._watch.start()

    def pids(self) -> list[int]:
        """Return the process IDs."""
        return [process.pid for process in self._processes]

    def end(self) -> None:
        """Ask each to finish what it has in hand, and to end."""
        self._stop.set()
        self._watch.join()
        for process in self._processes:
            process.send_signal(signal.SIGTERM)

    def wait(self) -> None:
        """Return once all have ended; one that does not is killed."""
        until = time.monotonic() + _GRACE
        for process in self._processes:
            try:
                process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.warning("acceptor_killed", pid=process.pid)
                process.kill()
                process.wait()

    def _keep_alive(self) -> None:
        while not self._stop.wait(_LOOK_EVERY):
            for index, process in enumerate(self._processes):
                if process.poll() is not None:
                    log.warning("acceptor_ended", code=process.returncode)
                    self._processes[index] = _spawn(self._environment)
                    self._on_loss()


def _spawn(environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "roles.acceptor"],
        env=environment,
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C reaches the first process only, which stops in order
        preexec_fn=ended_with_parent(),  # noqa: PLW1509 - it calls two functions of libc
    )
