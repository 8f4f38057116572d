"""Answer what is held: C-FIND as SCP in the study root and patient root models (PS3.4 annex C).

Queries are hierarchical: each names one entity of every level above its own. Matching is the same
code as that of QIDO-RS.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import structlog
from pydicom import DataElement, Dataset
from pydicom.datadict import tag_for_keyword
from pydicom.uid import UID
from pynetdicom import evt
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import (
    PatientRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelFind,
)

from dicom_node.contexts import UNCOMPRESSED
from dicom_node.service_class import ServiceClass
from dicom_node.statuses import comment, status_of
from study.answers import (
    INSTANCE_KEYWORDS,
    PATIENT_KEYWORDS,
    SERIES_KEYWORDS,
    STUDY_KEYWORDS,
    Level,
    instance_answers,
    patient_answers,
    series_answers,
)
from study.errors import DatasetMismatchError, KidrayError, NotDicomError
from study.holdings import Holdings
from study.identifiers import is_uid
from study.inspection import MALFORMED
from study.search import matches

log = structlog.get_logger()

STUDY_ROOT = (Level.STUDY, Level.SERIES, Level.INSTANCE)
PATIENT_ROOT = (Level.PATIENT, *STUDY_ROOT)
MODELS: Mapping[UID, tuple[Level, ...]] = {
    StudyRootQueryRetrieveInformationModelFind: STUDY_ROOT,
    PatientRootQueryRetrieveInformationModelFind: PATIENT_ROOT,
}
UNIQUE_KEYS: Mapping[Level, str] = {
    Level.PATIENT: "PatientID",
    Level.STUDY: "StudyInstanceUID",
    Level.SERIES: "SeriesInstanceUID",
    Level.INSTANCE: "SOPInstanceUID",
}
# Other keys are as good as not asked for (PS3.4 section C.2.2.1.3).
SUPPORTED_KEYS: Mapping[Level, frozenset[str]] = {
    Level.PATIENT: frozenset(PATIENT_KEYWORDS),
    Level.STUDY: frozenset(STUDY_KEYWORDS),
    Level.SERIES: frozenset(STUDY_KEYWORDS + SERIES_KEYWORDS),
    Level.INSTANCE: frozenset(STUDY_KEYWORDS + SERIES_KEYWORDS + INSTANCE_KEYWORDS),
}
_ABOUT_THE_QUERY = frozenset({"SpecificCharacterSet", "QueryRetrieveLevel", "TimezoneOffsetFromUTC"})
_PENDING = 0xFF00
_CANCELLED = 0xFE00


class Query(NamedTuple):
    """What is asked for.

    Attributes
    ----------
    level
        Of the entities asked for.
    keys
        The unique keys down to that level, each with the values wanted; none: any.
    identifier
        The request's data set, every value of it readable.
    """

    level: Level
    keys: Mapping[Level, tuple[str, ...]]
    identifier: Dataset


def parse_query(identifier: Dataset, levels: tuple[Level, ...]) -> Query:
    """Return what a request's identifier asks for (PS3.4 section C.4.1.1).

    Parameters
    ----------
    identifier
        The data set of a C-FIND, C-MOVE or C-GET request.
    levels
        Those of the information model, the topmost first.

    Raises
    ------
    NotDicomError
        If a value in it cannot be read.
    DatasetMismatchError
        If the model has no such level, or a level above lacks its one unique key.
    """
    try:
        for element in identifier.iterall():
            _ = element.value
        asked = str(identifier.get("QueryRetrieveLevel") or "").strip()
    except MALFORMED as error:
        raise NotDicomError(f"the identifier cannot be read: {type(error).__name__}") from error
    if asked not in {str(level) for level in levels}:
        raise DatasetMismatchError("the information model has no such Query/Retrieve Level")
    level = Level(asked)
    path = levels[: levels.index(level) + 1]
    keys = {each: _values(identifier.get(UNIQUE_KEYS[each])) for each in path}
    for above in path[:-1]:
        if len(keys[above]) != 1 or (above is Level.PATIENT and set(keys[above][0]) & set("*?")):
            raise DatasetMismatchError(f"{UNIQUE_KEYS[above]} must name one {above.lower()}")
    return Query(level, keys, identifier)


def find(query: Query, holdings: Holdings) -> Iterator[Dataset]:
    """Yield the attributes of every entity held that matches `query`."""
    supported = SUPPORTED_KEYS[query.level]
    wanted = Dataset()
    for key in query.identifier:
        if key.keyword in supported and key.keyword not in _ABOUT_THE_QUERY:
            wanted[key.tag] = key
    for candidate in _candidates(query, holdings):
        if matches(candidate, wanted):
            yield candidate


def response(candidate: Dataset, query: Query, *, ae_title: str) -> Dataset:
    """Return the identifier that answers `query` with `candidate` (PS3.4 section C.4.1.1.3.2).

    It holds the keys asked for and the unique keys; text that needs it is in UTF-8.
    """
    answer = Dataset()
    for key in query.identifier:
        if key.keyword in _ABOUT_THE_QUERY or key.keyword not in SUPPORTED_KEYS[query.level]:
            continue
        if key.tag in candidate:
            answer[key.tag] = _copied(candidate[key.tag])
        else:
            answer.add_new(key.tag, key.VR, [] if key.VR == "SQ" else None)
    for level in query.keys:
        tag = tag_for_keyword(UNIQUE_KEYS[level])
        if tag is not None and tag in candidate:
            answer[tag] = candidate[tag]
    if not all(str(element.value).isascii() for element in answer.iterall()):
        answer.SpecificCharacterSet = "ISO_IR 192"
    answer.QueryRetrieveLevel = str(query.level)
    answer.RetrieveAETitle = ae_title
    answer.InstanceAvailability = "ONLINE"
    return answer


def studies_of(query: Query, holdings: Holdings) -> Iterator[str]:
    """Yield the UID of each study held that the query's keys admit."""
    named = query.keys.get(Level.STUDY, ())
    patient = query.keys.get(Level.PATIENT, ())
    for uid in sorted(filter(is_uid, set(named))) if named else holdings.studies():
        answer = holdings.study_answer(uid)
        if answer is None:
            continue
        if query.level is Level.PATIENT or not patient or str(answer.get("PatientID", "")) in patient:
            yield uid


def _candidates(query: Query, holdings: Holdings) -> Iterator[Dataset]:
    studies = studies_of(query, holdings)
    if query.level in (Level.PATIENT, Level.STUDY):
        answers = (a for uid in studies if (a := holdings.study_answer(uid)) is not None)
        yield from patient_answers(answers) if query.level is Level.PATIENT else answers
        return
    for uid in studies:
        headers = holdings.headers(uid)
        below: Iterable[tuple[Dataset, object]]
        below = series_answers(headers) if query.level is Level.SERIES else instance_answers(headers)
        yield from (answer for answer, _ in below)


def _copied(element: DataElement) -> DataElement:
    """Return `element`, its text decoded at every depth: the answer has a character set of its own."""
    if element.VR != "SQ":
        return element
    items = []
    for held in element.value:
        item = Dataset()
        for part in held:
            item[part.tag] = _copied(part)
        items.append(item)
    return DataElement(element.tag, "SQ", items)


def _values(value: object) -> tuple[str, ...]:
    if not value:
        return ()
    values = [value] if isinstance(value, str) else list(value)  # type: ignore[call-overload]
    return tuple(str(v).strip() for v in values if str(v).strip(" *"))


class QueryService:
    """C-FIND over everything that the archive holds.

    Parameters
    ----------
    holdings
        What is searched.
    ae_title
        Our own AE title: where what is found can be retrieved.
    """

    def __init__(self, holdings: Holdings, *, ae_title: str) -> None:
        self._holdings = holdings
        self._ae_title = ae_title

    def service(self) -> ServiceClass:
        """Return what to give to the receiver."""
        contexts = [build_context(model, list(UNCOMPRESSED)) for model in MODELS]
        return ServiceClass(contexts, [(evt.EVT_C_FIND, self._find)])

    def _find(self, event: evt.Event) -> Iterator[tuple[int | Dataset, Dataset | None]]:
        """Answer one C-FIND (PS3.7 section 9.1.2)."""
        calling = str(event.assoc.requestor.ae_title).strip()
        found = 0
        try:
            query = parse_query(_identifier(event), MODELS[UID(event.context.abstract_syntax)])
            for candidate in find(query, self._holdings):
                if event.is_cancelled:
                    yield _CANCELLED, None
                    return
                yield _PENDING, response(candidate, query, ae_title=self._ae_title)
                found += 1
        except KidrayError as error:
            log.warning("query_refused", reason=str(error), calling_ae_title=calling)
            yield refusal(error), None
            return
        log.info("query_answered", level=str(query.level), matches=found, calling_ae_title=calling)


def refusal(error: KidrayError) -> Dataset:
    """Return the status, and the comment on it, that answers `error`."""
    answer = Dataset()
    answer.Status = status_of(error)
    answer.ErrorComment = comment(error)
    return answer


def _identifier(event: evt.Event) -> Dataset:
    try:
        identifier: Dataset = event.identifier
    except MALFORMED as error:
        raise NotDicomError(f"the identifier cannot be read: {type(error).__name__}") from error
    return identifier
