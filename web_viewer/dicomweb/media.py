"""Read what a client accepts, and choose among what can be made (PS3.18 section 8.7, RFC 9110). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from web_viewer.problems import NotAcceptableError

DICOM_JSON = "application/dicom+json"
JSON = "application/json"
DICOM = "application/dicom"
OCTETS = "application/octet-stream"
RELATED = "multipart/related"

_PARAMETER = re.compile(r';\s*([\w!#$&^.+-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;,\s]*)')
_TYPE = re.compile(r"\s*([\w*!#$&^.+-]+/[\w*!#$&^.+-]+)\s*")


@dataclass(frozen=True)
class MediaRange:
    """One media type or range, its name in lower case, its parameters unquoted."""

    name: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    quality: float = 1.0

    @property
    def transfer_syntax(self) -> str | None:
        """The transfer syntax asked for: a UID, ``*`` for any, None where none was named."""
        return self.parameters.get("transfer-syntax")

    def inner(self) -> MediaRange | None:
        """Return the type of a multipart's parts; None where this is no multipart/related."""
        if self.name != RELATED:
            return None
        parameters = {k: v for k, v in self.parameters.items() if k not in ("type", "boundary")}
        return MediaRange(self.parameters.get("type", "*/*").lower(), parameters, self.quality)

    def covers(self, name: str) -> bool:
        """Return whether this range includes the media type `name`."""
        if self.name in ("*/*", name):
            return True
        kind, _, subtype = self.name.partition("/")
        return subtype == "*" and name.startswith(f"{kind}/")


def media_ranges(header: str) -> list[MediaRange]:
    """Return the ranges of an ``Accept`` (or one of ``Content-Type``) header, the best first.

    What cannot be read is left out; ranges of equal quality keep their order.
    """
    ranges = []
    at = 0
    while at < len(header):
        match = _TYPE.match(header, at)
        if match is None:
            at = _after_comma(header, at)
            continue
        at, parameters = _parameters(header, match.end())
        quality = _quality(parameters.pop("q", "1"))
        ranges.append(MediaRange(match[1].lower(), parameters, quality))
        at = _after_comma(header, at)
    return sorted((r for r in ranges if r.quality > 0), key=lambda r: -r.quality)


def accepted(header: str | None, query: str | None) -> list[MediaRange]:
    """Return what the request accepts: the ``accept`` query parameter (PS3.18 8.3.3.1) before the header."""
    ranges = [*media_ranges(query or ""), *media_ranges(header or "")]
    return ranges or [MediaRange("*/*")]


def choose(ranges: Iterable[MediaRange], offers: Sequence[str]) -> str:
    """Return the offer that is liked best; among equals the earlier one.

    Raises
    ------
    NotAcceptableError
        If none of the offers is accepted.
    """
    for wanted in ranges:
        for offer in offers:
            if wanted.covers(offer):
                return offer
    raise NotAcceptableError(f"none of the accepted media types can be made; offered: {', '.join(offers)}")


def _parameters(header: str, at: int) -> tuple[int, dict[str, str]]:
    parameters = {}
    while match := _PARAMETER.match(header, at):
        value = match[2]
        if value.startswith('"'):
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        parameters[match[1].lower()] = value
        at = match.end()
        while at < len(header) and header[at].isspace():
            at += 1
    return at, parameters


def _after_comma(header: str, at: int) -> int:
    comma = header.find(",", at)
    return len(header) if comma < 0 else comma + 1


def _quality(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0
