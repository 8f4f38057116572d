"""Serve the micro model on a loopback port with llama.cpp's own OpenAI-compatible server.

Run as ``python -m reporting.server --port N``; ``/health`` answers once it is ready, and SIGTERM
stops it.
"""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from reporting.served_name import served_name
from study.errors import WordingError
from study.stopping import stop_event

WEIGHTS = "kidray-writer-micro.gguf"
CONTEXT = 2048  # tokens: the micro model's own; longer facts are beyond its training anyway


@contextmanager
def serving(
    gguf: Path | None = None, *, host: str = "127.0.0.1", port: int = 0, threads: int = 1
) -> Iterator[str]:
    """Serve `gguf` while the context is open, and yield the base URL, ending in ``/v1``.

    Parameters
    ----------
    gguf
        The model; None takes the micro model that ships.
    host, port
        Where to listen; port 0 takes a free one.
    threads
        Threads that compute.

    Raises
    ------
    WordingError
        If the model cannot be loaded or the port not be opened.
    """
    import xllamacpp

    with as_file(files("reporting") / "weights" / WEIGHTS) as shipped:
        path = gguf or shipped
        try:
            server = xllamacpp.Server(_parameters(xllamacpp, path, host, port, threads))
        except (RuntimeError, ValueError) as error:
            raise WordingError(f"the embedded LLM server cannot start with {path.name}: {error}") from error
        try:
            yield f"{server.listening_address}/v1"
        finally:
            del server  # its destructor stops the server


def serve(gguf: Path | None, *, host: str, port: int, stop: threading.Event) -> None:
    """Serve until `stop` is set; prints the address once it answers."""
    with serving(gguf, host=host, port=port) as url:
        print(f"serving {url}", flush=True)
        stop.wait()


def _parameters(xllamacpp: Any, path: Path, host: str, port: int, threads: int) -> Any:
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(path)
    parameters.model_alias = {served_name(path)}
    parameters.hostnames = [host]
    parameters.port = port
    parameters.n_ctx = CONTEXT
    parameters.n_parallel = 1
    parameters.cpuparams.n_threads = threads
    parameters.cpuparams_batch.n_threads = threads
    parameters.n_threads_http = 2
    parameters.cache_ram_mib = 0
    parameters.warmup = False
    parameters.offline = True
    parameters.ui = False
    parameters.endpoint_slots = False
    parameters.cors_origins = f"http://{host}"  # no page of another origin may ask
    parameters.verbosity = 1  # errors; a request's text is never logged
    return parameters


def main(arguments: list[str] | None = None) -> int:
    """Run the server as a process of its own."""
    parser = argparse.ArgumentParser(prog="python -m reporting.server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--model", type=Path, default=None, help="a GGUF file; unset: the one that ships")
    wish = parser.parse_args(arguments)
    stop = stop_event()
    try:
        serve(wish.model, host=wish.host, port=wish.port, stop=stop)
    except WordingError as error:
        print(f"kidray: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
