"""What the file system raises, as the archive's own errors."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from study.errors import ArchiveError, ArchiveFullError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Raise `ArchiveFullError` or `ArchiveError` in place of an `OSError`; `path` is what was written."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise ArchiveFullError(f"the archive has no room left: {error.strerror}") from error
        raise ArchiveError(f"the archive cannot be written at {path.parent.name}: {error}") from error
