from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from study.archive import Archive, InstanceReference, Written
from study.errors import ArchiveFullError, ConflictError, IdentifierError, NotInArchiveError
from study.history import Received
from study.identifiers import checked_uid, derived_uid
from study.ledger import Ledger
from study.model import StudyRecord, StudySummary
from study.registry import Registry
from study.telemetry import now

REF = InstanceReference("1.2.3", "1.2.3.4", "1.2.3.4.5")


def received(revision: int = 1) -> Received:
    return Received(at=now(), revision=revision, calling_ae_title="X", summary=StudySummary())


def test_what_is_written_is_what_is_held(archive: Archive):
    assert archive.write(REF, [b"meta", b"data"]) is Written.CREATED
    assert archive.path(REF).read_bytes() == b"metadata"
    assert archive.path(REF).relative_to(archive.root) == Path("1.2.3/1.2.3.4/1.2.3.4.5.dcm")


def test_the_same_bytes_twice_make_one_file(archive: Archive):
    archive.write(REF, [b"same"])
    assert archive.write(REF, [b"same"]) is Written.IDENTICAL
    assert [p.name for p in archive.path(REF).parent.iterdir()] == ["1.2.3.4.5.dcm"]


def test_other_bytes_under_the_same_uid_are_kept_beside_and_change_nothing(archive: Archive):
    archive.write(REF, [b"first"])
    assert archive.write(REF, [b"second"]) is Written.KEPT_BESIDE
    assert archive.path(REF).read_bytes() == b"first"
    beside = [p for p in archive.path(REF).parent.iterdir() if ".conflict-" in p.name]
    assert [p.read_bytes() for p in beside] == [b"second"]
    assert archive.instances("1.2.3") == [REF]


@pytest.mark.parametrize("uid", ["../../x", "", "1..2", "1.2.", "/etc", "1" * 65, "1.2\n", "１.2"])
def test_a_uid_that_is_none_never_becomes_a_path(archive: Archive, uid: str):
    with pytest.raises(IdentifierError):
        archive.path(InstanceReference(uid, "1.2", "1.3"))
    with pytest.raises(IdentifierError):
        checked_uid(uid)


def test_derived_uids_are_valid_and_the_same_each_time():
    assert derived_uid("a", "b") == derived_uid("a", "b") != derived_uid("ab")
    assert checked_uid(derived_uid("a"))


def test_nothing_is_visible_before_it_is_whole(archive: Archive):
    def parts():
        yield b"half"
        assert archive.instances("1.2.3") == []
        yield b"rest"

    archive.write(REF, parts())  # type: ignore[arg-type]
    assert archive.instances("1.2.3") == [REF]


@pytest.fixture
def flushed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the folders that were flushed, in order, each with what it held then."""
    names: list[str] = []
    flush = os.fsync

    def note(descriptor: int) -> None:
        names.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")).name)
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    return names


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_every_folder_on_the_way_to_a_new_file_is_flushed_once(archive: Archive, flushed: list[str]):
    root = archive.root.name
    archive.write(REF, [b"one"])
    assert flushed == [REF.series_uid, REF.study_uid, root]
    archive.write(REF._replace(instance_uid="1.2.9"), [b"two"])
    assert flushed[3:] == [REF.series_uid]
    archive.append(REF.study_uid, 1, received())
    assert flushed[4:] == ["events", REF.study_uid]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_a_study_that_was_removed_and_comes_again_is_flushed_anew(archive: Archive, flushed: list[str]):
    archive.write(REF, [b"one"])
    keep = archive.root / REF.study_uid
    os.rename(keep, archive.root.parent / "elsewhere")  # another process removes it; its inodes live on
    flushed.clear()
    archive.write(REF, [b"one"])
    assert flushed == [REF.series_uid, REF.study_uid, archive.root.name]


def test_a_full_disk_is_told_apart_and_leaves_nothing_behind(tmp_path: Path):
    script = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from study.archive import Archive, InstanceReference; from study.errors import ArchiveFullError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "archive = Archive(Path(sys.argv[1]))\n"
        "try: archive.write(InstanceReference('1.2', '1.3', '1.4'), [b'x' * 100_000])\n"
        "except ArchiveFullError: print('full', len(list((archive.root / '.incoming').iterdir())))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "full 0"


def test_of_many_writers_of_one_event_number_one_wins(archive: Archive):
    outcomes: list[str] = []

    def write() -> None:
        try:
            archive.append("1.2.3", 1, received())
            outcomes.append("won")
        except ConflictError:
            outcomes.append("lost")

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["lost"] * 7 + ["won"]
    assert len(archive.events("1.2.3")) == 1


def test_what_a_killed_process_left_half_written_is_cleared(archive: Archive):
    (archive.root / ".incoming" / "left").write_bytes(b"half")
    assert archive.clear_incoming() == 1
    assert os.listdir(archive.root / ".incoming") == []


def test_reading_what_is_not_held_names_it(archive: Archive):
    with pytest.raises(NotInArchiveError, match=r"1\.2\.3\.4\.5"):
        archive.read(REF)


def test_the_error_for_a_full_archive_asks_for_another_try():
    assert ArchiveFullError("x").retryable


def test_a_ledger_sees_what_another_has_appended_and_what_has_left(archive: Archive, registry: Registry):
    ours, others = Ledger(archive, registry), Ledger(Archive(archive.root), registry)
    seen: list[int] = []

    def next_one(record: StudyRecord | None) -> Received:
        seen.append(record.version if record else 0)
        return received(record.revision + 1 if record else 1)

    for ledger in (ours, others, ours, ours, others):
        ledger.commit("1.2.3", next_one)
    archive.remove("1.2.3", instances=0)
    for ledger in (ours, others):
        ledger.commit("1.2.3", next_one)
    assert seen == [0, 1, 2, 3, 4, 0, 1]
