"""Decide whether there is room for another instance: on the disk, and in the queues."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

from study.errors import ArchiveError, ArchiveFullError, BacklogError, RegistryUnavailableError

_LOOK_EVERY = 0.5  # seconds


class Room:
    """Says no while the disk is nearly full or too many jobs wait; recovers by itself.

    What is held already can be finished then: results, reports and events are written all the same.

    Parameters
    ----------
    folder
        Of the archive.
    reserve
        Bytes that stay free on its disk.
    waiting
        Returns how many jobs wait.
    most_waiting
        Jobs that may wait; 0 for any number.
    clock
        Seconds, monotonic.
    """

    def __init__(
        self,
        folder: Path,
        *,
        reserve: int,
        waiting: Callable[[], int],
        most_waiting: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._reserve = reserve
        self._waiting = waiting
        self._most_waiting = most_waiting
        self._clock = clock
        self._looked = float("-inf")
        self._is_watched = False
        self._refusal: ArchiveError | None = None

    def check(self) -> None:
        """Raise where another instance shall come later; looks afresh twice a second, unless `watch` does.

        Raises
        ------
        ArchiveFullError
            If the disk's reserve is reached.
        BacklogError
            If too many jobs wait.
        """
        now = self._clock()
        if not self._is_watched and now - self._looked > _LOOK_EVERY:
            self._looked = now
            self._refusal = self._look()
        if self._refusal is not None:
            raise type(self._refusal)(str(self._refusal))

    def watch(self, stop: threading.Event) -> None:
        """Look until `stop` is set, so that no sender waits for a Redis that hangs."""
        self._refusal = self._look()
        self._is_watched = True
        while not stop.wait(_LOOK_EVERY):
            self._refusal = self._look()
        self._is_watched = False

    def _look(self) -> ArchiveError | None:
        try:
            free = shutil.disk_usage(self._folder).free
        except OSError as error:
            return ArchiveError(f"the archive's disk cannot be asked for its room: {error.strerror}")
        if free < self._reserve:
            return ArchiveFullError(f"the archive's disk has {free >> 20} MiB left: its reserve")
        if self._most_waiting:
            try:
                waiting = self._waiting()
            except RegistryUnavailableError:
                return None  # nobody knows; what is taken in now is worked off once Redis is back
            if waiting > self._most_waiting:
                return BacklogError(f"{waiting} jobs wait already; send it again later")
        return None
