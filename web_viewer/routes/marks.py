"""What readers draw and mark on radiographs; a job makes objects of it."""

from __future__ import annotations

from fastapi import APIRouter

from study.history import Event
from study.holdings import reference
from study.jobs import Job, JobQueue
from study.model import StudyRecord
from study.sop_classes import RADIOGRAPHS
from study.telemetry import now
from web_viewer import marking
from web_viewer.deps import CheckedUID, HoldingsDep, LedgerDep, PersonDep, QueueDep
from web_viewer.identity.signing import name_of
from web_viewer.marking import KeyImageChoice, MaskCorrection, Measurements
from web_viewer.schemas import Problem
from web_viewer.steps import ask, take_step

router = APIRouter(
    prefix="/api/studies/{study_uid}",
    tags=["review"],
    responses={404: {"model": Problem}, 409: {"model": Problem}, 422: {"model": Problem}},
)


@router.post("/findings/{finding_id}/mask")
def correct_mask(
    study_uid: CheckedUID,
    finding_id: str,
    wish: MaskCorrection,
    ledger: LedgerDep,
    queue: QueueDep,
    person: PersonDep,
) -> StudyRecord:
    """Take a finding's mask as a reader drew it: it is measured, and kept as a SEG of its own."""
    reader = name_of(person, wish.reader)

    def decide(held: StudyRecord) -> Event:
        return marking.correct(held, finding_id, wish.mask, reader, at=now())

    return _taken(take_step(ledger, study_uid, decide), queue)


@router.put("/radiographs/{instance_uid}/measurements")
def write_measurements(
    study_uid: CheckedUID,
    instance_uid: CheckedUID,
    wish: Measurements,
    ledger: LedgerDep,
    queue: QueueDep,
    holdings: HoldingsDep,
    person: PersonDep,
) -> StudyRecord:
    """Replace a radiograph's measurements, arrows and texts: kept as a measurement report and a GSPS."""
    reference(holdings.header(study_uid, instance_uid))  # 404 where there is none
    reader = name_of(person, wish.reader)

    def decide(held: StudyRecord) -> Event | None:
        return marking.measure(held, instance_uid, wish, reader, at=now())

    return _taken(take_step(ledger, study_uid, decide), queue)


@router.put("/key-images")
def choose_key_images(
    study_uid: CheckedUID,
    wish: KeyImageChoice,
    ledger: LedgerDep,
    queue: QueueDep,
    holdings: HoldingsDep,
    person: PersonDep,
) -> StudyRecord:
    """Say which radiographs are key images: kept as a Key Object Selection Document."""
    headers = holdings.headers(study_uid)
    there = {reference(h).instance_uid for h in headers if h.get("SOPClassUID") in RADIOGRAPHS}
    reader = name_of(person, wish.reader)

    def decide(held: StudyRecord) -> Event | None:
        return marking.mark_key_images(held, wish, there, reader, at=now())

    return _taken(take_step(ledger, study_uid, decide), queue)


def _taken(record: StudyRecord, queue: JobQueue) -> StudyRecord:
    """Ask for the job that makes objects of what is kept, and return the study."""
    ask(lambda: queue.ask(Job.MARKS, record.study_uid, urgent=record.critical), record.study_uid)
    return record
