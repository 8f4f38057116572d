"""Lay out why the grounding check refuses true wordings: by rule, by phrase, by sentence."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random

from reporting.brief import Brief
from reporting.grounding import check_wording
from reporting.reply import Reply
from reporting.writer.briefs import draw_brief
from study.model import Language

SHOWN = 12  # phrases of each language


def refusal_table(draw: Callable[[Random, Brief], Reply], count: int, seed: int) -> Iterator[str]:
    """Yield a table of what is refused of `count` wordings that `draw` writes, half in each language."""
    yield "| language | wordings | refused | sentences | refused | rules (sentences) | refused most |"
    yield "|---|---:|---:|---:|---:|---|---|"
    for language in Language:
        yield _row(draw, count // 2, seed, language)


def _row(draw: Callable[[Random, Brief], Reply], count: int, seed: int, language: Language) -> str:
    rng = Random(seed)
    refused = sentences = 0
    rules: Counter[str] = Counter()
    phrases: Counter[str] = Counter()
    bad = 0
    for _ in range(count):
        brief = draw_brief(rng, language)
        reply = draw(rng, brief)
        checks = check_wording(reply, brief)
        refused += bool(checks)
        sentences += len(reply.findings) + len(reply.impression)
        bad += len({check.sentence for check in checks})
        rules.update({(check.sentence, check.rule): check.rule for check in checks}.values())
        phrases.update(_phrase(check.message) for check in checks)
    return (
        f"| {language.value} | {count} | {refused} ({refused / count:.1%}) | {sentences} "
        f"| {bad} ({bad / sentences:.1%}) | {_listed(rules, len(rules))} | {_listed(phrases, SHOWN)} |"
    )


def _phrase(message: str) -> str:
    return re.sub(r"\bf\d+\b", "a fact", message).replace(" not in the vocabulary", "")


def _listed(counts: Counter[str], most: int) -> str:
    return "; ".join(f"{name} {count}" for name, count in counts.most_common(most)) or "none"
