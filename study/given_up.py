"""What is left of a job that was given up: the study's `failed` event, and why there is a dead letter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import redis
import structlog
from dramatiq.brokers.redis import DEFAULT_DEAD_MESSAGE_TTL
from pydantic import ValidationError

from study import telemetry
from study.errors import KidrayError, RegistryUnavailableError
from study.failure import Failure
from study.history import Event, Failed
from study.ledger import Ledger
from study.model import StudyRecord
from study.registry import PREFIX, translated
from study.state import TRANSITIONS, State

log = structlog.get_logger()


def fail_study(study_uid: str, stage: str, error: Exception, *, retryable: bool, ledger: Ledger) -> None:
    """Append a `failed` event where the study's state allows one."""
    reason = str(error) if isinstance(error, KidrayError) else type(error).__name__

    def decide(record: StudyRecord | None) -> Event | None:
        if record is None or State.FAILED not in TRANSITIONS[State(record.state)]:
            return None
        return Failed(
            at=telemetry.now(),
            revision=record.revision,
            stage=stage,
            reason=reason,
            retryable=retryable,
            failure=Failure.by(error),
        )

    try:
        ledger.append(study_uid, decide)
    except RegistryUnavailableError:
        log.warning("registry_unavailable", study_uid=study_uid)


class DeadLetterNotes:
    """Why jobs were given up, kept in Redis for as long as the engine keeps their dead letters.

    Parameters
    ----------
    client
        The engine's connection, which does not decode responses.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client

    def add(self, message_id: str, error: Exception) -> None:
        """Note what ended a job; without Redis there is no dead letter either."""
        why = Failure.by(error).model_dump_json()
        try:
            with translated():
                self._redis.set(_key(message_id), why, px=DEFAULT_DEAD_MESSAGE_TTL)
        except RegistryUnavailableError:
            log.warning("registry_unavailable", message_id=message_id)

    def of(self, message_ids: Sequence[str]) -> list[Failure | None]:
        """Return what was noted of each; None of nothing, or where another release noted it.

        Raises
        ------
        RegistryUnavailableError
            If Redis does not answer.
        """
        if not message_ids:
            return []
        with translated():
            held = cast("list[bytes | None]", self._redis.mget([_key(each) for each in message_ids]))
        return [_read(why) for why in held]

    def drop(self, message_id: str) -> None:
        """Forget what was noted."""
        self._redis.delete(_key(message_id))


def _read(why: bytes | None) -> Failure | None:
    try:
        return Failure.model_validate_json(why) if why else None
    except ValidationError:  # of another release, which knows other kinds of trouble
        return None


def _key(message_id: str) -> str:
    return f"{PREFIX}given-up:{message_id}"
