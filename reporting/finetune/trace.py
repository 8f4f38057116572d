"""Find which facts a signed sentence rests on: an edited sentence has lost its references. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from reporting.assembly import read_marks
from reporting.brief import Brief, Fact, RadiographName
from reporting.reply import Line
from reporting.sentence import check_sentence
from study.model import Presence

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def split_sentences(text: str) -> list[str]:
    """Return the sentences of one text that a radiologist left, white space made plain."""
    return [" ".join(part.split()) for part in _SENTENCE_END.split(text.strip()) if part.strip()]


def trace(text: str, brief: Brief, known: Sequence[str], *, needs_region: bool) -> list[str]:
    """Return the references of the facts that a sentence words.

    Parameters
    ----------
    text
        One sentence.
    brief
        The facts that it may word.
    known
        References that it is known to have; empty for a sentence that a person wrote.
    needs_region
        Whether the sentence must say where a finding lies, as those of the findings section do.

    Returns
    -------
    list of str
        The widest set of facts that the grounding check accepts for it. Where it accepts none, the
        facts of the findings that it names, so that the check can say what is wrong; empty where it
        names none.
    """
    if known:
        return list(known)
    tried: list[list[str]] = []
    for facts in _candidates(text, brief):
        refs = [fact.ref for fact in facts]
        if refs and refs not in tried:
            if not check_sentence(Line(text=text, refs=refs), brief, needs_region=needs_region):
                return refs
            tried.append(refs)
    return tried[0] if tried else []


def _candidates(text: str, brief: Brief) -> Iterator[list[Fact]]:
    """Yield sets of facts whose findings the sentence names, the widest first."""
    marks = read_marks(text, brief.language)
    named = {mark.value for mark in marks if mark.kind == "term"}
    facts = [fact for fact in brief.facts if fact.finding.value in named]
    yield facts
    alike = [[fact for fact in facts if fact.presence is presence] for presence in Presence]
    yield from alike
    for name in RadiographName:
        yield from ([fact for fact in group if fact.radiograph is name] for group in (facts, *alike))
    yield from ([fact] for fact in facts)
