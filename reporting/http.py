"""HTTP with a deadline that holds whatever the server does, and an answer that has an end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")


def within(seconds: float, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Return what `work` returns, or drop it once `seconds` are over.

    A client's read timeout is for each read: a server that sends one byte a second never meets it.
    Here the task is cancelled wherever it waits, and its connection closed; a look-up of a host's
    name that hangs is left to itself.

    Raises
    ------
    asyncio.TimeoutError
        If it took longer.
    """
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(asyncio.wait_for(work(), seconds))
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def read_up_to(answer: httpx.Response, longest: int) -> bytes:
    """Return the body of a streamed answer; of one longer than `longest` bytes, what has come by then."""
    body = bytearray()
    async for piece in answer.aiter_raw():
        body += piece
        if len(body) > longest:
            break
    return bytes(body)


def client_options(url: str, seconds: float) -> dict[str, Any]:
    """Return a client's options: no proxy is asked for a server on this machine."""
    # Reading the certificates takes longer than the embedded model; plain HTTP has no use for them.
    tls = urlsplit(url).scheme == "https"
    return {"trust_env": not _is_loopback(url), "verify": tls, "timeout": seconds}


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
