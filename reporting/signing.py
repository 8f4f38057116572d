"""Make the SR of a signed report. The job's body."""

from __future__ import annotations

import structlog

from reporting.objects import store_report
from study.history import Event, Signed
from study.ledger import Ledger
from study.model import StudyRecord
from study.state import State

log = structlog.get_logger()


def sign_study(study_uid: str, *, ledger: Ledger) -> None:
    """Store the signed report's SR, and record its UIDs; safe to do twice.

    The signature itself is an event already; this adds the object that destinations get.

    Parameters
    ----------
    study_uid
        The study; nothing happens unless its newest report is signed and has no SR yet.
    ledger
        Where its record is, and where events go.

    Raises
    ------
    ModelError
        If the record names no model or no radiograph.
    """
    record = ledger.held(study_uid)
    report = record.draft
    signature = report.signature if report is not None else None
    if report is None or signature is None:
        return
    signed = store_report(report, record, ledger.archive)

    def decide(now: StudyRecord | None) -> Event | None:
        """Return the same signature with the SR's UIDs, unless they are recorded."""
        if now is None or now.state != State.SIGNED or now.draft == signed:
            return None
        return Signed(at=signature.signed_at, revision=now.revision, report=signed)

    ledger.append(study_uid, decide)
    log.info("signed_report_stored", study_uid=study_uid, version=report.version)
