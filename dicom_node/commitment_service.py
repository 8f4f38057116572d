"""Storage commitment as SCP: vouch for what the archive holds, and tell who asked (PS3.4 annex J).

The report goes over an association of its own to a node whose address is known, else over the one on
which it was asked for, as long as that one stands.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from io import BytesIO
from weakref import WeakKeyDictionary

import structlog
from pydicom import Dataset
from pynetdicom import evt
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import N_EVENT_REPORT
from pynetdicom.dsutils import encode
from pynetdicom.presentation import build_role
from pynetdicom.sop_class import StorageCommitmentPushModel, StorageCommitmentPushModelInstance

from dicom_node.associate import association
from dicom_node.commitment import REQUEST, Named, Report, context, parse_request, report_dataset, vouch
from dicom_node.service_class import ServiceClass
from dicom_node.statuses import SUCCESS
from study.archive import Archive
from study.errors import DeliveryError, KidrayError, NotDicomError
from study.inspection import MALFORMED
from study.settings import Destination

log = structlog.get_logger()

PAUSES = (0.0, 5.0, 30.0, 120.0)  # seconds before each try to reach who asked
NO_SUCH_ACTION = 0x0123  # PS3.7 annex C
INVALID_ARGUMENT = 0x0115
_ANSWER_TIME = 10.0  # seconds for the answer to a report

_Serve = Callable[[object, int], None]


class CommitmentService:
    """Answers N-ACTION with a promise to look, and keeps it by N-EVENT-REPORT.

    Parameters
    ----------
    archive
        What is vouched for.
    destinations
        The nodes whose addresses are known.
    ae_title
        Our own AE title.
    pauses
        Seconds before each try to reach a node.
    """

    def __init__(
        self,
        archive: Archive,
        destinations: Sequence[Destination],
        *,
        ae_title: str,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self._archive = archive
        self._destinations = {d.ae_title: d for d in reversed(destinations)}
        self._ae_title = ae_title
        self._pauses = pauses
        self._asked: WeakKeyDictionary[Association, tuple[str, list[Named]]] = WeakKeyDictionary()

    def service(self) -> ServiceClass:
        """Return what to give to the receiver."""
        return ServiceClass(
            [context()], [(evt.EVT_N_ACTION, self._action), (evt.EVT_ESTABLISHED, self._attend)]
        )

    def _action(self, event: evt.Event) -> tuple[int, None]:
        """Answer one N-ACTION (PS3.7 section 10.1.4); the report follows."""
        if event.action_type != REQUEST:
            return NO_SUCH_ACTION, None
        try:
            self._asked[event.assoc] = parse_request(_information(event))
        except KidrayError as error:
            log.warning("commitment_refused", reason=str(error), calling_ae_title=_calling(event.assoc))
            return INVALID_ARGUMENT, None
        return SUCCESS, None

    def _attend(self, event: evt.Event) -> None:
        """Have the reports of an association, just accepted, follow the answers to its requests."""
        opened = event.assoc
        opened._serve_request = partial(self._serve, opened, opened._serve_request)

    def _serve(self, opened: Association, serve: _Serve, request: object, context_id: int) -> None:
        serve(request, context_id)
        asked = self._asked.pop(opened, None)
        if asked is None:
            return
        destination = self._destinations.get(_calling(opened))
        if destination is not None:
            name = f"commitment-{destination.ae_title}"
            threading.Thread(
                target=self._report_to, args=(destination, *asked), name=name, daemon=True
            ).start()
            return
        report = vouch(self._archive, *asked)
        opened._is_paused = True  # the answer is for us, not for the reactor
        try:
            _log(report, _calling(opened), told=_tell_here(opened, context_id, report))
        finally:
            opened._is_paused = False

    def _report_to(self, destination: Destination, transaction_uid: str, instances: list[Named]) -> None:
        report = vouch(self._archive, transaction_uid, instances)
        for pause in self._pauses:
            time.sleep(pause)
            try:
                self._tell(destination, report)
            except DeliveryError as error:
                log.warning("commitment_not_told", transaction_uid=transaction_uid, reason=str(error))
            else:
                _log(report, destination.ae_title, told=True)
                return
        _log(report, destination.ae_title, told=False)

    def _tell(self, destination: Destination, report: Report) -> None:
        role = build_role(StorageCommitmentPushModel, scp_role=True)
        with association(destination, [context()], calling_ae_title=self._ae_title, roles=[role]) as opened:
            try:
                answer, _ = opened.send_n_event_report(
                    report_dataset(report),
                    report.event_type,
                    StorageCommitmentPushModel,
                    StorageCommitmentPushModelInstance,
                )
            except (RuntimeError, ValueError) as error:  # it ended; or it does not let us be the SCP
                raise DeliveryError(f"{destination.ae_title} takes no commitment report: {error}") from error
        if answer.get("Status") != SUCCESS:
            raise DeliveryError(f"{destination.ae_title} does not take the commitment report")


def _tell_here(opened: Association, context_id: int, report: Report) -> bool:
    """Report over the association on which it was asked for; returns whether the peer took it."""
    syntax = opened._accepted_cx[context_id].transfer_syntax[0]
    message = N_EVENT_REPORT()
    message.MessageID = 1
    message.AffectedSOPClassUID = StorageCommitmentPushModel
    message.AffectedSOPInstanceUID = StorageCommitmentPushModelInstance
    message.EventTypeID = report.event_type
    message.EventInformation = BytesIO(
        encode(report_dataset(report), syntax.is_implicit_VR, syntax.is_little_endian)
    )
    if not opened.is_established or opened.dul.peek_next_pdu() is not None:
        return False
    opened.dimse.send_msg(message, context_id)
    until = time.monotonic() + _ANSWER_TIME
    while time.monotonic() < until and opened.dul.peek_next_pdu() is None:
        _, answer = opened.dimse.get_msg(block=False)
        if answer is not None:
            return isinstance(answer, N_EVENT_REPORT) and answer.Status == SUCCESS
        time.sleep(0.002)
    return False  # it releases or aborts, which the reactor sees to


def _information(event: evt.Event) -> Dataset:
    try:
        information: Dataset = event.action_information
    except MALFORMED as error:
        raise NotDicomError("the commitment request cannot be read") from error
    return information


def _calling(opened: Association) -> str:
    return str(opened.requestor.ae_title).strip()


def _log(report: Report, ae_title: str, *, told: bool) -> None:
    log.info(
        "commitment_reported" if told else "commitment_report_given_up",
        transaction_uid=report.transaction_uid,
        committed=len(report.committed),
        failed=len(report.failed),
        ae_title=ae_title,
    )
