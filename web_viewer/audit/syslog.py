"""Send audit records to a syslog server (RFC 5424), by UDP (RFC 5426), TCP (RFC 6587) or TLS (RFC 5425)."""

from __future__ import annotations

import os
import queue
import socket
import ssl
import threading
from datetime import datetime, timezone
from urllib.parse import urlsplit

import structlog

log = structlog.get_logger()

_PRIORITY = 10 * 8 + 5  # facility 10 (security), severity 5 (notice), as IHE ITI-20 says
_WAITING = 10_000  # records kept while the server is away; the file has all of them
_TIMEOUT = 5.0  # seconds
_PAUSE = 5.0  # seconds after a failure


class Syslog:
    """One server, written to by a thread of its own: nobody waits for it.

    Parameters
    ----------
    address
        ``udp://HOST:PORT``, ``tcp://`` or ``tls://``.
    """

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._scheme, self._host, self._port = parts.scheme, str(parts.hostname), int(parts.port or 514)
        self._waiting: queue.Queue[bytes] = queue.Queue(_WAITING)
        self._stop = threading.Event()
        self._connection: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def send(self, message: str) -> bool:
        """Put a message on its way; False where too many wait already."""
        stamp = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        header = f"<{_PRIORITY}>1 {stamp} {socket.gethostname()} kidray {os.getpid()} IHE+FHIR - "
        try:
            self._waiting.put_nowait(header.encode() + b"\xef\xbb\xbf" + message.encode())
        except queue.Full:
            log.error("audit_syslog_full", host=self._host)
            return False
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="audit-syslog", daemon=True)
                self._thread.start()
        return True

    def close(self) -> None:
        """Stop once what waits is sent, or could not be."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(_TIMEOUT)

    def _run(self) -> None:
        while not (self._stop.is_set() and self._waiting.empty()):
            try:
                message = self._waiting.get(timeout=0.2)
            except queue.Empty:
                continue
            while not self._sent(message) and not self._stop.wait(_PAUSE):
                pass
        if self._connection is not None:
            self._connection.close()

    def _sent(self, message: bytes) -> bool:
        try:
            if self._connection is None:
                self._connection = self._connected()
            framed = message if self._scheme == "udp" else b"%d %s" % (len(message), message)
            self._connection.sendall(framed)
        except OSError as error:
            log.error("audit_syslog_failed", host=self._host, error=type(error).__name__)
            if self._connection is not None:
                self._connection.close()
            self._connection = None
            return False
        return True

    def _connected(self) -> socket.socket:
        if self._scheme == "udp":
            family, kind, protocol, _, address = socket.getaddrinfo(
                self._host, self._port, type=socket.SOCK_DGRAM
            )[0]
            datagrams = socket.socket(family, kind, protocol)
            datagrams.connect(address)
            return datagrams
        plain = socket.create_connection((self._host, self._port), _TIMEOUT)
        if self._scheme == "tcp":
            return plain
        return ssl.create_default_context().wrap_socket(plain, server_hostname=self._host)
