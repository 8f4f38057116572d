"""Receive: a C-ECHO and C-STORE SCP that hands encoded data sets to the intake (PS3.4 annexes A and B).

Success is answered only after the intake has made the instance durable. Every refusal gets its
status, a comment and one log line, none of which quotes an element of the data set.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from threading import Lock
from typing import Protocol
from weakref import WeakKeyDictionary

import structlog
from pydicom.dataset import Dataset
from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.transport import ThreadedAssociationServer

from dicom_node.contexts import accepted_contexts
from dicom_node.service_class import ServiceClass
from dicom_node.statuses import SUCCESS, comment, status_of
from dicom_node.toolkit import acknowledge_at_once, connection, prepare_toolkit, turn_nagle_off
from study.errors import KidrayError, SettingsError
from study.intake import Taken

log = structlog.get_logger()


class Intake(Protocol):
    """What the receiver needs of `study.intake.Intake`."""

    def take(
        self,
        dataset: bytes,
        *,
        sop_class_uid: str,
        instance_uid: str,
        transfer_syntax_uid: str,
        calling_ae_title: str,
    ) -> Taken:
        """Store an encoded data set durably, or raise."""

    def released(self, study_uids: Iterable[str], calling_ae_title: str) -> None:
        """Note that the sender has ended its association in good order."""


class Receiver:
    """A storage SCP on one port.

    Parameters
    ----------
    intake
        Where instances go.
    ae_title
        The title under which the node answers; any called title is accepted.
    host, port
        Address to listen on; port 0 takes a free one, see `port`.
    most_associations
        Associations at once; one more is rejected as transient (PS3.8 section 9.3.4).
    idle_timeout
        Seconds without a message after which an association is aborted.
    services
        What the node answers beside verification and storage.
    """

    def __init__(
        self,
        intake: Intake,
        *,
        ae_title: str,
        host: str = "0.0.0.0",  # noqa: S104 - a DICOM node is there to be reached
        port: int = 11112,
        most_associations: int = 200,
        idle_timeout: float = 60.0,
        services: Sequence[ServiceClass] = (),
    ) -> None:
        self._intake = intake
        self._services = tuple(services)
        self._address = (host, port)
        self._ae = AE(ae_title=ae_title)
        self._ae.supported_contexts = [
            *accepted_contexts(),
            *(context for service in self._services for context in service.contexts),
        ]
        self._ae.maximum_pdu_size = 0  # the sender's choice: fewer PDUs cost less
        self._ae.maximum_associations = most_associations
        self._ae.network_timeout = idle_timeout
        self._server: ThreadedAssociationServer | None = None
        self._stored: WeakKeyDictionary[Association, set[str]] = WeakKeyDictionary()
        self._lock = Lock()

    @property
    def port(self) -> int:
        """Port on which the node listens; the one asked for until `start`."""
        return int(self._server.server_address[1]) if self._server else self._address[1]

    def start(self) -> None:
        """Listen, and return.

        Raises
        ------
        SettingsError
            If it cannot listen on that address.
        """
        prepare_toolkit()
        replies = [
            (evt.EVT_CONN_OPEN, turn_nagle_off),
            (evt.EVT_DATA_RECV, acknowledge_at_once),
            (evt.EVT_C_ECHO, _echo),
            (evt.EVT_C_STORE, self._store),
            (evt.EVT_RELEASED, self._released),
            (evt.EVT_ABORTED, self._aborted),
            (evt.EVT_REJECTED, _rejected),
            *(handler for service in self._services for handler in service.handlers),
        ]
        try:
            self._server = self._ae.start_server(self._address, block=False, evt_handlers=replies)
        except OSError as error:
            host, port = self._address
            raise SettingsError(
                f"the DICOM node cannot listen on {host}:{port}: {error.strerror}; "
                "choose another port with KIDRAY_DICOM_PORT"
            ) from error
        log.info("receiver_started", ae_title=self._ae.ae_title, port=self.port)

    def stop(self, grace: float = 10.0) -> None:
        """Stop listening, let associations in hand end for `grace` seconds, abort what is left."""
        if self._server is None:
            return
        self._server.shutdown()
        deadline = time.monotonic() + grace
        while self._established() and time.monotonic() < deadline:
            time.sleep(0.02)
        left = self._established()
        for association in self._ae.active_associations:
            _hang_up(association)
        self._server = None
        log.info("receiver_stopped", aborted=left)

    def _established(self) -> int:
        return sum(association.is_established for association in self._ae.active_associations)

    def _store(self, event: evt.Event) -> int | Dataset:
        """Answer one C-STORE (PS3.7 section 9.1.1)."""
        request, association = event.request, event.assoc
        calling = str(association.requestor.ae_title).strip()
        try:
            taken = self._intake.take(
                request.DataSet.getvalue(),
                sop_class_uid=str(request.AffectedSOPClassUID),
                instance_uid=str(request.AffectedSOPInstanceUID),
                transfer_syntax_uid=str(event.context.transfer_syntax),
                calling_ae_title=calling,
            )
        except KidrayError as error:
            return _refusal(error, request, association, calling)
        with self._lock:
            self._stored.setdefault(association, set()).add(taken.ref.study_uid)
        log.info("stored", **taken.ref._asdict(), written=str(taken.written), calling_ae_title=calling)
        return SUCCESS

    def _released(self, event: evt.Event) -> None:
        studies = self._forget(event.assoc)
        if studies:
            self._intake.released(studies, str(event.assoc.requestor.ae_title).strip())

    def _aborted(self, event: evt.Event) -> None:
        """Note the abort; what arrived stays, and counts as complete after the quiet period."""
        studies = self._forget(event.assoc)
        log.warning(
            "association_aborted",
            calling_ae_title=str(event.assoc.requestor.ae_title).strip(),
            address=event.assoc.requestor.address,
            studies=sorted(studies),
        )

    def _forget(self, association: Association) -> set[str]:
        with self._lock:
            return self._stored.pop(association, set())


def _refusal(error: KidrayError, request: object, association: Association, calling: str) -> Dataset:
    answer = Dataset()
    answer.Status = status_of(error)
    answer.ErrorComment = comment(error)
    log.warning(
        "refused",
        status=f"0x{answer.Status:04X}",
        error=type(error).__name__,
        reason=str(error),
        sop_class_uid=str(getattr(request, "AffectedSOPClassUID", "")),
        instance_uid=str(getattr(request, "AffectedSOPInstanceUID", ""))[:64],
        calling_ae_title=calling,
        address=association.requestor.address,
    )
    return answer


def _echo(event: evt.Event) -> int:
    log.debug("echo", calling_ae_title=str(event.assoc.requestor.ae_title).strip())
    return SUCCESS


def _rejected(event: evt.Event) -> None:
    log.warning("association_rejected", address=event.assoc.requestor.address)


def _hang_up(association: Association) -> None:
    """End an association whose peer may have stalled, even in the middle of a PDU or before any."""
    if association.is_established:
        association.abort(block=False)
    opened = connection(association)
    if opened is not None:
        with suppress(OSError):  # the peer was quicker
            opened.shutdown(socket.SHUT_RDWR)
    association.dul.to_user_queue.put(None)  # wakes who still waits for an A-ASSOCIATE request
