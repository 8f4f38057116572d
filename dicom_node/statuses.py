"""Which DIMSE status answers which error, as a table (PS3.4 section B.2.3, PS3.7 annex C)."""

from __future__ import annotations

from study.errors import (
    ArchiveError,
    ArchiveFullError,
    BacklogError,
    DatasetMismatchError,
    IdentifierError,
    KidrayError,
    NotDicomError,
    PixelDataError,
)

SUCCESS = 0x0000
# Coercion of data elements, data set does not match SOP class, elements discarded: stored all the same.
WARNINGS = frozenset({0xB000, 0xB006, 0xB007})

# The nearest class in an error's ancestry counts. An archive that cannot be written answers as a full
# one does: A7xx is the status after which a PACS keeps the instance and sends it again later.
STATUS_OF: dict[type[KidrayError], int] = {
    ArchiveFullError: 0xA700,  # Refused: out of resources
    ArchiveError: 0xA701,
    BacklogError: 0xA702,
    DatasetMismatchError: 0xA900,  # Error: data set does not match SOP class
    NotDicomError: 0xC000,  # Error: cannot understand
    PixelDataError: 0xC001,
    IdentifierError: 0x0117,  # Invalid SOP instance: a UID breaks the rules (PS3.7 section C.5.6)
    KidrayError: 0x0110,  # Processing failure
}
_LONGEST_COMMENT = 64  # LO


def status_of(error: KidrayError) -> int:
    """Return the DIMSE status that answers `error`."""
    return next(STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF)


def comment(error: KidrayError) -> str:
    """Return the Error Comment (0000,0902) for `error`: printable ASCII, at most 64 characters."""
    text = str(error).encode("ascii", "replace").decode().replace("\\", "/")
    return text if len(text) <= _LONGEST_COMMENT else text[: _LONGEST_COMMENT - 3] + "..."


def in_words(status: int) -> str:
    """Return what a peer's C-STORE `status` means, with its number."""
    if status == SUCCESS:
        return "stored"
    words = _EXACT.get(status) or next((w for mask, w in _RANGES if status & 0xFF00 == mask), None)
    if words is None:
        words = "cannot understand" if status & 0xF000 == 0xC000 else "unknown status"
    return f"{words} (0x{status:04X})"


def may_pass(status: int) -> bool:
    """Return whether the same object may be stored when it is sent again later."""
    return status & 0xFF00 == 0xA700 or status in {0x0110, 0x0124}


_EXACT = {
    0xB000: "stored, with coercion of elements",
    0xB006: "stored, with elements discarded",
    0xB007: "stored, though the data set does not match its SOP class",
    0x0110: "processing failure",
    0x0117: "invalid SOP instance",
    0x0122: "SOP class not supported",
    0x0124: "not authorised",
    0x0210: "duplicate invocation",
    0x0211: "unrecognised operation",
    0x0212: "mistyped argument",
}
_RANGES = ((0xA700, "out of resources"), (0xA900, "data set does not match its SOP class"))
