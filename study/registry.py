"""State and worklist in Redis: a projection of the archive's events that may be wiped at any time.

Keys, all under ``kidray:``
    ``study:<uid>``   hash: ``version``, ``record`` (JSON) and its ``schema``, ``transient`` (a state that
                      leaves no event)
    ``worklist``      sorted set: study UIDs, critical and unsigned, or with an open alert, first, then newest
    ``receiving``     sorted set: study UIDs by the time at which they count as complete
    ``alerts``        sorted set: study UIDs whose critical-result alert is open, by its time
    ``whole``         set once all that the archive holds is known here; gone when Redis was wiped
    ``events``        channel: one message for each change
    ``given-up:<message>``  why a job became a dead letter, of `study.given_up`
    ``reading``       those of `web_viewer.presence`
    ``maps:<uid>``, ``maps-wanted:<uid>``  those of `study.probability_maps`
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import redis
from pydantic import BaseModel

from study.errors import RegistryUnavailableError
from study.model import AlertState, StudyRecord
from study.silence import Silence
from study.state import State, check_transition

TIMEOUT = 2.0  # seconds for an answer where a person, or a sender, waits for it
PREFIX = "kidray:"
CHANNEL = PREFIX + "events"
_WORKLIST = PREFIX + "worklist"
_RECEIVING = PREFIX + "receiving"
_ALERTS = PREFIX + "alerts"
_WHOLE = PREFIX + "whole"
MAPS = PREFIX + "maps:"
MAPS_WANTED = PREFIX + "maps-wanted:"
_AT_ONCE = 500  # records in one answer: ten thousand would hold up whoever else asks
_FIRST = 1e11  # larger than any POSIX time: puts critical studies before all others

Shape = TypeVar("Shape", bound=BaseModel)

# What another version of Kidray wrote is as good as not held: the next rebuild replaces it.
SCHEMA = hashlib.sha256(json.dumps(StudyRecord.model_json_schema(), sort_keys=True).encode()).hexdigest()

# A record replaces an older one only; the version is the number of the study's last event.
_PUBLISH = """
local held = redis.call('HMGET', KEYS[1], 'version', 'schema')
if held[1] and held[2] == ARGV[7] and tonumber(held[1]) >= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[1], 'record', ARGV[2], 'schema', ARGV[7])
redis.call('HDEL', KEYS[1], 'transient')
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[4])
if ARGV[5] ~= 'receiving' then redis.call('ZREM', KEYS[3], ARGV[4]) end
if ARGV[8] == '' then redis.call('ZREM', KEYS[5], ARGV[4])
else redis.call('ZADD', KEYS[5], ARGV[8], ARGV[4]) end
redis.call('PUBLISH', KEYS[4], ARGV[6])
return 1
"""
_MARK = """
if redis.call('HGET', KEYS[1], 'version') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'transient', ARGV[2])
redis.call('PUBLISH', KEYS[2], ARGV[3])
return 1
"""


def connect(
    url: str, *, timeout: float = TIMEOUT, decode: bool = True, silence: Silence | None = None
) -> redis.Redis:
    """Return a client that fails within `timeout` seconds rather than waiting for a dead server.

    Responses are `str`, or `bytes` where `decode` is False. Clients that are given the same `silence`
    leave the server alone for a moment once one of them has waited in vain.
    """
    client = redis.Redis.from_url(
        url,
        decode_responses=decode,
        socket_connect_timeout=2.0,
        socket_timeout=timeout,
        retry=silence or Silence(),
        health_check_interval=30,
    )
    return client


class Registry:
    """The studies' records as the worklist reads them.

    Parameters
    ----------
    client
        A connection that decodes responses.

    Notes
    -----
    Every method raises `RegistryUnavailableError` when Redis does not answer.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._publish = client.register_script(_PUBLISH)
        self._mark = client.register_script(_MARK)

    def ping(self) -> None:
        """Return if Redis answers."""
        with translated():
            self._redis.ping()

    def publish(self, record: StudyRecord) -> bool:
        """Hold `record` unless a version as new is held; returns whether it was news."""
        waiting_since = _alerted_since(record)
        first = waiting_since is not None or (record.critical and record.state != State.SIGNED)
        score = (0 if first else _FIRST) - record.received_at.timestamp()
        with translated():
            news = self._publish(
                keys=[_study(record.study_uid), _WORKLIST, _RECEIVING, CHANNEL, _ALERTS],
                args=[
                    record.version,
                    record.model_dump_json(),
                    score,
                    record.study_uid,
                    record.state,
                    _message(record, record.state),
                    SCHEMA,
                    "" if waiting_since is None else waiting_since,
                ],
            )
        return bool(news)

    def mark(self, record: StudyRecord, state: State) -> bool:
        """Show that a job is at work on `record`; forgotten with the next event or a lost Redis.

        Returns False when the study has moved on since `record` was read.
        """
        check_transition(State(record.state), state)
        with translated():
            return bool(
                self._mark(
                    keys=[_study(record.study_uid), CHANNEL],
                    args=[record.version, state, _message(record, state)],
                )
            )

    def record(self, study_uid: str) -> StudyRecord | None:
        """Return the study's record, or None where none is held."""
        return next(iter(self.records([study_uid])), None)

    def version(self, study_uid: str) -> int:
        """Return the number of the last event that Redis knows of, or 0."""
        with translated():
            return int(cast("str | None", self._redis.hget(_study(study_uid), "version")) or 0)

    def records(self, study_uids: Sequence[str]) -> list[StudyRecord]:
        """Return the records of the given studies, those not held left out."""
        return list(self.read(study_uids, StudyRecord))

    def read(self, study_uids: Sequence[str], shape: type[Shape]) -> Iterator[Shape]:
        """Yield the records of the given studies, those not held left out, as far as `shape` has fields.

        Parameters
        ----------
        study_uids
            Any number: some hundreds are asked for, and held, at a time.
        shape
            `StudyRecord`, or a model with a ``state`` and some more of its fields: the fewer, the faster.
        """
        for start in range(0, len(study_uids), _AT_ONCE):
            for held in self._held(study_uids[start : start + _AT_ONCE], "schema", "record", "transient"):
                schema, record, transient = held
                if record is None or schema != SCHEMA:
                    continue
                found = shape.model_validate_json(record)
                yield found.model_copy(update={"state": transient}) if transient else found

    def _held(self, study_uids: Sequence[str], *fields: str) -> list[list[str | None]]:
        with translated():
            pipeline = self._redis.pipeline(transaction=False)
            for uid in study_uids:
                pipeline.hmget(_study(uid), list(fields))
            return cast("list[list[str | None]]", pipeline.execute())

    def worklist(self, offset: int = 0, limit: int | None = None) -> list[str]:
        """Return study UIDs in reading order."""
        end = -1 if limit is None else offset + limit - 1
        with translated():
            return cast("list[str]", self._redis.zrange(_WORKLIST, offset, end))

    def stamps(self) -> dict[str, str]:
        """Return a text for every study, in reading order, that differs when its record does.

        One command, however many studies there are: what has been read of a study before need not be
        read again while its stamp is the same.
        """
        field = _study("*") + "->"
        with translated():
            held = self._redis.sort(
                _WORKLIST, by="nosort", get=["#", field + "version", field + "transient"], groups=True
            )
        return {uid: _stamp(version, transient) for uid, version, transient in cast("list[Any]", held)}

    def stamps_of(self, study_uids: Sequence[str]) -> dict[str, str]:
        """Return the stamps of the given studies, those not held left out."""
        held = zip(study_uids, self._held(study_uids, "version", "transient"), strict=True)
        return {uid: _stamp(version, transient) for uid, (version, transient) in held if version is not None}

    def forget(self, study_uid: str) -> None:
        """Drop a study that has left the archive."""
        with translated():
            pipeline = self._redis.pipeline()  # at once: a record published in between keeps its place
            pipeline.delete(_study(study_uid), MAPS + study_uid, MAPS_WANTED + study_uid)
            for index in (_WORKLIST, _RECEIVING, _ALERTS):
                pipeline.zrem(index, study_uid)
            pipeline.execute()

    def expect_more_until(self, study_uid: str, due: float) -> None:
        """Note that the study counts as complete at `due` (POSIX seconds) if nothing more comes."""
        with translated():
            self._redis.zadd(_RECEIVING, {study_uid: due})

    def expected(self, study_uid: str) -> bool:
        """Return whether a time of completion is noted for the study."""
        with translated():
            return self._redis.zscore(_RECEIVING, study_uid) is not None

    def no_longer_receiving(self, study_uid: str) -> None:
        """Drop the note of `expect_more_until`."""
        with translated():
            self._redis.zrem(_RECEIVING, study_uid)

    def due(self, now: float) -> list[str]:
        """Return the studies whose time of completion has come."""
        with translated():
            return cast("list[str]", self._redis.zrangebyscore(_RECEIVING, "-inf", now))

    def open_alerts(self) -> dict[str, float]:
        """Return the studies whose critical-result alert nobody acknowledged, the longest waiting first.

        Each with the time (POSIX seconds) from which on it waits.
        """
        with translated():
            return dict(cast("list[tuple[str, float]]", self._redis.zrange(_ALERTS, 0, -1, withscores=True)))

    def is_whole(self) -> bool:
        """Return whether Redis has been brought level with the archive since it was last emptied."""
        with translated():
            return bool(self._redis.exists(_WHOLE))

    def set_whole(self) -> None:
        """Note that Redis is level with the archive."""
        with translated():
            self._redis.set(_WHOLE, 1)

    def flush(self) -> int:
        """Remove everything of Kidray's studies from Redis; returns how many studies that was."""
        uids = self.worklist()
        with translated():
            for key in self._redis.scan_iter(match=PREFIX + "*", count=1000):
                self._redis.delete(key)
        return len(uids)


def _study(study_uid: str) -> str:
    return f"{PREFIX}study:{study_uid}"


def _alerted_since(record: StudyRecord) -> float | None:
    """Return since when (POSIX seconds) the study's alert waits; None where none does."""
    alert = record.alert
    return alert.since.timestamp() if alert is not None and alert.state is AlertState.OPEN else None


def _message(record: StudyRecord, state: str) -> str:
    return json.dumps(
        {
            "study_uid": record.study_uid,
            "state": str(state),
            "version": record.version,
            "critical": record.critical,
        }
    )


def _stamp(version: str | None, transient: str | None) -> str:
    return f"{version} {transient or ''}"


@contextmanager
def translated() -> Iterator[None]:
    """Raise `RegistryUnavailableError` in place of what the client says of a Redis that does not answer."""
    try:
        yield
    except redis.RedisError as error:
        raise RegistryUnavailableError(f"Redis does not answer: {type(error).__name__}") from error
