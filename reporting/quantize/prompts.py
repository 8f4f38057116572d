"""Draw what a quantisation is calibrated on: the prompts that production sends, with replies."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

from reporting.finetune.encode import encode_pair
from reporting.finetune.pairs import TrainingPair
from reporting.finetune.pairs_file import synthetic_pairs

CALIBRATION_SEED, PARITY_SEED = 31, 8_000_009


def calibration_pairs(count: int, pairs: Sequence[TrainingPair] = ()) -> list[TrainingPair]:
    """Return `count` pairs: the given ones first, then drawn ones, both languages by turns."""
    drawn = synthetic_pairs(max(count - len(pairs), 0), CALIBRATION_SEED)
    return [*islice(pairs, count), *drawn]


def parity_pairs(count: int) -> list[TrainingPair]:
    """Return `count` pairs that no calibration sees."""
    return list(synthetic_pairs(count, PARITY_SEED))


def token_rows(tokenizer: Any, pairs: Sequence[TrainingPair]) -> dict[str, list[list[int]]]:
    """Return each pair's prompt and reply as one row of tokens, with its mask; both int."""
    encoded = [encode_pair(tokenizer, pair) for pair in pairs]
    rows = [each.prompt + each.reply for each in encoded]
    return {"input_ids": rows, "attention_mask": [[1] * len(row) for row in rows]}
