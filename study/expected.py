"""Which series are on their way here as priors, so that whoever takes them in makes no work of them.

A mark is a file beside the archive's studies, read by every process of every machine that shares it.
It is kept fresh while its series comes: what a killed process left behind soon counts for no longer.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from study.archive import Archive
from study.identifiers import checked_uid

_MARKS = ".expected"
LIFE = 60.0  # seconds that a mark counts since it was last touched
_TOUCH_EVERY = 10.0  # seconds


class Expected:
    """The series that were asked for, as an archive's marks say.

    Each is marked, not its study: what else comes of that study is work as ever.

    Parameters
    ----------
    archive
        Where they will be kept.
    """

    def __init__(self, archive: Archive) -> None:
        self._folder = archive.root / _MARKS

    @contextmanager
    def coming(self, series_uid: str) -> Iterator[Path]:
        """Run the block with the series marked, by a mark of one's own: others may fetch it, too."""
        self._folder.mkdir(exist_ok=True)
        self._clear()
        mark = self._folder / f"{checked_uid(series_uid)}_{uuid.uuid4().hex}"
        mark.touch()
        over = threading.Event()
        touching = threading.Thread(target=_keep_fresh, args=(mark, over), name="expected", daemon=True)
        touching.start()
        try:
            yield mark
        finally:
            over.set()
            touching.join()
            mark.unlink(missing_ok=True)

    def __contains__(self, series_uid: str) -> bool:
        """Return whether the series is marked."""
        try:
            marks = os.listdir(self._folder)
        except OSError:
            return False
        return any(name.rpartition("_")[0] == series_uid and _is_fresh(self._folder / name) for name in marks)

    def _clear(self) -> None:
        """Remove what killed processes left behind."""
        for mark in self._folder.iterdir():
            if not _is_fresh(mark):
                mark.unlink(missing_ok=True)


def _keep_fresh(mark: Path, over: threading.Event) -> None:
    while not over.wait(_TOUCH_EVERY):
        with suppress(OSError):
            mark.touch()


def _is_fresh(mark: Path) -> bool:
    try:
        return time.time() - mark.stat().st_mtime < LIFE
    except OSError:  # its series has come
        return False
