"""A radiologist's verdict on one finding."""

from __future__ import annotations

from fastapi import APIRouter

from study.jobs import Job
from study.model import StudyRecord
from study.telemetry import now
from web_viewer import editing
from web_viewer.deps import CheckedUID, LedgerDep, PersonDep, QueueDep
from web_viewer.identity.signing import name_of
from web_viewer.schemas import AssessmentRequest, Problem
from web_viewer.steps import ask, take_step

router = APIRouter(
    prefix="/api/studies/{study_uid}/findings/{finding_id}",
    tags=["review"],
    responses={404: {"model": Problem}, 409: {"model": Problem}},
)


@router.post("/assessment")
def assess_finding(
    study_uid: CheckedUID,
    finding_id: str,
    wish: AssessmentRequest,
    ledger: LedgerDep,
    queue: QueueDep,
    person: PersonDep,
) -> StudyRecord:
    """Accept or reject a finding; the last verdict counts, all are kept.

    A critical finding that is rejected withdraws the study's alert.
    """
    wish = wish.model_copy(update={"reader": name_of(person, wish.reader)})
    record = take_step(ledger, study_uid, lambda held: editing.assess(held, finding_id, wish, at=now()))
    if record.alert is not None:  # who heard of it is told what became of it
        ask(lambda: queue.ask(Job.ALERT, study_uid), study_uid)
    return record
