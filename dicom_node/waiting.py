"""How the reactors of an association wait: for what they need, rather than by asking again and again."""

from __future__ import annotations

import queue
import select
import socket
import ssl
import time
from contextlib import suppress
from typing import Any

from pynetdicom.association import Association
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.pdu_primitives import A_ASSOCIATE
from pynetdicom.transport import AssociationSocket

IDLE = 0.1  # seconds that a reactor waits at most, before it looks at its timers


class LeanSocket(AssociationSocket):  # type: ignore[misc]
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


class PatientMessages(DIMSEServiceProvider):  # type: ignore[misc]
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


class TellingQueue(queue.Queue):  # type: ignore[type-arg]
    """Releases and aborts; tells of each where the association's reactor waits for messages."""

    def __init__(self, association: Association) -> None:
        super().__init__()
        self._association = association

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Add a primitive, and wake who waits for messages, as pynetdicom does on a lost connection."""
        super().put(item, block, timeout)
        if not isinstance(item, A_ASSOCIATE):
            self._association.dimse.msg_queue.put((None, None))
