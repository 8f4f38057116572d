"""Tell those who watch how far a wording is; see `study.progress` for what is told, and what never is."""

from __future__ import annotations

import time
from collections.abc import Callable

from study.progress import Tell, WordingProgress, WordingStage

OFTEN = 0.1  # seconds between two messages of a reply that grows


class ProgressNotes:
    """Notes on the wording of one study.

    Parameters
    ----------
    study_uid
        The study.
    tell
        Whom to tell.
    clock
        Monotonic seconds.
    """

    def __init__(self, study_uid: str, tell: Tell, clock: Callable[[], float] = time.monotonic) -> None:
        self._study_uid = study_uid
        self._tell = tell
        self._clock = clock
        self._question = 0
        self._next = 0.0

    def asked(self) -> None:
        """Note that the LLM was asked; once more, where this is the second time."""
        self._question += 1
        self._note(WordingStage.ASKED)

    def heard(self, text: str) -> None:
        """Note that the reply has grown; `text` itself is told to nobody."""
        if self._clock() < self._next:
            return
        self._next = self._clock() + OFTEN
        # The schema puts "refs" after each sentence's text.
        self._note(WordingStage.WORDING, sentences=text.count('"refs"'))

    def checking(self) -> None:
        """Note that the reply is whole and is being checked."""
        self._note(WordingStage.CHECKING)

    def ended(self) -> None:
        """Note that nothing more comes: the draft says how it ended."""
        self._note(WordingStage.ENDED)

    def _note(self, stage: WordingStage, sentences: int = 0) -> None:
        self._tell(
            WordingProgress(
                study_uid=self._study_uid,
                stage=stage,
                question=max(self._question, 1),
                sentences=sentences,
            )
        )
