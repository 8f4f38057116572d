"""WADO-RS rendered images and thumbnails (PS3.18 sections 8.3.5 and 10.4.1.1.3)."""

from __future__ import annotations

import re
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Depends, Query, Request, Response

from study.archive import InstanceReference
from study.errors import NotInArchiveError
from study.holdings import reference
from study.identifiers import checked_uid
from study.sop_classes import RADIOGRAPHS, SEGMENTATIONS
from study.voi import Window
from web_viewer import decoded
from web_viewer.conditional import answer
from web_viewer.deps import HeldDep
from web_viewer.dicomweb.frames import frame_numbers
from web_viewer.dicomweb.media import accepted, choose
from web_viewer.problems import BadRequestError
from web_viewer.rendering import ImageType, Rendering
from web_viewer.renditions import Rendition

router = APIRouter(
    prefix="/dicom-web/studies/{study_uid}", tags=["DICOMweb WADO-RS"], default_response_class=Response
)

THUMBNAIL_SIDE = 256
_TYPES: tuple[ImageType, ...] = get_args(ImageType)
_IMAGES: dict[int | str, dict[str, Any]] = {200: {"content": {name: {} for name in _TYPES}}}
_SERIES = "/series/{series_uid}"
_INSTANCE = _SERIES + "/instances/{instance_uid}"


class Picture:
    """The one image that stands for what the path names, and how it is asked to look.

    Parameters
    ----------
    viewport
        ``columns,rows`` that the image must fit in.
    window
        ``center,width,function`` in modality values.
    quality
        Of a JPEG, 1 to 100.
    """

    def __init__(
        self,
        request: Request,
        kept: HeldDep,
        viewport: Annotated[str | None, Query(max_length=64)] = None,
        window: Annotated[str | None, Query(max_length=64)] = None,
        quality: Annotated[int, Query(ge=1, le=100)] = 90,
    ) -> None:
        names = ("study_uid", "series_uid", "instance_uid")
        uids = [checked_uid(request.path_params[name]) for name in names if name in request.path_params]
        self._request = request
        self._kept = kept
        self._ref = _representative(kept, uids)
        self._frame = frame_numbers(request.path_params.get("frames", "1"))[0]
        self._quality = quality
        self._viewport = None if viewport is None else _viewport(viewport)
        self._window = None if window is None else _window(window)
        accepts = accepted(request.headers.get("accept"), request.query_params.get("accept"))
        self._type = next(t for t in _TYPES if t == choose(accepts, _TYPES))

    def answer(self, *, smaller_than: int | None = None) -> Response:
        """Return the image, no side longer than `smaller_than` unless the request says otherwise."""
        largest = self._viewport
        if largest is None and smaller_than is not None:
            largest = (smaller_than, smaller_than)
        wish = Rendering(self._type, self._quality, largest, self._window)
        key = ("rendered", *self._ref, str(self._frame), repr(wish))
        return answer(
            self._request,
            lambda: self._kept.renditions.get(key, lambda: self._rendition(wish)),
            key=key,
            media_type=self._type,
        )

    def _rendition(self, wish: Rendering) -> Rendition:
        services = self._kept.services
        path = services.archive.path(self._ref)
        answer = services.fence.call(decoded.picture, path, **wish._asdict(), frame=self._frame)
        return Rendition(bytes(answer.body))


PictureDep = Annotated[Picture, Depends()]


@router.get("/rendered", name="retrieve_study_rendered", responses=_IMAGES)
@router.get(_SERIES + "/rendered", name="retrieve_series_rendered", responses=_IMAGES)
@router.get(_INSTANCE + "/rendered", name="retrieve_instance_rendered", responses=_IMAGES)
@router.get(_INSTANCE + "/frames/{frames}/rendered", name="retrieve_frame_rendered", responses=_IMAGES)
def retrieve_rendered(picture: PictureDep) -> Response:
    """Return an image for display; of a study or series that of its first radiograph."""
    return picture.answer()


@router.get("/thumbnail", name="retrieve_study_thumbnail", responses=_IMAGES)
@router.get(_SERIES + "/thumbnail", name="retrieve_series_thumbnail", responses=_IMAGES)
@router.get(_INSTANCE + "/thumbnail", name="retrieve_instance_thumbnail", responses=_IMAGES)
@router.get(_INSTANCE + "/frames/{frames}/thumbnail", name="retrieve_frame_thumbnail", responses=_IMAGES)
def retrieve_thumbnail(picture: PictureDep) -> Response:
    """Return a small image."""
    return picture.answer(smaller_than=THUMBNAIL_SIDE)


def _representative(kept: HeldDep, uids: list[str]) -> InstanceReference:
    """Return the image that stands for a study, series or instance: a radiograph where there is one."""
    kept.holdings.references(*uids)
    below = [
        header
        for header in kept.holdings.headers(uids[0])
        if set(uids) <= set(reference(header)) and "Rows" in header
    ]
    # A SEG stands for nothing but itself.
    usable = [h for h in below if len(uids) == 3 or h.get("SOPClassUID") not in SEGMENTATIONS]
    if not usable:
        raise NotInArchiveError("nothing here can be rendered as an image")
    return reference(min(usable, key=lambda h: h.get("SOPClassUID") not in RADIOGRAPHS))


def _viewport(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"([0-9]{1,5}),([0-9]{1,5})(,.*)?", text)
    if match is None or match[3] or not int(match[1]) or not int(match[2]):
        raise BadRequestError("viewport is two whole numbers, columns and rows, such as 512,512")
    return int(match[1]), int(match[2])


def _window(text: str) -> Window:
    parts = text.split(",")
    functions = {"linear": "LINEAR", "linear-exact": "LINEAR_EXACT", "sigmoid": "SIGMOID"}
    try:
        center, width, function = float(parts[0]), float(parts[1]), functions[parts[2].lower()]
    except (IndexError, ValueError, KeyError):
        raise BadRequestError(
            "window is center, width and one of linear, linear-exact, sigmoid, such as 2048,4096,linear"
        ) from None
    if not width >= (1 if function == "LINEAR" else 1e-6):
        raise BadRequestError("the window's width is too small")
    return Window(center, width, function, "")
