"""Which studies are on their way here as priors, so that whoever takes them in makes no work of them.

A mark is a file beside the archive's studies, read by every process of every machine that shares it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from study.archive import Archive
from study.identifiers import checked_uid

_MARKS = ".expected"
LIFE = 600.0  # seconds; what a killed process left behind counts for no longer


class Expected:
    """The studies that were asked for, as an archive's marks say.

    Parameters
    ----------
    archive
        Where they will be kept.
    """

    def __init__(self, archive: Archive) -> None:
        self._folder = archive.root / _MARKS

    @contextmanager
    def coming(self, study_uid: str) -> Iterator[Path]:
        """Run the block with the study marked; touch the mark where that takes longer than `LIFE`."""
        self._folder.mkdir(exist_ok=True)
        mark = self._folder / checked_uid(study_uid)
        mark.touch()
        try:
            yield mark
        finally:
            mark.unlink(missing_ok=True)

    def __contains__(self, study_uid: str) -> bool:
        """Return whether the study is marked."""
        try:
            return time.time() - (self._folder / study_uid).stat().st_mtime < LIFE
        except OSError:
            return False
