"""UIDs: which are valid, and how a derived object gets one that is the same each time."""

from __future__ import annotations

import hashlib
import re

from study.errors import IdentifierError

# PS3.5 section 9.1 forbids leading zeros; real equipment breaks that, and it is harmless in a path.
_UID = re.compile(r"[0-9]+(\.[0-9]+)*")


def is_uid(text: str) -> bool:
    """Return whether `text` is a UID that may become a path."""
    return len(text) <= 64 and _UID.fullmatch(text) is not None


def checked_uid(uid: str) -> str:
    """Return `uid` unchanged if it may become a path (PS3.5 section 9), else raise.

    Raises
    ------
    IdentifierError
        If it is empty, over 64 characters, or holds anything but digits and single dots.
    """
    if not is_uid(uid):
        raise IdentifierError(  # not quoted: senders have put names where a UID belongs
            f"a UID of {len(uid)} characters is not valid: digits and dots, at most 64"
        )
    return uid


def derived_uid(*parts: str) -> str:
    """Return the UID under ``2.25`` (PS3.5 section B.2) that belongs to `parts`.

    The same parts always give the same UID, so a step done twice makes nothing twice.
    """
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"
