"""A study's priors: the same patient's earlier studies with abdominal radiographs, for comparison."""

from __future__ import annotations

from fastapi import APIRouter

from study.earlier import earlier_studies
from web_viewer.deps import CheckedUID, HoldingsDep, LedgerDep, RegistryDep
from web_viewer.schemas import PriorStudy, Problem, RadiographReference
from web_viewer.steps import current

router = APIRouter(
    prefix="/api/studies/{study_uid}/priors", tags=["studies"], responses={404: {"model": Problem}}
)


@router.get("")
def list_priors(
    study_uid: CheckedUID, holdings: HoldingsDep, ledger: LedgerDep, registry: RegistryDep
) -> list[PriorStudy]:
    """Return the patient's earlier studies with abdominal radiographs in the archive, the latest first."""
    summary = current(registry, ledger, study_uid).summary
    return [
        PriorStudy(
            study_uid=str(answer.StudyInstanceUID),
            study_date=str(answer.get("StudyDate") or ""),
            study_description=str(answer.get("StudyDescription") or ""),
            radiographs=[RadiographReference.of(header) for header in radiographs],
        )
        for answer, radiographs in earlier_studies(holdings, registry, study_uid, summary)
    ]
