"""Remember what a destination accepted when an association was last negotiated with it.

Kept in Redis for a day, so that a destination that has learnt more is asked again. Keys:
``kidray:learnt:<AE title>``, JSON of ``at`` (POSIX seconds), ``policy`` and ``takes``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection
from typing import NamedTuple, cast

import redis

from study.destination import DestinationPolicy
from study.registry import PREFIX, translated

REMEMBERED = 86_400  # seconds


class Lesson(NamedTuple):
    """What a destination accepted."""

    at: float  # POSIX seconds
    takes: frozenset[str]  # SOP Class UIDs


class Learnt:
    """What destinations accept, by AE title; forgotten after a day, or when their table changes.

    Parameters
    ----------
    client
        A connection that decodes responses.
    clock
        POSIX seconds.

    Notes
    -----
    Every method raises `RegistryUnavailableError` when Redis does not answer.
    """

    def __init__(self, client: redis.Redis, clock: Callable[[], float] = time.time) -> None:
        self._redis = client
        self._clock = clock

    def remember(self, policy: DestinationPolicy, takes: Collection[str]) -> None:
        """Note the SOP classes that the destination has just accepted of those proposed."""
        lesson = {"at": self._clock(), "policy": policy.model_dump_json(), "takes": sorted(takes)}
        with translated():
            self._redis.set(_key(policy), json.dumps(lesson), ex=REMEMBERED)

    def of(self, policy: DestinationPolicy) -> Lesson | None:
        """Return what the destination accepted last; None where nothing is known."""
        with translated():
            held = cast("str | None", self._redis.get(_key(policy)))
        lesson = json.loads(held) if held is not None else {}
        if lesson.get("policy") != policy.model_dump_json():
            return None
        return Lesson(float(lesson["at"]), frozenset(lesson["takes"]))


def _key(policy: DestinationPolicy) -> str:
    return f"{PREFIX}learnt:{policy.node.ae_title}"
