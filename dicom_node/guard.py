"""Decide whom the node lets in and how long a peer may take. Pure but for the sockets that it hangs up on.

A connection first waits, until its A-ASSOCIATE request is there, and is associated from then on.
Where there are too many, the one that has waited longest makes room, so that sockets which say
nothing never keep out a peer that speaks.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address
from threading import Lock
from typing import NamedTuple

from study.errors import KidrayError

Address = tuple[str, int]
Network = IPv4Network | IPv6Network

HEALTH_CHECK = "KIDRAY_UP"  # how the service's own health checks call themselves
_AT_LEAST = 1.0  # seconds that a connection may wait before it has to make room


class LimitError(KidrayError):
    """Raised when a peer sends more, or more slowly, than it may."""


class Rejection(NamedTuple):
    """Why an association is rejected: result, source and diagnostic (PS3.8 section 9.3.4), in words."""

    result: int
    source: int
    diagnostic: int
    reason: str


CONGESTED = Rejection(2, 3, 2, "too many associations")  # transient, local limit exceeded
CALLING_UNKNOWN = Rejection(1, 1, 3, "calling AE title not allowed")  # permanent
CALLED_UNKNOWN = Rejection(1, 1, 7, "called AE title not recognised")  # permanent


@dataclass(frozen=True)
class Limits:
    """What one peer, and all of them together, may ask of the node.

    Attributes
    ----------
    most_associations, most_connections, most_per_address
        Associations at once; connections at once, those without an association included; and
        connections of one address.
    request_seconds
        Until the A-ASSOCIATE request, or the TLS handshake, is complete.
    idle_seconds
        Without anything sent, after which an association is aborted.
    pdu_seconds, message_seconds
        From the first byte of a PDU, of a message, to its last.
    slowest_rate, patience_seconds
        Bytes per second that a message must come at, on average, once it took `patience_seconds`.
    largest_pdu, largest_command, largest_query, largest_message
        Bytes of a PDU, of a message's command set, of a data set that is no instance (a query, say),
        and of a whole message.
    """

    most_associations: int = 200
    most_connections: int = 250
    most_per_address: int = 220
    request_seconds: float = 10.0
    idle_seconds: float = 60.0
    pdu_seconds: float = 30.0
    message_seconds: float = 900.0
    slowest_rate: float = 8192.0
    patience_seconds: float = 15.0
    largest_pdu: int = 1 << 20
    largest_command: int = 64 << 10
    largest_query: int = 2 << 20  # decoded in this process; storage commitment of 14,000 instances
    largest_message: int = 512 << 20

    def check_pdu(self, size: int) -> None:
        """Raise `LimitError` where a PDU claims more bytes than it may."""
        if size > self.largest_pdu:
            raise LimitError(f"a PDU of {size} bytes is over the limit of {self.largest_pdu}")

    def check_message(self, size: int, seconds: float) -> None:
        """Raise `LimitError` where a message of `size` bytes so far is too long, or came too slowly."""
        if size > self.largest_message:
            raise LimitError(f"the message is over the limit of {self.largest_message} bytes")
        if seconds > self.message_seconds:
            raise LimitError(f"the message took more than {self.message_seconds:.0f} s")
        if seconds > self.patience_seconds and size < seconds * self.slowest_rate:
            raise LimitError(f"the message came at less than {self.slowest_rate:.0f} bytes/s")


@dataclass(frozen=True)
class Access:
    """Who may associate; an empty list allows everyone.

    Attributes
    ----------
    calling, called
        AE titles; the node's own title may always be called.
    networks
        Addresses from which connections are taken; loopback is always one of them.
    """

    calling: Collection[str] = ()
    called: Collection[str] = ()
    networks: Collection[Network] = ()

    def allows_address(self, host: str) -> bool:
        """Return whether connections from `host` are taken."""
        address = ip_address(host.partition("%")[0])
        address = getattr(address, "ipv4_mapped", None) or address
        return not self.networks or address.is_loopback or any(address in n for n in self.networks)

    def rejects(self, calling: str, called: str, host: str, own: str) -> Rejection | None:
        """Return why an association is rejected, or None where it is not."""
        if self.called and called not in {*self.called, own}:
            return CALLED_UNKNOWN
        is_own_check = calling == HEALTH_CHECK and ip_address(host.partition("%")[0]).is_loopback
        if self.calling and calling not in self.calling and not is_own_check:
            return CALLING_UNKNOWN
        return None


@dataclass
class _Visitor:
    connection: socket.socket
    arrived: float
    is_associated: bool = False


class Door:
    """Counts the connections, before a thread is spent on any; safe for many threads.

    Parameters
    ----------
    limits, access
        What is allowed.
    clock
        Seconds, monotonic.
    """

    def __init__(
        self, limits: Limits, access: Access, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limits = limits
        self._access = access
        self._clock = clock
        self._inside: dict[Address, _Visitor] = {}
        self._lock = Lock()

    def refuses(self, connection: socket.socket, address: Address) -> str | None:
        """Return why a new connection is not taken; None where it is, and then it counts from here on."""
        if not self._access.allows_address(address[0]):
            return "address not allowed"
        with self._lock:
            if self._from(address[0]) >= self._limits.most_per_address and not self._make_room(address[0]):
                return "too many connections from this address"
            if len(self._inside) >= self._limits.most_connections and not self._make_room(None):
                return "too many connections"
            self._inside[address] = _Visitor(connection, self._clock())
        return None

    def replace(self, connection: socket.socket, address: Address) -> None:
        """Note that the connection from `address` goes on as another socket: encrypted."""
        with self._lock:
            if address in self._inside:
                self._inside[address].connection = connection

    def associate(self, address: Address) -> bool:
        """Count a connection as associated; False where there are as many associations as may be."""
        with self._lock:
            associated = sum(visitor.is_associated for visitor in self._inside.values())
            if associated >= self._limits.most_associations:
                return False
            if address in self._inside:
                self._inside[address].is_associated = True
            return True

    def dissociate(self, address: Address) -> None:
        """Count a connection, whose association ends, as associated no longer."""
        with self._lock:
            if address in self._inside:
                self._inside[address].is_associated = False

    def leave(self, address: Address) -> None:
        """Count a connection no longer."""
        with self._lock:
            self._inside.pop(address, None)

    def _from(self, host: str) -> int:
        return sum(address[0] == host for address in self._inside)

    def _make_room(self, host: str | None) -> bool:
        """Hang up on the connection that has waited longest, from `host` or from anywhere."""
        waiting = [
            (visitor.arrived, address)
            for address, visitor in self._inside.items()
            if not visitor.is_associated and host in (None, address[0])
        ]
        if not waiting or self._clock() - min(waiting)[0] < _AT_LEAST:
            return False
        visitor = self._inside.pop(min(waiting)[1])
        with suppress(OSError):  # the peer was quicker
            visitor.connection.shutdown(socket.SHUT_RDWR)
        return True
