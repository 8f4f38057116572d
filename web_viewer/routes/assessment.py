"""A radiologist's verdict on one finding."""

from __future__ import annotations

from fastapi import APIRouter

from study.model import StudyRecord
from study.telemetry import now
from web_viewer import editing
from web_viewer.deps import CheckedUID, LedgerDep
from web_viewer.schemas import AssessmentRequest, Problem
from web_viewer.steps import take_step

router = APIRouter(
    prefix="/api/studies/{study_uid}/findings/{finding_id}",
    tags=["review"],
    responses={404: {"model": Problem}, 409: {"model": Problem}},
)


@router.post("/assessment")
def assess_finding(
    study_uid: CheckedUID, finding_id: str, wish: AssessmentRequest, ledger: LedgerDep
) -> StudyRecord:
    """Accept or reject a finding; the last verdict counts, all are kept."""
    return take_step(ledger, study_uid, lambda held: editing.assess(held, finding_id, wish, at=now()))
