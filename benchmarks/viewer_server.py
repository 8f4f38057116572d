"""Serve Kidray's web role and OHIF from one process: `python -m benchmarks.viewer_server HOME`.

A request to `127.0.0.1` is Kidray's, one to `localhost` OHIF's, but for `/dicom-web`, which is always
Kidray's: so each viewer has an origin of its own, the same server and the same DICOMweb on it.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from benchmarks.ohif import Ohif, install
from inference.store import ModelStore
from study import telemetry
from study.service import Service
from study.settings import load_settings
from web_viewer.app import create_app
from web_viewer.deps import services_of
from web_viewer.serve import bound_socket


class ByName:
    """ASGI application that sends a request to one of two by the name it was made to."""

    def __init__(self, kidray: ASGIApp, ohif: ASGIApp) -> None:
        self._kidray = kidray
        self._ohif = ohif

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        headers = dict(scope.get("headers", ()))
        host = headers.get(b"host", b"")
        if b"accept-encoding" in headers:  # to a loopback name a browser also offers Brotli
            scope = {**scope, "headers": [*(headers | {b"accept-encoding": b"gzip"}).items()]}
        foreign = host.startswith(b"localhost") and not scope.get("path", "").startswith("/dicom-web")
        await (self._ohif if foreign else self._kidray)(scope, receive, send)


async def _run(server: uvicorn.Server, listener: socket.socket) -> None:
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.01)
    print(f"port {listener.getsockname()[1]}", flush=True)
    await serving


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path, help="home folder of a service that runs")
    given = parser.parse_args()
    telemetry.configure_logs("web")
    service = Service.open(load_settings(home=given.home))
    identity = ModelStore.of(service.settings.home).package(service.settings.model).identity
    services = services_of(service, model=identity)
    listener = bound_socket("127.0.0.1", 0)
    app = ByName(create_app(services), Ohif(install()))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, timeout_keep_alive=30))
    services.fence.warm_up()
    try:
        asyncio.run(_run(server, listener))
    finally:
        services.fence.close()


if __name__ == "__main__":
    main()
