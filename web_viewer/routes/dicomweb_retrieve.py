"""WADO-RS: retrieve instances, metadata, frames and bulk data (PS3.18 section 10.4)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import pydicom
from fastapi import APIRouter, Depends, Request, Response
from pydicom.uid import UID, ExplicitVRLittleEndian

from study.archive import InstanceReference
from study.errors import PixelDataError
from study.identifiers import checked_uid
from web_viewer import decoded
from web_viewer.decoded import as_frames
from web_viewer.deps import HeldDep
from web_viewer.dicomweb.dicom_json import as_json, dumps
from web_viewer.dicomweb.frames import (
    MEDIA_TYPES,
    frame_numbers,
)
from web_viewer.dicomweb.links import base_url, instance_url
from web_viewer.dicomweb.media import DICOM, DICOM_JSON, JSON, OCTETS, MediaRange, accepted, choose
from web_viewer.dicomweb.multipart import Part, related
from web_viewer.dicomweb.part10 import encoded_as
from web_viewer.dicomweb.query import attribute_tag
from web_viewer.problems import NotAcceptableError

router = APIRouter(
    prefix="/dicom-web/studies/{study_uid}", tags=["DICOMweb WADO-RS"], default_response_class=Response
)

PIXEL_DATA = 0x7FE00010
_SERIES = "/series/{series_uid}"
_INSTANCE = _SERIES + "/instances/{instance_uid}"


class Retrieval:
    """What a request asks to retrieve: the instances under its path, and what the client accepts."""

    def __init__(self, request: Request, kept: HeldDep) -> None:
        names = ("study_uid", "series_uid", "instance_uid")
        uids = [checked_uid(request.path_params[name]) for name in names if name in request.path_params]
        self.base = base_url(request)
        self.archive = kept.services.archive
        self.fence = kept.services.fence
        self._holdings = kept.holdings
        self.refs = kept.holdings.references(*uids)
        self.accepts = accepted(request.headers.get("accept"), request.query_params.get("accept"))

    @property
    def only(self) -> InstanceReference:
        """The only instance under the path."""
        return self.refs[0]

    @property
    def path(self) -> Path:
        """Where that lies."""
        return self.archive.path(self.only)

    @property
    def header(self) -> pydicom.Dataset:
        """Its header, as `Holdings` knows it; shared."""
        return self._header(self.only)

    def _header(self, ref: InstanceReference) -> pydicom.Dataset:
        return self._holdings.header(ref.study_uid, ref.instance_uid)

    def instances(self) -> Response:
        """Return every instance as a Part 10 file."""
        wanted = next(filter(None, (_part_10_range(r) for r in self.accepts)), None)
        if wanted is None:
            raise NotAcceptableError('instances are sent as multipart/related; type="application/dicom"')
        if wanted.name == DICOM and len(self.refs) == 1:
            return Response(self._part(self.only, wanted).body, media_type=DICOM)
        # The first is made before the answer begins, so that what it raises becomes the answer.
        first = self._part(self.refs[0], wanted)
        return related(self._parts(first, wanted), DICOM)

    def metadata(self) -> Response:
        """Return the header of every instance as JSON, bulk data as links."""
        choose(self.accepts, [DICOM_JSON, JSON])
        return Response(dumps(self._metadata(ref) for ref in self.refs), media_type=DICOM_JSON)

    def _parts(self, first: Part, wanted: MediaRange) -> Iterator[Part]:
        yield first
        for ref in self.refs[1:]:
            yield self._part(ref, wanted)

    def _part(self, ref: InstanceReference, wanted: MediaRange) -> Part:
        stored = str(self._header(ref).file_meta.TransferSyntaxUID)
        path = self.archive.path(ref)
        try:
            encoded = encoded_as(self.fence, path, stored, wanted.transfer_syntax)
        except (NotAcceptableError, PixelDataError):
            if len(self.refs) == 1:
                raise
            encoded = encoded_as(self.fence, path, stored, "*")  # one of many: better as it is held
        content_type = f"{DICOM}; transfer-syntax={encoded.transfer_syntax_uid}"
        return Part(content_type, encoded.part10, instance_url(self.base, ref))

    def _metadata(self, ref: InstanceReference) -> dict[str, object]:
        url = f"{instance_url(self.base, ref)}/bulkdata"
        return as_json(self.archive.read(ref, pixels=False), lambda tag: f"{url}/{tag}")


RetrievalDep = Annotated[Retrieval, Depends()]


@router.get("")
def retrieve_study(retrieval: RetrievalDep) -> Response:
    """Retrieve every instance of a study."""
    return retrieval.instances()


@router.get("/metadata")
def retrieve_study_metadata(retrieval: RetrievalDep) -> Response:
    """Retrieve the headers of a study's instances."""
    return retrieval.metadata()


@router.get(_SERIES)
def retrieve_series(retrieval: RetrievalDep) -> Response:
    """Retrieve every instance of a series."""
    return retrieval.instances()


@router.get(_SERIES + "/metadata")
def retrieve_series_metadata(retrieval: RetrievalDep) -> Response:
    """Retrieve the headers of a series' instances."""
    return retrieval.metadata()


@router.get(_INSTANCE)
def retrieve_instance(retrieval: RetrievalDep) -> Response:
    """Retrieve an instance."""
    return retrieval.instances()


@router.get(_INSTANCE + "/metadata")
def retrieve_instance_metadata(retrieval: RetrievalDep) -> Response:
    """Retrieve the header of an instance."""
    return retrieval.metadata()


@router.get(_INSTANCE + "/frames/{frames}")
def retrieve_frames(retrieval: RetrievalDep, frames: str) -> Response:
    """Retrieve frames by number, from 1, decoded unless they are accepted as they are held."""
    numbers = frame_numbers(frames)
    single, as_held = _frame_form(str(retrieval.header.file_meta.TransferSyntaxUID), retrieval.accepts)
    cut = as_frames(retrieval.fence.call(decoded.frames, retrieval.path, numbers=numbers, as_held=as_held))
    if single and len(cut) == 1:
        return Response(cut[0].body, media_type=cut[0].media_type)
    base = instance_url(retrieval.base, retrieval.only)
    parts = (
        Part(frame.content_type, frame.body, f"{base}/frames/{number}")
        for number, frame in zip(numbers, cut, strict=True)
    )
    return related(parts, cut[0].media_type)


@router.get(_INSTANCE + "/bulkdata/{tag}")
def retrieve_bulk_data(retrieval: RetrievalDep, tag: str) -> Response:
    """Retrieve a binary value that the metadata links to."""
    name = attribute_tag(tag)
    if name == PIXEL_DATA:
        count = int(retrieval.header.get("NumberOfFrames") or 1)
        return retrieve_frames(retrieval, ",".join(str(n + 1) for n in range(count)))
    value = bytes(retrieval.fence.call(decoded.binary_value, retrieval.path, tag=name).body)
    content_type = f"{OCTETS}; transfer-syntax={ExplicitVRLittleEndian}"
    return related([Part(content_type, value)], OCTETS)


def _part_10_range(accepts: MediaRange) -> MediaRange | None:
    """Return the range of Part 10 files that this accepts: single where its name is that of DICOM."""
    if accepts.name == DICOM:
        return accepts
    inner = accepts.inner() if accepts.name != "*/*" else MediaRange("*/*", accepts.parameters)
    if inner is None or not inner.covers(DICOM):
        return None
    return MediaRange("multipart/related", inner.parameters, inner.quality)


def _frame_form(held: str, accepts: list[MediaRange]) -> tuple[bool, bool]:
    """Return whether a single part is liked, and whether frames go as they are held or decoded.

    Parameters
    ----------
    held
        UID of the transfer syntax that the instance is held in.
    """
    held_type = MEDIA_TYPES.get(held)
    for wanted in accepts:
        single = wanted.name not in ("multipart/related", "*/*")
        inner = wanted.inner() or wanted
        as_held = inner.transfer_syntax in ("*", held) or (
            inner.transfer_syntax is None and inner.name.startswith("image/")
        )
        if (
            UID(held).is_encapsulated
            and as_held
            and (inner.covers(OCTETS) or (held_type is not None and inner.covers(held_type)))
        ):
            return single, True
        if inner.covers(OCTETS) and inner.transfer_syntax in (None, "*", ExplicitVRLittleEndian):
            return single, False
    raise NotAcceptableError(f"frames are sent as {OCTETS}, or as they are held: {held_type or OCTETS}")
