"""The C-STORE messages as bytes: the request's command set read, the response's written (PS3.7, 9.3.1).

A command set is always Implicit VR Little Endian (PS3.7 section 6.3.1).
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct, pack
from typing import NamedTuple

_ELEMENT = Struct("<HHL")  # group, element, length
_CLASS, _FIELD, _ID, _ANSWERS, _HAS_DATA, _STATUS, _COMMENT, _INSTANCE = (
    *(0x0002, 0x0100, 0x0110, 0x0120, 0x0800, 0x0900, 0x0902, 0x1000),
)
_REQUEST, _RESPONSE = 0x0001, 0x8001
_NO_DATA = 0x0101
_LONGEST_UID = 64
_P_DATA_TF = 0x04
_COMMAND, _LAST = 1, 2  # message control header (PS3.8 section E.2)
_OVERHEAD = 6  # length, context ID and control header of a fragment


class StoreRequest(NamedTuple):
    """What a C-STORE-RQ says before its data set comes."""

    context_id: int
    message_id: int
    sop_class_uid: str
    instance_uid: str


def store_request(command: bytes, context_id: int) -> StoreRequest | None:
    """Return the C-STORE-RQ that a command set is; None where it is another message, or not a sound one."""
    values = _values(command)
    if values is None or _number(values, _FIELD) != _REQUEST or _number(values, _HAS_DATA) == _NO_DATA:
        return None
    message_id = _number(values, _ID)
    uids = [values.get(tag, b"").decode("latin-1").rstrip("\0 ") for tag in (_CLASS, _INSTANCE)]
    if message_id is None or _HAS_DATA not in values or not all(0 < len(u) <= _LONGEST_UID for u in uids):
        return None
    return StoreRequest(context_id, message_id, *uids)


def store_response(request: StoreRequest, status: int, comment: str = "") -> bytes:
    """Return the command set that answers `request`; `comment` is of at most 64 ASCII characters."""
    elements = [
        _text(_CLASS, request.sop_class_uid, b"\0"),
        pack("<HHLH", 0, _FIELD, 2, _RESPONSE),
        pack("<HHLH", 0, _ANSWERS, 2, request.message_id),
        pack("<HHLH", 0, _HAS_DATA, 2, _NO_DATA),
        pack("<HHLH", 0, _STATUS, 2, status),
        *([_text(_COMMENT, comment, b" ")] if comment else []),
        _text(_INSTANCE, request.instance_uid, b"\0"),
    ]
    body = b"".join(elements)
    return pack("<HHLL", 0, 0, 4, len(body)) + body


def command_pdus(command: bytes, context_id: int, largest: int) -> bytes:
    """Return the P-DATA-TF PDUs of a command set (PS3.8 section 9.3.5), each for a peer that takes `largest`.

    `largest` is in bytes, as the peer gave it: without the PDU's own header; 0 for any length.
    """
    step = max(largest - _OVERHEAD, 1) if largest else len(command)
    parts = range(0, len(command), step)
    pdus = []
    for at in parts:
        part = command[at : at + step]
        control = _COMMAND | (_LAST if at == parts[-1] else 0)
        length = len(part) + 2
        pdus.append(pack(">BBLLBB", _P_DATA_TF, 0, length + 4, length, context_id, control) + part)
    return b"".join(pdus)


def fragments(body: memoryview) -> Iterator[tuple[int, int, memoryview]]:
    """Yield what a P-DATA-TF PDU holds: context ID, control header and content of each fragment.

    Raises
    ------
    ValueError
        If one does not fit into its PDU.
    """
    at = 0
    while at < len(body):
        end = at + 4 + int.from_bytes(body[at : at + 4], "big")
        if not at + _OVERHEAD <= end <= len(body):
            raise ValueError("a fragment does not fit into its PDU")
        yield body[at + 4], body[at + 5], body[at + _OVERHEAD : end]
        at = end


def _values(command: bytes) -> dict[int, bytes] | None:
    values = {}
    at = 0
    while at < len(command):
        if at + _ELEMENT.size > len(command):
            return None
        group, element, length = _ELEMENT.unpack_from(command, at)
        at += _ELEMENT.size
        if group or at + length > len(command):
            return None
        values[element] = command[at : at + length]
        at += length
    return values


def _number(values: dict[int, bytes], element: int) -> int | None:
    value = values.get(element, b"")
    return int.from_bytes(value, "little") if len(value) == 2 else None


def _text(element: int, text: str, padding: bytes) -> bytes:
    value = text.encode("latin-1", "replace")
    value += padding * (len(value) & 1)
    return _ELEMENT.pack(0, element, len(value)) + value
