"""Draft a study: the template first, then the LLM's wording where one is asked. The job's body."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

import structlog

from reporting.draft import write_draft
from reporting.llm import Llm
from reporting.objects import store_report
from reporting.wording import reword
from study import telemetry
from study.errors import ModelError
from study.history import Drafted, Event, Segmented, Signed
from study.ledger import Ledger
from study.model import DraftSource, Language, Report, StudyRecord
from study.state import State

log = structlog.get_logger()

_OWED = frozenset({State.SEGMENTED, State.DRAFTING})


def draft_study(
    study_uid: str,
    *,
    ledger: Ledger,
    llm: Llm | None,
    language: Language,
    clock: Callable[[], datetime],
) -> None:
    """Write the study's template draft, then have the LLM reword it; safe to do twice.

    Each version's SR is in the archive before the event that names it. Where the LLM fails or is
    refused, the template's words become the draft, with the reason.

    Parameters
    ----------
    study_uid
        The study; nothing happens unless it is segmented and not drafted yet.
    ledger
        Where its record is, and where events go.
    llm
        Whom to ask for words; None leaves the template's.
    language
        Language of the report.
    clock
        Gives the time with its zone.

    Raises
    ------
    ModelError
        If the record names no model or no radiograph.
    """
    record = ledger.held(study_uid)
    if State(record.state) not in _OWED:
        return
    if record.state == State.DRAFTING and record.draft is not None:
        template = record.draft  # a worker was killed while the LLM was asked
    else:
        template = store_report(_template(record, ledger, language, clock()), record, ledger.archive)
        _append(ledger, record, template, final=llm is None)
        telemetry.DRAFT_SECONDS.observe(_seconds_since_received(record, ledger, template.created_at))
        log.info("drafted", study_uid=study_uid, version=template.version, critical=template.critical)
    if llm is None:
        return
    began = time.perf_counter()
    worded = reword(template, record.findings, record.radiographs, llm, at=clock())
    _append(ledger, record, store_report(worded, record, ledger.archive), final=True)
    _count(worded, study_uid, time.perf_counter() - began)


def _template(record: StudyRecord, ledger: Ledger, language: Language, at: datetime) -> Report:
    if record.model is None or not record.radiographs:
        raise ModelError(f"study {record.study_uid} has no segmented radiograph to report on")
    radiographs = {r.instance_uid for r in record.radiographs}
    report = write_draft(
        study_uid=record.study_uid,
        revision=record.revision,
        version=record.draft.version + 1 if record.draft else 1,
        findings=[f for f in record.findings if f.radiograph_uid in radiographs],
        radiographs=record.radiographs,
        language=language,
        model=record.model,
        not_read=_not_read(record, ledger),
        created_at=at,
    )
    signed = [e.report.version for e in ledger.archive.events(record.study_uid) if isinstance(e, Signed)]
    return report.model_copy(update={"addendum_to": signed[-1] if signed else None})


def _not_read(record: StudyRecord, ledger: Ledger) -> dict[str, str]:
    """Return the images that the newest segmentation did not read."""
    events = ledger.archive.events(record.study_uid)
    newest = [e.segmentation.not_read for e in events if isinstance(e, Segmented)]
    return newest[-1] if newest else {}


def _seconds_since_received(record: StudyRecord, ledger: Ledger, at: datetime) -> float:
    """Return how long after the first event of the study's revision `at` is, in seconds."""
    times = [e.at for e in ledger.archive.events(record.study_uid) if e.revision == record.revision]
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
    failed = "refused" if wording.checks else "failed"
    outcome = "accepted" if wording.source is DraftSource.LLM else failed
    telemetry.WORDINGS.labels(outcome=outcome).inc()
    log.info(
        "worded",
        study_uid=study_uid,
        outcome=outcome,
        reason=wording.fallback_reason,
        rules=sorted({check.rule for check in wording.checks}),
        ms=round(seconds * 1000),
    )
