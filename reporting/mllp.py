"""Send one HL7 version 2 message over MLLP, and read what its receiver says to it.

Minimal Lower Layer Protocol: a message stands between 0BH and 1CH 0DH. The acknowledgement is that of
the original mode (HL7 v2.5.1, 2.9.2): AA took it, AE refuses its content, AR could not work on it.
"""

from __future__ import annotations

import re
import socket
import ssl
import time
from typing import NamedTuple

from reporting.tls import client_context
from study.endpoint import Endpoint
from study.errors import DeliveryError, RefusedError

_START, _END = b"\x0b", b"\x1c\x0d"
_LONGEST = 1 << 20  # bytes of an acknowledgement
_TAKEN = ("AA", "CA")
_REFUSED = ("AE", "CE")
_UNSUPPORTED = range(200, 204)  # HL7 table 0357: message type, event, processing ID, version


class Receipt(NamedTuple):
    """What a receiver answered."""

    code: str  # MSA-1
    control_id: str  # MSA-2
    error: int | None  # of HL7 table 0357, where it names one


def send_hl7(message: str, endpoint: Endpoint) -> Receipt:
    """Send a message and return its acknowledgement; sent again, it has the same control ID.

    Parameters
    ----------
    message
        Segments, each ended by a carriage return; the first is MSH.
    endpoint
        Where to; its `timeout` is for all of it together.

    Raises
    ------
    RefusedError
        If the receiver refuses the message's content (AE), or does not know such messages.
    DeliveryError
        If it does not answer, not in time, not to this message, or could not work on it (AR).
    """
    control_id = _control_id(message)
    until = time.monotonic() + endpoint.timeout
    try:
        with _connection(endpoint, until) as peer:
            peer.settimeout(_left(until))
            peer.sendall(_START + message.encode() + _END)
            answer = _answer(peer, until)
    except OSError as error:  # refused, unreachable, timed out, TLS
        raise DeliveryError(f"{endpoint.name} does not answer: {_said(error)}") from error
    receipt = read_acknowledgement(answer)
    if receipt.control_id != control_id:
        raise DeliveryError(f"{endpoint.name} answered another message")
    if receipt.code not in _TAKEN:
        _refuse(receipt, endpoint)
    return receipt


def read_acknowledgement(answer: bytes) -> Receipt:
    """Return what an ACK says.

    Raises
    ------
    DeliveryError
        If it is none.
    """
    segments = [line for line in re.split(r"[\r\n]+", answer.decode(errors="replace")) if line]
    if not segments or not segments[0].startswith("MSH") or len(segments[0]) < 8:
        raise DeliveryError("what was answered is no HL7 message")
    separator, component = segments[0][3], segments[0][4]
    fields = {line[:3]: line.split(separator) for line in reversed(segments)}
    accepted = [*fields.get("MSA", []), "", "", ""]
    if not re.fullmatch(r"[AC][AER]", accepted[1]):
        raise DeliveryError("what was answered says neither yes nor no")
    code = [*fields.get("ERR", []), "", "", "", ""][3].split(component)[0]
    return Receipt(accepted[1], accepted[2], int(code) if re.fullmatch(r"[0-9]{1,4}", code) else None)


def _refuse(receipt: Receipt, endpoint: Endpoint) -> None:
    code, error = receipt.code, receipt.error
    why = f"{code}, error {error}" if error is not None else code  # its words may quote the message
    if code in _REFUSED or error in _UNSUPPORTED:
        raise RefusedError(f"{endpoint.name} refused the message ({why})")
    raise DeliveryError(f"{endpoint.name} could not take the message ({why})")


def _control_id(message: str) -> str:
    header = message.split("\r", 1)[0]
    fields = header.split(header[3]) if len(header) > 3 else []
    return fields[9] if len(fields) > 9 else ""  # MSH-1 is the separator itself


def _connection(endpoint: Endpoint, until: float) -> socket.socket:
    plain = socket.create_connection(endpoint.address, timeout=endpoint.timeout)
    if not endpoint.tls:
        return plain
    try:
        plain.settimeout(_left(until))
        return client_context(endpoint).wrap_socket(plain, server_hostname=endpoint.address[0])
    except OSError:
        plain.close()
        raise


def _answer(peer: socket.socket, until: float) -> bytes:
    """Return what stands in the next frame.

    Raises
    ------
    OSError
        If it does not come in time, or is longer than an acknowledgement can be.
    """
    received = b""
    while _END not in received:
        peer.settimeout(_left(until))
        part = peer.recv(65_536)
        if not part:
            raise ConnectionResetError("it closed the connection")
        received += part
        if len(received) > _LONGEST:
            raise ConnectionAbortedError("its answer has no end")
    return received.partition(_START)[2].partition(_END)[0]


def _left(until: float) -> float:
    """Return the seconds left; raises `TimeoutError` where none are."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _said(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "timed out"
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason}"
    return error.strerror or str(error)
