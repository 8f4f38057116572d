"""Receive: a C-ECHO and C-STORE SCP that hands encoded data sets to the intake (PS3.4 annexes A and B).

Success is answered only after the intake has made the instance durable. Every refusal gets its
status, a comment and one log line, none of which quotes an element of the data set.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from threading import Lock, Thread
from typing import NamedTuple, Protocol
from weakref import WeakKeyDictionary

import structlog
from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.pdu_primitives import A_ASSOCIATE

from dicom_node.arrival import Answer, Arrival, Keeper
from dicom_node.contexts import STORAGE_CLASSES, accepted_contexts
from dicom_node.guard import CONGESTED, Access, Door, Limits
from dicom_node.server import GuardedServer, tls_version
from dicom_node.service_class import ServiceClass
from dicom_node.statuses import SUCCESS, comment, status_of
from dicom_node.store_message import StoreRequest
from dicom_node.toolkit import connection, prepare_toolkit, turn_nagle_off
from study.errors import KidrayError, SettingsError
from study.identifiers import is_uid
from study.intake import Offered
from study.malformed import MALFORMED

log = structlog.get_logger()

_STORAGE = frozenset(STORAGE_CLASSES)


class Intake(Keeper, Protocol):
    """What the receiver needs of `study.intake.Intake`."""

    def released(self, study_uids: Iterable[str], calling_ae_title: str) -> None:
        """Note that the sender has ended its association in good order."""


class Encrypted(NamedTuple):
    """A second port, for TLS only; port 0 takes a free one."""

    port: int
    context: ssl.SSLContext


class Receiver:
    """A storage SCP on one port, or on two.

    Parameters
    ----------
    intake
        Where instances go.
    ae_title
        The title under which the node answers.
    host, port
        Address to listen on; port 0 takes a free one, see `port`.
    limits
        What peers may ask of the node at once, and how long they may take.
    access
        Who may associate.
    encrypted
        The port for TLS; None: there is none.
    services
        What the node answers beside verification and storage.
    is_shared
        Whether other processes listen on the same ports.
    """

    def __init__(
        self,
        intake: Intake,
        *,
        ae_title: str,
        host: str = "0.0.0.0",  # noqa: S104 - a DICOM node is there to be reached
        port: int = 11112,
        limits: Limits | None = None,
        access: Access | None = None,
        encrypted: Encrypted | None = None,
        services: Sequence[ServiceClass] = (),
        is_shared: bool = False,
    ) -> None:
        self._is_shared = is_shared
        self._intake = intake
        self._services = tuple(services)
        self._host = host
        self._ports = [(port, None), *([encrypted] if encrypted else [])]
        self._limits = limits or Limits()
        self._access = access or Access()
        self._door = Door(self._limits, self._access)
        self._ae = AE(ae_title=ae_title)
        # Given to each server: an AE would make new ones of them, without their roles.
        self._contexts = [
            *accepted_contexts(),
            *(context for service in self._services for context in service.contexts),
        ]
        self._ae.maximum_pdu_size = self._limits.largest_pdu
        self._ae.maximum_associations = self._limits.most_connections  # the door counts associations
        self._servers: list[GuardedServer] = []
        self._stored: WeakKeyDictionary[Association, set[str]] = WeakKeyDictionary()
        self._lock = Lock()

    @property
    def port(self) -> int:
        """Port on which the node listens; the one asked for until `start`."""
        return self._listens_on(0)

    @property
    def tls_port(self) -> int:
        """Port on which the node listens for TLS."""
        return self._listens_on(1)

    @property
    def ports(self) -> tuple[int, ...]:
        """Every port on which the node listens, that for TLS last."""
        return tuple(self._listens_on(index) for index in range(len(self._ports)))

    def _listens_on(self, index: int) -> int:
        return int(self._servers[index].server_address[1]) if self._servers else self._ports[index][0]

    def start(self) -> None:
        """Listen, and return.

        Raises
        ------
        SettingsError
            If it cannot listen on that address.
        """
        prepare_toolkit()
        servers: list[GuardedServer] = []
        try:
            for port, context in self._ports:
                servers.append(self._server(port, context))
        except SettingsError:
            for server in servers:
                server.server_close()
            raise
        for server in servers:
            self._ae._servers.append(server)  # it removes itself from there
            Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
        self._servers = servers
        log.info(
            "receiver_started",
            ae_title=self._ae.ae_title,
            port=self.port,
            tls_port=self.tls_port if len(servers) > 1 else None,
        )

    def _server(self, port: int, context: ssl.SSLContext | None) -> GuardedServer:
        replies = [
            (evt.EVT_CONN_OPEN, turn_nagle_off),
            (evt.EVT_REQUESTED, self._requested),
            (evt.EVT_ACSE_RECV, self._ending),
            (evt.EVT_C_ECHO, _echo),
            (evt.EVT_RELEASED, self._released),
            (evt.EVT_ABORTED, self._aborted),
            *(handler for service in self._services for handler in service.handlers),
        ]
        try:
            return self._ae.make_server(
                (self._host, port),
                contexts=self._contexts,
                ssl_context=context,
                evt_handlers=replies,
                server_class=GuardedServer,
                limits=self._limits,
                door=self._door,
                store=self,
                is_shared=self._is_shared,
            )
        except OSError as error:
            raise SettingsError(
                f"the DICOM node cannot listen on {self._host}:{port}: {error.strerror}; "
                f"choose another port with KIDRAY_DICOM_{'TLS_' if context else ''}PORT"
            ) from error

    def stop(self, grace: float = 10.0) -> None:
        """Stop listening, let associations in hand end for `grace` seconds, abort what is left."""
        if not self._servers:
            return
        for server in self._servers:
            server.shutdown()
        deadline = time.monotonic() + grace
        while self._established() and time.monotonic() < deadline:
            time.sleep(0.02)
        left = self._established()
        for association in self._ae.active_associations:
            _hang_up(association)
        self._servers = []
        log.info("receiver_stopped", aborted=left)

    def _established(self) -> int:
        return sum(association.is_established for association in self._ae.active_associations)

    def _requested(self, event: evt.Event) -> None:
        """Reject an association that may not be (PS3.8 section 9.3.4), before anything is negotiated."""
        association, request = event.assoc, event.assoc.requestor.primitive
        host, port = association.requestor.address_info.as_tuple[:2]
        rejection = self._access.rejects(
            str(request.calling_ae_title).strip(),
            str(request.called_ae_title).strip(),
            host,
            str(self._ae.ae_title).strip(),
        )
        if rejection is None and not self._door.associate((host, port)):
            rejection = CONGESTED
        if rejection is not None:
            log.warning(
                "association_rejected",
                reason=rejection.reason,
                calling_ae_title=str(request.calling_ae_title).strip(),
                address=host,
            )
            association.acse.send_reject(rejection.result, rejection.source, rejection.diagnostic)
            association.kill()
            return
        log.debug("association_requested", address=host, tls=tls_version(association))

    def _ending(self, event: evt.Event) -> None:
        """Give the place free before the peer is told that its association is released."""
        if not isinstance(event.primitive, A_ASSOCIATE):
            self._door.dissociate(event.assoc.requestor.address_info.as_tuple[:2])

    def begin(self, association: Association, request: StoreRequest) -> Arrival | None:
        """Begin to receive what a C-STORE brings (PS3.7 section 9.1.1); None in a context not for storage."""
        context = association._accepted_cx.get(request.context_id)
        if context is None or context.abstract_syntax not in _STORAGE:
            return None
        calling = str(association.requestor.ae_title).strip()
        offered = Offered(
            request.sop_class_uid, request.instance_uid, str(context.transfer_syntax[0]), calling
        )
        return Arrival(self._intake, request, offered)

    def end(self, association: Association, arrival: Arrival) -> Answer:
        """Store what has come, and return its answer."""
        calling = str(association.requestor.ae_title).strip()
        try:
            taken = arrival.keep()
        except KidrayError as error:
            return _refusal(error, arrival.request, association, calling)
        except MALFORMED as error:  # nobody foresaw it: who sent it is told, and the next one is taken
            unforeseen = KidrayError(f"it cannot be stored: {type(error).__name__}")
            return _refusal(unforeseen, arrival.request, association, calling)
        with self._lock:
            self._stored.setdefault(association, set()).add(taken.ref.study_uid)
        log.info("stored", **taken.ref._asdict(), written=str(taken.written), calling_ae_title=calling)
        return Answer(SUCCESS)

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


def _refusal(error: KidrayError, request: StoreRequest, association: Association, calling: str) -> Answer:
    answer = Answer(status_of(error), comment(error))
    log.warning(
        "refused",
        status=f"0x{answer.status:04X}",
        error=type(error).__name__,
        reason=str(error),
        sop_class_uid=_uid(request.sop_class_uid),
        instance_uid=_uid(request.instance_uid),
        calling_ae_title=calling,
        address=association.requestor.address,
    )
    return answer


def _uid(text: str) -> str:
    """Return what a request names, if it is a UID: anything else is not for a log."""
    return text if is_uid(text) else ""


def _echo(event: evt.Event) -> int:
    log.debug("echo", calling_ae_title=str(event.assoc.requestor.ae_title).strip())
    return SUCCESS


def _hang_up(association: Association) -> None:
    """End an association whose peer may have stalled, even in the middle of a PDU or before any."""
    if association.is_established:
        association.abort(block=False)
    opened = connection(association)
    if opened is not None:
        with suppress(OSError):  # the peer was quicker
            opened.shutdown(socket.SHUT_RDWR)
    association.dul.to_user_queue.put(None)  # wakes who still waits for an A-ASSOCIATE request
