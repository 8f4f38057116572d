"""Who has which study open now: a lease in Redis that the viewer's page renews, gone soon after it is closed.

It keeps nobody from reading and is no record of anything: the audit trail is. Only people whom a login
knows are told of. Key, under ``kidray:``
    ``reading``  sorted set: study, login and name, by the time at which the lease ends
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, NamedTuple, cast

import redis

from study.registry import PREFIX, translated

LEASE = 40.0  # seconds; the page renews it every 15
PRESENCE_CHANNEL = PREFIX + "presence"
_READING = PREFIX + "reading"


class Present(NamedTuple):
    """Somebody who has a study open."""

    study_uid: str
    subject: str  # what the login knows them by
    name: str


class Presence:
    """The leases.

    Parameters
    ----------
    client
        A connection that decodes responses.
    clock
        POSIX time, seconds.

    Notes
    -----
    Every method raises `RegistryUnavailableError` when Redis does not answer.
    """

    def __init__(self, client: redis.Redis, *, clock: Callable[[], float] = time.time) -> None:
        self._redis = client
        self._clock = clock

    def renew(self, who: Present) -> list[Present]:
        """Note that somebody has a study open; returns everybody else who has."""
        now = self._clock()
        with translated():
            lapsed = self._lapsed(now)
            pipeline = self._redis.pipeline()
            pipeline.zadd(_READING, {_spelled(who): now + LEASE})
            pipeline.zremrangebyscore(_READING, "-inf", now)
            is_news = bool(pipeline.execute()[0])
            self._tell({each.study_uid for each in lapsed} | ({who.study_uid} if is_news else set()))
        return [
            each for each in self.now() if each.study_uid == who.study_uid and each.subject != who.subject
        ]

    def end(self, who: Present) -> None:
        """Note that somebody has closed a study."""
        with translated():
            if self._redis.zrem(_READING, _spelled(who)):
                self._tell({who.study_uid})

    def now(self) -> list[Present]:
        """Return everybody who has a study open."""
        with translated():
            held = self._redis.zrangebyscore(_READING, f"({self._clock()}", "+inf")
        return [_read(each) for each in cast("list[str]", held)]

    def close(self) -> None:
        """End the connection."""
        self._redis.close()

    def _lapsed(self, now: float) -> list[Present]:
        return [_read(each) for each in cast("list[Any]", self._redis.zrangebyscore(_READING, "-inf", now))]

    def _tell(self, study_uids: set[str]) -> None:
        for uid in study_uids:
            self._redis.publish(PRESENCE_CHANNEL, json.dumps({"study_uid": uid}))


def _spelled(who: Present) -> str:
    return json.dumps(who, ensure_ascii=False)


def _read(spelled: str) -> Present:
    return Present(*json.loads(spelled))
