"""Find a patient's earlier abdominal radiographs at a PACS by C-FIND, and fetch them (PS3.4 annex C)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import structlog
from pydicom import Dataset
from pydicom.uid import UID
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext, build_context, build_role
from pynetdicom.sop_class import (
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
)

from dicom_node.associate import association
from dicom_node.contexts import TRANSFER_SYNTAXES, UNCOMPRESSED, Encoded, proposed_contexts
from dicom_node.fetch import Fetcher, GetEndedError, Prior
from dicom_node.statuses import SUCCESS
from study.answers import Level
from study.archive import Archive
from study.errors import DeliveryError, NotInArchiveError
from study.identifiers import is_uid
from study.model import StudyRecord
from study.priors import TEXTS, is_earlier, shows_the_abdomen
from study.settings import Destination, FetchBy
from study.sop_classes import RADIOGRAPHS

log = structlog.get_logger()

MOST_STUDIES = 5  # the latest ones
_MODALITIES = frozenset({"CR", "DX"})
_PENDING = 0xFF00
MODELS = (
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
)


class Fetched(NamedTuple):
    """What became of one prior."""

    prior: Prior
    instances: int


def fetch_priors(
    record: StudyRecord,
    source: Destination,
    archive: Archive,
    *,
    calling_ae_title: str,
    by: FetchBy = "any",
    most_studies: int = MOST_STUDIES,
) -> list[Fetched]:
    """Fetch into the archive what `source` holds of the patient's earlier abdominal radiographs.

    Parameters
    ----------
    record
        Of the study that they are to be compared with.
    source
        The PACS; it has to offer C-FIND and C-GET or C-MOVE in the study root model.
    archive
        Where they are kept.
    calling_ae_title
        Our own AE title; a C-MOVE sends there.
    by
        Whether C-GET, C-MOVE or any of them may fetch; C-GET is tried first.
    most_studies
        How many studies at most, the latest first.

    Raises
    ------
    DeliveryError
        If the PACS does not answer, or does not offer these services.
    NotInArchiveError
        If the study names no patient to ask for.
    """
    if not record.summary.patient_id:
        raise NotInArchiveError(f"study {record.study_uid} has no Patient ID, so it has no priors")
    try:
        fetched = _fetched(record, source, archive, calling_ae_title, by, most_studies)
    except GetEndedError as error:
        if by == "get":
            raise
        log.info("get_given_up", source=source.ae_title, reason=str(error))
        fetched = _fetched(record, source, archive, calling_ae_title, "move", most_studies)
    log.info(
        "priors_fetched",
        study_uid=record.study_uid,
        source=source.ae_title,
        series=len(fetched),
        instances=sum(f.instances for f in fetched),
    )
    return fetched


def _fetched(
    record: StudyRecord,
    source: Destination,
    archive: Archive,
    calling_ae_title: str,
    by: FetchBy,
    most_studies: int,
) -> list[Fetched]:
    """Return what `fetch_priors` does, over one association."""
    with association(
        source,
        _contexts(),
        calling_ae_title=calling_ae_title,
        roles=[build_role(sop_class, scp_role=True) for sop_class in sorted(RADIOGRAPHS)],
    ) as opened:
        fetcher = Fetcher(opened, archive, ae_title=calling_ae_title, by=by)
        finds = MODELS[0] in {context.abstract_syntax for context in opened.accepted_contexts}
        if not finds or not fetcher.is_able:
            wanted = {"any": "C-GET or C-MOVE", "get": "C-GET", "move": "C-MOVE"}[by]
            raise DeliveryError(f"{source.ae_title} does not offer C-FIND and {wanted}")
        studies = sorted(_earlier_studies(opened, record), key=lambda s: s.get("StudyDate") or "")
        fetched = []
        for study in studies[::-1][:most_studies]:
            for prior in _series(opened, study):
                fetched.append(Fetched(prior, fetcher.fetch(prior)))
    return fetched


def _contexts() -> list[PresentationContext]:
    models = [build_context(model, list(UNCOMPRESSED)) for model in MODELS]
    encodings = [Encoded(UID(c), s) for c in sorted(RADIOGRAPHS) for s in TRANSFER_SYNTAXES]
    return [*models, *proposed_contexts(encodings)]


def _earlier_studies(opened: Association, record: StudyRecord) -> Iterator[Dataset]:
    keys = _keys(
        Level.STUDY, "StudyInstanceUID", "StudyDate", "StudyTime", "StudyDescription", "PatientBirthDate"
    )
    keys.ModalitiesInStudy = ""
    keys.PatientID = record.summary.patient_id
    if record.summary.study_date:
        keys.StudyDate = f"-{record.summary.study_date}"
    if not record.summary.patient_id.isascii():
        keys.SpecificCharacterSet = "ISO_IR 192"
    for found in _find(opened, keys):
        modalities = found.get("ModalitiesInStudy") or ()
        modalities = {modalities} if isinstance(modalities, str) else set(modalities)
        if (not modalities or modalities & _MODALITIES) and is_earlier(
            found, record.study_uid, record.summary
        ):
            yield found


def _series(opened: Association, study: Dataset) -> Iterator[Prior]:
    """Yield the series of a study that name the abdomen; the study's description counts last."""
    keys = _keys(Level.SERIES, "SeriesInstanceUID", "Modality", "SeriesDescription", "BodyPartExamined")
    keys.StudyInstanceUID = study.StudyInstanceUID
    for found in _find(opened, keys):
        texts = (found.get(keyword) or study.get(keyword) for keyword in TEXTS)
        uid = str(found.get("SeriesInstanceUID") or "")
        if found.get("Modality") in _MODALITIES and is_uid(uid) and shows_the_abdomen(texts):
            yield Prior(str(study.StudyInstanceUID), uid, str(study.get("StudyDate") or ""))


def _keys(level: Level, *empty: str) -> Dataset:
    keys = Dataset()
    keys.QueryRetrieveLevel = str(level)
    for keyword in empty:
        setattr(keys, keyword, "")
    return keys


def _find(opened: Association, keys: Dataset) -> list[Dataset]:
    try:
        answers = list(opened.send_c_find(keys, StudyRootQueryRetrieveInformationModelFind))
    except (RuntimeError, ValueError) as error:
        raise DeliveryError("the association ended before the query was answered") from error
    if answers[-1][0].get("Status") != SUCCESS:
        raise DeliveryError("the query for priors was not answered to its end")
    return [found for status, found in answers if status.Status & 0xFFFE == _PENDING and found is not None]
