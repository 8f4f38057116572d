"""Refuse a request whose body is longer than the service takes in (413)."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class BodyLimit:
    """ASGI middleware.

    Parameters
    ----------
    app
        What answers.
    largest
        Bytes that a body may have.
    streamed
        Starts of the paths whose routes read a body as it comes and have limits of their own.
    """

    def __init__(self, app: ASGIApp, *, largest: int, streamed: Sequence[str]) -> None:
        self._app = app
        self._counted = RequestBodyLimitMiddleware(app, largest)
        self._largest = largest
        self._streamed = tuple(streamed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; count a body whose length is not announced as it comes."""
        if scope["type"] != "http" or scope["path"].startswith(self._streamed):
            await self._app(scope, receive, send)
        elif _announced(scope) > self._largest:
            answer = JSONResponse({"detail": f"a body may have {self._largest} bytes"}, 413)
            await answer(scope, receive, send)
        else:
            await self._counted(scope, receive, send)


def _announced(scope: Scope) -> int:
    length = Headers(scope=scope).get("content-length", "")
    return int(length) if length.isdecimal() else 0
