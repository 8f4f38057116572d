"""Keep pairs as JSON lines, readable by their owner only."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

from pydantic import ValidationError

from reporting.finetune.pairs import BUCKETS, Left, TrainingPair, pair_of
from reporting.grounding import check_wording
from reporting.reply import parse_reply
from reporting.writer.pairs import draw_pairs, write_reply
from study.archive import Archive
from study.errors import SettingsError


class Collected(NamedTuple):
    """What an archive's signed reports came to.

    Attributes
    ----------
    pairs
        Those that may be trained on.
    left
        Those that may not, each with the rules it breaks.
    """

    pairs: list[TrainingPair]
    left: list[Left]

    def by_rule(self) -> dict[str, int]:
        """Return how many signed reports break each rule, the most frequent first."""
        return dict(Counter(rule for each in self.left for rule in each.rules).most_common())


def collect_pairs(archive: Archive) -> Collected:
    """Return a pair, or why there is none, of each study with a signed report, by study UID.

    Raises
    ------
    ArchiveError
        If the archive cannot be read.
    """
    pairs, left = [], []
    for study_uid in sorted(archive.studies()):
        made = pair_of(study_uid, archive.events(study_uid))
        if isinstance(made, TrainingPair):
            pairs.append(made)
        elif made is not None:
            left.append(made)
    return Collected(pairs, left)


def synthetic_pairs(count: int, seed: int, style: int | None = None) -> Iterator[TrainingPair]:
    """Yield `count` pairs of random facts and a pattern's words: until there are signed reports.

    Parameters
    ----------
    count, seed
        How many, and which.
    style
        One of the writer's styles of wording (0 to 2), as if one radiologist wrote all; None for any.
    """
    rng = Random(seed)  # noqa: S311 - a split of synthetic text, nothing secret
    for pair in draw_pairs(count, seed):
        yield TrainingPair(
            source="synthetic",
            bucket=rng.randrange(BUCKETS),
            brief=pair.brief,
            reply=parse_reply(pair.reply) if style is None else write_reply(pair.brief, style),
        )


def write_pairs(path: Path, pairs: Iterable[TrainingPair]) -> int:
    """Write `pairs` to `path`, in an order that says nothing of when they were signed; return how many.

    The file is readable by its owner only.
    """
    lines = sorted(pair.model_dump_json(exclude_none=True) for pair in pairs)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines)
    return len(lines)


def read_pairs(path: Path) -> list[TrainingPair]:
    """Return the pairs that `path` holds, each held to the grounding check again.

    Raises
    ------
    SettingsError
        If the file is missing, or a line is no pair or says what its facts do not hold; the line is
        named, never quoted.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path.name}: the pairs cannot be read ({type(error).__name__})") from error
    pairs = []
    for number, line in enumerate(lines, start=1):
        try:
            pair = TrainingPair.model_validate_json(line)
        except ValidationError:
            raise SettingsError(f"{path.name}: line {number} is no pair of this format") from None
        checks = check_wording(pair.reply, pair.brief)
        if checks:
            raise SettingsError(
                f"{path.name}: line {number} is refused by the grounding check: {checks[0].rule}"
            )
        pairs.append(pair)
    return pairs


def split_pairs(pairs: Sequence[TrainingPair], holdout: int) -> tuple[list[TrainingPair], list[TrainingPair]]:
    """Return those to train on, and those held out: all of a patient's on one side.

    Parameters
    ----------
    pairs
        All pairs.
    holdout
        How many of the hundred buckets are held out.

    Raises
    ------
    SettingsError
        If either side is empty.
    """
    train = [pair for pair in pairs if pair.bucket >= holdout]
    held = [pair for pair in pairs if pair.bucket < holdout]
    if not train or not held:
        raise SettingsError(
            f"{len(pairs)} pairs split by patient into {len(train)} to train on and {len(held)} held out; "
            "collect more signed reports, or change holdout"
        )
    return train, held
