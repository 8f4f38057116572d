"""A study's priors: the same patient's earlier studies with abdominal radiographs, for comparison."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter
from pydicom import Dataset

from study.errors import RegistryUnavailableError
from study.holdings import Holdings, reference
from study.priors import TEXTS, is_earlier, shows_the_abdomen
from study.registry import Registry
from study.sop_classes import RADIOGRAPHS
from web_viewer.deps import CheckedUID, HoldingsDep, LedgerDep, RegistryDep
from web_viewer.schemas import PriorStudy, Problem, RadiographReference
from web_viewer.steps import current

router = APIRouter(
    prefix="/api/studies/{study_uid}/priors", tags=["studies"], responses={404: {"model": Problem}}
)

MOST = 20  # studies


@router.get("")
def list_priors(
    study_uid: CheckedUID, holdings: HoldingsDep, ledger: LedgerDep, registry: RegistryDep
) -> list[PriorStudy]:
    """Return the patient's earlier studies with abdominal radiographs in the archive, the latest first."""
    summary = current(registry, ledger, study_uid).summary
    if not summary.patient_id.strip():
        return []
    held = holdings.of_patient(summary.patient_id)
    answers = (answer for uid in held if (answer := holdings.study_answer(uid)) is not None)
    earlier = [answer for answer in answers if is_earlier(answer, study_uid, summary)]
    earlier.sort(key=lambda a: (str(a.get("StudyDate") or ""), str(a.get("StudyTime") or "")), reverse=True)
    found = []
    for answer in earlier[:MOST]:
        radiographs = list(_radiographs(answer, holdings, registry))
        if radiographs:
            found.append(
                PriorStudy(
                    study_uid=str(answer.StudyInstanceUID),
                    study_date=str(answer.get("StudyDate") or ""),
                    study_description=str(answer.get("StudyDescription") or ""),
                    radiographs=radiographs,
                )
            )
    return found


def _radiographs(answer: Dataset, holdings: Holdings, registry: Registry) -> Iterator[RadiographReference]:
    """Yield those radiographs of a study that name the abdomen, or that the model has read."""
    uid = str(answer.StudyInstanceUID)
    read = _read_by_the_model(registry, uid)
    for header in holdings.headers(uid):
        texts = [header.get(keyword) for keyword in TEXTS]
        if header.get("SOPClassUID") in RADIOGRAPHS and (
            reference(header).instance_uid in read or shows_the_abdomen(texts)
        ):
            yield RadiographReference.of(header)


def _read_by_the_model(registry: Registry, study_uid: str) -> set[str]:
    try:
        record = registry.record(study_uid)
    except RegistryUnavailableError:
        return set()
    return {radiograph.instance_uid for radiograph in record.radiographs} if record else set()
