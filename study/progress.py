"""How far the LLM has come with a study's wording, told to whoever watches. Never its words.

A sentence that was not checked could be false, and a glance is enough to mislead: what is told is
how many sentences there are so far, not one of them. Nothing is kept: a message that nobody hears
is gone, and the draft's own event says how it ended.
"""

from __future__ import annotations

from collections.abc import Callable

import redis
import structlog

from study.compat import StrEnum
from study.model import UID, Frozen
from study.registry import PREFIX

log = structlog.get_logger()

WORDING_CHANNEL = PREFIX + "wording"


class WordingStage(StrEnum):
    """What is being done with a wording."""

    ASKED = "asked"  # the server has the question; no word yet
    WORDING = "wording"
    CHECKING = "checking"
    ENDED = "ended"  # the draft says how


class WordingProgress(Frozen):
    """How far a wording is; says nothing of the patient and quotes nothing."""

    study_uid: UID
    stage: WordingStage
    question: int = 1  # 2: asked once more, as the first reply was refused
    sentences: int = 0  # in the reply so far


Tell = Callable[[WordingProgress], None]


def teller(client: redis.Redis) -> Tell:
    """Return what publishes progress; a Redis that does not answer is not told the rest of it."""
    silent: set[str] = set()

    def tell(progress: WordingProgress) -> None:
        if progress.stage is WordingStage.ASKED and progress.question == 1:
            silent.discard(progress.study_uid)
        if progress.study_uid in silent:
            return
        try:
            client.publish(WORDING_CHANNEL, progress.model_dump_json())
        except redis.RedisError as error:
            silent.add(progress.study_uid)
            log.info("progress_untold", study_uid=progress.study_uid, error=type(error).__name__)

    return tell
