"""STOW-RS: store instances (PS3.18 section 10.5)."""

from __future__ import annotations

from typing import Any

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from study.archive import Written
from study.errors import KidrayError
from study.intake import Intake
from web_viewer.deps import CheckedUID, ServicesDep
from web_viewer.dicomweb.dicom_json import dumps
from web_viewer.dicomweb.links import base_url
from web_viewer.dicomweb.media import DICOM, DICOM_JSON, JSON, RELATED, accepted, choose, media_ranges
from web_viewer.dicomweb.multipart import Part, read_related
from web_viewer.dicomweb.part10 import check_study, take_apart
from web_viewer.dicomweb.storing import (
    DUPLICATE,
    Refused,
    Stored,
    failure_reason,
    store_answer,
    store_status,
)
from web_viewer.problems import BadRequestError, UnsupportedMediaTypeError

log = structlog.get_logger()
router = APIRouter(prefix="/dicom-web/studies", tags=["DICOMweb STOW-RS"], default_response_class=Response)

SENDER = "STOW-RS"  # stands for a calling AE title
LARGEST_INSTANCE = 512 * 1024 * 1024
_OUTCOMES: dict[int | str, dict[str, Any]] = {
    200: {"description": "All were stored.", "content": {DICOM_JSON: {}}},
    202: {"description": "Some were stored, some were refused.", "content": {DICOM_JSON: {}}},
    409: {"description": "All were refused.", "content": {DICOM_JSON: {}}},
}


@router.post("", responses=_OUTCOMES)
async def store_instances(request: Request, services: ServicesDep) -> Response:
    """Store the instances of a multipart/related; type="application/dicom" body."""
    return await _store(request, services.intake, None)


@router.post("/{study_uid}", responses=_OUTCOMES)
async def store_study(request: Request, study_uid: CheckedUID, services: ServicesDep) -> Response:
    """Store instances of one study; those of another are refused."""
    return await _store(request, services.intake, study_uid)


async def _store(request: Request, intake: Intake, study_uid: str | None) -> Response:
    choose(accepted(request.headers.get("accept"), None), [DICOM_JSON, JSON])
    boundary = _boundary(request.headers.get("content-type", ""))
    stored: list[Stored] = []
    refused: list[Refused] = []
    async for part in read_related(request.stream(), boundary, largest=LARGEST_INSTANCE):
        outcome = await run_in_threadpool(_take, intake, part, study_uid)
        if isinstance(outcome, Stored):
            stored.append(outcome)
        else:
            refused.append(outcome)
            log.warning("stow_refused", instance_uid=outcome.instance_uid, reason=outcome.sentence)
    if not stored and not refused:
        raise BadRequestError("the body holds no instance")
    studies = {each.ref.study_uid for each in stored}
    await run_in_threadpool(intake.released, studies, SENDER)
    answer = store_answer(base_url(request), stored, refused)
    return Response(dumps(answer), store_status(stored, refused), media_type=DICOM_JSON)


def _boundary(content_type: str) -> str:
    ranges = media_ranges(content_type)
    if not ranges or ranges[0].name != RELATED:
        raise UnsupportedMediaTypeError('the body must be multipart/related; type="application/dicom"')
    if ranges[0].parameters.get("type", DICOM).lower() != DICOM:
        raise UnsupportedMediaTypeError("parts of type application/dicom are taken in, no others")
    boundary = ranges[0].parameters.get("boundary", "")
    if not boundary:
        raise BadRequestError("the Content-Type header names no boundary")
    return boundary


def _take(intake: Intake, part: Part, study_uid: str | None) -> Stored | Refused:
    """Store one part; every failure concerns this part alone."""
    sop_class_uid = instance_uid = ""
    try:
        encoded = take_apart(part.body)
        sop_class_uid, instance_uid = encoded.sop_class_uid, encoded.instance_uid
        if study_uid is not None:
            check_study(encoded, study_uid)
        taken = intake.take(
            encoded.dataset,
            sop_class_uid=sop_class_uid,
            instance_uid=instance_uid,
            transfer_syntax_uid=encoded.transfer_syntax_uid,
            calling_ae_title=SENDER,
        )
    except KidrayError as error:
        return Refused(sop_class_uid, instance_uid, failure_reason(error), str(error))
    if taken.written is Written.KEPT_BESIDE:
        sentence = "another instance is held under that UID"
        return Refused(sop_class_uid, instance_uid, DUPLICATE, sentence)
    return Stored(sop_class_uid, taken.ref)
