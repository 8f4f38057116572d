"""Close the door for a while to an address, or on a login, after many wrong passwords."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

WRONG_AT_ONCE = 10  # wrong passwords from one address
WRONG_OF_ONE_LOGIN = 30  # and of one login, from wherever: guesses may come from many addresses
FORGIVEN_AFTER = 60.0  # seconds
TOO_MANY = "too many wrong passwords from this address, or for this login"
_LONGEST = 64  # characters of a login that tell it from others; no login is longer


class _Try(NamedTuple):
    at: float  # seconds
    address: str
    login: str


class Tries:
    """Remembers wrong passwords by address and by login; safe for many threads.

    A try counts as wrong from when it is let in until it turns out right, so that many at the same time
    are no more than many one after the other.

    Parameters
    ----------
    clock
        Seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: list[_Try] = []  # the oldest first; short, as nobody is let in who made many
        self._lock = threading.Lock()

    def let_in(self, address: str, login: str) -> bool:
        """Return whether a password may be tried, and count it as wrong if so."""
        login = login[:_LONGEST]
        with self._lock:
            now = self._clock()
            self._wrong = [each for each in self._wrong if now - each.at < FORGIVEN_AFTER]
            from_here = sum(each.address == address for each in self._wrong)
            of_login = sum(each.login == login for each in self._wrong)
            if from_here >= WRONG_AT_ONCE or of_login >= WRONG_OF_ONE_LOGIN:
                return False
            self._wrong.append(_Try(now, address, login))
            return True

    def forgive(self, address: str, login: str) -> None:
        """Forget the wrong passwords of a login from an address: the right one came.

        Those of other logins stay: whoever guesses them may share the address with somebody who does not.
        """
        right = (address, login[:_LONGEST])
        with self._lock:
            self._wrong = [each for each in self._wrong if (each.address, each.login) != right]
