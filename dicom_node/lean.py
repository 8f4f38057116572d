"""Receive PDUs without polling and with few copies, within limits (PS3.8 section 9.3).

Subclasses of pynetdicom's providers at three seams: how a PDU is read, how long an idle reactor
waits, and how it is woken. Negotiation, the state machine and the services stay pynetdicom's; only a
C-STORE, of whose P-DATA-TF PDUs an image has hundreds, goes from the socket to its file at once, and is
answered on the thread that read it.
"""

from __future__ import annotations

import queue
import select
import socket
import ssl
import time
from contextlib import suppress
from typing import Any

import structlog
from pynetdicom.association import Association
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.dul import DULServiceProvider
from pynetdicom.fsm import InvalidEventError
from pynetdicom.pdu_primitives import A_ASSOCIATE, P_DATA
from pynetdicom.transport import AssociationSocket

from dicom_node.arrival import Arrival, Store
from dicom_node.guard import LimitError, Limits
from dicom_node.store_message import command_pdus, fragments, store_request, store_response
from study.inspection import MALFORMED

log = structlog.get_logger()

IDLE = 0.1  # seconds that a reactor waits at most, before it looks at its timers
_TICK = 1.0  # seconds of silence within a PDU, after which its deadline is looked at
_P_DATA_TF = 0x04
_COMMAND, _LAST = 1, 2  # of a fragment's control header (PS3.8 section E.2)
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
    association.dimse = _PatientMessages(association)
    association.acse_timeout = limits.request_seconds  # these set the new provider's timers, too
    association.network_timeout = limits.idle_seconds
    association.set_socket(_LeanSocket(association, connection))
    return association


class LeanProvider(DULServiceProvider):  # type: ignore[misc]  # it has no types
    """The upper layer of one accepted association."""

    def __init__(self, association: Association, limits: Limits, store: Store) -> None:
        super().__init__(association)
        self._limits = limits
        self._store = store
        self._arrival: Arrival | None = None
        self._is_storing = False
        self._run_loop_delay = 0  # the socket is waited for instead
        self.to_user_queue = _TellingQueue(association)
        self.woken, self._waker = socket.socketpair()
        self.woken.setblocking(False)
        self._waker.setblocking(False)
        self._buffer = bytearray(32 << 10)
        self._start = self._end = 0  # of what was received and not read yet
        self._message_began: float | None = None
        self._message_bytes = 0
        self._command = bytearray()
        self._command_bytes = 0

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
        return self._end > self._start

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
            self._drop()

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
        try:
            if kind == _P_DATA_TF and is_associated:
                return self._take(body, began)
            pdu, event = self._decode_pdu(bytearray(head + body))
        except MALFORMED as error:
            log.warning("malformed_pdu", error=type(error).__name__, address=self._address)
            self._drop()
            self.event_queue.put("Evt19")
            return False
        self._recv_pdu.put(pdu)
        self.event_queue.put(event)
        return False

    def _take(self, body: memoryview, began: float) -> bool:
        """Give a P-DATA-TF's fragments to the message (PS3.8 section 9.3.5.1); whether it goes on."""
        self._message_began = self._message_began or began
        self._message_bytes += len(body)
        self._limits.check_message(self._message_bytes, time.monotonic() - self._message_began)
        for context_id, control, content in fragments(body):
            if control & _COMMAND:
                self._command_bytes += len(content)
                if self._command_bytes > self._limits.largest_command:
                    raise LimitError(
                        f"a command set is over the limit of {self._limits.largest_command} bytes"
                    )
            self._take_fragment(context_id, control, content)
        if self._arrival is not None or self._command or self.assoc.dimse.message is not None:
            return True
        self._message_began = None
        self._message_bytes = self._command_bytes = 0
        return False

    def _take_fragment(self, context_id: int, control: int, content: memoryview) -> None:
        """Give a fragment to the instance that arrives, or to pynetdicom's message."""
        if self._arrival is not None:
            if control & _COMMAND:
                raise ValueError("a command set within a data set")
            self._arrival.write(content)
            if control & _LAST:
                self._answer(self._arrival)
        elif self.assoc.dimse.message is not None or not control & _COMMAND:
            self._pass_on(context_id, control, content)
        else:
            self._command += content
            if control & _LAST:
                self._begin(context_id, bytes(self._command))

    def _begin(self, context_id: int, command: bytes) -> None:
        """Begin a message, whose command set has come whole."""
        self._command.clear()
        request = store_request(command, context_id)
        self._arrival = self._store.begin(self.assoc, request) if request is not None else None
        if self._arrival is None:
            self._pass_on(context_id, _COMMAND | _LAST, command)

    def _pass_on(self, context_id: int, control: int, content: bytes | memoryview) -> None:
        primitive = P_DATA()
        primitive._presentation_data_value_list = [[context_id, bytes((control,)) + content]]
        self.assoc.dimse.receive_primitive(primitive)

    def _answer(self, arrival: Arrival) -> None:
        """Have what arrived stored, and tell the peer what became of it."""
        self._arrival, self._is_storing = None, True
        try:
            status, comment = self._store.end(self.assoc, arrival)
        finally:
            self._idle_timer.restart()
            self._is_storing = False
        request = arrival.request
        command = store_response(request, status, comment)
        self.socket.send(command_pdus(command, request.context_id, self.assoc.requestor.maximum_length))

    def _drop(self) -> None:
        """Leave nothing of an instance that does not come whole."""
        if self._arrival is not None:
            self._arrival.drop()
            self._arrival = None

    def _receive(self, length: int, deadline: float) -> memoryview:
        """Return the next `length` bytes; they are valid until the next call."""
        connection = self.socket.socket
        if connection is None:
            raise ConnectionResetError
        if self._end - self._start < length:
            self._make_room(length)
            connection.settimeout(_TICK)
        while self._end - self._start < length:
            with suppress(TimeoutError):
                read = connection.recv_into(memoryview(self._buffer)[self._end :])
                if not read:
                    raise ConnectionResetError
                self._end += read
            if self._end - self._start < length and time.monotonic() > deadline:
                raise LimitError("a PDU took too long")
        self._start += length
        return memoryview(self._buffer)[self._start - length : self._start]

    def _make_room(self, length: int) -> None:
        """See that `length` bytes fit behind what is read already."""
        if self._start + length <= len(self._buffer) and self.has_received:
            return
        held = memoryview(self._buffer)[self._start : self._end]
        if len(self._buffer) < length:
            self._buffer = bytearray(2 * length)
        memoryview(self._buffer)[: len(held)] = held
        self._start, self._end = 0, len(held)

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
                connection.settimeout(_TICK)
                connection.sendall(_ABORT)
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._gone()

    def _gone(self) -> None:
        """Note that the connection is closed; who still waits for an A-ASSOCIATE request need not."""
        self._drop()
        is_expected = self.state_machine.current_state in _BEFORE_REQUEST
        self.event_queue.put("Evt17")  # transport connection closed
        if is_expected:
            self.to_user_queue.put(None)

    @property
    def _address(self) -> str:
        return str(self.assoc.requestor.address)


class _LeanSocket(AssociationSocket):  # type: ignore[misc]
    """A socket that is waited for together with the reactor's waker."""

    def __init__(self, association: Association, connection: socket.socket) -> None:
        super().__init__(association, client_socket=connection)
        self._poll = select.poll()
        self._descriptor = connection.fileno()
        self._poll.register(self._descriptor, select.POLLIN)
        self._alone = select.poll()
        self._alone.register(self._descriptor, select.POLLIN)
        self._poll.register(association.dul.woken, select.POLLIN)

    @property
    def ready(self) -> bool:
        """Whether there is something to read, waited for a little while where nothing else is to do."""
        provider = self.assoc.dul
        if self.socket is None or not self._is_connected:
            time.sleep(0 if provider.has_work else 0.001)
            return False
        if self._holds_received:
            return True
        found = {fd for fd, _ in self._poll.poll(0 if provider.has_work else IDLE * 1000)}
        if provider.woken.fileno() in found:
            with suppress(OSError):
                provider.woken.recv(4096)
        return self._descriptor in found

    @property
    def has_more(self) -> bool:
        """Whether there is something to read at once."""
        return self.socket is not None and (self._holds_received or bool(self._alone.poll(0)))

    @property
    def _holds_received(self) -> bool:
        is_decrypted = isinstance(self.socket, ssl.SSLSocket) and bool(self.socket.pending())
        return is_decrypted or bool(self.assoc.dul.has_received)

    def _shutdown_socket(self) -> None:
        """Close the socket, where the peer was quicker, too: the original leaves that to the collector."""
        opened: socket.socket | None = self.socket
        super()._shutdown_socket()
        if opened is not None:
            opened.close()

    def send(self, encoded: bytes) -> None:
        """Send a PDU, for which the peer has as long as it may be idle."""
        if self.socket is None:
            return
        try:
            self.socket.settimeout(self.assoc.network_timeout)
            self.socket.sendall(encoded)
        except OSError:
            self.event_queue.put("Evt17")  # transport connection closed


class _PatientMessages(DIMSEServiceProvider):  # type: ignore[misc]
    """Messages that the association's reactor waits for, rather than asking every millisecond."""

    def get_msg(self, block: bool = False) -> Any:
        """Return the next message and its context, or (None, None)."""
        if block:
            return super().get_msg(block=True)
        if not self.assoc._reactor_checkpoint.is_set():
            return None, None  # a request of ours is under way: the answer is not for the reactor
        try:
            return self.msg_queue.get(timeout=IDLE)
        except queue.Empty:
            return None, None


class _TellingQueue(queue.Queue):  # type: ignore[type-arg]
    """Releases and aborts; tells of each where the association's reactor waits for messages."""

    def __init__(self, association: Association) -> None:
        super().__init__()
        self._association = association

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Add a primitive, and wake who waits for messages, as pynetdicom does on a lost connection."""
        super().put(item, block, timeout)
        if not isinstance(item, A_ASSOCIATE):
            self._association.dimse.msg_queue.put((None, None))
