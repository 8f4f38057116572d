"""HL7 version 2 as text: fields, components and what has to be escaped in them (v2.5.1, chapter 2). Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import datetime

SEPARATORS = "|^~\\&"  # of fields, components, repetitions; the escape character; of subcomponents
_ESCAPES = {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "~": "\\R\\", "&": "\\T\\"}
_SPECIAL = re.compile(r"[\\|^~&]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
CONTROL_ID_LENGTH = 20  # of MSH-10 in v2.5.1


def escaped(text: str) -> str:
    """Return free text as it stands in a field: no separator in it is one, and no line ends in it."""
    return _SPECIAL.sub(lambda found: _ESCAPES[found[0]], _CONTROL.sub(" ", text))


def components(*texts: str) -> str:
    """Return a field of these components, those at the end that are empty left out."""
    return "^".join(escaped(text) for text in texts).rstrip("^")


def repeated(fields: Iterable[str]) -> str:
    """Return a field that is given several times, each time made by `components` or `escaped`."""
    return "~".join(fields)


def segment(name: str, fields: dict[int, str]) -> str:
    """Return a segment; `fields` by their number, as the standard counts them, ready as they stand."""
    last = max(fields, default=0)
    return "|".join([name, *(fields.get(number, "") for number in range(1, last + 1))]).rstrip("|")


def header(fields: dict[int, str]) -> str:
    """Return an MSH segment, whose first field is the separator itself."""
    return "|".join(
        ["MSH", SEPARATORS[1:], *(fields.get(number, "") for number in range(3, max(fields) + 1))]
    )


def message(segments: Iterable[str]) -> str:
    """Return a message: each segment ended by a carriage return."""
    return "".join(f"{line}\r" for line in segments)


def timestamp(at: datetime) -> str:
    """Return a point of time as TS, with its zone where it has one."""
    return at.strftime("%Y%m%d%H%M%S%z")


def control_id(*parts: str) -> str:
    """Return the control ID that belongs to `parts`: a message that is sent again has the same."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:CONTROL_ID_LENGTH]
