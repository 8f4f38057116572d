"""QIDO-RS: search for studies, series and instances (PS3.18 section 10.6)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, Request, Response
from pydicom import Dataset
from pydicom.datadict import dictionary_VR

from study.answers import Level, instance_answers, series_answers
from study.holdings import reference
from study.inspection import MALFORMED
from study.search import matches
from web_viewer.deps import CheckedUID, HoldingsDep
from web_viewer.dicomweb.dicom_json import Json, as_json, dumps, tag_text
from web_viewer.dicomweb.links import base_url, instance_url, series_url, study_url
from web_viewer.dicomweb.media import DICOM_JSON, JSON, accepted, choose
from web_viewer.dicomweb.query import parse_query

router = APIRouter(prefix="/dicom-web", tags=["DICOMweb QIDO-RS"], default_response_class=Response)

_RETRIEVE_URL = "00081190"


class Match(NamedTuple):
    """One answer: its attributes, a header to take more from, and where to retrieve it."""

    answer: Dataset
    header: Dataset
    url: str


class Searcher:
    """Answers one search request.

    Parameters
    ----------
    request
        Whose URL parameters state the query.
    holdings
        What is searched.
    """

    def __init__(self, request: Request, holdings: HoldingsDep) -> None:
        accepts = accepted(request.headers.get("accept"), request.query_params.get("accept"))
        choose(accepts, [DICOM_JSON, JSON])
        self._base = base_url(request)
        self._query = parse_query(request.query_params.multi_items())
        self._holdings = holdings

    def answer(self, level: Level, study_uid: str | None = None, series_uid: str | None = None) -> Response:
        """Return the matches at `level`, below a study or series where one is given."""
        query = self._query
        found = (
            match
            for match in self._candidates(level, study_uid)
            if series_uid in (None, reference(match.header).series_uid)
            and matches(match.answer, query.identifier)
        )
        page = islice(found, query.offset, query.offset + query.limit)
        return Response(dumps(self._json(match) for match in page), media_type=DICOM_JSON)

    def _candidates(self, level: Level, study_uid: str | None) -> Iterator[Match]:
        for uid in self._study_uids(study_uid):
            headers = self._holdings.headers(uid)
            if not headers:
                continue
            if level is Level.STUDY:
                of_study = self._holdings.study_answer(uid)
                if of_study is not None:
                    yield Match(of_study, headers[0], study_url(self._base, reference(headers[0])))
            elif level is Level.SERIES:
                for answer, instances in series_answers(headers):
                    yield Match(answer, instances[0], series_url(self._base, reference(instances[0])))
            else:
                for answer, header in instance_answers(headers):
                    yield Match(answer, header, instance_url(self._base, reference(header)))

    def _study_uids(self, study_uid: str | None) -> list[str]:
        """Return the studies to look at: one, those that the query names, or all."""
        if study_uid is not None:
            return [study_uid]
        named = _texts(self._query.identifier.get("StudyInstanceUID"))
        held = self._holdings.studies()
        return held if not named else [uid for uid in held if uid in named]

    def _json(self, match: Match) -> Json:
        answer = Dataset()
        answer.update(match.answer)
        wanted = match.header.keys() if self._query.include_all else self._query.include
        for tag in wanted:
            if tag in match.header and tag not in answer:
                with suppress(*MALFORMED):
                    answer[tag] = match.header[tag]
        found = as_json(answer)
        for asked in sorted({tag_text(tag) for tag in self._query.include} - found.keys()):
            found[asked] = {"vr": _vr(asked)}
        found[_RETRIEVE_URL] = {"vr": "UR", "Value": [match.url]}
        return dict(sorted(found.items()))


def _vr(tag: str) -> str:
    try:
        return dictionary_VR(int(tag, 16)).split()[0]
    except KeyError:
        return "UN"


def _texts(value: object) -> list[str]:
    if not value:
        return []
    return [value] if isinstance(value, str) else [str(v) for v in value]  # type: ignore[attr-defined]


SearcherDep = Annotated[Searcher, Depends()]


@router.get("/studies")
def search_studies(searcher: SearcherDep) -> Response:
    """Search for studies by attributes such as PatientName, StudyDate or ModalitiesInStudy."""
    return searcher.answer(Level.STUDY)


@router.get("/series")
def search_all_series(searcher: SearcherDep) -> Response:
    """Search for series in all studies."""
    return searcher.answer(Level.SERIES)


@router.get("/instances")
def search_all_instances(searcher: SearcherDep) -> Response:
    """Search for instances in all studies."""
    return searcher.answer(Level.INSTANCE)


@router.get("/studies/{study_uid}/series")
def search_series(study_uid: CheckedUID, searcher: SearcherDep) -> Response:
    """Search for series of one study."""
    return searcher.answer(Level.SERIES, study_uid)


@router.get("/studies/{study_uid}/instances")
def search_study_instances(study_uid: CheckedUID, searcher: SearcherDep) -> Response:
    """Search for instances of one study."""
    return searcher.answer(Level.INSTANCE, study_uid)


@router.get("/studies/{study_uid}/series/{series_uid}/instances")
def search_series_instances(study_uid: CheckedUID, series_uid: CheckedUID, searcher: SearcherDep) -> Response:
    """Search for instances of one series."""
    return searcher.answer(Level.INSTANCE, study_uid, series_uid)
