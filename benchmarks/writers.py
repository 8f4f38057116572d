"""Measure the grounding check on replies that writers gave to the real prompt, sentence by sentence by hand.

`writers/*.jsonl`: a brief and a reply to it in each line. Each writer saw the system message and the facts of
a hundred random briefs, half of them to be worded in Korean, and nothing else: neither the check, nor its
vocabulary, nor another writer's replies. Three of A's replies are left out, for they say more than their
facts ("excess stool"); the others are whole. The check was mended by A to F; nobody has mended it by G and H.

`python -m benchmarks.writers [FILE...]` says what is refused, and why.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

from reporting.brief import Brief
from reporting.grounding import check_wording
from reporting.reply import Reply
from study.model import Language

FOLDER = Path(__file__).parent / "writers"


class Before(NamedTuple):
    """How many of a writer's hundred replies were refused before any was looked at.

    `old`: by a check that listed names one by one; `new`: by the check that was mended by the writers
    before this one, None where it was the first.
    """

    old: int
    new: int | None


BEFORE = {
    "a": Before(70, 26),
    "b": Before(91, 49),
    "c": Before(83, 51),
    "d": Before(82, 13),
    "e": Before(61, 11),
    "f": Before(94, 48),
    "g": Before(65, 1),
    "h": Before(60, 3),
}


def replies(file: Path) -> list[tuple[Brief, Reply]]:
    """Return the briefs of a file and the replies to them."""
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    return [(Brief.model_validate(x["brief"]), Reply.model_validate(x["reply"])) for x in lines]


def refused(pairs: Sequence[tuple[Brief, Reply]]) -> list[str]:
    """Return why each reply that the check refuses is refused: its first fault."""
    checks = [check_wording(reply, brief) for brief, reply in pairs]
    return [f"{c[0].rule}: {c[0].sentence} ({c[0].message})" for c in checks if c]


def any_reply(files: Sequence[Path]) -> Callable[[Random, Brief], tuple[Brief, Reply]]:
    """Return what draws one of the replies in `files`, with its own brief."""
    pairs = [pair for file in files for pair in replies(file)]
    return lambda rng, brief: rng.choice(pairs)


def main() -> None:
    """Print what is refused of each file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, default=sorted(FOLDER.glob("*.jsonl")))
    for file in parser.parse_args().files:
        pairs = replies(file)
        whys = refused(pairs)
        of = {language: sum(b.language is language for b, _ in pairs) for language in Language}
        asked = ", ".join(f"{count} {language.value}" for language, count in of.items())
        print(f"{file.stem}: {len(whys)} of {len(pairs)} refused ({asked})")
        print("\n".join(f"  {why}" for why in whys))


if __name__ == "__main__":
    main()
