"""Have an LLM reword a template draft; its words count only if every sentence is grounded."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from reporting.brief import Brief, brief_of, name_radiographs
from reporting.draft import MEASUREMENT, NOT_ASSESSABLE
from reporting.grounding import check_wording
from reporting.llm import Llm
from reporting.prompt import messages, prompt_sha256, retry_messages
from reporting.reply import Line, Reply, parse_reply
from study.errors import WordingError
from study.model import Check, DraftSource, Finding, Presence, Radiograph, Report, Sentence, Wording

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

RETRY_TEMPERATURE = 0.6


class _Try(NamedTuple):
    """What one question brought: a reply where there is one, and what is wrong with it."""

    reply: Reply | None
    text: str
    checks: list[Check]
    failure: WordingError | None = None


def reword(
    report: Report,
    findings: Sequence[Finding],
    radiographs: Sequence[Radiograph],
    llm: Llm,
    *,
    at: datetime,
) -> Report:
    """Return the next version of a template draft, worded by the LLM where that may be used.

    Findings and impression may get new words. Where the radiographs cannot show one of the
    findings, every denial stays the template's, which says so. Measurements, recommendation, comparison,
    limitations and the critical flag stay as the template wrote them. If the LLM fails, or says
    anything that the findings do not hold, the template's words stay, with the reason and the checks
    beside them.

    Parameters
    ----------
    report
        The template draft.
    findings, radiographs
        What it was written from.
    llm
        Whom to ask; once more where the first reply is refused, within its timeout.
    at
        When this version is made.
    """
    brief, ids = brief_of(findings, name_radiographs(radiographs), report.language)
    began = time.monotonic()
    outcome = _ask(llm, brief, began + llm.timeout)
    wording = Wording(
        source=DraftSource.TEMPLATE if _refusal(outcome) else DraftSource.LLM,
        llm_model=llm.model,
        prompt_sha256=prompt_sha256(brief),
        milliseconds=round((time.monotonic() - began) * 1000, 1),
        fallback_reason=_refusal(outcome),
        checks=outcome.checks,
    )
    changes = {"version": report.version + 1, "created_at": at, "wording": wording}
    if outcome.reply is not None and not outcome.checks:
        absent = {f.id for f in findings if f.presence is Presence.ABSENT}
        told = _sentences(outcome.reply.findings, ids), _sentences(outcome.reply.impression, ids)
        if any(s.rule_id == NOT_ASSESSABLE for s in report.findings):
            told = _denying(told[0], report.findings, absent), _denying(told[1], report.impression, absent)
        measured = [s for s in report.findings if s.rule_id == MEASUREMENT]
        changes["findings"], changes["impression"] = told[0] + measured, told[1]
    return report.model_copy(update=changes)


def _denying(worded: Sequence[Sentence], template: Sequence[Sentence], absent: set[str]) -> list[Sentence]:
    """Return the LLM's sentences, with the template's own in place of those that deny findings."""

    def denies(sentence: Sentence) -> bool:
        return bool(sentence.finding_ids) and absent.issuperset(sentence.finding_ids)

    return [s for s in worded if not denies(s)] + [s for s in template if denies(s)]


def _ask(llm: Llm, brief: Brief, deadline: float) -> _Try:
    """Return the outcome of the first try, or of the one retry where that may help."""
    first = _one_try(llm, brief, messages(brief), deadline, 0.0)
    if first.failure is None and not first.checks:
        return first
    if first.failure is not None and not first.failure.retryable:
        return first
    complaints = first.checks or [Check(rule="schema", sentence="", message=str(first.failure))]
    again = retry_messages(brief, first.text, complaints)
    second = _one_try(llm, brief, again, deadline, RETRY_TEMPERATURE)
    # A retry that never came says less than the refusal that it was to mend.
    return first if second.failure is not None and first.checks else second


def _one_try(
    llm: Llm, brief: Brief, prompt: Sequence[BaseMessage], deadline: float, temperature: float
) -> _Try:
    text = ""
    try:
        text = llm.ask(prompt, deadline=deadline, temperature=temperature)
        reply = parse_reply(text)
    except WordingError as error:
        return _Try(None, text, [], error)
    return _Try(reply, text, check_wording(reply, brief))


def _refusal(outcome: _Try) -> str | None:
    """Return why the template's words stay; None where the LLM's are used."""
    if outcome.failure is not None:
        return str(outcome.failure)
    if outcome.checks:
        rules = ", ".join(dict.fromkeys(check.rule for check in outcome.checks))
        return f"the LLM's wording was refused by the grounding check: {rules}"
    return None


def _sentences(lines: Sequence[Line], ids: Mapping[str, str]) -> list[Sentence]:
    return [
        Sentence(text=" ".join(line.text.split()), finding_ids=[ids[ref] for ref in dict.fromkeys(line.refs)])
        for line in lines
    ]
