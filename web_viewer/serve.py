"""Run the web role until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import threading
from collections.abc import Callable

import structlog
import uvicorn

from study.errors import KidrayError, SettingsError
from study.fence import Fence
from study.settings import Settings
from web_viewer.app import create_app
from web_viewer.deps import Services
from web_viewer.heap import give_back_large_blocks

log = structlog.get_logger()

GRACE_SECONDS = 5  # for what runs when the server is told to stop


class Server(uvicorn.Server):
    """A server that ends open event streams before it waits for what runs."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell the application that it closes, then stop."""
        held = getattr(self.config.app.state, "held", None)  # type: ignore[union-attr]
        if held is not None:
            held.closing.set()
        await super().shutdown(sockets)


def serve(
    settings: Settings, services: Services, *, announce: Callable[[str, int], None] | None = None
) -> None:
    """Serve the viewer and DICOMweb at the settings' address until SIGTERM or SIGINT.

    Parameters
    ----------
    announce
        Called with host and port once connections are accepted; the port is the one bound, also
        where the settings say 0.

    Raises
    ------
    SettingsError
        If the address cannot be bound.
    """
    give_back_large_blocks()
    listener = bound_socket(settings.web_host, settings.web_port)
    server = build_server(services)
    # The first picture shall not wait for a child to start.
    threading.Thread(target=_warm_up, args=(services.fence,), name="warm-up", daemon=True).start()
    port: int = listener.getsockname()[1]
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _let_pass)  # uvicorn raises them once more when it has stopped
    try:
        asyncio.run(_run(server, listener, lambda: announce and announce(settings.web_host, port)))
    finally:
        services.fence.close()
    log.info("web_stopped")


def bound_socket(host: str, port: int) -> socket.socket:
    """Return a socket bound to the address, IPv4 or IPv6.

    Raises
    ------
    SettingsError
        If the address cannot be bound.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"the viewer cannot listen on {host}:{port}: {error.strerror}; choose another port with "
            "KIDRAY_WEB_PORT"
        ) from error
    return listener


def build_server(services: Services) -> Server:
    """Return a server for `services`. It writes no access log: addresses may hold patients' names."""
    logging.getLogger("uvicorn.error").addFilter(_says_no_more_than_where)
    config = uvicorn.Config(
        create_app(services),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=30,
    )
    return Server(config)


def _says_no_more_than_where(record: logging.LogRecord) -> bool:
    """Drop the server's own stack traces: an error's words may quote a patient's name.

    `web_viewer.problems` has logged by then where it happened.
    """
    return record.exc_info is None


def _warm_up(fence: Fence) -> None:
    try:
        fence.warm_up()
    except KidrayError as error:  # a picture that is asked for tries again
        log.warning("fence_not_warmed_up", reason=str(error))


def _let_pass(_number: int, _frame: object) -> None:
    """Do nothing: the server has stopped already."""


async def _run(server: Server, listener: socket.socket, started: Callable[[], object]) -> None:
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.01)
    if server.started:
        log.info("web_listening", port=listener.getsockname()[1])
        started()
    await serving
