"""Run the roles of one machine as processes: start, watch, start again, stop in order.

Small on purpose: on a cluster the orchestrator does this. Process managers on PyPI either stop
everything when one child ends (honcho) or want a daemon and files of their own (supervisor, circus).
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from study.errors import KidrayError
from study.stopping import ended_with_parent

log = structlog.get_logger()

_GRACE = 20.0  # seconds a role has to finish what runs
_LONGEST_PAUSE = 10.0  # seconds before a role that keeps ending is started again
_HEALTHY_AFTER = 30.0  # seconds after which an ended role counts as having run well


@dataclass(frozen=True)
class Role:
    """One process of the service: its name, command line, and what tells that it is ready.

    A role that is not `required` may be late or missing: the others go on without it.
    """

    name: str
    command: Sequence[str]
    ready: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict)
    required: bool = True


@dataclass
class _Child:
    role: Role
    process: subprocess.Popen[bytes]
    started: float
    ended: int = 0  # how often it ended soon after its start
    restart_at: float | None = None


class RoleFailedError(KidrayError):
    """Raised when a role does not become ready."""


class Supervisor:
    """Starts roles in the order given, and stops them in reverse.

    Parameters
    ----------
    logs
        Folder of one log file for each role.
    keeps
        File descriptors that every role holds open as long as it runs.
    """

    def __init__(self, logs: Path, *, keeps: Sequence[int] = ()) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self._logs = logs
        self._keeps = tuple(keeps)
        self._children: list[_Child] = []

    def start(self, roles: Sequence[Role], *, seconds: float = 60.0) -> None:
        """Start `roles` side by side, and return once each is ready.

        Raises
        ------
        RoleFailedError
            If one ends, or is not ready within `seconds`.
        """
        begun = [_Child(role, self._spawn(role), time.monotonic()) for role in roles]
        self._children.extend(begun)
        until = time.monotonic() + seconds
        waiting = begun
        while waiting:
            waiting = [child for child in waiting if not self._settled(child, time.monotonic() > until)]
            time.sleep(0.05)

    def _settled(self, child: _Child, late: bool) -> bool:
        """Return whether `child` need not be waited for."""
        if child.role.ready():
            return True
        code = child.process.poll()
        if code is None and not late:
            return False
        trouble = "was not ready in time" if code is None else f"ended with {code} at its start"
        if child.role.required:
            raise RoleFailedError(f"the role '{child.role.name}' {trouble}; see {self._log_file(child.role)}")
        log.warning("role_missing", missing=child.role.name, trouble=trouble)
        return True

    def watch(self) -> None:
        """Start again what has ended; to be called often."""
        now = time.monotonic()
        for child in self._children:
            if child.process.poll() is None:
                continue
            if child.restart_at is None:
                child.ended = 1 if now - child.started > _HEALTHY_AFTER else child.ended + 1
                pause = min(_LONGEST_PAUSE, 0.25 * 2 ** (child.ended - 1))
                child.restart_at = now + pause
                log.warning(
                    "role_ended", ended=child.role.name, code=child.process.returncode, again_in=pause
                )
            elif now >= child.restart_at:
                child.process = self._spawn(child.role)
                child.started, child.restart_at = now, None

    def stop(self) -> None:
        """Stop every role, the last started first, letting each finish what it has in hand."""
        for child in reversed(self._children):
            if child.process.poll() is None:
                child.process.send_signal(signal.SIGTERM)
                try:
                    child.process.wait(_GRACE)
                except subprocess.TimeoutExpired:
                    log.warning("role_killed", ended=child.role.name)
                    child.process.kill()
                    child.process.wait()
        self._children.clear()

    def pids(self) -> dict[str, int]:
        """Return the process ID of each role."""
        return {child.role.name: child.process.pid for child in self._children}

    def _log_file(self, role: Role) -> Path:
        return self._logs / f"{role.name}.log"

    def _spawn(self, role: Role) -> subprocess.Popen[bytes]:
        with self._log_file(role).open("ab") as output:
            return subprocess.Popen(
                list(role.command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **role.environment},
                pass_fds=self._keeps,
                start_new_session=True,  # Ctrl-C reaches the supervisor only, which stops in order
                preexec_fn=ended_with_parent(),  # noqa: PLW1509 - one thread spawns
            )
