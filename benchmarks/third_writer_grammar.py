"""Build a wording of random findings from rules that are dealt into two halves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from reporting.brief import Brief, Fact
from reporting.reply import Line, Reply
from study.compat import StrEnum
from study.findings import FindingLabel
from study.model import Certainty, Presence

SPLIT_SEED = "third writer"


class Half(StrEnum):
    """Which rules a wording is made of."""

    BOTH = "both"
    MENDED = "mended"
    HELD_OUT = "held out"


@dataclass(frozen=True)
class Pen:
    """A hand that picks rules at random, from one half of them or from both."""

    rng: Random
    half: Half

    def pick(self, rules: Sequence[str]) -> str:
        """Return one of the rules that this hand may use; a rule without a rival is in both halves."""
        if self.half is not Half.BOTH and len(rules) > 1:
            dealt = sorted(rules, key=lambda rule: Random(f"{SPLIT_SEED}: {rule}").random())
            middle = (len(dealt) + 1) // 2
            rules = dealt[:middle] if self.half is Half.MENDED else dealt[middle:]
        return self.rng.choice(list(rules))

    def chance(self, probability: float) -> bool:
        """Return True with this probability."""
        return self.rng.random() < probability


@dataclass(frozen=True)
class Grammar:
    """How one language words facts: one, several of one certainty, several that are absent.

    `tell` takes a fact and whether its place is said; `join` facts of one certainty and radiograph;
    `deny` absent facts, and whether they are all absent on all of the study's radiographs.
    """

    tell: Callable[[Pen, Fact, bool], str]
    join: Callable[[Pen, Sequence[Fact]], str]
    deny: Callable[[Pen, Sequence[Fact], bool], str]


def write(grammar: Grammar, pen: Pen, brief: Brief) -> Reply:
    """Return a true wording of the brief: what is seen, what is absent, and the impression."""
    seen = [fact for fact in brief.facts if fact.presence is not Presence.ABSENT]
    denials = _denials(grammar, pen, brief)
    told = [Line(text=grammar.tell(pen, fact, True), refs=[fact.ref]) for fact in seen]
    return Reply(findings=told + denials, impression=_impression(grammar, pen, seen) or denials)


def stands_together(facts: Sequence[Fact]) -> bool:
    """Return whether one sentence can say the same of all of these facts."""
    labels = {fact.finding for fact in facts}
    alike = {(fact.presence, fact.certainty, fact.radiograph) for fact in facts}
    return len(alike) == 1 and len(labels) == len(facts)


def _impression(grammar: Grammar, pen: Pen, seen: Sequence[Fact]) -> list[Line]:
    if len(seen) > 1 and stands_together(seen) and pen.chance(0.3):
        return [Line(text=grammar.join(pen, seen), refs=[fact.ref for fact in seen])]
    return [Line(text=grammar.tell(pen, fact, pen.chance(0.5)), refs=[fact.ref]) for fact in seen]


def _denials(grammar: Grammar, pen: Pen, brief: Brief) -> list[Line]:
    absent = [fact for fact in brief.facts if fact.presence is Presence.ABSENT]
    names = {fact.radiograph for fact in brief.facts}
    everywhere = [fact for fact in absent if len(names) > 1 and _count(absent, fact.finding) == len(names)]
    groups = [everywhere] if everywhere else []
    rest = [fact for fact in absent if fact not in everywhere]
    groups += [
        [f for f in rest if f.radiograph is name] for name in dict.fromkeys(f.radiograph for f in rest)
    ]
    if not everywhere and pen.chance(0.25):
        groups = [[fact] for group in groups for fact in group]
    return [
        Line(text=grammar.deny(pen, group, group is everywhere), refs=[fact.ref for fact in group])
        for group in groups
    ]


def _count(facts: Sequence[Fact], label: FindingLabel) -> int:
    return sum(fact.finding is label for fact in facts)


def bare_certainty(fact: Fact) -> Certainty | None:
    """Return how sure a seen finding is: None where it is indeterminate."""
    return fact.certainty if fact.presence is Presence.PRESENT else None
