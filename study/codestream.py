"""Read the size that a compressed image declares, before anything is expanded to it. Pure."""

from __future__ import annotations

import struct

_JPEG, _JPEG_2000 = b"\xff\xd8", b"\xff\x4f\xff\x51"  # SOI; SOC and SIZ
# Start of frame: baseline, extended, lossless (ISO 10918-1 table B.1), JPEG-LS (ISO 14495-1 annex C).
_FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xF7})
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})


def declared_size(codestream: bytes) -> tuple[int, int] | None:
    """Return the (rows, columns) of a JPEG, JPEG-LS or JPEG 2000 codestream; None where it has none.

    RLE declares no size. A codestream is judged by its own first bytes, not by the transfer syntax.
    """
    if codestream[:4] == _JPEG_2000 and len(codestream) >= 24:
        right, bottom, left, top = struct.unpack_from(">4I", codestream, 8)
        return bottom - top, right - left
    if codestream[:2] == _JPEG:
        return _of_jpeg(codestream)
    return None


def _of_jpeg(codestream: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(codestream):
        if codestream[at] != 0xFF:
            return None
        marker = codestream[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
        elif marker in _WITHOUT_LENGTH:
            at += 2
        elif marker in _FRAMES:
            rows, columns = struct.unpack_from(">2H", codestream, at + 5)
            return rows, columns
        else:
            at += 2 + struct.unpack_from(">H", codestream, at + 2)[0]
    return None
