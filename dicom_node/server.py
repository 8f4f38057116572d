"""Listen on a port, and take only the connections that the guard lets in; with TLS where asked for."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from typing import Any

import structlog
from pynetdicom.association import Association
from pynetdicom.transport import RequestHandler, ThreadedAssociationServer

from dicom_node.arrival import Store
from dicom_node.guard import Address, Door, Limits
from dicom_node.lean import lean_association

log = structlog.get_logger()

_REJECTED = bytes.fromhex("030000000004 00 02 03 02")  # transient, local limit exceeded (PS3.8 9.3.4)


class GuardedServer(ThreadedAssociationServer):  # type: ignore[misc]  # it has no types
    """A server that asks the door before it spends a thread on a connection.

    Parameters
    ----------
    limits, door
        Of the node; servers of one node share a door.
    store
        Takes in what C-STORE brings.
    is_shared
        Whether other processes listen on the port, too (`SO_REUSEPORT`); the system spreads connections.
    """

    request_queue_size = 256
    daemon_threads = True

    def __init__(
        self,
        *arguments: Any,
        limits: Limits,
        door: Door,
        store: Store,
        is_shared: bool = False,
        **named: Any,
    ) -> None:
        self.is_shared = is_shared
        self.limits = limits
        self.store = store
        self.door = door
        super().__init__(*arguments, request_handler=_LeanHandler, **named)

    def server_bind(self) -> None:
        """Bind to the address, alone or beside others."""
        if self.is_shared:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        super().server_bind()

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection; a TLS handshake waits until it has a thread of its own."""
        return self.socket.accept()

    def verify_request(self, request: socket.socket, client_address: Any) -> bool:
        """Return whether the connection is taken; one that is not is told so, where it can be read."""
        reason = self.door.refuses(request, address_of(client_address))
        if reason is None:
            return True
        log.warning("connection_refused", reason=reason, address=client_address[0])
        if self.ssl_context is None:
            with suppress(OSError):
                request.settimeout(0)
                request.send(_REJECTED)
        return False

    def process_request_thread(self, request: socket.socket, client_address: Any) -> None:
        """Encrypt where this port is for TLS, then start the association."""
        address = address_of(client_address)
        if self.ssl_context is not None:
            try:
                request.settimeout(self.limits.request_seconds)
                request = self.ssl_context.wrap_socket(request, server_side=True)
            except (OSError, ValueError) as error:  # an SSLError is an OSError
                reason = getattr(error, "reason", None) or type(error).__name__
                log.warning("tls_refused", reason=str(reason), address=client_address[0])
                self.door.leave(address)
                self.shutdown_request(request)
                return
            self.door.replace(request, address)
        super().process_request_thread(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Count a connection no longer that no association could be started for."""
        log.error("association_not_started", address=client_address[0])
        self.door.leave(address_of(client_address))


class _LeanHandler(RequestHandler):  # type: ignore[misc]
    """Starts an association on a connection that was let in."""

    def _create_association(self) -> Association:
        created = super()._create_association()
        server: GuardedServer = self.server
        association = lean_association(created, self.request, server.limits, server.store)
        run = association.run

        def run_then_leave() -> None:
            try:
                run()
            finally:
                association.dul.close()
                server.door.leave(address_of(self.client_address))

        association.run = run_then_leave
        return association


def address_of(client_address: Any) -> Address:
    """Return host and port of an IPv4 or IPv6 client address."""
    return str(client_address[0]), int(client_address[1])


def tls_version(association: Association) -> str | None:
    """Return the association's TLS version; None where it is not encrypted."""
    wrapped = association.dul.socket
    opened = wrapped.socket if wrapped is not None else None
    return opened.version() if isinstance(opened, ssl.SSLSocket) else None
