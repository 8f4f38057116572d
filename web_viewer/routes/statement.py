"""What a radiologist states of one finding, in place of the model."""

from __future__ import annotations

from fastapi import APIRouter

from study.history import Event
from study.jobs import Job
from study.model import StudyRecord
from study.remeasured import redraft_owed
from study.telemetry import now
from web_viewer import stating
from web_viewer.deps import CheckedUID, LedgerDep, PersonDep, QueueDep
from web_viewer.identity.signing import name_of
from web_viewer.schemas import Problem
from web_viewer.stating import FindingEdit
from web_viewer.steps import ask, take_step

router = APIRouter(
    prefix="/api/studies/{study_uid}/findings/{finding_id}",
    tags=["review"],
    responses={400: {"model": Problem}, 404: {"model": Problem}, 409: {"model": Problem}},
)


@router.put("/statement")
def state_finding(
    study_uid: CheckedUID,
    finding_id: str,
    wish: FindingEdit,
    ledger: LedgerDep,
    queue: QueueDep,
    person: PersonDep,
) -> StudyRecord:
    """Say whether a finding is there, how surely and where; or take that back.

    A critical finding that is stated raises the study's alert, one that is stated absent withdraws it. A
    draft that nobody has edited is drawn anew.
    """
    reader = name_of(person, wish.reader)

    def decide(held: StudyRecord) -> Event | None:
        return stating.state(held, finding_id, wish, reader, at=now())

    record = take_step(ledger, study_uid, decide)
    if record.alert is not None:  # who is to hear of it, or heard, is told
        ask(lambda: queue.ask(Job.ALERT, study_uid), study_uid)
    if redraft_owed(record):
        ask(lambda: queue.ask(Job.DRAFT, study_uid, urgent=record.critical), study_uid)
    return record
