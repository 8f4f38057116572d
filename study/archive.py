"""The archive: Part 10 files and event records by UID, durable before they are visible.

Layout: ``<study_uid>/<series_uid>/<instance_uid>.dcm`` and ``<study_uid>/events/0001-received.json``.
A file appears under its name whole or not at all, and is on stable storage, its folder entry too,
before a call returns. Nothing is ever overwritten.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import pydicom
from pydantic import ValidationError
from pydicom.errors import InvalidDicomError

from study.compat import StrEnum
from study.disk_errors import named
from study.errors import ArchiveError, ConflictError, NotDicomError, NotInArchiveError
from study.header import Header
from study.history import EVENT, Event
from study.identifiers import checked_uid, is_uid
from study.incoming import Incoming

EVENTS = "events"
_MOST_SETTLED = 10_000
_MOST_TRIES = 3
_Identity = tuple[Path, int, int]  # path, device, inode


class InstanceReference(NamedTuple):
    """The three UIDs that name one instance; they are valid, so they may become a path."""

    study_uid: str
    series_uid: str
    instance_uid: str

    @classmethod
    def of(cls, dataset: pydicom.Dataset | Header) -> InstanceReference:
        """Return the reference to `dataset`, its UIDs checked."""
        return cls(
            checked_uid(str(dataset.StudyInstanceUID)),
            checked_uid(str(dataset.SeriesInstanceUID)),
            checked_uid(str(dataset.SOPInstanceUID)),
        )


class Stamp(NamedTuple):
    """What differs whenever a study's events do."""

    inode: int
    changed_ns: int
    names: tuple[str, ...]


class Written(StrEnum):
    """What became of bytes given to the archive."""

    CREATED = "created"
    IDENTICAL = "identical"  # the same bytes were held already
    KEPT_BESIDE = "kept_beside"  # other bytes are held under that UID; these are kept next to them


class Archive:
    """Instances and events under one folder; safe for many processes at once.

    Parameters
    ----------
    root
        Folder of the archive; made when it is not there.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._incoming = root / ".incoming"
        self._leaving = root / ".leaving"
        self._settled: set[_Identity] = set()  # folders whose own entries are known to be durable
        with named(root):
            self._incoming.mkdir(parents=True, exist_ok=True)

    def path(self, ref: InstanceReference) -> Path:
        """Return where `ref` is, or would be, held."""
        study, series, instance = (checked_uid(u) for u in ref)
        return self.root / study / series / f"{instance}.dcm"

    def write(self, ref: InstanceReference, parts: Sequence[bytes]) -> Written:
        """Store a Part 10 file, given in parts, durably.

        Raises
        ------
        ArchiveFullError
            If no room is left.
        ArchiveError
            If the file system refuses.
        """
        with self.incoming(b"".join(parts)) as incoming:
            return self.keep(incoming, ref)

    def incoming(self, prologue: bytes) -> Incoming:
        """Return a file for an instance that is on its way; `keep` gives it its name.

        Raises
        ------
        ArchiveFullError
            If no room is left.
        ArchiveError
            If the file system refuses.
        """
        return Incoming(self._incoming, prologue)

    def keep(self, incoming: Incoming, ref: InstanceReference) -> Written:
        """Store what has come as `ref`, durably.

        The content is flushed before it gets its name, and its folder after: at no moment does the
        name stand for less than the whole, power loss included. Associations that flush at the same
        moment share the file system's commits, for each does so on a thread of its own.

        Raises
        ------
        ArchiveFullError
            If no room is left.
        ArchiveError
            If the file system refuses.
        """
        path = self.path(ref)
        with named(path):
            incoming.flush()
            return self._publish(incoming.path, path)

    def write_dataset(self, dataset: pydicom.Dataset) -> InstanceReference:
        """Store a derived object under its own UIDs; a second time does nothing.

        Raises
        ------
        ConflictError
            If another object is held under that UID.
        """
        ref = InstanceReference.of(dataset)
        if not self.path(ref).exists():
            buffer = BytesIO()
            pydicom.dcmwrite(buffer, dataset, enforce_file_format=True)
            if self.write(ref, [buffer.getvalue()]) is Written.KEPT_BESIDE:
                raise ConflictError(f"another object is held under {ref.instance_uid}")
        return ref

    def read(self, ref: InstanceReference, *, pixels: bool = True) -> pydicom.Dataset:
        """Return the data set of `ref`, without its pixel data where `pixels` is False.

        Raises
        ------
        NotInArchiveError
            If it is not held.
        NotDicomError
            If what is held cannot be read.
        """
        try:
            return pydicom.dcmread(self.path(ref), stop_before_pixels=not pixels)
        except FileNotFoundError as error:
            raise NotInArchiveError(f"the archive holds no instance {ref.instance_uid}") from error
        except (InvalidDicomError, EOFError, ValueError) as error:
            raise NotDicomError(f"instance {ref.instance_uid} cannot be read: {error}") from error

    def studies(self) -> Iterator[str]:
        """Yield the UID of every study held; folders of other names, as ``lost+found``, are not ours.

        Raises
        ------
        ArchiveError
            If the file system refuses.
        """
        with named(self.root), os.scandir(self.root) as entries:
            for entry in entries:
                if is_uid(entry.name) and entry.is_dir():
                    yield entry.name

    def instances(self, study_uid: str) -> list[InstanceReference]:
        """Return every instance of a study, received and derived, sorted by UID."""
        folder = self.root / checked_uid(study_uid)
        return [
            InstanceReference(study_uid, file.parent.name, file.stem)
            for file in sorted(folder.glob("*/*.dcm"))
        ]

    def append(self, study_uid: str, number: int, event: Event) -> None:
        """Store `event` as the study's event of that `number`, durably.

        Raises
        ------
        ConflictError
            If an event of that number is held already: somebody else was first.
        ArchiveError
            If it is the first, of a study of which it is not decided yet whether it leaves.
        """
        folder = self.root / checked_uid(study_uid) / EVENTS
        path = folder / f"{number:04d}-{event.kind}.json"
        if number == 1 and (self._leaving / study_uid).exists():
            raise ArchiveError(f"study {study_uid} may be leaving the archive: send it again")
        with named(path):
            folder.mkdir(parents=True, exist_ok=True)
            with _locked(folder):
                if any(folder.glob(f"{number:04d}-*.json")):
                    raise ConflictError(f"event {number} of study {study_uid} is held already")
                with Incoming(self._incoming, EVENT.dump_json(event)) as incoming:
                    incoming.flush()
                    os.rename(incoming.path, path)
                self._settle(folder)

    def events(self, study_uid: str) -> list[Event]:
        """Return the study's events in order; none where it is not held.

        Raises
        ------
        ArchiveError
            If one cannot be read.
        """
        folder = self.root / checked_uid(study_uid) / EVENTS
        events = []
        for file in sorted(folder.glob("[0-9]*.json")):
            try:
                events.append(EVENT.validate_json(file.read_bytes()))
            except (OSError, ValidationError) as error:
                raise ArchiveError(
                    f"event {file.name} of study {study_uid} cannot be read: {type(error).__name__}"
                ) from error
        return events

    def stamp(self, study_uid: str) -> Stamp:
        """Return the stamp of the study's events; to list their names is all it costs."""
        folder = f"{self.root}/{checked_uid(study_uid)}/{EVENTS}"
        try:
            found = os.stat(folder)
            return Stamp(found.st_ino, found.st_mtime_ns, tuple(sorted(os.listdir(folder))))
        except FileNotFoundError:
            return Stamp(0, 0, ())

    def remove(self, study_uid: str, *, instances: int) -> None:
        """Remove a study and its events for good; it is gone whole, or not at all.

        Whoever stores an instance in the meantime either fails, and does not acknowledge it, or is
        found out here.

        Raises
        ------
        ConflictError
            If the study holds another number of instances than `instances`; it stays then.
        """
        folder = self.root / checked_uid(study_uid)
        leaving = self._leaving / study_uid
        with named(folder):
            self._leaving.mkdir(exist_ok=True)
            os.rename(folder, leaving)
            if len(list(leaving.glob("*/*.dcm"))) != instances:
                _put_back(leaving, folder)
                raise ConflictError(f"study {study_uid} does not hold {instances} instances; it stays")
            gone = self._incoming / uuid.uuid4().hex
            os.rename(leaving, gone)  # from here on nothing brings it back
            _flush_folder(self.root)
            shutil.rmtree(gone, ignore_errors=True)  # `clear_incoming` may be at it too

    def clear_incoming(self) -> int:
        """Remove what a killed process left half written, or half removed; returns how much that was."""
        for undecided in self._leaving.iterdir() if self._leaving.is_dir() else ():
            _put_back(undecided, self.root / undecided.name)
        left = list(self._incoming.iterdir())
        for each in left:
            if each.is_dir():
                shutil.rmtree(each, ignore_errors=True)
            else:
                each.unlink(missing_ok=True)
        return len(left)

    def _publish(self, temporary: Path, path: Path) -> Written:
        if _link(temporary, path):
            self._settle(path.parent)
            return Written.CREATED
        if _digest(path) == _digest(temporary):
            self._settle(path.parent)  # whoever wrote it may have been killed before this
            return Written.IDENTICAL
        beside = path.with_suffix(f".conflict-{_digest(temporary)[:12]}")
        os.replace(temporary, beside)
        self._settle(path.parent)
        return Written.KEPT_BESIDE

    def _settle(self, folder: Path) -> None:
        """Make the entries of `folder` durable, and its own up to the root where they are not known to be.

        Folders are made and files named before the first flush: it commits all of that at once, and
        those that follow find nothing to write.
        """
        identity = _flush_folder(folder)
        if folder == self.root or identity in self._settled:
            return
        self._settle(folder.parent)
        if len(self._settled) >= _MOST_SETTLED:
            self._settled.clear()
        self._settled.add(identity)


def _put_back(leaving: Path, folder: Path) -> None:
    """Let a study stay; where another of its UID has begun since, give that its instances and events."""
    try:
        os.rename(leaving, folder)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        for file in leaving.glob("*/*"):
            beside = folder / file.parent.name
            beside.mkdir(exist_ok=True)
            with suppress(FileExistsError):
                os.link(file, beside / file.name)
            _flush_folder(beside)
        _flush_folder(folder)
        shutil.rmtree(leaving)
    _flush_folder(folder.parent)


def _link(temporary: Path, path: Path) -> bool:
    """Give a file its name, in a folder that is made where there is none; False where the name is taken."""
    for _ in range(_MOST_TRIES):
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
        else:
            return True
    raise FileNotFoundError(errno.ENOENT, "its folder is being removed, or the file was cleared away")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while chunk := file.read(1 << 20):
            digest.update(chunk)
        return digest.hexdigest()


def _flush_folder(folder: Path) -> _Identity:
    """Make the folder's entries durable; returns which folder that was, should it be made anew."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
        found = os.fstat(descriptor)
        return folder, found.st_dev, found.st_ino
    finally:
        os.close(descriptor)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
