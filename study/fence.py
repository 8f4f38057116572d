"""The fence: files of others are decoded in child processes, with limits on memory, CPU and time.

Codecs are C code that reads what a stranger wrote. In a child the worst file ends the child: the
caller gets an error that names the reason and is not worth another try. What comes back is JSON and
bytes, never pickled objects, so a child that was taken over cannot take over its parent.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import pydicom
import structlog
from numpy.typing import NDArray

from study import errors
from study.errors import ArchiveError, KidrayError, PixelDataError
from study.fenced import Answer, as_array, attenuation, display, modality
from study.short_header import as_header, short_header

log = structlog.get_logger()

_CALLS_PER_CHILD = 500  # then a fresh one: what a codec leaks counts against the memory limit
_START_SECONDS = 60.0


class FenceLimits(NamedTuple):
    """What reading one file may cost.

    Attributes
    ----------
    memory
        Bytes of address space beside what the child needs anyway (Linux only).
    cpu_seconds
        Seconds of CPU.
    seconds
        Seconds by the clock; a stalled disk counts too.
    """

    memory: int = 1536 << 20  # the largest image that is read, 64 million pixels, needs 1 GB
    cpu_seconds: int = 30
    seconds: float = 60.0


DEFAULT = FenceLimits()


class Fence:
    """Children that read files; safe for many threads. Close it, or use it in a `with`.

    Parameters
    ----------
    children
        How many read at once; further callers wait.
    modules
        Imported by a child when it starts: those of the functions that it will be asked for.
    """

    def __init__(
        self, children: int = 2, limits: FenceLimits = DEFAULT, *, modules: Sequence[str] = ()
    ) -> None:
        self._limits = limits
        self._modules = tuple(modules)
        self._room = threading.BoundedSemaphore(children)
        self._idle: list[_Child] = []
        self._lock = threading.Lock()

    def __enter__(self) -> Fence:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def attenuation_values(self, path: Path) -> NDArray[Any]:
        """Return `study.pixels.attenuation_values` of a radiograph's file.

        Returns
        -------
        np.ndarray
            float32 (rows, columns).

        Raises
        ------
        NotDicomError, PixelDataError
            If it cannot be read within the limits; never worth another try.
        """
        return as_array(self.call(attenuation, path))

    def modality_values(self, path: Path) -> NDArray[Any]:
        """Return `study.pixels.modality_values` of a radiograph's file, float32 (rows, columns).

        Raises
        ------
        NotDicomError, PixelDataError
            If it cannot be read within the limits; never worth another try.
        """
        return as_array(self.call(modality, path))

    def header(self, path: Path) -> pydicom.Dataset:
        """Return the header of an instance's file, without its longest elements.

        Raises
        ------
        NotDicomError, PixelDataError
            If it cannot be read within the limits; never worth another try.
        """
        return as_header(self.call(short_header, path))

    def display_values(self, path: Path) -> NDArray[Any]:
        """Return `study.pixels.display_values` of a radiograph's file, float32 (rows, columns), 0..1.

        Raises
        ------
        NotDicomError, PixelDataError
            If it cannot be read within the limits; never worth another try.
        """
        return as_array(self.call(display, path))

    def call(self, function: Callable[..., Answer], path: Path, **arguments: object) -> Answer:
        """Return what `function`, a module's own, answers to `path` in a child.

        Parameters
        ----------
        arguments
            Further ones for it; values that JSON can hold.

        Raises
        ------
        KidrayError
            What the function raised.
        PixelDataError
            If it broke a limit, or ended its child twice.
        ArchiveError
            If no child can be started; worth another try.
        """
        with self._room:
            try:
                return self._once(function, path, arguments)
            except _EndedError as error:  # perhaps by somebody else: the machine was short of memory
                log.warning("fenced_child_ended", instance_uid=path.stem, by=str(error))
            try:
                return self._once(function, path, arguments)
            except _EndedError as error:
                raise PixelDataError(f"reading it ends the reader: {error}") from error

    def warm_up(self) -> None:
        """Start a child now, so that the first file does not wait for it."""
        with self._room:
            self._put_back(self._take())

    def close(self) -> None:
        """End the idle children."""
        with self._lock:
            idle, self._idle = self._idle, []
        for child in idle:
            child.end()

    def _once(self, function: Callable[..., Answer], path: Path, arguments: Mapping[str, object]) -> Answer:
        child = self._take(path)
        name = f"{function.__module__}:{function.__qualname__}"
        try:
            answer = child.ask(name, path, arguments, self._limits)
        except KidrayError:
            if child.is_whole:
                self._put_back(child)
            else:
                child.end()
            raise
        except BaseException:  # the caller's time is up, or it ended: the answer is still to come
            child.end()
            raise
        self._put_back(child)
        return answer

    def _take(self, path: Path | None = None) -> _Child:
        """Return an idle child, or a new one; the one that has read `path` last where it is idle."""
        with self._lock:
            self._idle.sort(key=lambda child: child.read == path)
            while self._idle:
                child = self._idle.pop()
                if child.is_whole and child.calls < _CALLS_PER_CHILD:
                    return child
                child.end()
        return _Child(self._limits, self._modules)

    def _put_back(self, child: _Child) -> None:
        with self._lock:
            self._idle.append(child)


class _EndedError(KidrayError):
    """Raised when a child ended and no limit of ours says why."""


class _Child:
    """One process behind the fence."""

    def __init__(self, limits: FenceLimits, modules: Sequence[str]) -> None:
        ours, theirs = socket.socketpair()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "study.fenced"],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # a library's warning may quote an element
                env=_environment(),
            )
        except OSError as error:
            ours.close()
            raise ArchiveError(f"no process can be started to read with: {error.strerror}") from error
        finally:
            theirs.close()
        self._wire = Connection(ours.detach())
        self.calls = 0
        self.read: Path | None = None  # the last file
        self._asked = False
        try:
            self._send({"memory": limits.memory, "modules": modules})
            self._receive(time.monotonic() + _START_SECONDS)
        except KidrayError as error:
            self.end()
            raise ArchiveError("the process to read with did not start") from error

    @property
    def is_whole(self) -> bool:
        """Whether it is there and owes no answer."""
        return not self._asked and self._process.poll() is None

    def ask(self, function: str, path: Path, arguments: Mapping[str, object], limits: FenceLimits) -> Answer:
        """Return the answer, or raise what the child raised or which limit it broke."""
        self.calls += 1
        self.read = path
        self._asked = True
        until = time.monotonic() + limits.seconds
        self._send(
            {
                "function": function,
                "path": str(path),
                "arguments": arguments,
                "cpu_seconds": limits.cpu_seconds,
            }
        )
        said = json.loads(self._receive(until))
        if "error" not in said:
            answer = Answer(said["description"], self._receive(until))
            self._asked = False
            return answer
        self._asked = False
        kind = getattr(errors, str(said["error"]), PixelDataError)
        raise kind(str(said["message"]))

    def end(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.wait()
        with suppress(OSError):
            self._wire.close()

    def _send(self, order: dict[str, object]) -> None:
        try:
            self._wire.send_bytes(json.dumps(order).encode())
        except OSError as error:
            raise _EndedError(self._why_ended()) from error

    def _receive(self, until: float) -> bytes:
        try:
            if not self._wire.poll(max(0.0, until - time.monotonic())):
                raise PixelDataError("reading it takes longer than is allowed")
            return self._wire.recv_bytes()
        except (EOFError, OSError) as error:
            why = self._why_ended()
            if self._process.returncode == -signal.SIGXCPU:
                raise PixelDataError("reading it takes more CPU time than is allowed") from error
            raise _EndedError(why) from error

    def _why_ended(self) -> str:
        try:
            code = self._process.wait(5)
        except subprocess.TimeoutExpired:
            return "its socket closed"
        return signal.Signals(-code).name if code < 0 else f"exit status {code}"


def _environment() -> dict[str, str]:
    """Return the environment for a child: no setting, so no secret, and no thread beside its own."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("KIDRAY_")}
    return {**ours, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
