"""Receive PDUs without polling and with few copies, within limits (PS3.8 section 9.3).

Subclasses of pynetdicom's providers at three seams: how a PDU is read, how long an idle reactor
waits, and how it is woken. Negotiation, the state machine and the services stay pynetdicom's; only a
C-STORE, of whose P-DATA-TF PDUs an image has hundreds, goes from the socket to its file at once, and is
answered on the thread that read it.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import structlog
from pynetdicom.association import Association
from pynetdicom.dul import DULServiceProvider
from pynetdicom.fsm import InvalidEventError

from dicom_node.arrival import Arrival, Store
from dicom_node.guard import LimitError, Limits
from dicom_node.messages import Messages
from dicom_node.reader import TICK, Reader
from dicom_node.store_message import command_pdus, store_response
from dicom_node.waiting import LeanSocket, PatientMessages, TellingQueue
from study.malformed import MALFORMED

log = structlog.get_logger()

_P_DATA_TF = 0x04
_KINDS = range(0x01, 0x08)
_ABORT = bytes.fromhex("070000000004 0000 02 06")  # provider; invalid PDU parameter value
_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)  # Linux only
_ASSOCIATED = "Sta6"
_CLOSING = "Sta13"
_BEFORE_REQUEST = {"Sta1", "Sta2"}


def lean_association(
    association: Association, connection: socket.socket, limits: Limits, store: Store
) -> Association:
    """Return `association`, an acceptor not started yet, with lean providers on `connection`."""
    association.dul = LeanProvider(association, limits, store)
    association.dimse = PatientMessages(association)
    association.acse_timeout = limits.request_seconds  # these set the new provider's timers, too
    association.network_timeout = limits.idle_seconds
    association.set_socket(LeanSocket(association, connection))
    return association


class LeanProvider(DULServiceProvider):  # type: ignore[misc]  # it has no types
    """The upper layer of one accepted association."""

    def __init__(self, association: Association, limits: Limits, store: Store) -> None:
        super().__init__(association)
        self._limits = limits
        self._store = store
        self._messages = Messages(association, limits, store)
        self._reader = Reader()
        self._is_storing = False
        self._run_loop_delay = 0  # the socket is waited for instead
        self.to_user_queue = TellingQueue(association)
        self.woken, self._waker = socket.socketpair()
        self.woken.setblocking(False)
        self._waker.setblocking(False)

    @property
    def has_work(self) -> bool:
        """Whether the reactor has something to do before it may wait for the socket."""
        return (
            self._kill_thread
            or not self.event_queue.empty()
            or not self.to_provider_queue.empty()
            or self.state_machine.current_state == _CLOSING
        )

    @property
    def has_received(self) -> bool:
        """Whether bytes were received that are not read yet."""
        return self._reader.holds_some

    def idle_timer_expired(self) -> bool:
        """Return whether the peer has sent nothing for long; while its instance is stored it waits for us."""
        return not self._is_storing and bool(super().idle_timer_expired())

    def wake(self) -> None:
        """Have the reactor look at its queues now."""
        with suppress(OSError):  # woken already, or gone
            self._waker.send(b"\0")

    def send_pdu(self, primitive: Any) -> None:
        """Hand on a primitive, and wake the reactor."""
        super().send_pdu(primitive)
        self.wake()

    def kill_dul(self) -> None:
        """Stop the reactor."""
        super().kill_dul()
        self.wake()

    def stop_dul(self) -> bool:
        """Stop the reactor if it is idle; returns whether it was."""
        if self.state_machine.current_state == "Sta1":
            self.kill_dul()
        stopped: bool = super().stop_dul()
        return stopped

    def close(self) -> None:
        """Give back what the association held; for when its threads have ended."""
        self.woken.close()
        self._waker.close()
        if self.socket is not None and self.socket.socket is not None:
            self.socket.socket.close()

    def run_reactor(self) -> None:
        """Run until the association is over; an answer that crosses the peer's fault ends it, too."""
        try:
            super().run_reactor()
        except InvalidEventError:
            log.warning("answer_out_of_order", address=self._address)
            self.socket.close()
            self.assoc.is_aborted, self.assoc.is_established = True, False
            self.assoc._kill = self._kill_thread = True
        finally:
            self._messages.drop()

    def _read_pdu_data(self) -> None:
        """Read what is there: one PDU, and of a message all that has come."""
        try:
            while self._read_one() and self.socket.has_more:
                pass
        except LimitError as error:
            self._cut(error)
        except OSError:  # the peer has gone, maybe in the middle of a PDU
            self._gone()

    def _read_one(self) -> bool:
        """Read one PDU; returns whether a message goes on after it."""
        began = time.monotonic()
        is_associated = self.state_machine.current_state == _ASSOCIATED
        deadline = began + (self._limits.pdu_seconds if is_associated else self._limits.request_seconds)
        head = bytes(self._receive(6, deadline))
        kind, length = head[0], int.from_bytes(head[2:6], "big")
        if kind not in _KINDS:
            self.event_queue.put("Evt19")  # unrecognised PDU
            return False
        self._limits.check_pdu(length)
        body = self._receive(length, deadline)
        self._acknowledge()
        whole: list[Arrival] = []
        try:
            if kind == _P_DATA_TF and is_associated:
                whole = self._messages.take(body, began)
            else:
                pdu, event = self._decode_pdu(bytearray(head + body))
                self._recv_pdu.put(pdu)
                self.event_queue.put(event)
        except MALFORMED as error:
            log.warning("malformed_pdu", error=type(error).__name__, address=self._address)
            self._messages.drop()
            self.event_queue.put("Evt19")
            return False
        self._answer_all(whole)
        return self._messages.goes_on

    def _answer_all(self, whole: Sequence[Arrival]) -> None:
        try:
            for arrival in whole:
                self._answer(arrival)
        finally:
            for arrival in whole:
                arrival.drop()

    def _answer(self, arrival: Arrival) -> None:
        """Have what arrived stored, and tell the peer what became of it."""
        self._is_storing = True
        try:
            status, comment = self._store.end(self.assoc, arrival)
        finally:
            self._idle_timer.restart()
            self._is_storing = False
        request = arrival.request
        command = store_response(request, status, comment)
        self.socket.send(command_pdus(command, request.context_id, self.assoc.requestor.maximum_length))

    def _receive(self, length: int, deadline: float) -> memoryview:
        """Return the next `length` bytes; they are valid until the next call."""
        connection = self.socket.socket
        if connection is None:
            raise ConnectionResetError
        return self._reader.read(connection, length, deadline)

    def _acknowledge(self) -> None:
        """Acknowledge at once: a sender with Nagle on waits for it, and Linux forgets the wish."""
        if _QUICKACK is not None and self.socket.socket is not None:
            with suppress(OSError):
                self.socket.socket.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)

    def _cut(self, error: LimitError) -> None:
        """Abort towards the peer and hang up: what it goes on sending is not read."""
        log.warning("connection_cut", reason=str(error), address=self._address)
        connection = self.socket.socket
        if connection is not None:
            with suppress(OSError):
                connection.settimeout(TICK)
                connection.sendall(_ABORT)
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._gone()

    def _gone(self) -> None:
        """Note that the connection is closed; who still waits for an A-ASSOCIATE request need not."""
        self._messages.drop()
        is_expected = self.state_machine.current_state in _BEFORE_REQUEST
        self.event_queue.put("Evt17")  # transport connection closed
        if is_expected:
            self.to_user_queue.put(None)

    @property
    def _address(self) -> str:
        return str(self.assoc.requestor.address)
