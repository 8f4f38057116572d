"""Know the headers of what the archive holds, each instance read once.

What is held has passed the limits of `study.limits` when it arrived, so that no header is a bomb.
An instance never changes once it is held, so what is remembered of it stays true; a folder that has
not changed since it was read holds nothing new.
"""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pydicom
import structlog
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.errors import InvalidDicomError

from study.answers import INSTANCE_KEYWORDS, SERIES_KEYWORDS, STUDY_KEYWORDS, study_answer
from study.archive import Archive, InstanceReference
from study.errors import NotInArchiveError
from study.identifiers import checked_uid
from study.inspection import MALFORMED

log = structlog.get_logger()

MAX_STUDIES = 4096  # remembered at once
_LONGEST_VALUE = 256  # bytes; longer values are neither matched nor answered
_KEPT_SEQUENCES = frozenset({0x00400275})  # Request Attributes Sequence
_MATCHED = frozenset(map(tag_for_keyword, (*STUDY_KEYWORDS, *SERIES_KEYWORDS, *INSTANCE_KEYWORDS)))
_SETTLED_NS = 2_000_000_000  # a folder touched this recently may change again within its time stamp


@dataclass
class _Series:
    stamp: int = -1
    read_at: int = 0
    headers: dict[str, pydicom.Dataset] = field(default_factory=dict)


@dataclass
class _Study:
    series: dict[str, _Series] = field(default_factory=dict)
    answer: pydicom.Dataset | None = None
    headers: list[pydicom.Dataset] = field(default_factory=list)


class Holdings:
    """The headers of the archive's instances; safe for many threads.

    Parameters
    ----------
    archive
        Whose instances these are.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._studies: OrderedDict[str, _Study] = OrderedDict()
        self._patients: dict[str, str] = {}  # Patient ID by study UID, of every study asked about
        self._lock = threading.Lock()

    def studies(self) -> list[str]:
        """Return the UID of every study held, sorted."""
        return sorted(self._archive.studies())

    def know_patients(self, patients: Mapping[str, str]) -> None:
        """Take the Patient ID of each study from whoever knows it, rather than from a header of each."""
        with self._lock:
            self._patients = {
                uid: patient_id.strip() for uid, patient_id in patients.items()
            } | self._patients

    def of_patient(self, patient_id: str) -> list[str]:
        """Return the UID of every study held whose first instance has that Patient ID, sorted.

        One header of each study is read, once: an archive has more studies than are remembered whole.
        """
        held = self.studies()
        with self._lock:
            known = {uid: self._patients[uid] for uid in held if uid in self._patients}
        for uid in held:
            if uid not in known:
                header = self._first_header(uid)
                if header is not None:  # else there is nothing yet
                    known[uid] = str(header.get("PatientID") or "").strip()
        with self._lock:
            self._patients = known
        return [uid for uid in held if known.get(uid) == patient_id.strip()]

    def headers(self, study_uid: str) -> list[pydicom.Dataset]:
        """Return a header for every instance of a study; none where it is not held.

        A header holds the file meta information and every short element before the pixel data. It
        is shared: not to be changed.
        """
        return self._current(study_uid).headers

    def study_answer(self, study_uid: str) -> pydicom.Dataset | None:
        """Return the study-level attributes; None where the study holds no instance. Shared."""
        return self._current(study_uid).answer

    def references(
        self, study_uid: str, series_uid: str | None = None, instance_uid: str | None = None
    ) -> list[InstanceReference]:
        """Return the instances under a study, a series or an instance UID.

        Raises
        ------
        NotInArchiveError
            If there is none.
        """
        found = [
            ref
            for ref in map(reference, self.headers(study_uid))
            if series_uid in (None, ref.series_uid) and instance_uid in (None, ref.instance_uid)
        ]
        if not found:
            raise NotInArchiveError(
                f"the archive holds nothing under {instance_uid or series_uid or study_uid}"
            )
        return found

    def header(self, study_uid: str, instance_uid: str) -> pydicom.Dataset:
        """Return the header of one instance.

        Raises
        ------
        NotInArchiveError
            If it is not held.
        """
        for header in self.headers(study_uid):
            if reference(header).instance_uid == instance_uid:
                return header
        raise NotInArchiveError(f"study {study_uid} holds no instance {instance_uid}")

    def _first_header(self, study_uid: str) -> pydicom.Dataset | None:
        for entry in _folders(self._archive.root / study_uid):
            for file in sorted(Path(entry.path).glob("*.dcm")):
                header = _read_header(file, InstanceReference(study_uid, entry.name, file.stem))
                if header is not None:
                    return header
        return None

    def _current(self, study_uid: str) -> _Study:
        folder = self._archive.root / checked_uid(study_uid)
        with self._lock:
            known = self._studies.get(study_uid) or _Study()
        current = _refreshed(known, folder)
        with self._lock:
            if current.answer is None:
                self._studies.pop(study_uid, None)
                return current
            self._studies[study_uid] = current
            self._studies.move_to_end(study_uid)
            while len(self._studies) > MAX_STUDIES:
                self._studies.popitem(last=False)
        return current


def reference(header: pydicom.Dataset) -> InstanceReference:
    """Return where the archive holds the instance of this header."""
    ref: InstanceReference = header.kept_as
    return ref


def _refreshed(known: _Study, folder: Path) -> _Study:
    series = {}
    changed = False
    for entry in _folders(folder):
        before = known.series.get(entry.name)
        stamp = entry.stat().st_mtime_ns
        if before is not None and before.stamp == stamp and before.read_at > stamp + _SETTLED_NS:
            series[entry.name] = before
            continue
        after = _read_series(before or _Series(), folder.name, Path(entry.path), stamp)
        changed |= before is None or before.headers.keys() != after.headers.keys()
        series[entry.name] = after
    if not changed and series.keys() == known.series.keys():
        return _Study(series, known.answer, known.headers)
    headers = [header for each in series.values() for header in each.headers.values()]
    return _Study(series, study_answer(headers) if headers else None, headers)


def _folders(folder: Path) -> list[os.DirEntry[str]]:
    try:
        entries = [e for e in os.scandir(folder) if e.is_dir() and e.name != "events"]
    except FileNotFoundError:
        return []
    return sorted(entries, key=lambda entry: entry.name)


def _read_series(before: _Series, study_uid: str, folder: Path, stamp: int) -> _Series:
    read_at = time.time_ns()
    headers = {}
    for file in sorted(folder.glob("*.dcm")):
        header = before.headers.get(file.stem)
        if header is None:
            header = _read_header(file, InstanceReference(study_uid, folder.name, file.stem))
        if header is not None:
            headers[file.stem] = header
    return _Series(stamp, read_at, headers)


def _read_header(file: Path, ref: InstanceReference) -> pydicom.Dataset | None:
    try:
        header = pydicom.dcmread(file, stop_before_pixels=True)
    except (*MALFORMED, InvalidDicomError) as error:
        log.warning("unreadable_instance", error=type(error).__name__, **ref._asdict())
        return None
    for tag in list(header.keys()):
        if (tag not in _KEPT_SEQUENCES and _is_long(header, tag)) or not _is_readable(header, tag):
            del header[tag]
    header.kept_as = ref
    return header


def _is_readable(header: pydicom.Dataset, tag: pydicom.tag.BaseTag) -> bool:
    """Return whether a value that may be matched can be read; the others are read when asked for."""
    if tag not in _MATCHED:
        return True
    try:
        str(header[tag].value).encode()  # half a surrogate pair is no text
    except MALFORMED:
        return False
    return True


def _is_long(header: pydicom.Dataset, tag: pydicom.tag.BaseTag) -> bool:
    item = header.get_item(tag)
    if item.VR in ("SQ", "UN", "OB", "OW"):
        return True
    return isinstance(item, RawDataElement) and item.length > _LONGEST_VALUE
