"""Write and read multipart/related bodies a part at a time (RFC 2387, PS3.18 section 8.6)."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import NamedTuple

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser
from starlette.responses import StreamingResponse

from web_viewer.problems import BadRequestError, TooLargeError


class Part(NamedTuple):
    """One part of a multipart body."""

    content_type: str
    body: bytes
    location: str | None = None  # Content-Location


def related(parts: Iterable[Part], inner_type: str) -> StreamingResponse:
    """Return a response that streams `parts`, made one at a time."""
    boundary = uuid.uuid4().hex
    media_type = f'multipart/related; type="{inner_type}"; boundary={boundary}'
    return StreamingResponse(_written(parts, boundary), media_type=media_type)


def _written(parts: Iterable[Part], boundary: str) -> Iterator[bytes]:
    for part in parts:
        lines = [f"--{boundary}", f"Content-Type: {part.content_type}", f"Content-Length: {len(part.body)}"]
        if part.location is not None:
            lines.append(f"Content-Location: {part.location}")
        yield "\r\n".join([*lines, "", ""]).encode()
        yield part.body
        yield b"\r\n"
    yield f"--{boundary}--\r\n".encode()


async def read_related(chunks: AsyncIterator[bytes], boundary: str, *, largest: int) -> AsyncIterator[Part]:
    """Yield the parts of a body as they become whole.

    Parameters
    ----------
    chunks
        The body as it arrives.
    boundary
        From the ``Content-Type`` header.
    largest
        Bytes that one part may have.

    Raises
    ------
    BadRequestError
        If the body is not a multipart body, or ends before its closing boundary.
    TooLargeError
        If a part is longer than `largest`.
    """
    collector = _Collector(largest)
    try:
        parser = MultipartParser(boundary, collector.callbacks())  # type: ignore[arg-type]
        async for chunk in chunks:
            parser.write(chunk)
            while collector.whole:
                yield collector.whole.pop(0)
    except MultipartParseError as error:
        raise BadRequestError(f"the body is not a multipart body: {error}") from error
    if not collector.ended:
        raise BadRequestError("the multipart body ends before its closing boundary")


class _Collector:
    """Turns a parser's events into parts."""

    def __init__(self, largest: int) -> None:
        self.whole: list[Part] = []
        self.ended = False
        self._largest = largest
        self._body = bytearray()
        self._headers: dict[str, str] = {}
        self._name = b""
        self._value = b""

    def callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self._begin,
            "on_part_data": self._add,
            "on_part_end": self._finish,
            "on_header_field": self._add_name,
            "on_header_value": self._add_value,
            "on_header_end": self._end_header,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        self._body = bytearray()
        self._headers = {}

    def _add(self, chunk: bytes, start: int, end: int) -> None:
        if len(self._body) + end - start > self._largest:
            raise TooLargeError(f"a part of the body is longer than {self._largest} bytes")
        self._body += memoryview(chunk)[start:end]

    def _finish(self) -> None:
        content_type = self._headers.get("content-type", "")
        self.whole.append(Part(content_type, bytes(self._body), self._headers.get("content-location")))
        self._body = bytearray()

    def _add_name(self, chunk: bytes, start: int, end: int) -> None:
        self._name += chunk[start:end]

    def _add_value(self, chunk: bytes, start: int, end: int) -> None:
        self._value += chunk[start:end]

    def _end_header(self) -> None:
        self._headers[self._name.decode("latin-1").lower()] = self._value.decode("latin-1").strip()
        self._name = self._value = b""

    def _end(self) -> None:
        self.ended = True
