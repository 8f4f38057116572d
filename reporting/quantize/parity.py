"""Compare the replies of a quantised model with those of the model it was made of. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from reporting.finetune.judge import Figures, judge
from reporting.finetune.pairs import TrainingPair


class Parity(NamedTuple):
    """How alike two models answer.

    Attributes
    ----------
    asked
        Prompts.
    same
        Share of replies that are equal to the letter.
    lost, gained
        Share of prompts whose reply was grounded before only, and after only.
    before, after
        Each model's figures.
    """

    asked: int
    same: float
    lost: float
    gained: float
    before: Figures
    after: Figures


def compare(pairs: Sequence[TrainingPair], before: Sequence[str], after: Sequence[str]) -> Parity:
    """Return how the replies `after` differ from those `before`.

    Parameters
    ----------
    pairs
        What both were asked.
    before, after
        The replies' texts, in the order of `pairs`.
    """
    triples = list(zip(pairs, before, after, strict=True))
    asked = max(len(triples), 1)
    usable = [(_grounded(pair, one), _grounded(pair, other)) for pair, one, other in triples]
    return Parity(
        asked=len(triples),
        same=sum(one == other for _, one, other in triples) / asked,
        lost=sum(was and not now for was, now in usable) / asked,
        gained=sum(now and not was for was, now in usable) / asked,
        before=judge(pairs, before),
        after=judge(pairs, after),
    )


def _grounded(pair: TrainingPair, text: str) -> bool:
    return judge([pair], [text]).grounded == 1.0
