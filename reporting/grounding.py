"""Hold an LLM's wording to the facts: every sentence traces to findings, or is refused. Pure.

The check is closed-world. A word outside the vocabulary is refused, whatever it means; a word that
speaks of a side, a region, a certainty, a number, a negation or a finding must agree with every
fact that its sentence names. So a sentence that names two findings may only say of them what is
true of both.
"""

from __future__ import annotations

from collections.abc import Sequence

from reporting.brief import Brief, Fact
from reporting.reply import Line, Reply
from reporting.sentence import check_sentence
from study.model import Check, Presence


def check_wording(reply: Reply, brief: Brief) -> list[Check]:
    """Return every way in which `reply` says more, less or other than `brief` holds.

    Parameters
    ----------
    reply
        The LLM's sentences, with the facts that each claims to rest on.
    brief
        The facts, and the language asked for.

    Returns
    -------
    list of Check
        Empty where every sentence is grounded and nothing is left out.
    """
    checks: list[Check] = []
    for line in reply.findings:
        checks += check_sentence(line, brief, needs_region=True)
    for line in reply.impression:
        checks += check_sentence(line, brief, needs_region=False)
    checks += _omitted(reply.findings, brief.facts, "findings")
    seen = [fact for fact in brief.facts if fact.presence is not Presence.ABSENT]
    checks += _omitted(reply.impression, seen or brief.facts, "impression")
    return checks


def _omitted(lines: Sequence[Line], facts: Sequence[Fact], section: str) -> list[Check]:
    named = {ref for line in lines for ref in line.refs}
    return [
        Check(rule="omission", sentence="", message=f"the {section} leave out {fact.ref} ({fact.finding})")
        for fact in facts
        if fact.ref not in named
    ]
