"""How a role is asked to end."""

from __future__ import annotations

import signal
import threading
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def stop_event() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set.

    Only the first counts: a second one, handled while the event is being set, would wait for it for ever.
    """
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        stop.set()

    for each in _SIGNALS:
        signal.signal(each, end)
    return stop
