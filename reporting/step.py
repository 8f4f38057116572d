"""Draft a study: the template's draft, then the LLM's wording of it. The bodies of two jobs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from reporting.draft import write_draft
from reporting.gate import Gate
from reporting.llm import Llm
from reporting.notes import ProgressNotes
from reporting.objects import store_report
from reporting.outdated import renewed
from reporting.wording import reword, unworded
from study import telemetry
from study.age import age_band
from study.errors import LlmUnavailableError, NotSegmentedError
from study.history import Drafted, Event, Segmented, Signed
from study.ledger import Ledger
from study.model import DraftSource, Language, PriorStudyReference, Report, StudyRecord
from study.progress import Tell
from study.remeasured import redraft_owed
from study.state import State
from study.unread import Unread

log = structlog.get_logger()

LONGEST_WAIT = 3.0  # timeouts of the LLM that a draft waits for its turn before the template stands

# Finds a study's priors, the latest first; None where it cannot say.
FindPriors = Callable[[StudyRecord], Sequence[PriorStudyReference] | None]

_OWED = frozenset({State.SEGMENTED, State.DRAFTING})


def draft_study(
    study_uid: str,
    *,
    ledger: Ledger,
    worded: bool,
    language: Language,
    clock: Callable[[], datetime],
    priors: FindPriors | None = None,
) -> None:
    """Write the study's template draft; safe to do twice.

    A draft that no reader has touched, and that is older than a reader's outline, is drawn anew as the
    next version: its sentences that the outline changed are the template's, the others stay.

    Its SR is in the archive before the event that names it.

    Parameters
    ----------
    study_uid
        The study; nothing happens unless it is segmented and not drafted yet, or its draft is outdated.
    ledger
        Where its record is, and where events go.
    worded
        Whether an LLM is to reword it, by `word_study`; else it is final.
    language
        Language of the report.
    clock
        Gives the time with its zone.
    priors
        Finds the patient's earlier abdominal studies, the latest first; None where nobody looks.

    Raises
    ------
    NotSegmentedError
        If the record names no model or no radiograph.
    """
    record = ledger.held(study_uid)
    if redraft_owed(record):
        _redraft(record, ledger, clock(), priors)
        return
    if State(record.state) is not State.SEGMENTED:
        return
    events = ledger.archive.events(study_uid)
    template = store_report(_template(record, events, language, clock(), priors), record, ledger.archive)
    _append(ledger, record, template, final=not worded)
    telemetry.DRAFT_SECONDS.observe(_seconds_since_received(record, events, template.created_at))
    log.info("drafted", study_uid=study_uid, version=template.version, critical=template.critical)


def _redraft(record: StudyRecord, ledger: Ledger, at: datetime, priors: FindPriors | None) -> None:
    before = record.draft
    if before is None:
        return
    anew = _template(record, ledger.archive.events(record.study_uid), before.language, at, priors)
    update: dict[str, object] = {"wording": before.wording, "addendum_to": before.addendum_to}
    if before.wording.source is not DraftSource.TEMPLATE:
        update |= {"findings": before.findings, "impression": before.impression}
        update |= renewed(record, before, anew)
    report = store_report(anew.model_copy(update=update), record, ledger.archive)

    def decide(now: StudyRecord | None) -> Event | None:
        if now is None or not redraft_owed(now) or now.draft is None or now.draft.version != before.version:
            return None
        return Drafted(at=report.created_at, revision=report.revision, report=report)

    ledger.append(record.study_uid, decide)
    log.info("redrafted", study_uid=record.study_uid, version=report.version, critical=report.critical)


def word_study(
    study_uid: str,
    *,
    ledger: Ledger,
    llm: Llm | None,
    gate: Gate | None,
    tell: Tell,
    clock: Callable[[], datetime],
) -> None:
    """Have the LLM reword the study's template draft; safe to do twice.

    Where the LLM fails, is refused or is left alone, the template's words become the draft, with
    the reason. So they do where the draft has waited for long: others keep the LLM busy.

    Parameters
    ----------
    study_uid
        The study; nothing happens unless its template draft waits for a wording.
    ledger
        Where its record is, and where events go.
    llm, gate
        Whom to ask for words, and what says whether to; None leaves the template's.
    tell
        Told how far the wording is.
    clock
        Gives the time with its zone.
    """
    record = ledger.held(study_uid)
    template = record.draft
    if State(record.state) is not State.DRAFTING or template is None:
        return
    began = time.perf_counter()
    notes = ProgressNotes(study_uid, tell)
    if llm is None or gate is None:
        final = template.model_copy(update={"version": template.version + 1, "created_at": clock()})
    elif (reason := _overdue(template, llm, clock()) or gate.why_not()) is not None:
        final = unworded(template, llm, reason, at=clock())
    else:
        final = _worded(template, record, llm, gate, notes, clock)
    _append(ledger, record, store_report(final, record, ledger.archive), final=True)
    notes.ended()
    _count(final, study_uid, time.perf_counter() - began)


def _overdue(template: Report, llm: Llm, now: datetime) -> str | None:
    """Return why a wording is no longer waited for; None where it is."""
    waited = (now - template.created_at).total_seconds()
    if waited <= LONGEST_WAIT * llm.timeout:
        return None
    return f"the draft waited {waited:.0f} s for its turn at the LLM"


def _worded(
    template: Report,
    record: StudyRecord,
    llm: Llm,
    gate: Gate,
    notes: ProgressNotes,
    clock: Callable[[], datetime],
) -> Report:
    """Return what the LLM makes of the template's draft; the gate learns how that went."""
    report, failure = reword(template, record.findings, record.radiographs, llm, at=clock(), notes=notes)
    gate.ended(failure)
    if isinstance(failure, LlmUnavailableError):
        return report
    wording = report.wording.model_copy(update={"engine": gate.engine()})
    return report.model_copy(update={"wording": wording})


def _template(
    record: StudyRecord,
    events: Sequence[Event],
    language: Language,
    at: datetime,
    priors: FindPriors | None,
) -> Report:
    if record.model is None or not record.radiographs:
        raise NotSegmentedError(f"study {record.study_uid} has no segmented radiograph to report on")
    radiographs = {r.instance_uid for r in record.radiographs}
    report = write_draft(
        study_uid=record.study_uid,
        revision=record.revision,
        version=record.draft.version + 1 if record.draft else 1,
        findings=[f for f in record.findings if f.radiograph_uid in radiographs],
        radiographs=record.radiographs,
        language=language,
        model=record.model,
        not_read=_not_read(events),
        created_at=at,
        age_band=age_band(record.summary),
        priors=priors(record) if priors is not None else None,
        identified_at=_identified_at(record),
    )
    signed = [e.report.version for e in events if isinstance(e, Signed)]
    follows = record.draft.version if record.draft else None
    return report.model_copy(update={"addendum_to": signed[-1] if signed else None, "follows": follows})


def _identified_at(record: StudyRecord) -> datetime | None:
    """Return when the model made the findings: at the study's last segmentation."""
    return next((entry.at for entry in reversed(record.timeline) if entry.step == "segmented"), None)


def _not_read(events: Sequence[Event]) -> dict[str, Unread]:
    """Return the images that the newest segmentation did not read."""
    newest = [e.segmentation.not_read for e in events if isinstance(e, Segmented)]
    return newest[-1] if newest else {}


def _seconds_since_received(record: StudyRecord, events: Sequence[Event], at: datetime) -> float:
    """Return how long after the first event of the study's revision `at` is, in seconds."""
    times = [e.at for e in events if e.revision == record.revision]
    return max((at - min(times)).total_seconds(), 0.0)


def _append(ledger: Ledger, read: StudyRecord, report: Report, *, final: bool) -> None:
    """Append the version, unless the study moved on or somebody else was first."""

    def decide(now: StudyRecord | None) -> Event | None:
        if now is None or now.revision != read.revision or State(now.state) not in _OWED:
            return None
        held = now.draft.version if now.draft else 0
        if held >= report.version:
            return None
        return Drafted(at=report.created_at, revision=report.revision, report=report, final=final)

    ledger.append(read.study_uid, decide)


def _count(report: Report, study_uid: str, seconds: float) -> None:
    wording = report.wording
    if wording.source is DraftSource.LLM:
        outcome = "accepted"
    elif wording.checks:
        outcome = "refused"
    else:
        outcome = "failed" if wording.tries else "not-asked"
    telemetry.WORDINGS.labels(outcome=outcome).inc()
    if wording.milliseconds is not None:
        telemetry.WORDING_SECONDS.observe(wording.milliseconds / 1000)
    if wording.first_token_ms is not None:
        telemetry.FIRST_TOKEN_SECONDS.observe(wording.first_token_ms / 1000)
    telemetry.WORDING_TOKENS.labels(kind="prompt").inc(wording.prompt_tokens or 0)
    telemetry.WORDING_TOKENS.labels(kind="completion").inc(wording.completion_tokens or 0)
    log.info(
        "worded",
        study_uid=study_uid,
        outcome=outcome,
        reason=wording.fallback_reason,
        rules=sorted({check.rule for check in wording.checks}),
        tries=wording.tries,
        tokens=wording.completion_tokens,
        first_token_ms=wording.first_token_ms,
        ms=round(seconds * 1000),
    )
