"""What runs inside the fence of `study.fence`: a child that reads files of others.

It is told which function to call on which file, one at a time, over the socket that is its standard
input, and answers with JSON and bytes. It may not write a file, and its memory and time are limited.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import signal
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pydicom
import pydicom.config
from numpy.typing import NDArray
from pydicom.errors import InvalidDicomError

from study.errors import KidrayError
from study.inspection import MALFORMED
from study.pixels import display_values, file_attenuation, file_modality

_CANNOT_BE_READ = (*MALFORMED, InvalidDicomError, RuntimeError, LookupError, ArithmeticError)


class Answer(NamedTuple):
    """What a fenced function returns: a description that JSON can hold, and bytes."""

    description: Mapping[str, Any]
    body: bytes | memoryview


def attenuation(path: Path) -> Answer:
    """Return `study.pixels.file_attenuation`; the description is its shape."""
    return of_array(file_attenuation(path))


def modality(path: Path) -> Answer:
    """Return `study.pixels.file_modality`; the description is its shape."""
    return of_array(file_modality(path))


def display(path: Path) -> Answer:
    """Return `study.pixels.display_values` of a radiograph's file; the description is its shape."""
    return of_array(display_values(pydicom.dcmread(path)))


def of_array(values: NDArray[Any]) -> Answer:
    """Return an array as an answer."""
    whole = np.ascontiguousarray(values)
    return Answer({"shape": whole.shape, "dtype": whole.dtype.str}, whole.data.cast("B"))


def as_array(answer: Answer) -> NDArray[Any]:
    """Return the array of an answer, read-only."""
    values = np.frombuffer(answer.body, np.dtype(answer.description["dtype"]))
    return values.reshape(answer.description["shape"])


def serve(wire: Connection) -> None:
    """Answer until the parent is gone."""
    while True:
        try:
            order = json.loads(wire.recv_bytes())
        except EOFError:
            return
        _limit_cpu(order["cpu_seconds"])
        function = partial(_function(order["function"]), **order["arguments"])
        said, body = _answer(function, Path(order["path"]))
        wire.send_bytes(json.dumps(said).encode())
        if "error" not in said:
            wire.send_bytes(body)
        del body
        gc.collect()


def _answer(function: Callable[[Path], Answer], path: Path) -> tuple[dict[str, Any], bytes | memoryview]:
    try:
        answer = function(path)
    except KidrayError as error:
        return {"error": type(error).__name__, "message": str(error)}, b""
    except FileNotFoundError:
        return {"error": "NotInArchiveError", "message": f"the archive holds no instance {path.stem}"}, b""
    except MemoryError:
        return {"error": "PixelDataError", "message": "reading it needs more memory than is allowed"}, b""
    except _CANNOT_BE_READ as error:
        return {"error": "NotDicomError", "message": f"it cannot be read: {type(error).__name__}"}, b""
    return {"description": answer.description}, answer.body


def _function(name: str) -> Callable[..., Answer]:
    module, _, function = name.partition(":")
    found: Callable[..., Answer] = getattr(import_module(module), function)
    return found


def _limit_memory(size: int) -> None:
    """Allow `size` bytes of address space more than there is now; no file, no core dump."""
    with suppress(OSError):  # Linux only; elsewhere time and the caps of `study.decoding` remain
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * os.sysconf("SC_PAGE_SIZE") + size
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_cpu(seconds: int) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + 1 + seconds, hard))


def main() -> None:
    """Take orders from standard input's socket."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent says when to end
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    own = socket.socket(fileno=os.dup(0))
    wire = Connection(own.detach())
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    order = json.loads(wire.recv_bytes())
    for module in order["modules"]:
        import_module(module)
    gc.collect()
    gc.freeze()  # what was imported stays, and need not be looked through after each file
    _limit_memory(order["memory"])
    wire.send_bytes(b"ready")
    with suppress(BrokenPipeError):  # the parent was killed
        serve(wire)


if __name__ == "__main__":
    main()
