"""A file on its way in leaves nothing but what was given a name."""

from __future__ import annotations

import os
import resource
import signal
from pathlib import Path

import pytest

from study.archive import Archive, InstanceReference, Written
from study.errors import ArchiveError, ArchiveFullError
from study.incoming import Incoming

REF = InstanceReference("1.2.3", "1.2.3.4", "1.2.3.4.5")


def test_what_is_not_kept_is_gone(tmp_path: Path) -> None:
    with Incoming(tmp_path, b"prologue") as incoming:
        incoming.write(memoryview(b"data"))
        assert incoming.content()[incoming.prologue :] == b"data"
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []


def test_what_is_kept_is_whole_however_it_came(archive: Archive) -> None:
    chance = os.urandom(5 << 20)
    with archive.incoming(b"prologue") as incoming:
        for at in range(0, len(chance), 70_001):
            incoming.write(memoryview(chance)[at : at + 70_001])
        assert archive.keep(incoming, REF) is Written.CREATED
    assert archive.path(REF).read_bytes() == b"prologue" + chance
    with archive.incoming(b"prologue") as again:
        again.write(chance)
        assert archive.keep(again, REF) is Written.IDENTICAL
    assert list((archive.root / ".incoming").iterdir()) == []


def test_closing_twice_is_harmless(tmp_path: Path) -> None:
    incoming = Incoming(tmp_path, b"")
    incoming.close()
    incoming.close()


def test_a_folder_that_is_not_there_is_an_error_of_the_archive(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError):
        Incoming(tmp_path / "none", b"")


def test_a_file_that_finds_no_room_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with Incoming(tmp_path, b"prologue") as incoming:
            resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 10, hard))
            with pytest.raises(ArchiveFullError):
                incoming.write(bytes(65 << 10))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert list(tmp_path.iterdir()) == []
