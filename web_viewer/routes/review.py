"""What follows on a reader's words and verdicts: objections, a proposal, an addendum to what is signed."""

from __future__ import annotations

from fastapi import APIRouter

from study.errors import NotInArchiveError
from study.jobs import Job
from study.model import Check, StudyRecord
from study.telemetry import now
from web_viewer import addendum, editing
from web_viewer.deps import CheckedUID, LedgerDep, PersonDep, QueueDep, RegistryDep, ReviewDep
from web_viewer.identity.signing import name_of
from web_viewer.schemas import AddendumRequest, Problem, ReportEdit, ReportProposal
from web_viewer.steps import ask, current, take_step

router = APIRouter(
    prefix="/api/studies/{study_uid}",
    tags=["review"],
    responses={404: {"model": Problem}, 409: {"model": Problem}},
)


@router.post("/report/check")
def check_report(
    study_uid: CheckedUID, wish: ReportEdit, registry: RegistryDep, ledger: LedgerDep, review: ReviewDep
) -> list[Check]:
    """Return where words that are not saved yet are at odds with the findings; nothing is refused."""
    record = current(registry, ledger, study_uid)
    report = editing.draft_of(record)
    if review is None:
        return []
    sections = editing.edited(record, wish, review)
    return review.objections(record, report.model_copy(update=sections))


@router.get("/report/proposal")
def propose_report(
    study_uid: CheckedUID, registry: RegistryDep, ledger: LedgerDep, review: ReviewDep
) -> ReportProposal:
    """Return the report without the findings that were rejected, by rule; for its reader to take or leave."""
    record = current(registry, ledger, study_uid)
    proposal = review.without_rejected(record) if review is not None else None
    if proposal is None:
        raise NotInArchiveError(f"study {study_uid} has no report to propose another for")
    return ReportProposal.of(proposal)


@router.post("/addendum")
def add_to_report(
    study_uid: CheckedUID, wish: AddendumRequest, ledger: LedgerDep, queue: QueueDep, person: PersonDep
) -> StudyRecord:
    """Add to a signed report and sign that; what was signed stays as it is, and the whole is sent again."""
    wish = wish.model_copy(update={"signer": name_of(person, wish.signer)})
    record = take_step(ledger, study_uid, lambda held: addendum.add(held, wish, at=now()))
    ask(lambda: queue.ask(Job.SIGN, study_uid, urgent=record.critical), study_uid)
    return record
