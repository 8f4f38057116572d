"""A real server over a real socket."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.peers import wait_for
from web_viewer.deps import Services
from web_viewer.serve import Server, bound_socket, build_server


@contextmanager
def serving(services: Services) -> Iterator[tuple[str, Server, threading.Thread]]:
    """A real server on a port of its own."""
    listener = bound_socket("127.0.0.1", 0)
    server = build_server(services)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    wait_for(lambda: server.started, seconds=120, what="the server")
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", server, thread
    finally:
        server.should_exit = True
        thread.join(60)
        listener.close()
        assert not thread.is_alive()
