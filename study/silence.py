"""Leave a Redis alone for a moment that did not answer in time, so that only one caller waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

PAUSE = 2.0  # seconds

_T = TypeVar("_T")


class Silence(Retry):
    """How a client tries again: at once where the connection was broken, later where nothing came.

    One object is shared by every client of a process that talks to the same server: once a command has
    run into its time-out, the others fail at once until the pause is over. A server that hangs so costs
    a caller one time-out, however many commands it wanted to send.

    Parameters
    ----------
    pause
        Seconds after a time-out for which no command is sent.
    clock
        Seconds, monotonic.
    """

    def __init__(self, pause: float = PAUSE, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
        self._pause = pause
        self._clock = clock
        self._until = float("-inf")

    def __deepcopy__(self, _memo: object) -> Silence:
        """Return itself: redis-py copies it for every connection."""
        return self

    def update_supported_errors(self, specified_errors: object) -> None:
        """Keep what is tried again as it is: a time-out is not."""

    def call_with_retry(
        self, do: Callable[[], _T], fail: Callable[..., Any], *arguments: Any, **options: Any
    ) -> _T:
        """Do `do`, once more where the connection was broken.

        Raises
        ------
        redis.ConnectionError
            If there is no connection, or nothing came in time. Dramatiq knows this one: it keeps what
            it has and connects again, where a `redis.TimeoutError` ends its threads.
        """
        if self._clock() < self._until:
            raise redis.ConnectionError("did not answer a moment ago")
        try:
            return super().call_with_retry(do, fail, *arguments, **options)
        except redis.TimeoutError as error:
            fail(*((error, 1) if options.get("with_failure_count") else (error,)))
            self._until = self._clock() + self._pause
            raise redis.ConnectionError("did not answer in time") from error
