"""Make the SR of every signed report that lacks one. The job's body."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from reporting.objects import store_report
from study import telemetry
from study.history import Event, Kept, Signed, fold
from study.ledger import Ledger
from study.model import SignedReport, StudyRecord

log = structlog.get_logger()


def sign_study(study_uid: str, *, ledger: Ledger) -> None:
    """Store the SR of each signed report that has none, and record its UIDs; safe to do twice.

    A signature itself is an event already; this adds the object that destinations get. The study may
    have moved on since: the SR rests on what was there when the report was signed.

    Parameters
    ----------
    study_uid
        The study; nothing happens unless it has a signed report without an SR.
    ledger
        Where its record is, and where events go.

    Raises
    ------
    ModelError
        If the record names no model or no radiograph.
    NotInArchiveError
        If the archive holds no such study, or not one of its radiographs.
    """
    lacking = _lacking(ledger.held(study_uid))
    events = ledger.archive.events(study_uid) if lacking else []
    for number, event in enumerate(events, start=1):
        if isinstance(event, Signed) and event.report.version in lacking:
            _keep(study_uid, events[:number], ledger)


def _lacking(record: StudyRecord) -> set[int]:
    """Return the signed versions without an SR."""
    return {report.version for report in record.signed if report.sr_instance_uid is None}


def _keep(study_uid: str, events: Sequence[Event], ledger: Ledger) -> None:
    """Store the SR of the report that the last of `events` signed, and say so."""
    record = fold(study_uid, events)
    if record is None or record.draft is None:
        return
    stored = store_report(record.draft, record, ledger.archive)
    kept = SignedReport(
        version=stored.version, sr_series_uid=stored.sr_series_uid, sr_instance_uid=stored.sr_instance_uid
    )

    def decide(now: StudyRecord | None) -> Event | None:
        """Return the event, unless another run of this job was quicker."""
        if now is None or kept.version not in _lacking(now):
            return None
        return Kept(at=telemetry.now(), revision=stored.revision, signed=kept)

    ledger.append(study_uid, decide)
    log.info("signed_report_stored", study_uid=study_uid, version=kept.version)
