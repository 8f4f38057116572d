"""The report of a study: read, edit, sign."""

from __future__ import annotations

from fastapi import APIRouter

from study.jobs import Job
from study.model import Report, StudyRecord
from study.telemetry import now
from web_viewer import editing
from web_viewer.deps import CheckedUID, LedgerDep, PersonDep, QueueDep, RegistryDep, ReviewDep
from web_viewer.identity.signing import name_of
from web_viewer.schemas import LanguageRequest, Problem, ReportEdit, SignRequest
from web_viewer.steps import ask, current, take_step

router = APIRouter(
    prefix="/api/studies/{study_uid}",
    tags=["report"],
    responses={404: {"model": Problem}, 409: {"model": Problem}},
)


@router.get("/report")
def read_report(study_uid: CheckedUID, registry: RegistryDep, ledger: LedgerDep) -> Report:
    """Return the newest report version, draft or signed."""
    return editing.draft_of(current(registry, ledger, study_uid))


@router.put("/report")
def edit_report(
    study_uid: CheckedUID, wish: ReportEdit, ledger: LedgerDep, person: PersonDep, review: ReviewDep
) -> Report:
    """Store a radiologist's wording as the next version; 409 where somebody was first."""
    wish = wish.model_copy(update={"reader": person.name or wish.reader})
    record = take_step(ledger, study_uid, lambda held: editing.edit(held, wish, at=now(), review=review))
    return editing.draft_of(record)


@router.post("/report/language")
def translate_report(
    study_uid: CheckedUID, wish: LanguageRequest, ledger: LedgerDep, review: ReviewDep
) -> Report:
    """Write the draft anew in a language, by the template; its reader's own sentences stay as they are."""
    record = take_step(ledger, study_uid, lambda held: editing.translate(held, wish, at=now(), review=review))
    return editing.draft_of(record)


@router.post("/sign")
def sign_report(
    study_uid: CheckedUID,
    wish: SignRequest,
    ledger: LedgerDep,
    queue: QueueDep,
    person: PersonDep,
    review: ReviewDep,
) -> StudyRecord:
    """Sign a report version: from then on it is read-only, and it is sent to the PACS."""
    wish = wish.model_copy(update={"signer": name_of(person, wish.signer)})
    record = take_step(ledger, study_uid, lambda held: editing.sign(held, wish, at=now(), review=review))
    ask(lambda: queue.ask(Job.SIGN, study_uid, urgent=record.critical), study_uid)
    return record
