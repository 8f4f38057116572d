"""The probability map of a finding: what the reader's threshold is applied to, on the screen alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from study.errors import ConflictError, NotInArchiveError, PixelDataError
from study.findings import FindingLabel
from study.jobs import Job
from study.model import StudyRecord
from study.probability_maps import MapRefusal, ProbabilityMap, ProbabilityMaps
from web_viewer.conditional import answer
from web_viewer.deps import CheckedUID, HeldDep, LedgerDep, QueueDep, RegistryDep
from web_viewer.dicomweb.media import JSON, OCTETS
from web_viewer.renditions import Rendition
from web_viewer.schemas import MapAwaited, Problem
from web_viewer.steps import current

log = structlog.get_logger()

RETRY_AFTER_SECONDS = "1"
AWAITED = MapAwaited(detail="the map is being made; ask for it again in a moment")

router = APIRouter(
    prefix="/api/studies/{study_uid}/radiographs/{instance_uid}/probability",
    tags=["radiographs"],
    responses={
        202: {"model": MapAwaited, "description": "It is being made; Retry-After says when to ask again."},
        404: {"model": Problem},
        409: {
            "model": Problem,
            "description": "The model that made the finding is not the one that is here.",
        },
        422: {"model": Problem},
    },
)
_BINARY: dict[int | str, dict[str, Any]] = {200: {"content": {OCTETS: {}}}}


@dataclass(frozen=True)
class _Wanted:
    """One finding's map, as far as there is any."""

    study_uid: str
    instance_uid: str
    label: FindingLabel
    maps: ProbabilityMaps
    described: ProbabilityMap | None  # None: a job has been asked for

    def body(self) -> bytes | None:
        return self.maps.body(self.study_uid, self.instance_uid, self.label)


def _wanted(
    study_uid: CheckedUID,
    instance_uid: CheckedUID,
    label: FindingLabel,  # here, so that an unknown one makes no work
    kept: HeldDep,
    ledger: LedgerDep,
    registry: RegistryDep,
    queue: QueueDep,
) -> _Wanted:
    """Find a finding's map; where there is none, ask for a job that makes those of its radiograph."""
    record = current(registry, ledger, study_uid)
    _check_read(record, instance_uid)
    made = kept.maps.of(study_uid, instance_uid)
    if made is not None and made.model != record.model:  # the study was read again since
        made = None
    if made is not None and made.refusal is not None:
        raise _refused(made.refusal, made.reason)
    if made is not None and label not in made.maps:  # made by a release that knew no such finding
        made = None
    if made is None and kept.maps.want(study_uid, instance_uid):
        queue.ask(Job.MAP, study_uid)
        log.info("maps_asked_for", study_uid=study_uid, instance_uid=instance_uid)
    described = None if made is None else made.maps[label]
    return _Wanted(study_uid, instance_uid, label, kept.maps, described)


_WantedDep = Annotated[_Wanted, Depends(_wanted)]


@router.get("/{label}.json", response_model=ProbabilityMap)
def read_probability_description(wanted: _WantedDep) -> Response:
    """Return how a finding's map lies on the radiograph, and where the model's own outline cuts it."""
    if wanted.described is None:
        return _awaited()
    return Response(wanted.described.model_dump_json(), media_type=JSON)


@router.get("/{label}", response_class=Response, responses=_BINARY)
def read_probability(wanted: _WantedDep, request: Request) -> Response:
    """Return a finding's map: rows x columns uint8, 255 times the network's softmax probability.

    For the screen alone: measurements, SEG and report rest on the model's own outline.
    """
    body = None if wanted.described is None else wanted.body()
    if wanted.described is None or body is None:
        return _awaited()
    key = ("probability", wanted.instance_uid, wanted.label, wanted.described.made_at.isoformat())
    return answer(request, lambda: Rendition(body, "gzip"), key=key, media_type=OCTETS)


def _awaited() -> Response:
    return JSONResponse(AWAITED.model_dump(), 202, {"Retry-After": RETRY_AFTER_SECONDS})


def _check_read(record: StudyRecord, instance_uid: str) -> None:
    """Raise unless the model has read the radiograph."""
    if any(radiograph.instance_uid == instance_uid for radiograph in record.radiographs):
        return
    unread = record.not_read.get(instance_uid)
    why = f": {unread.text}" if unread is not None else ""
    raise NotInArchiveError(f"there is no map, as the model did not read radiograph {instance_uid}{why}")


def _refused(refusal: MapRefusal, reason: str) -> Exception:
    if refusal is MapRefusal.UNREADABLE:
        return PixelDataError(f"there is no map, as the radiograph cannot be read: {reason}")
    if refusal is MapRefusal.OTHER_MODEL:
        return ConflictError(
            f"there is no map of the model that made this finding: {reason}; have the study read again"
        )
    return ConflictError(f"the model answers otherwise than when it made this finding: {reason}")
