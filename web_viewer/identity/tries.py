"""Close the door for a while to an address that has tried many wrong passwords."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

WRONG_AT_ONCE = 10  # wrong passwords from one address
FORGIVEN_AFTER = 60.0  # seconds


class Tries:
    """Remembers wrong passwords by the address that they came from; safe for many threads.

    Parameters
    ----------
    clock
        Seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: dict[str, list[float]] = {}
        self._lock = threading.Lock()

    def too_many(self, address: str) -> bool:
        """Return whether an address has to wait."""
        with self._lock:
            return len(self._recent(address)) >= WRONG_AT_ONCE

    def note(self, address: str, *, right: bool) -> None:
        """Remember a try; a right one makes up for the wrong ones."""
        with self._lock:
            recent = {each: times for each in self._wrong if (times := self._recent(each))}
            if right:
                recent.pop(address, None)
            else:
                recent.setdefault(address, []).append(self._clock())
            self._wrong = recent

    def _recent(self, address: str) -> list[float]:
        return [at for at in self._wrong.get(address, []) if self._clock() - at < FORGIVEN_AFTER]
