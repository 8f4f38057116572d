"""Take in an instance, whoever brings it: check it, make it durable, then note that it came.

C-STORE and STOW-RS both end here. Redis may be down: the archive and its event record are what an
acknowledged instance rests on, and Redis is told when it is back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

import structlog
from pydicom.uid import UID

from study import telemetry
from study.archive import Archive, InstanceReference, Written
from study.errors import ArchiveError, StateError
from study.expected import Expected
from study.header import Header
from study.history import Event, Received
from study.incoming import Incoming
from study.inspection import check_pixel_length, file_meta, inspect, summarize
from study.jobs import JobQueue
from study.ledger import Ledger
from study.model import StudyRecord, StudySummary
from study.room import Room
from study.sop_classes import DERIVED, RADIOGRAPHS
from study.state import State
from study.teller import Teller

log = structlog.get_logger()

MANUFACTURER = "Kidray"


class Offered(NamedTuple):
    """What a sender says that it brings, and who it is."""

    sop_class_uid: str
    instance_uid: str
    transfer_syntax_uid: str
    calling_ae_title: str


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
        self._expected = Expected(ledger.archive)
        self._complete_on_release = frozenset(complete_on_release)
        self._room = room
        self._teller = Teller(ledger.registry, queue, quiet_period=quiet_period, clock=clock)

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
        KidrayError
            As `begin` and `keep` do.
        """
        offered = Offered(sop_class_uid, instance_uid, transfer_syntax_uid, calling_ae_title)
        with self.begin(offered) as incoming:
            incoming.write(dataset)
            return self.keep(incoming, offered)

    def begin(self, offered: Offered) -> Incoming:
        """Return a file into which the encoded data set is to be written as it comes.

        Raises
        ------
        ArchiveFullError, BacklogError, ArchiveError
            If it cannot be stored, or shall come later.
        """
        if self._room is not None:
            self._room.check()
        return self.archive.incoming(
            file_meta(offered.sop_class_uid, offered.instance_uid, UID(offered.transfer_syntax_uid))
        )

    def keep(self, incoming: Incoming, offered: Offered) -> Taken:
        """Store what has come, durable when this returns, and note its study's arrival.

        Raises
        ------
        NotDicomError
            If the bytes are not a data set in that transfer syntax.
        DatasetMismatchError
            If it is not of the SOP class, or has not the UID, that was offered.
        PixelDataError
            If its pixel data is shorter than its header says.
        IdentifierError
            If a UID in it is not valid.
        ArchiveFullError, ArchiveError
            If it cannot be stored.
        """
        header = _inspected(incoming, offered)
        ref = InstanceReference.of(header)
        if _made_here(header) and self.archive.path(ref).exists():
            telemetry.INSTANCES.labels(outcome=Written.IDENTICAL).inc()
            return Taken(ref, Written.IDENTICAL)  # ours, back from a PACS that may have re-encoded it
        began = time.perf_counter()
        written = self.archive.keep(incoming, ref)
        telemetry.STORE_SECONDS.observe(time.perf_counter() - began)
        telemetry.INSTANCES.labels(outcome=written).inc()
        telemetry.INSTANCE_BYTES.inc(incoming.size - incoming.prologue)
        if written is Written.KEPT_BESIDE:
            log.warning("conflicting_instance_kept_beside", **ref._asdict())
        elif not _made_here(header) and ref.series_uid not in self._expected:
            self._note(ref, header, offered.calling_ae_title)
        if written is Written.IDENTICAL and not self.archive.path(ref).exists():
            raise ArchiveError(f"study {ref.study_uid} has just left the archive: send it again")
        return Taken(ref, written)

    def released(self, study_uids: Iterable[str], calling_ae_title: str) -> None:
        """Note that an association has ended; by the sender's policy its studies are now complete."""
        if {"*", calling_ae_title} & self._complete_on_release:
            for uid in study_uids:
                self._teller.released(uid)

    def retry_unrecorded(self) -> int:
        """Tell Redis of the studies that arrived while it was down; returns how many are left."""
        return self._teller.tell()

    def keep_telling(self, pause: float = 1.0) -> None:
        """Call `retry_unrecorded` for ever; for a role that has no reconciler beside it."""
        while True:
            time.sleep(pause)
            self.retry_unrecorded()

    def tell_beside(self, stop: threading.Event) -> None:
        """Speak with Redis, until `stop` is set, beside the senders: none of them waits for it."""
        watching = None
        if self._room is not None:
            watching = threading.Thread(target=self._room.watch, args=(stop,), name="room")
            watching.start()
        self._teller.run(stop)
        if watching is not None:
            watching.join()

    def _note(self, ref: InstanceReference, header: Header, calling_ae_title: str) -> None:
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
        if record is not None:
            self._teller.arrived(record, has_radiograph=is_radiograph)


def _inspected(incoming: Incoming, offered: Offered) -> Header:
    """Return the header of what has come, once it has passed every check."""
    content, syntax = incoming.content(), UID(offered.transfer_syntax_uid)
    header, pixels_at = inspect(
        content,
        syntax,
        sop_class_uid=offered.sop_class_uid,
        instance_uid=offered.instance_uid,
        start=incoming.prologue,
    )
    check_pixel_length(header, content, pixels_at, syntax)
    return header


def _made_here(header: Header) -> bool:
    """Return whether this is a result of ours that came back: kept, but no work (no export loop)."""
    return header.text("Manufacturer") == MANUFACTURER and header.SOPClassUID in DERIVED


def _reopens(record: StudyRecord, ref: InstanceReference, is_radiograph: bool) -> bool:
    """Return whether the instance takes a study, already known, back to receiving."""
    if record.state == State.RECEIVING or not is_radiograph:
        return False
    known = {r.instance_uid for r in record.radiographs}
    return ref.instance_uid not in known | set(record.not_read)


def _summary(record: StudyRecord | None, header: Header) -> StudySummary:
    """Return what the worklist shows: the newest header of the patient whose study came first."""
    newest = summarize(header)
    if record is None or not record.summary.patient_id.strip():
        return newest
    same = newest.patient_id.strip() == record.summary.patient_id.strip()
    return newest if same else record.summary
