"""A Part 10 file on its way into the archive: written as its bytes come, under no name that anyone reads."""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from study.disk_errors import named

_WRITE_BACK_EVERY = 2 << 20  # bytes after which the disk is set to work
_SYNC_FILE_RANGE_WRITE = 2


class Incoming:
    """A file of its own, gone again when it is closed.

    The disk is set to work on it while the rest still comes, so that the flush at the end has little
    left to wait for.

    Parameters
    ----------
    folder
        Where it lies until it gets its name; on the same file system.
    prologue
        What comes before the data set: preamble and file meta information.

    Raises
    ------
    ArchiveFullError
        If no room is left; every method may.
    ArchiveError
        If the file system refuses.
    """

    def __init__(self, folder: Path, prologue: bytes) -> None:
        self.path = folder / uuid.uuid4().hex
        self.prologue = len(prologue)
        self.size = 0
        self._set_to_work = 0
        self._map: mmap.mmap | None = None
        with named(folder):
            self._descriptor = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o666)
        try:
            self.write(prologue)
        except BaseException:
            self.close()
            raise

    def write(self, part: bytes | memoryview) -> None:
        """Append bytes, of which nothing is kept in memory."""
        done = 0
        with named(self.path):
            while done < len(part):  # once, but where the disk is nearly full
                done += os.write(self._descriptor, memoryview(part)[done:])
        self.size += done
        if self.size - self._set_to_work > _WRITE_BACK_EVERY:
            _start_write_back(self._descriptor, self._set_to_work, self.size - self._set_to_work)
            self._set_to_work = self.size

    def content(self) -> mmap.mmap:
        """Return all that was written, as a view of the file; valid until it is closed."""
        if self._map is None:
            with named(self.path):
                self._map = mmap.mmap(self._descriptor, self.size, access=mmap.ACCESS_READ)
        return self._map

    def flush(self) -> None:
        """Return once the content is on stable storage."""
        with named(self.path):
            os.fdatasync(self._descriptor)

    def close(self) -> None:
        """Give everything back; what was not given another name is gone."""
        if self._map is not None:
            self._map.close()
            self._map = None
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
            with suppress(FileNotFoundError):  # moved, or cleared away
                self.path.unlink()

    def __enter__(self) -> Incoming:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()


def _sync_file_range() -> Callable[..., int] | None:
    """Return the system's call that starts write-back without waiting; Linux only, and only a hint."""
    if sys.platform != "linux":
        return None
    call = getattr(ctypes.CDLL(None), "sync_file_range", None)
    if call is not None:
        call.argtypes = [ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint]
    return call


_CALL = _sync_file_range()


def _start_write_back(descriptor: int, offset: int, length: int) -> None:
    if _CALL is not None:
        _CALL(descriptor, offset, length, _SYNC_FILE_RANGE_WRITE)
