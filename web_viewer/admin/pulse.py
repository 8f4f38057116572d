"""Take the service's pulse every few seconds, and remember the last hour."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from study.errors import RegistryUnavailableError
from study.telemetry import exposition, now
from web_viewer.admin.figures import Figures, figures_of
from web_viewer.admin.schemas import Beat

EVERY = 10.0  # seconds
REMEMBERED = 360  # beats: an hour


class Sample(NamedTuple):
    """What one look found."""

    at: datetime
    jobs: int
    figures: Figures


def read_figures() -> Figures:
    """Return the figures of all processes of this service."""
    return figures_of(text_string_to_metric_families(exposition().decode()))


class Pulse:
    """The samples of the last hour.

    Parameters
    ----------
    lengths
        Returns how many jobs each queue holds.
    figures, clock
        What is looked at.
    """

    def __init__(
        self,
        lengths: Callable[[], dict[str, int]],
        *,
        figures: Callable[[], Figures] = read_figures,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._lengths = lengths
        self._figures = figures
        self._clock = clock
        self._samples: deque[Sample] = deque(maxlen=REMEMBERED)
        self._stop = threading.Event()

    def keep_taking(self) -> None:
        """Take a sample now, which later ones are counted from, and every few seconds until `stop`."""
        self.take()
        while not self._stop.wait(EVERY):
            self.take()

    def stop(self) -> None:
        """End `keep_taking`."""
        self._stop.set()

    def take(self) -> Sample:
        """Take a sample now; where Redis does not answer, the queues count as they did."""
        try:
            jobs = sum(self._lengths().values())
        except RegistryUnavailableError:
            jobs = self._samples[-1].jobs if self._samples else 0
        sample = Sample(self._clock(), jobs, self._figures())
        self._samples.append(sample)
        return sample

    @property
    def oldest(self) -> Sample:
        """The oldest sample of the last hour; one is taken where there is none."""
        return self._samples[0] if self._samples else self.take()

    def history(self) -> list[Beat]:
        """Return the last hour as rates, oldest first."""
        samples = list(self._samples)
        return [_beat(before, after) for before, after in pairwise(samples)]


def _beat(before: Sample, after: Sample) -> Beat:
    minutes = max((after.at - before.at).total_seconds(), 0.001) / 60

    def rate(new: float, old: float) -> float:
        return round((new - old if new >= old else new) / minutes, 2)

    return Beat(
        at=after.at,
        jobs=after.jobs,
        done=rate(after.figures.done, before.figures.done),
        failed=rate(after.figures.failed, before.figures.failed),
    )
