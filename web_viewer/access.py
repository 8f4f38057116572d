"""Decide who may ask for what, before any route runs.

Without a login the service answers loopback names only, so that a page elsewhere cannot reach it by
re-binding its own name to 127.0.0.1; changes must come from the service's own pages (or from a
program, which sends no such header). With a login every request but the health probes carries it.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

OPEN_PATHS = frozenset({"/healthz", "/readyz"})
READING = frozenset({"GET", "HEAD", "OPTIONS"})
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
CHALLENGE = 'Basic realm="Kidray", charset="UTF-8"'


class Refusal(NamedTuple):
    """Why a request is not let through."""

    status: int
    sentence: str


def host_of(header: str) -> str:
    """Return the host of a ``Host`` header, without port and brackets, in lower case."""
    try:
        return (urlsplit(f"//{header}").hostname or "").lower()
    except ValueError:
        return ""


def is_same_origin(headers: Mapping[str, str]) -> bool:
    """Return whether a request that changes something comes from our own page, or from no page.

    Browsers say where a request comes from in Sec-Fetch-Site, older ones in Origin; other programs
    send neither.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc.lower() == headers.get("host", "").lower()


def carries_login(header: str, login: str) -> bool:
    """Return whether an ``Authorization`` header holds `login` (``USER:PASSWORD``), in constant time."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        given = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(given, login.encode())


class Gate:
    """ASGI middleware that lets through what the rules above allow.

    Parameters
    ----------
    app
        What comes after.
    hosts
        Host names answered to; None answers to all (a login is asked for instead).
    login
        ``USER:PASSWORD``, or None where none is needed.
    """

    def __init__(self, app: ASGIApp, *, hosts: frozenset[str] | None, login: str | None) -> None:
        self._app = app
        self._hosts = hosts
        self._login = login

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with a refusal."""
        if scope["type"] == "http" and scope["path"] not in OPEN_PATHS:
            refusal = self._refusal(scope["method"], Headers(scope=scope))
            if refusal is not None:
                headers = {"WWW-Authenticate": CHALLENGE} if refusal.status == 401 else None
                answer = JSONResponse({"detail": refusal.sentence}, refusal.status, headers)
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _refusal(self, method: str, headers: Mapping[str, str]) -> Refusal | None:
        if self._hosts is not None and host_of(headers.get("host", "")) not in self._hosts:
            return Refusal(400, "this service does not answer to that host name")
        if self._login is not None and not carries_login(headers.get("authorization", ""), self._login):
            return Refusal(401, "a login is needed")
        if method not in READING and not is_same_origin(headers):
            return Refusal(403, "a change must come from the viewer's own pages")
        return None


def trusted_hosts(web_host: str, login: str | None) -> frozenset[str] | None:
    """Return the host names to answer to: with a login all, else loopback and the configured one."""
    return None if login is not None else LOOPBACK_NAMES | {web_host.lower()}
