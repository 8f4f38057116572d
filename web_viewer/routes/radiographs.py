"""The radiographs of a study: pixels, how to show them, a small first picture, the overlay."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from study.archive import InstanceReference
from study.fence import Fence
from study.findings import FINDINGS
from study.holdings import reference
from study.model import StudyRecord
from study.pixels import GrayscaleDescription
from study.sop_classes import RADIOGRAPHS
from web_viewer import decoded
from web_viewer.conditional import ASK_FIRST, answer
from web_viewer.deps import CheckedUID, HeldDep, HoldingsDep, LedgerDep, RegistryDep, Services
from web_viewer.dicomweb.media import JSON, OCTETS
from web_viewer.renditions import Rendition, Renditions
from web_viewer.schemas import Problem, RadiographReference
from web_viewer.steps import current

router = APIRouter(
    prefix="/api/studies/{study_uid}/radiographs",
    tags=["radiographs"],
    responses={404: {"model": Problem}, 422: {"model": Problem}},
)

_BINARY: dict[int | str, dict[str, Any]] = {200: {"content": {OCTETS: {}}}}


@dataclass(frozen=True)
class _Shown:
    """One instance about to be shown to somebody."""

    request: Request
    ref: InstanceReference
    services: Services
    renditions: Renditions

    def find(self, kind: str, make: Callable[[Fence, Path], Rendition]) -> Rendition:
        """Return what `make` makes of the instance's file, made once."""
        path = self.services.archive.path(self.ref)
        return self.renditions.get((kind, *self.ref), lambda: make(self.services.fence, path))

    def answer(self, kind: str, find: Callable[[], Rendition], media_type: str) -> Response:
        """Return what `find` finds, unless the browser holds it."""
        return answer(self.request, find, key=(kind, *self.ref), media_type=media_type)


def _shown(request: Request, study_uid: CheckedUID, instance_uid: CheckedUID, kept: HeldDep) -> _Shown:
    ref = reference(kept.holdings.header(study_uid, instance_uid))
    return _Shown(request, ref, kept.services, kept.renditions)


_ShownDep = Annotated[_Shown, Depends(_shown)]


@router.get("")
def list_radiographs(study_uid: CheckedUID, holdings: HoldingsDep) -> list[RadiographReference]:
    """Return every CR and DX instance of a study, whether the model read it or not."""
    headers = holdings.headers(study_uid)
    return [RadiographReference.of(header) for header in headers if header.get("SOPClassUID") in RADIOGRAPHS]


@router.get("/{instance_uid}/image", response_class=Response, responses=_BINARY)
def read_image(shown: _ShownDep) -> Response:
    """Return rows x columns little-endian uint16; ``image.json`` says how to show them."""
    return shown.answer("image", lambda: shown.find("wire", _wire), OCTETS)


@router.get("/{instance_uid}/image/half", response_class=Response, responses=_BINARY)
def read_half_image(shown: _ShownDep) -> Response:
    """Return ``image`` at half its size, the rounded means of 2 x 2: a quarter of it, enough for a screen."""
    return shown.answer("half", lambda: shown.find("first", _first_look), OCTETS)


@router.get("/{instance_uid}/image.json", response_model=GrayscaleDescription)
def read_image_description(shown: _ShownDep) -> Response:
    """Return how to show the values of ``image``: modality value = value * slope + offset."""
    return shown.answer("description", lambda: Rendition(shown.find("first", _first_look).description), JSON)


@router.get(
    "/{instance_uid}/preview.jpg",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}},
)
def read_preview(shown: _ShownDep) -> Response:
    """Return a small picture, windowed as the header says, for the first paint."""
    return shown.answer("preview", lambda: Rendition(shown.find("first", _first_look).preview), "image/jpeg")


@router.get(
    "/{instance_uid}/overlay",
    response_class=Response,
    responses=_BINARY | {204: {"description": "There is nothing to draw."}},
)
def read_overlay(shown: _ShownDep, ledger: LedgerDep, registry: RegistryDep) -> Response:
    """Return rows x columns uint8: bit ``segment_number - 1`` of each finding; 204 without one.

    A mask that a reader drew takes the place of the model's.
    """
    record = current(registry, ledger, shown.ref.study_uid)
    seg, drawn = _seg(record, shown.ref.instance_uid), _drawn(record, shown.ref.instance_uid)
    if seg is None and not drawn:
        return Response(status_code=204, headers={"Cache-Control": ASK_FIRST})
    first = replace(shown, ref=seg or next(iter(drawn.values())))
    kind = "\x1f".join(("overlay", *(ref.instance_uid for ref in drawn.values())))
    paths = [(number, str(shown.services.archive.path(ref))) for number, ref in drawn.items()]
    return first.answer(kind, lambda: first.find(kind, partial(_overlay, drawn=paths)), OCTETS)


def _wire(fence: Fence, path: Path) -> Rendition:
    return Rendition(bytes(fence.call(decoded.wire, path).body), "gzip")


def _first_look(fence: Fence, path: Path) -> Rendition:
    """Return what is asked for first and at once: it comes of one decoding, and before all the pixels."""
    answer = fence.call(decoded.first_look, path)
    half, body = answer.description["half"], bytes(answer.body)
    header = json.dumps(answer.description["header"]).encode()
    return Rendition(body[:half], "gzip", header, preview=body[half:])


def _overlay(fence: Fence, path: Path, *, drawn: Sequence[tuple[int, str]]) -> Rendition:
    return Rendition(bytes(fence.call(decoded.overlay, path, drawn=drawn).body), "gzip")


def _seg(record: StudyRecord, instance_uid: str) -> InstanceReference | None:
    """Return the SEG of a radiograph; None where it has none, or was not read."""
    radiograph = next((r for r in record.radiographs if r.instance_uid == instance_uid), None)
    if radiograph is None or radiograph.seg_series_uid is None or radiograph.seg_instance_uid is None:
        return None
    return InstanceReference(record.study_uid, radiograph.seg_series_uid, radiograph.seg_instance_uid)


def _drawn(record: StudyRecord, instance_uid: str) -> dict[int, InstanceReference]:
    """Return the SEGs of those masks of a radiograph that readers drew, by the table's segment number."""
    return {
        FINDINGS[finding.label].segment_number: InstanceReference(
            record.study_uid, finding.segment.series_uid, finding.segment.instance_uid
        )
        for finding in record.findings
        if finding.radiograph_uid == instance_uid and finding.drawn_by is not None and finding.segment
    }
