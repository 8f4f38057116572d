"""Have an LLM reword a template draft; its words count only if every sentence is grounded."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from reporting.brief import Brief, age_of, brief_of, name_radiographs
from reporting.draft import MEASUREMENT, NOT_ASSESSABLE
from reporting.grounding import check_wording
from reporting.llm import DECODING, Answer, Llm
from reporting.notes import ProgressNotes
from reporting.prompt import messages, prompt_sha256, retry_messages
from reporting.reply import Line, Reply, parse_reply
from reporting.served_name import model_and_hash
from study.errors import WordingError
from study.model import (
    AgeBand,
    Check,
    DraftSource,
    Finding,
    Presence,
    Radiograph,
    Report,
    Sentence,
    Wording,
)

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

RETRY_TEMPERATURE = 0.6


class _Try(NamedTuple):
    """What one question brought: a reply where there is one, and what is wrong with it."""

    reply: Reply | None
    text: str
    checks: list[Check]
    failure: WordingError | None = None
    answer: Answer | None = None


class Reworded(NamedTuple):
    """A version of the draft, and what the last question failed with where it did."""

    report: Report
    failure: WordingError | None


def reword(
    report: Report,
    findings: Sequence[Finding],
    radiographs: Sequence[Radiograph],
    llm: Llm,
    *,
    at: datetime,
    notes: ProgressNotes | None = None,
) -> Reworded:
    """Return the next version of a template draft, worded by the LLM where that may be used.

    Findings and impression may get new words. Where the radiographs cannot show one of the findings,
    the patient is older than one of them, or a reader denies one, every denial stays the template's,
    which says so.
    Measurements, recommendation, comparison, limitations and the critical flag stay as the template
    wrote them. If the LLM fails, or says anything that the findings do not hold, the template's words
    stay, with the reason and the checks beside them.

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
    notes
        Takes down how far the wording is, for those who watch.
    """
    brief, ids = brief_of(findings, name_radiographs(radiographs), report.language, age_of(report))
    llm.warm_up()  # no server is to blame for what an import takes
    began = time.monotonic()
    outcome, tries = _ask(llm, brief, began + llm.timeout, notes)
    wording = Wording(
        source=DraftSource.TEMPLATE if _refusal(outcome) else DraftSource.LLM,
        prompt_sha256=prompt_sha256(brief),
        milliseconds=round((time.monotonic() - began) * 1000, 1),
        fallback_reason=_refusal(outcome),
        checks=outcome.checks,
        **_cost(llm, tries),
    )
    changes: dict[str, Any] = {"version": report.version + 1, "created_at": at, "wording": wording}
    if outcome.reply is not None and not outcome.checks:
        absent = {f.id for f in findings if f.presence is Presence.ABSENT}
        told = _sentences(outcome.reply.findings, ids), _sentences(outcome.reply.impression, ids)
        if _keeps_denials(report):
            told = _denying(told[0], report.findings, absent), _denying(told[1], report.impression, absent)
        measured = [s for s in report.findings if s.rule_id == MEASUREMENT]
        changes["findings"], changes["impression"] = told[0] + measured, told[1]
    return Reworded(report.model_copy(update=changes), tries[-1].failure)


def unworded(report: Report, llm: Llm, reason: str, *, at: datetime) -> Report:
    """Return the next version of a template draft for which the LLM was not asked, and why."""
    wording = Wording(
        source=DraftSource.TEMPLATE, llm_model=llm.model, server=llm.place, fallback_reason=reason
    )
    return report.model_copy(update={"version": report.version + 1, "created_at": at, "wording": wording})


def _cost(llm: Llm, tries: Sequence[_Try]) -> dict[str, Any]:
    """Return what was asked where, and what it cost, as fields of a `Wording`."""
    answers = [t.answer for t in tries if t.answer is not None]
    prompt = [a.prompt_tokens for a in answers if a.prompt_tokens is not None]
    completion = [a.completion_tokens for a in answers if a.completion_tokens is not None]
    first = next((a.first_token_ms for a in answers if a.first_token_ms is not None), None)
    model, sha256 = model_and_hash(next((a.model for a in answers if a.model), llm.model))
    return {
        "llm_model": model,
        "llm_sha256": sha256,
        "server": llm.place,
        "decoding": DECODING,
        "tries": len(tries),
        "prompt_tokens": sum(prompt) if prompt else None,
        "completion_tokens": sum(completion) if completion else None,
        "first_token_ms": round(first, 1) if first is not None else None,
    }


def _keeps_denials(report: Report) -> bool:
    """Return whether the template says of what is absent more than an LLM is told."""
    unseeable = any(s.rule_id == NOT_ASSESSABLE for s in report.findings)
    denied = any(o.stated is not None and o.presence is Presence.ABSENT for o in report.observations)
    return unseeable or denied or age_of(report) is AgeBand.OVER_SIX_MONTHS


def _denying(worded: Sequence[Sentence], template: Sequence[Sentence], absent: set[str]) -> list[Sentence]:
    """Return the LLM's sentences, with the template's own in place of those that deny findings."""

    def denies(sentence: Sentence) -> bool:
        return bool(sentence.finding_ids) and absent.issuperset(sentence.finding_ids)

    return [s for s in worded if not denies(s)] + [s for s in template if denies(s)]


def _ask(llm: Llm, brief: Brief, deadline: float, notes: ProgressNotes | None) -> tuple[_Try, list[_Try]]:
    """Return the outcome of the first try, or of the one retry where that may help; and all tries."""
    first = _one_try(llm, brief, messages(brief), deadline, 0.0, notes)
    if first.failure is None and not first.checks:
        return first, [first]
    if first.failure is not None and not first.failure.retryable:
        return first, [first]
    complaints = first.checks or [Check(rule="schema", sentence="", message=str(first.failure))]
    again = retry_messages(brief, first.text, complaints)
    second = _one_try(llm, brief, again, deadline, RETRY_TEMPERATURE, notes)
    # A retry that never came says less than the refusal that it was to mend.
    return first if second.failure is not None and first.checks else second, [first, second]


def _one_try(
    llm: Llm,
    brief: Brief,
    prompt: Sequence[BaseMessage],
    deadline: float,
    temperature: float,
    notes: ProgressNotes | None,
) -> _Try:
    answer = None
    if notes is not None:
        notes.asked()
    try:
        hear = notes.heard if notes is not None else None
        answer = llm.ask(prompt, deadline=deadline, temperature=temperature, hear=hear)
        if notes is not None:
            notes.checking()
        reply = parse_reply(answer.text)
    except WordingError as error:
        return _Try(None, answer.text if answer else "", [], error, answer)
    return _Try(reply, answer.text, check_wording(reply, brief), None, answer)


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
