"""OpenAI-compatible servers that fail as servers do: slow, wrong, endless, silent, gone.

Each is a real HTTP server on a loopback port. `Fault.NONE` answers at once and truly.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CHUNK = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "any"}
WRONG = json.dumps(
    {
        "findings": [{"text": "Large faecal load in the rectum, increased since the prior.", "refs": ["f1"]}],
        "impression": [{"text": "Necrotising enterocolitis. CT is recommended.", "refs": ["f1"]}],
    }
)


class Fault(Enum):
    """What is wrong with a server."""

    NONE = "none"
    SLOW = "answers after 30 s"
    WRONG = "answers with what the findings do not hold"
    REFUSED = "refuses connections"
    HANGING = "accepts, and never answers"
    HEADERS = "sends a header a second, for ever"
    DRIPPING = "sends a token a second, for ever"
    BLANK = "sends white space as fast as it can, for ever"
    COMMENTS = "sends comments that keep the connection alive, for ever"
    UNENDING = "sends one line that never ends"
    NOTHING = "begins a reply, and ends it without a word"
    ERRORS = "answers with HTTP 500"
    UNWELL = "is not well: /health answers 503"


@contextmanager
def serving_badly(fault: Fault, reply: Callable[[dict[str, Any]], str] | None = None) -> Iterator[str]:
    """Serve with `fault` while the context is open, and yield the base URL, ending in ``/v1``.

    Parameters
    ----------
    fault
        What is wrong with it.
    reply
        Gives the text of a reply that is not wrong, from the request's JSON.
    """
    if fault is Fault.REFUSED:
        with socket.socket() as deaf:  # bound and not listening: nobody else's server comes to this port
            deaf.bind(("127.0.0.1", 0))
            yield f"http://127.0.0.1:{deaf.getsockname()[1]}/v1"
        return
    closing = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(fault, reply or (lambda _: WRONG), closing))
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign] # a client that left is no news
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        closing.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(
    fault: Fault, reply: Callable[[dict[str, Any]], str], closing: threading.Event
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if fault is Fault.HANGING:
                closing.wait()
                return
            status = 503 if fault is Fault.UNWELL else 200 if self.path == "/health" else 404
            self.send_response(status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if fault is Fault.HANGING:
                closing.wait()
            elif fault is Fault.ERRORS:
                self.send_error(500)
            elif fault is Fault.HEADERS:
                self._send_headers_for_ever()
            else:
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                self._answer(reply(body))

        def _send_headers_for_ever(self) -> None:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            for n in range(100_000):
                self.wfile.write(f"X-Header-{n}: more\r\n".encode())
                if closing.wait(0.2):
                    return

        def _answer(self, text: str) -> None:
            if fault is Fault.NOTHING:
                return
            if fault is Fault.SLOW:
                closing.wait(30.0)
            if fault in _ENDLESS:
                pause, piece = _ENDLESS[fault]
                self.wfile.write(b"data: " if fault is Fault.UNENDING else b"")
                while not closing.wait(pause):
                    self.wfile.write(piece)
            for event in stream_events(text):
                self.wfile.write(event)

        def log_message(self, *_: object) -> None:
            """Keep the output quiet."""

    return Handler


def delta(content: str, finish: str | None = None) -> bytes:
    """Return one event of a stream: a piece of the reply."""
    choice = {"index": 0, "delta": {"role": "assistant", "content": content}, "finish_reason": finish}
    return b"data: " + json.dumps({**CHUNK, "choices": [choice]}).encode() + b"\n\n"


def stream_events(text: str, finish: str = "stop", tokens: tuple[int, int] = (1, 1)) -> Iterator[bytes]:
    """Yield the events of a whole reply, piece by piece, with its usage at the end."""
    for at in range(0, len(text), 16):
        yield delta(text[at : at + 16])
    yield delta("", finish)
    usage = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1], "total_tokens": sum(tokens)}
    yield b"data: " + json.dumps({**CHUNK, "choices": [], "usage": usage}).encode() + b"\n\n"
    yield b"data: [DONE]\n\n"


# Seconds between the pieces, and the piece.
_ENDLESS: dict[Fault, tuple[float, bytes]] = {
    Fault.DRIPPING: (0.2, delta("a ")),
    Fault.BLANK: (0.0, delta(" ")),
    Fault.COMMENTS: (0.2, b": still here\n\n"),
    Fault.UNENDING: (0.2, b"x"),
}


def wait_for(condition: Callable[[], bool], seconds: float, every: float = 0.01) -> bool:
    """Return whether `condition` held within `seconds`."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(every)
    return True
