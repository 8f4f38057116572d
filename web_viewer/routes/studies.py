"""One study: its record, and sending it through the model again."""

from __future__ import annotations

from fastapi import APIRouter

from study.model import StudyRecord
from study.telemetry import now
from web_viewer import editing
from web_viewer.deps import CheckedUID, LedgerDep, QueueDep, RegistryDep
from web_viewer.steps import ask, current, take_step

router = APIRouter(prefix="/api/studies/{study_uid}", tags=["studies"])


@router.get("")
def read_study(study_uid: CheckedUID, registry: RegistryDep, ledger: LedgerDep) -> StudyRecord:
    """Return all that is known of a study; from the archive where Redis does not answer."""
    return current(registry, ledger, study_uid)


@router.post("/reprocess")
def reprocess_study(study_uid: CheckedUID, ledger: LedgerDep, queue: QueueDep) -> StudyRecord:
    """Send a study through the model and the draft once more."""
    record = take_step(ledger, study_uid, lambda held: editing.reprocess(held, at=now()))
    ask(lambda: queue.ask_owed(record), study_uid)
    return record
