"""Hand out what is held: C-MOVE and C-GET as SCP, study and patient root (PS3.4 annex C).

Instances go as they lie on disk, undecoded; one whose transfer syntax the peer does not take is
unpacked behind the fence. pynetdicom's own answer would decode and encode each one again, and name
the wrong AE as the move's originator; hence the requests are taken before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TypeAlias

import structlog
from pydicom import Dataset
from pydicom.uid import UID
from pynetdicom import evt
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_GET, C_MOVE
from pynetdicom.dsutils import decode, encode
from pynetdicom.presentation import PresentationContext, build_context
from pynetdicom.sop_class import (
    PatientRootQueryRetrieveInformationModelGet,
    PatientRootQueryRetrieveInformationModelMove,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
)

from dicom_node.associate import association
from dicom_node.contexts import UNCOMPRESSED, proposed_contexts
from dicom_node.query import PATIENT_ROOT, STUDY_ROOT, UNIQUE_KEYS, Query, parse_query, studies_of
from dicom_node.send import (
    Instance,
    Originator,
    SendResult,
    as_dataset,
    batches,
    read_instance,
    send_instance,
)
from dicom_node.service_class import ServiceClass
from dicom_node.statuses import SUCCESS, WARNINGS, comment, status_of
from study.answers import Level
from study.archive import Archive, InstanceReference
from study.errors import DatasetMismatchError, DeliveryError, KidrayError, NotDicomError, SettingsError
from study.fence import Fence
from study.holdings import Holdings, reference
from study.inspection import MALFORMED
from study.settings import Destination
from study.transcoding import part10_as

log = structlog.get_logger()

MODELS: Mapping[UID, tuple[type[C_MOVE] | type[C_GET], tuple[Level, ...]]] = {
    StudyRootQueryRetrieveInformationModelMove: (C_MOVE, STUDY_ROOT),
    PatientRootQueryRetrieveInformationModelMove: (C_MOVE, PATIENT_ROOT),
    StudyRootQueryRetrieveInformationModelGet: (C_GET, STUDY_ROOT),
    PatientRootQueryRetrieveInformationModelGet: (C_GET, PATIENT_ROOT),
}
PENDING = 0xFF00
CANCELLED = 0xFE00
SOME_FAILED = 0xB000  # sub-operations complete, one or more failures or warnings
ALL_FAILED = 0xA702  # unable to perform sub-operations
DESTINATION_UNKNOWN = 0xA801

_Serve = Callable[[object, int], None]
_Request: TypeAlias = "C_MOVE | C_GET"


@dataclass
class Suboperations:
    """How far the C-STOREs of one retrieval are (PS3.7 section 9.1.4.1)."""

    remaining: int
    completed: int = 0
    warned: int = 0
    failed: list[str] = field(default_factory=list)

    def count(self, result: SendResult) -> None:
        """Take one outcome into account."""
        self.remaining -= 1
        if result.status == SUCCESS:
            self.completed += 1
        elif result.status in WARNINGS:
            self.warned += 1
        else:
            self.failed.append(result.instance_uid or result.path.stem)

    def status(self) -> int:
        """Return the final status that the outcomes add up to."""
        if self.failed and not self.completed and not self.warned:
            return ALL_FAILED
        return SOME_FAILED if self.failed or self.warned else SUCCESS


def instances_wanted(query: Query, holdings: Holdings) -> list[InstanceReference]:
    """Return the instances that a C-MOVE or C-GET asks for (PS3.4 section C.4.2.2.1).

    Raises
    ------
    DatasetMismatchError
        If the level asked for has no unique key.
    """
    if not query.keys[query.level]:
        raise DatasetMismatchError(f"{UNIQUE_KEYS[query.level]} must name what is to be retrieved")
    series = query.keys.get(Level.SERIES, ())
    instances = query.keys.get(Level.INSTANCE, ())
    found = []
    for uid in studies_of(query, holdings):
        answer = holdings.study_answer(uid)
        if query.level is Level.PATIENT and (
            answer is None or answer.get("PatientID") not in query.keys[Level.PATIENT]
        ):
            continue
        refs = map(reference, holdings.headers(uid))
        found += [r for r in refs if not series or r.series_uid in series]
    return [r for r in found if not instances or r.instance_uid in instances]


class RetrieveService:
    """C-MOVE and C-GET of everything that the archive holds.

    Parameters
    ----------
    holdings
        What is handed out.
    archive
        Where it lies.
    destinations
        Whom a C-MOVE may name, by AE title; the first of one title counts.
    ae_title
        Our own AE title.
    fence
        Where instances are unpacked.
    """

    def __init__(
        self,
        holdings: Holdings,
        archive: Archive,
        destinations: Sequence[Destination],
        *,
        ae_title: str,
        fence: Fence,
    ) -> None:
        self._holdings = holdings
        self._archive = archive
        self._destinations = {d.ae_title: d for d in reversed(destinations)}
        self._ae_title = ae_title
        self._fence = fence

    def service(self) -> ServiceClass:
        """Return what to give to the receiver."""
        contexts = [build_context(model, list(UNCOMPRESSED)) for model in MODELS]
        return ServiceClass(contexts, [(evt.EVT_ESTABLISHED, self._attend)])

    def _attend(self, event: evt.Event) -> None:
        """Answer the retrievals of an association that has just been accepted."""
        opened = event.assoc
        opened._serve_request = partial(self._serve, opened, opened._serve_request)

    def _serve(self, opened: Association, serve: _Serve, request: object, context_id: int) -> None:
        """Answer a request if it is a retrieval, else let `serve` do it; runs in the reactor's thread."""
        context = opened._accepted_cx.get(context_id)
        kind, levels = MODELS.get(context.abstract_syntax, (None, ())) if context else (None, ())
        if kind is None or not isinstance(request, kind) or not request.is_valid_request:
            serve(request, context_id)
            return
        opened.dimse.cancel_req = {}
        opened._is_paused = True  # its own C-STOREs need no other thread to stand back
        try:
            self._answer(opened, request, context, levels)
        finally:
            opened._is_paused = False

    def _answer(
        self, opened: Association, request: _Request, context: PresentationContext, levels: tuple[Level, ...]
    ) -> None:
        reply = partial(_reply, opened, request, context)
        calling = str(opened.requestor.ae_title).strip()
        try:
            query = parse_query(_identifier(request, context), levels)
            destination = self._destination(request)
            refs = instances_wanted(query, self._holdings)
        except KidrayError as error:
            log.warning("retrieval_refused", reason=str(error), calling_ae_title=calling)
            reply(DESTINATION_UNKNOWN if isinstance(error, SettingsError) else status_of(error), error=error)
            return
        done = Suboperations(len(refs))
        status = self._send_all(opened, request, refs, destination, done, partial(reply, PENDING, done))
        reply(status, done)
        log.info(
            "retrieval_answered",
            status=f"0x{status:04X}",
            destination=destination.ae_title if destination else calling,
            completed=done.completed + done.warned,
            failed=len(done.failed),
            calling_ae_title=calling,
        )

    def _destination(self, request: _Request) -> Destination | None:
        """Return where a C-MOVE wants instances; None for a C-GET, which wants them itself."""
        if isinstance(request, C_GET):
            return None
        title = str(request.MoveDestination).strip()
        if title not in self._destinations:
            raise SettingsError(f"no address is known of {title}; name it in KIDRAY_MOVE_DESTINATIONS")
        return self._destinations[title]

    def _send_all(
        self,
        opened: Association,
        request: _Request,
        refs: Iterable[InstanceReference],
        destination: Destination | None,
        done: Suboperations,
        tell: Callable[[], None],
    ) -> int:
        """Send every instance, tell after each how far it is, and return the final status."""
        instances = []
        for ref in refs:
            read = read_instance(self._archive.path(ref))
            if isinstance(read, SendResult):
                done.count(read)
            else:
                instances.append(read)
        for batch in batches(instances):
            with ExitStack() as stack:
                try:
                    send = stack.enter_context(self._sending(opened, request, destination, batch))
                except DeliveryError as error:
                    log.warning("move_destination_unreachable", reason=str(error))
                    for instance in batch:
                        done.count(SendResult(instance.path, instance.instance_uid, None, str(error)))
                    continue
                for instance in batch:
                    if request.MessageID in opened.dimse.cancel_req:
                        return CANCELLED
                    done.count(send(instance))
                    tell()
        return done.status()

    @contextmanager
    def _sending(
        self,
        opened: Association,
        request: _Request,
        destination: Destination | None,
        batch: Sequence[Instance],
    ) -> Iterator[Callable[[Instance], SendResult]]:
        """Run the block with what sends one instance: over this association, or over one of its own."""
        if destination is None:
            yield partial(send_instance, opened, unpacked=self._unpacked)
            return
        originator = Originator(str(opened.requestor.ae_title).strip(), request.MessageID)
        contexts = proposed_contexts(instance.encoded for instance in batch)
        with association(destination, contexts, calling_ae_title=self._ae_title) as other:
            yield partial(send_instance, other, originator=originator, unpacked=self._unpacked)

    def _unpacked(self, path: Path, syntax: UID) -> Dataset:
        return as_dataset(self._fence.call(part10_as, path, transfer_syntax_uid=syntax))


def _identifier(request: _Request, context: PresentationContext) -> Dataset:
    syntax = context.transfer_syntax[0]
    try:
        identifier: Dataset = decode(request.Identifier, syntax.is_implicit_VR, syntax.is_little_endian)
    except MALFORMED as error:
        raise NotDicomError(f"the identifier cannot be read: {type(error).__name__}") from error
    return identifier


def _reply(
    opened: Association,
    request: _Request,
    context: PresentationContext,
    status: int,
    done: Suboperations | None = None,
    *,
    error: KidrayError | None = None,
) -> None:
    """Send one response to a retrieval (PS3.7 sections 9.1.3.1 and 9.1.4.1)."""
    answer = type(request)()
    answer.MessageIDBeingRespondedTo = request.MessageID
    answer.AffectedSOPClassUID = request.AffectedSOPClassUID
    answer.Status = status
    if error is not None:
        answer.ErrorComment = comment(error)
    if done is not None:
        if status in (PENDING, CANCELLED):
            answer.NumberOfRemainingSuboperations = done.remaining
        answer.NumberOfCompletedSuboperations = done.completed
        answer.NumberOfWarningSuboperations = done.warned
        answer.NumberOfFailedSuboperations = len(done.failed)
        if status not in (PENDING, SUCCESS):
            failed, syntax = Dataset(), context.transfer_syntax[0]
            failed.FailedSOPInstanceUIDList = done.failed
            answer.Identifier = BytesIO(encode(failed, syntax.is_implicit_VR, syntax.is_little_endian))
    if opened.is_established:
        opened.dimse.send_msg(answer, context.context_id)
