"""Which studies may leave the archive, which of those go, and a record of each that went.

A study may leave once it is finished and every destination has confirmed all that it is owed. The
record is ``.left.jsonl`` in the archive: one line for each study, durable before the study goes, with
UIDs and receipts and nothing of the patient. `Retention` does by itself what ``kidray studies purge`` does
when it is asked to.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import structlog

from study.archive import Archive
from study.errors import ArchiveError, ConflictError, NotInArchiveError, StateError
from study.ledger import Ledger
from study.model import AlertState, DeliveryState, StudyRecord
from study.owed import Owed, OwedMessage, Recipient, owed_to, pdf_uid, unconfirmed
from study.state import FINISHED, State

log = structlog.get_logger()

RECORD = ".left.jsonl"
MOST_AT_ONCE = 50  # studies that leave in one sweep: completing studies does not wait long for it


class Held(NamedTuple):
    """A study in the archive, and why it has to stay (None: it may leave)."""

    record: StudyRecord
    instances: int
    size: int  # bytes
    kept_because: str | None


def why_kept(
    record: StudyRecord, lacking: Sequence[Owed | OwedMessage], unsent_reports: int, *, wanted: bool
) -> str | None:
    """Return why a study has to stay in the archive; None where it may leave. Pure.

    Parameters
    ----------
    lacking
        What destinations are owed and have not confirmed.
    unsent_reports
        How many signed reports have reached no destination.
    wanted
        Whether there are destinations at all.
    """
    if State(record.state) not in FINISHED:
        return f"it is still {record.state}"
    if lacking:
        return f"{len(lacking)} results are not confirmed by their destination"
    if unsent_reports:
        return "a signed report has reached no destination"
    if record.alert is not None and record.alert.state is AlertState.OPEN:
        return "nobody has acknowledged its critical result"
    if record.marks.wait:
        return "what a reader drew is not stored as an object yet"
    sent = any(d.state is DeliveryState.SENT for d in record.deliveries)
    if wanted and record.radiographs and not sent:
        return "none of its results has reached a destination"
    return None


def leaving(
    studies: Sequence[Held], *, now: datetime, older_than: timedelta | None, room_needed: int
) -> list[Held]:
    """Return which of the studies that may leave go, the longest untouched first. Pure.

    Parameters
    ----------
    older_than
        Those without a step for so long go; None: none does for its age.
    room_needed
        Bytes; the oldest go until they are freed.
    """
    gone: list[Held] = []
    freed = 0
    for study in sorted(studies, key=lambda s: s.record.updated_at):
        if study.kept_because is not None or study.record.state == State.FAILED:
            continue
        old = older_than is not None and now - study.record.updated_at > older_than
        if old or freed < room_needed:
            gone.append(study)
            freed += study.size
    return gone


def look(ledger: Ledger, study_uid: str, destinations: Sequence[Recipient]) -> Held:
    """Return a study of the archive, and whether it may leave.

    Raises
    ------
    NotInArchiveError
        If the archive holds no such study.
    """
    record = ledger.held(study_uid)
    refs = ledger.archive.instances(study_uid)
    made = {ref.instance_uid for ref in refs}
    lacking = [
        owed
        for recipient in destinations
        for owed in unconfirmed(record, owed_to(record, recipient), recipient)
        if owed.instance_uid in made or isinstance(owed, OwedMessage)
    ]
    size = sum(ledger.archive.path(ref).stat().st_size for ref in refs)
    kept = why_kept(record, lacking, _unsent_reports(record), wanted=bool(destinations))
    return Held(record, len(refs), size, kept)


def take_leave(ledger: Ledger, study: Held, *, why: str, at: datetime) -> None:
    """Remove a study for good, the record of it first.

    Raises
    ------
    StateError, ConflictError
        If something came or happened since the study was looked at; it stays then.
    """
    uid = study.record.study_uid
    now = ledger.held(uid)
    if (now.version, len(ledger.archive.instances(uid))) != (study.record.version, study.instances):
        raise StateError(f"study {uid} has changed in the meantime and stays")
    _write_record(ledger.archive, study, why, at)
    ledger.archive.remove(uid, instances=study.instances)
    ledger.registry.forget(uid)
    log.info("study_left", study_uid=uid, why=why, instances=study.instances)


def room_needed(folder: Path, keep_free: str | None) -> int:
    """Return how many bytes lack to what shall stay free on the disk of `folder`; 0 where none do.

    Parameters
    ----------
    keep_free
        GiB, or a share of the disk such as ``10%``; None: nothing needs to stay free.
    """
    if keep_free is None:
        return 0
    disk = shutil.disk_usage(folder)
    number = float(keep_free.rstrip("% "))
    wanted = disk.total * number / 100 if keep_free.endswith("%") else number * 2**30
    return max(0, int(wanted) - disk.free)


class Retention:
    """Lets the longest untouched studies leave, by age or for room, once all is delivered.

    Parameters
    ----------
    ledger
        Of the archive that they leave.
    destinations
        Those that have to confirm what they are owed.
    older_than
        Studies without a step for so long leave; None: none does for its age.
    keep_free
        As for `room_needed`.
    """

    def __init__(
        self,
        ledger: Ledger,
        destinations: Sequence[Recipient],
        *,
        older_than: timedelta | None = None,
        keep_free: str | None = None,
    ) -> None:
        self._ledger = ledger
        self._destinations = destinations
        self._older_than = older_than
        self._keep_free = keep_free
        self._stay: dict[str, int] = {}  # studies that had to stay, and the version that was looked at

    def sweep(self, now: datetime) -> int:
        """Let go what may and shall; returns how many studies that was, `MOST_AT_ONCE` at most.

        Raises
        ------
        RegistryUnavailableError
            If Redis does not answer.
        ArchiveError
            If a study cannot be removed, or the record of it not be kept.
        """
        if not self._destinations or (self._older_than is None and self._keep_free is None):
            return 0
        needed = room_needed(self._ledger.archive.root, self._keep_free)
        registry = self._ledger.registry
        gone = 0
        for record in sorted(registry.records(registry.worklist()), key=lambda r: r.updated_at):
            old = self._older_than is not None and now - record.updated_at > self._older_than
            if gone == MOST_AT_ONCE or not (old or needed > 0):
                break
            if self._stay.get(record.study_uid) != record.version:
                why = "it is old" if old else "its room was needed"
                freed = self._let_go(record, why, now)
                gone, needed = gone + (freed > 0), needed - freed
        return gone

    def _let_go(self, record: StudyRecord, why: str, now: datetime) -> int:
        """Remove the study if it may leave; returns the bytes that this freed, 0 where it stays."""
        try:
            study = look(self._ledger, record.study_uid, self._destinations)
            if study.kept_because is None and study.record.state != State.FAILED:
                take_leave(self._ledger, study, why=why, at=now)
                return max(1, study.size)
        except NotInArchiveError:  # who removed it was killed before the worklist knew, or all is away
            if any(self._ledger.archive.studies()):
                self._ledger.registry.forget(record.study_uid)
            return 0
        except (StateError, ConflictError) as error:
            log.info("study_stays", study_uid=record.study_uid, reason=str(error))
        self._stay[record.study_uid] = record.version
        return 0


def _unsent_reports(record: StudyRecord) -> int:
    """Return how many signed reports have not reached any destination, as SR or as PDF."""
    sent: set[str | None] = {d.instance_uid for d in record.deliveries if d.state is DeliveryState.SENT}
    forms = ({r.sr_instance_uid, pdf_uid(record.study_uid, r.sr_instance_uid)} for r in record.signed)
    return sum(not sent & uids for uids in forms)


def _write_record(archive: Archive, study: Held, why: str, at: datetime) -> None:
    record = study.record
    line = {
        "at": at.isoformat(),
        "study_uid": record.study_uid,
        "why": why,
        "state": record.state,
        "revision": record.revision,
        "events": record.version,
        "instances": study.instances,
        "bytes": study.size,
        "delivered": [
            {"to": d.destination, "kind": d.kind, "instance_uid": d.instance_uid, "state": str(d.state)}
            for d in record.deliveries
        ],
    }
    try:
        _append_durably(archive.root / RECORD, json.dumps(line).encode() + b"\n")
    except OSError as error:
        raise ArchiveError(f"what leaves the archive cannot be recorded: {error.strerror}") from error


def _append_durably(path: Path, line: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    try:
        os.write(descriptor, line)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
