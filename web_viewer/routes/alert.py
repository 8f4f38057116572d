"""The critical-result alert of a study: acknowledge it."""

from __future__ import annotations

from fastapi import APIRouter

from study import telemetry
from study.jobs import Job
from study.model import StudyRecord
from study.telemetry import now
from web_viewer.acknowledging import acknowledge
from web_viewer.deps import CheckedUID, LedgerDep, PersonDep, QueueDep
from web_viewer.identity.signing import name_of
from web_viewer.schemas import AcknowledgeRequest, Problem
from web_viewer.steps import ask, take_step

router = APIRouter(
    prefix="/api/studies/{study_uid}/alert",
    tags=["review"],
    responses={400: {"model": Problem}, 404: {"model": Problem}, 409: {"model": Problem}},
)


@router.post("/acknowledge")
def acknowledge_alert(
    study_uid: CheckedUID, wish: AcknowledgeRequest, ledger: LedgerDep, queue: QueueDep, person: PersonDep
) -> StudyRecord:
    """Record that the responsible clinician was told: by whom, whom, when and how.

    The finding and the time it was identified are filled in by the service; 409 where somebody was
    first, or the alert was withdrawn.
    """
    told_by = name_of(person, wish.told_by)
    record = take_step(ledger, study_uid, lambda held: acknowledge(held, wish, told_by, at=now()))
    if record.alert is not None and record.alert.acknowledged_at is not None:
        waited = record.alert.acknowledged_at - record.alert.identified_at
        telemetry.ACKNOWLEDGE_SECONDS.observe(waited.total_seconds())
    ask(lambda: queue.ask(Job.ALERT, study_uid), study_uid)
    return record
