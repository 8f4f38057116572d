"""How a process is asked to end, by a signal or by the end of the one that started it."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_LOOK_EVERY = 0.5  # seconds
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class _Stop(threading.Event):
    """An event that a signal sets, whichever thread the system hands the signal to.

    Python runs signal handlers in the main thread only, once that runs Python code again. A main thread
    that waits without a limit is woken by the system where the signal was handed to it, and by nothing
    where it was handed to another thread.
    """

    def wait(self, timeout: float | None = None) -> bool:
        """Wait as an event does, looking up often enough that a signal is never missed."""
        if timeout is not None:
            return super().wait(timeout)
        while not super().wait(_LOOK_EVERY):
            pass
        return True


def stop_event() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set.

    Only the first counts: a second one, handled while the event is being set, would wait for it for ever.
    """
    stop = _Stop()

    def end(_number: int, _frame: FrameType | None) -> None:
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        stop.set()

    for each in _SIGNALS:
        signal.signal(each, end)
    return stop


def ended_with_parent() -> Callable[[], None] | None:
    """Return a `preexec_fn` that has the kernel send SIGTERM to the child when this process is killed.

    None where the system cannot. A parent that ends before the child has asked is noticed too.
    """
    if _LIBC is None:
        return None
    parent = os.getpid()

    def ask() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(0)

    return ask
