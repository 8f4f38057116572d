"""Count and time requests by route, never by address: addresses hold UIDs, queries hold names."""

from __future__ import annotations

import time

from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUESTS = Counter(
    "kidray_http_requests_total", "Requests, by method, route and status", ["method", "route", "status"]
)
REQUEST_SECONDS = Histogram(
    "kidray_http_request_seconds",
    "From a request to its answer's first byte, by route",
    ["route"],
    buckets=(0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})


class Measure:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and note how it was answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def send_and_note(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", None) or "none"
                method = scope["method"] if scope["method"] in _METHODS else "other"
                REQUESTS.labels(method=method, route=route, status=message["status"]).inc()
                REQUEST_SECONDS.labels(route=route).observe(time.perf_counter() - began)
            await send(message)

        await self._app(scope, receive, send_and_note)
