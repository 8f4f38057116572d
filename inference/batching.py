"""Answer radiographs of several studies in one batch: on CUDA a batch costs little more than one."""

from __future__ import annotations

import queue
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from inference.runtime import Answer, Precision, Runtime

LARGEST_BATCH = 8
WINDOW = 0.02  # seconds that the first waits for others

_Ask = tuple[NDArray[np.float32], "Future[Answer]"]


class Batcher:
    """A runtime that gathers what several threads ask within a moment, and asks another runtime once.

    One thread of its own does all evaluations, as CUDA graphs need.

    Parameters
    ----------
    runtime
        What evaluates the network.
    window
        Seconds that the first of a batch waits for others.
    largest
        Radiographs in a batch.
    """

    def __init__(self, runtime: Runtime, *, window: float = WINDOW, largest: int = LARGEST_BATCH) -> None:
        self._runtime, self._window, self._largest = runtime, window, largest
        self._asked: queue.SimpleQueue[_Ask | None] = queue.SimpleQueue()
        self._held: _Ask | None = None  # came too late for a batch that was full
        self._evaluator = ThreadPoolExecutor(1, thread_name_prefix="network")
        self._thread = threading.Thread(target=self._work, name="batcher", daemon=True)
        self._thread.start()

    @property
    def name(self) -> str:
        """What evaluates the network."""
        return f"{self._runtime.name}, in batches of up to {self._largest}"

    @property
    def precision(self) -> Precision:
        """The arithmetic that was chosen."""
        return self._runtime.precision

    def __call__(self, batch: NDArray[np.float32]) -> Answer:
        """Return what the network says of inputs (N, 1, S, S); others' may be evaluated with them."""
        future: Future[Answer] = Future()
        self._asked.put((batch, future))
        return future.result()

    def __enter__(self) -> Batcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Answer what was asked before, then end."""
        self._asked.put(None)
        self._thread.join()
        self._evaluator.shutdown()

    def _work(self) -> None:
        while True:
            first = self._held if self._held is not None else self._asked.get()
            self._held = None
            if first is None:
                return
            asks, last = self._gathered(first)
            self._answer(asks)
            if last:
                return

    def _gathered(self, first: _Ask) -> tuple[list[_Ask], bool]:
        """Return the asks of one batch, and whether nothing comes after it."""
        asks, count, until = [first], len(first[0]), time.monotonic() + self._window
        while count < self._largest:
            try:
                more = self._asked.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                break
            if more is None:
                return asks, True
            if count + len(more[0]) > self._largest:
                self._held = more
                break
            asks.append(more)
            count += len(more[0])
        return asks, False

    def _answer(self, asks: list[_Ask]) -> None:
        evaluated = self._evaluator.submit(self._runtime, np.concatenate([batch for batch, _ in asks]))
        error = evaluated.exception()
        begin = 0
        for batch, future in asks:
            part = slice(begin, begin + len(batch))
            begin = part.stop
            if error is not None:  # all who wait learn of it
                future.set_exception(error)
                continue
            answer = evaluated.result()
            head = None if answer.head is None else answer.head[part]
            future.set_result(Answer(answer.probabilities[part], head))
