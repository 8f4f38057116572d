"""Take in an instance, whoever brings it: check it, make it durable, then note that it came.

C-STORE and STOW-RS both end here. Redis may be down: the archive and its event record are what an
acknowledged instance rests on, and Redis is told when it is back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

import pydicom
import structlog
from pydicom.uid import UID

from study import telemetry
from study.archive import Archive, InstanceReference, Written
from study.errors import ArchiveError, RegistryUnavailableError, StateError
from study.history import Event, Received
from study.inspection import check_pixel_length, file_meta, inspect, summarize, text_of
from study.jobs import Job, JobQueue
from study.ledger import Ledger
from study.model import StudyRecord, StudySummary
from study.room import Room
from study.sop_classes import DERIVED, RADIOGRAPHS
from study.state import State

log = structlog.get_logger()

MANUFACTURER = "Kidray"
_PAUSE = 1.0  # seconds for which Redis is left alone after it did not answer


class Taken(NamedTuple):
    """What was taken in, and what became of it."""

    ref: InstanceReference
    written: Written


class Intake:
    """Where instances enter.

    Parameters
    ----------
    ledger
        Of the archive that instances go to.
    queue
        Asked to segment each radiograph as it arrives.
    quiet_period
        Seconds without a further instance after which a study counts as complete.
    complete_on_release
        Calling AE titles whose studies are complete when the association ends; ``*`` for all.
    room
        Asked before anything is read; None: there is always room.
    clock
        POSIX seconds.
    """

    def __init__(
        self,
        ledger: Ledger,
        queue: JobQueue,
        *,
        quiet_period: float,
        complete_on_release: Collection[str] = (),
        room: Room | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.archive: Archive = ledger.archive
        self._ledger = ledger
        self._queue = queue
        self._quiet_period = quiet_period
        self._complete_on_release = frozenset(complete_on_release)
        self._room = room
        self._clock = clock
        self._unrecorded: set[str] = set()
        self._lock = threading.Lock()
        self._silent_until = 0.0

    def take(
        self,
        dataset: bytes,
        *,
        sop_class_uid: str,
        instance_uid: str,
        transfer_syntax_uid: str,
        calling_ae_title: str,
    ) -> Taken:
        """Store an encoded data set, durable when this returns, and note its study's arrival.

        Raises
        ------
        NotDicomError
            If the bytes are not a data set in that transfer syntax.
        DatasetMismatchError
            If it is not of the SOP class, or has not the UID, that the request named.
        PixelDataError
            If its pixel data is shorter than its header says.
        IdentifierError
            If a UID in it is not valid.
        ArchiveFullError, BacklogError, ArchiveError
            If it cannot be stored, or shall come later.
        """
        if self._room is not None:
            self._room.check()
        syntax = UID(transfer_syntax_uid)
        header, pixels_at = inspect(dataset, syntax, sop_class_uid=sop_class_uid, instance_uid=instance_uid)
        check_pixel_length(header, dataset, pixels_at, syntax)
        ref = InstanceReference.of(header)
        if _made_here(header) and self.archive.path(ref).exists():
            telemetry.INSTANCES.labels(outcome=Written.IDENTICAL).inc()
            return Taken(ref, Written.IDENTICAL)  # ours, back from a PACS that may have re-encoded it
        began = time.perf_counter()
        written = self.archive.write(ref, [file_meta(sop_class_uid, instance_uid, syntax), dataset])
        telemetry.STORE_SECONDS.observe(time.perf_counter() - began)
        telemetry.INSTANCES.labels(outcome=written).inc()
        telemetry.INSTANCE_BYTES.inc(len(dataset))
        if written is Written.KEPT_BESIDE:
            log.warning("conflicting_instance_kept_beside", **ref._asdict())
        elif not _made_here(header):
            self._note(ref, header, calling_ae_title)
        return Taken(ref, written)

    def released(self, study_uids: Iterable[str], calling_ae_title: str) -> None:
        """Note that an association has ended; by the sender's policy its studies are now complete."""
        if {"*", calling_ae_title} & self._complete_on_release:
            for uid in study_uids:
                self._tell(uid, lambda uid=uid: self._expect(uid, self._clock()))  # type: ignore[misc]

    def retry_unrecorded(self) -> int:
        """Tell Redis of the studies that arrived while it was down; returns how many are left."""
        with self._lock:
            waiting = list(self._unrecorded)
        for uid in waiting:
            if self._tell(uid, lambda uid=uid: self._announce_anew(uid)):  # type: ignore[misc]
                with self._lock:
                    self._unrecorded.discard(uid)
        with self._lock:
            return len(self._unrecorded)

    def keep_telling(self, pause: float = 1.0) -> None:
        """Call `retry_unrecorded` for ever; for a role that has no reconciler beside it."""
        while True:
            time.sleep(pause)
            self.retry_unrecorded()

    def _note(self, ref: InstanceReference, header: pydicom.Dataset, calling_ae_title: str) -> None:
        is_radiograph = header.SOPClassUID in RADIOGRAPHS

        def decide(record: StudyRecord | None) -> Event | None:
            if record is not None and not _reopens(record, ref, is_radiograph):
                return None
            return Received(
                at=telemetry.now(),
                revision=record.revision + 1 if record else 1,
                calling_ae_title=calling_ae_title.strip(),
                summary=_summary(record, header),
            )

        try:
            record = self._ledger.commit(ref.study_uid, decide)
        except StateError as error:
            raise ArchiveError(f"study {ref.study_uid} takes no further instance: {error}") from error
        if record is None:
            return
        if self._clock() < self._silent_until:  # Redis did not answer a moment ago: leave it alone
            self._remember(ref.study_uid)
        else:
            self._tell(ref.study_uid, lambda: self._announce(record, is_radiograph))

    def _announce(self, record: StudyRecord, is_radiograph: bool) -> None:
        self._ledger.registry.publish(record)
        if record.state == State.RECEIVING:
            self._expect(record.study_uid, self._clock() + self._quiet_period)
            if is_radiograph:
                self._queue.ask(Job.PREVIEW, record.study_uid)

    def _announce_anew(self, study_uid: str) -> None:
        record = self._ledger.record(study_uid)
        if record is not None:
            self._announce(record, is_radiograph=True)

    def _remember(self, study_uid: str) -> None:
        with self._lock:
            self._unrecorded.add(study_uid)

    def _expect(self, study_uid: str, due: float) -> None:
        self._ledger.registry.expect_more_until(study_uid, due)

    def _tell(self, study_uid: str, tell: Callable[[], None]) -> bool:
        """Do what needs Redis; remember the study for later when it does not answer."""
        try:
            tell()
        except RegistryUnavailableError:
            log.warning("registry_unavailable", study_uid=study_uid)
            self._silent_until = self._clock() + _PAUSE
            self._remember(study_uid)
            return False
        return True


def _made_here(header: pydicom.Dataset) -> bool:
    """Return whether this is a result of ours that came back: kept, but no work (no export loop)."""
    return text_of(header, "Manufacturer") == MANUFACTURER and header.SOPClassUID in DERIVED


def _reopens(record: StudyRecord, ref: InstanceReference, is_radiograph: bool) -> bool:
    """Return whether the instance takes a study, already known, back to receiving."""
    if record.state == State.RECEIVING or not is_radiograph:
        return False
    known = {r.instance_uid for r in record.radiographs}
    return ref.instance_uid not in known | set(record.not_read)


def _summary(record: StudyRecord | None, header: pydicom.Dataset) -> StudySummary:
    """Return what the worklist shows: the newest header of the patient whose study came first."""
    newest = summarize(header)
    if record is None or not record.summary.patient_id.strip():
        return newest
    same = newest.patient_id.strip() == record.summary.patient_id.strip()
    return newest if same else record.summary
