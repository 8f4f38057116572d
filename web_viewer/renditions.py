"""Keep what was made of an immutable instance, within a budget of bytes, made once at a time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import NamedTuple

BUDGET_BYTES = 192 * 1024 * 1024
AT_ONCE = 4  # instances decoded at the same time: each needs some ten times its rendition's memory


class Rendition(NamedTuple):
    """Bytes ready to be sent."""

    body: bytes
    encoding: str | None = None  # the Content-Encoding that `body` is in
    description: bytes = b""  # JSON that was made along with the body
    preview: bytes = b""  # a JPEG, likewise

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return len(self.body) + len(self.preview)


class Renditions:
    """A least-recently-used store of renditions; safe for many threads.

    Parameters
    ----------
    budget
        Bytes that may be kept.
    at_once
        How many may be made at the same time; further ones wait.
    """

    def __init__(self, budget: int = BUDGET_BYTES, *, at_once: int = AT_ONCE) -> None:
        self._room = threading.BoundedSemaphore(at_once)
        self._budget = budget
        self._kept: OrderedDict[Hashable, Rendition] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self._making: dict[Hashable, threading.Lock] = {}

    def get(self, key: Hashable, make: Callable[[], Rendition]) -> Rendition:
        """Return the rendition under `key`, made by `make` where it is not kept.

        Requests for the same key wait for one another, so a radiograph is decoded once.
        """
        with self._lock:
            found = self._find(key)
            turn = self._making.setdefault(key, threading.Lock())
        if found is not None:
            return found
        with turn:
            with self._lock:
                found = self._find(key)
            if found is not None:
                return found
            try:
                with self._room:
                    made = make()
                with self._lock:
                    self._keep(key, made)
            finally:
                with self._lock:
                    self._making.pop(key, None)
            return made

    def _find(self, key: Hashable) -> Rendition | None:
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            self._making.pop(key, None)
        return found

    def _keep(self, key: Hashable, made: Rendition) -> None:
        self._kept[key] = made
        self._bytes += made.size
        while self._bytes > self._budget and self._kept:
            _, dropped = self._kept.popitem(last=False)
            self._bytes -= dropped.size
