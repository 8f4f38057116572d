"""Leave alone what does not answer, and let one try find out when it is back.

Kept in Redis, so that every worker knows. Keys: ``kidray:circuit:<AE title>`` of a destination and
``kidray:llm-circuit:<host:port>`` of an LLM, each a hash of ``failures`` in a row, ``until`` (POSIX
seconds), ``probing`` and ``reason``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple, cast
from urllib.parse import urlsplit

import redis

from study.errors import RegistryUnavailableError
from study.registry import PREFIX, translated

FAILURES = 3  # in a row until a destination is left alone
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 300.0  # seconds; doubled with each further failure
PROBE = 120.0  # seconds for one try to find out: longer than it takes to connect and be answered

_ALLOWS = """
local held = redis.call('HMGET', KEYS[1], 'until', 'reason')
if not held[1] then return false end
if tonumber(ARGV[1]) < tonumber(held[1]) then return held[2] end
redis.call('HSET', KEYS[1], 'until', ARGV[2], 'probing', '1')
return false
"""
_FAILED = """
local held = redis.call('HMGET', KEYS[1], 'until', 'probing')
if held[1] and not held[2] and tonumber(ARGV[1]) < tonumber(held[1]) then return 0 end
local failures = redis.call('HINCRBY', KEYS[1], 'failures', 1)
redis.call('HSET', KEYS[1], 'reason', ARGV[2])
redis.call('HDEL', KEYS[1], 'probing')
if failures < tonumber(ARGV[3]) then return 0 end
local pause = math.min(ARGV[4] * 2 ^ math.min(failures - ARGV[3], 30), ARGV[5])
redis.call('HSET', KEYS[1], 'until', ARGV[1] + pause)
return 1
"""


class Rhythm(NamedTuple):
    """When something is left alone, and for how long."""

    failures: int = FAILURES
    first_pause: float = FIRST_PAUSE
    longest_pause: float = LONGEST_PAUSE
    probe: float = PROBE


# A wording takes a minute at the very most, and a server that was started anew is soon ready.
LLM_RHYTHM = Rhythm(first_pause=10.0, longest_pause=60.0, probe=60.0)

# Minutes count for a critical result: a channel that is back is found within half of one.
ALERT_RHYTHM = Rhythm(first_pause=5.0, longest_pause=30.0, probe=20.0)


class Pause(NamedTuple):
    """A destination that is left alone."""

    seconds: float  # until the next try
    failures: int  # in a row
    reason: str


class Circuit:
    """A circuit breaker for each destination, by AE title, or for each of another kind of peer.

    Parameters
    ----------
    client
        A connection that decodes responses.
    clock
        POSIX seconds.
    kind
        Names the keys in Redis.
    rhythm
        When a peer is left alone, and for how long.

    Notes
    -----
    Every method raises `RegistryUnavailableError` when Redis does not answer.
    """

    def __init__(
        self,
        client: redis.Redis,
        clock: Callable[[], float] = time.time,
        *,
        kind: str = "circuit",
        rhythm: Rhythm | None = None,
    ) -> None:
        self._redis = client
        self._clock = clock
        self._kind = kind
        self._rhythm = rhythm or Rhythm()
        self._allows = client.register_script(_ALLOWS)
        self._failed = client.register_script(_FAILED)

    def why_not(self, ae_title: str) -> str | None:
        """Return why the destination is left alone; None where it may be tried now.

        Once a pause is over one caller is told that it may; the others wait for what comes of it.
        """
        now = self._clock()
        with translated():
            return cast(
                "str | None",
                self._allows(keys=[self._key(ae_title)], args=[now, now + self._rhythm.probe]),
            )

    def failed(self, ae_title: str, reason: str) -> None:
        """Note that no association could be had."""
        failures, first, longest, _ = self._rhythm
        arguments: list[str | float] = [self._clock(), reason, failures, first, longest]
        with translated():
            self._failed(keys=[self._key(ae_title)], args=arguments)

    def succeeded(self, ae_title: str) -> None:
        """Note that the destination answers; whatever was held against it is forgotten."""
        with translated():
            self._redis.delete(self._key(ae_title))

    def pause(self, ae_title: str) -> Pause | None:
        """Return how long the destination is left alone still; None where it is not."""
        with translated():
            held = cast("dict[str, str]", self._redis.hgetall(self._key(ae_title)))
        if "until" not in held:
            return None
        seconds = max(0.0, float(held["until"]) - self._clock())
        return Pause(seconds, int(held.get("failures", 0)), held.get("reason", ""))

    def _key(self, ae_title: str) -> str:
        return f"{PREFIX}{self._kind}:{ae_title}"


class Unhindered(Circuit):
    """A circuit breaker that stands in nobody's way: while Redis does not answer, all may be tried.

    For what must not wait for Redis, and whose outcome must not be lost because of it.
    """

    def why_not(self, ae_title: str) -> str | None:
        """Return why the destination is left alone; None where it may be tried, or nothing is known."""
        try:
            return super().why_not(ae_title)
        except RegistryUnavailableError:
            return None

    def failed(self, ae_title: str, reason: str) -> None:
        """Note that no association could be had, if it can be noted."""
        with suppress(RegistryUnavailableError):
            super().failed(ae_title, reason)

    def succeeded(self, ae_title: str) -> None:
        """Note that the destination answers, if it can be noted."""
        with suppress(RegistryUnavailableError):
            super().succeeded(ae_title)


def place(url: str) -> str:
    """Return host and port of a URL, without what it may carry of a login: a server's name here."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


def llm_circuit(client: redis.Redis, clock: Callable[[], float] = time.time) -> Circuit:
    """Return the circuit breaker of the LLM, by host and port."""
    return Circuit(client, clock, kind="llm-circuit", rhythm=LLM_RHYTHM)
