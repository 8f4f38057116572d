"""Measure a micro model as production uses it: served, asked through the client, checked."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from reporting.brief import Brief
from reporting.grounding import check_wording
from reporting.llm import Llm
from reporting.prompt import messages
from reporting.reply import parse_reply
from reporting.server import serving
from reporting.wording import RETRY_TEMPERATURE
from reporting.writer.pairs import draw_pairs
from study.errors import WordingError
from study.model import Language

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

TEST_SEED = 7_000_003  # of briefs that no training run draws in this order


class Figures(NamedTuple):
    """What one language came to.

    Attributes
    ----------
    asked
        Briefs.
    whole, grounded
        Share of first replies that kept to the schema, and that passed the grounding check.
    grounded_after_retry
        Share that passed with the one retry that production allows.
    median_ms, p95_ms
        Time of one first reply, in milliseconds.
    """

    asked: int
    whole: float
    grounded: float
    grounded_after_retry: float
    median_ms: float
    p95_ms: float


def evaluate_writer(gguf: Path | None, count: int, seed: int = TEST_SEED) -> dict[Language, Figures]:
    """Return the figures of `gguf` (None: the one that ships) on `count` random briefs."""
    outcomes: dict[Language, list[tuple[bool, bool, bool, float]]] = {language: [] for language in Language}
    with serving(gguf) as url:
        llm = Llm(url, "micro")
        llm.warm_up()
        for pair in draw_pairs(count, seed):
            prompt = messages(pair.brief)
            began = time.monotonic()
            whole, grounded = _judge(llm, prompt, pair.brief, 0.0)
            elapsed = (time.monotonic() - began) * 1000
            again = grounded or _judge(llm, prompt, pair.brief, RETRY_TEMPERATURE)[1]
            outcomes[pair.brief.language].append((whole, grounded, again, elapsed))
    return {language: _figures(rows) for language, rows in outcomes.items()}


def _judge(llm: Llm, prompt: Sequence[BaseMessage], brief: Brief, temperature: float) -> tuple[bool, bool]:
    try:
        answer = llm.ask(prompt, deadline=time.monotonic() + 20, temperature=temperature)
        reply = parse_reply(answer.text)
    except WordingError:
        return False, False
    return True, not check_wording(reply, brief)


def _figures(rows: list[tuple[bool, bool, bool, float]]) -> Figures:
    times = sorted(row[3] for row in rows)
    shares = [sum(row[i] for row in rows) / len(rows) for i in range(3)]
    return Figures(
        len(rows),
        shares[0],
        shares[1],
        shares[2],
        statistics.median(times),
        times[min(len(times) - 1, int(0.95 * len(times)))],
    )
