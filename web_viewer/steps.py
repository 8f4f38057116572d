"""Make a radiologist's step durable, then tell Redis; a Redis that is down delays nothing."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from study.errors import NotInArchiveError, RegistryUnavailableError
from study.history import Event
from study.ledger import Ledger
from study.model import StudyRecord
from study.registry import Registry

log = structlog.get_logger()


def take_step(ledger: Ledger, study_uid: str, decide: Callable[[StudyRecord], Event | None]) -> StudyRecord:
    """Append what `decide` returns for the study as it stands, and return the study after it.

    The archive holds the event when this returns, whether Redis could be told or not: the
    reconciler tells it later.

    Raises
    ------
    NotInArchiveError
        If there is no such study.
    StateError
        If the study's state does not allow the step.
    """

    def decide_if_held(record: StudyRecord | None) -> Event | None:
        if record is None:
            raise NotInArchiveError(f"the archive holds no study {study_uid}")
        return decide(record)

    try:
        record = ledger.append(study_uid, decide_if_held)
    except RegistryUnavailableError:
        log.warning("registry_unavailable", study_uid=study_uid)
        record = ledger.held(study_uid)
    if record is None:
        raise NotInArchiveError(f"the archive holds no study {study_uid}")
    log.info("step_taken", study_uid=study_uid, step=record.timeline[-1].step, version=record.version)
    return record


def ask(job: Callable[[], None], study_uid: str) -> None:
    """Ask for the job that follows a step; where Redis is down the reconciler asks for it later."""
    try:
        job()
    except RegistryUnavailableError:
        log.warning("job_not_queued", study_uid=study_uid)


def current(registry: Registry, ledger: Ledger, study_uid: str) -> StudyRecord:
    """Return the study as Redis knows it, or as the archive does where Redis is down or behind.

    Raises
    ------
    NotInArchiveError
        If there is no such study.
    """
    try:
        record = registry.record(study_uid)
    except RegistryUnavailableError:
        record = None
    return record if record is not None else ledger.held(study_uid)
