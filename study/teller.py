"""Tell Redis which studies have arrived: once for each, however many instances came at a time.

The archive is the truth, so nothing waits for this but the worklist. What Redis could not be told is
kept until it answers again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

import structlog

from study.errors import RegistryUnavailableError
from study.jobs import Job, JobQueue
from study.model import StudyRecord
from study.registry import Registry
from study.state import State

log = structlog.get_logger()

_SILENT = 1.0  # seconds for which Redis is left alone after it did not answer
_AT_MOST_EVERY = 0.05  # seconds between two rounds


class _News(NamedTuple):
    """What Redis does not know of a study yet."""

    record: StudyRecord | None  # None: only that its association has ended
    has_radiograph: bool
    due: float


class Teller:
    """Collects what has arrived, and tells of it; safe for many threads.

    Parameters
    ----------
    registry, queue
        Where the worklist reads, and where previews are asked for.
    quiet_period
        Seconds without a further instance after which a study counts as complete.
    clock
        POSIX seconds.
    """

    def __init__(
        self,
        registry: Registry,
        queue: JobQueue,
        *,
        quiet_period: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._registry = registry
        self._queue = queue
        self._quiet_period = quiet_period
        self._clock = clock
        self._news: dict[str, _News] = {}
        self._lock = threading.Lock()
        self._something = threading.Event()
        self._runs = False
        self._silent_until = 0.0

    def arrived(self, record: StudyRecord, *, has_radiograph: bool) -> None:
        """Note that an instance of the study came; told at once, unless `run` does so."""
        self._add(
            record.study_uid, _News(record, has_radiograph, self._clock() + self._quiet_period), newest=True
        )

    def released(self, study_uid: str) -> None:
        """Note that nothing more of the study will come."""
        self._add(study_uid, _News(None, False, self._clock()), newest=True)

    def tell(self) -> int:
        """Tell all there is; returns of how many studies Redis could not be told."""
        with self._lock:
            waiting, self._news = self._news, {}
        for done, (study_uid, news) in enumerate(waiting.items()):
            try:
                self._tell(study_uid, news)
            except RegistryUnavailableError:
                log.warning("registry_unavailable", study_uid=study_uid)
                self._silent_until = self._clock() + _SILENT
                untold = list(waiting.items())[done:]
                for each, its_news in untold:
                    self._merge(each, its_news, newest=False)
                return len(untold)
        return 0  # what came in the meantime is told next

    def run(self, stop: threading.Event) -> None:
        """Tell until `stop` is set, at once and then as often as is of use; instances do not wait for it."""
        self._runs = True
        try:
            while not stop.is_set():
                if self._something.wait(_SILENT):
                    self._something.clear()
                    if self.tell():
                        self._something.set()
                        stop.wait(_SILENT)
                    stop.wait(_AT_MOST_EVERY)
        finally:
            self._runs = False
            self.tell()

    def _add(self, study_uid: str, news: _News, *, newest: bool) -> None:
        self._merge(study_uid, news, newest=newest)
        if self._runs:
            self._something.set()
        elif self._clock() >= self._silent_until:  # Redis did not answer a moment ago: leave it alone
            self.tell()

    def _merge(self, study_uid: str, news: _News, *, newest: bool) -> None:
        with self._lock:
            held = self._news.get(study_uid)
            if held is not None:
                older, newer = (held, news) if newest else (news, held)
                news = _News(
                    newer.record or older.record, older.has_radiograph or newer.has_radiograph, newer.due
                )
            self._news[study_uid] = news

    def _tell(self, study_uid: str, news: _News) -> None:
        if news.record is not None:
            self._registry.publish(news.record)
        if news.record is None or news.record.state == State.RECEIVING:
            self._registry.expect_more_until(study_uid, news.due)
            if news.has_radiograph:
                self._queue.ask(Job.PREVIEW, study_uid)
