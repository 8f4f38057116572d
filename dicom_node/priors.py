"""Fetch a patient's earlier abdominal radiographs from a PACS, by C-FIND and C-GET (PS3.4 annex C).

They are kept in the archive for comparison and make no work: no event tells of them, so they are
neither read by the model nor on the worklist.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import structlog
from pydicom import Dataset
from pydicom.uid import UID
from pynetdicom import evt
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext, build_context, build_role
from pynetdicom.sop_class import (
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
)

from dicom_node.associate import association
from dicom_node.body_parts import ABDOMEN, body_part_in
from dicom_node.contexts import TRANSFER_SYNTAXES, UNCOMPRESSED, Encoded, proposed_contexts
from dicom_node.statuses import SUCCESS, status_of
from study.answers import Level
from study.archive import Archive, InstanceReference, Written
from study.errors import DeliveryError, KidrayError, NotInArchiveError
from study.identifiers import is_uid
from study.inspection import check_pixel_length, file_meta, inspect
from study.model import StudyRecord, StudySummary
from study.settings import Destination
from study.sop_classes import RADIOGRAPHS

log = structlog.get_logger()

MOST_STUDIES = 5  # the latest ones
_MODALITIES = frozenset({"CR", "DX"})
_PENDING = 0xFF00
MODELS = (StudyRootQueryRetrieveInformationModelFind, StudyRootQueryRetrieveInformationModelGet)


class Prior(NamedTuple):
    """A series of abdominal radiographs of an earlier study."""

    study_uid: str
    series_uid: str
    study_date: str  # DICOM DA; empty where unknown


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
    most_studies: int = MOST_STUDIES,
) -> list[Fetched]:
    """Fetch into the archive what `source` holds of the patient's earlier abdominal radiographs.

    Parameters
    ----------
    record
        Of the study that they are to be compared with.
    source
        The PACS; it has to offer C-FIND and C-GET in the study root model.
    archive
        Where they are kept.
    calling_ae_title
        Our own AE title.
    most_studies
        How many studies at most, the latest first.

    Raises
    ------
    DeliveryError
        If the PACS does not answer, or does not offer both services.
    NotInArchiveError
        If the study names no patient to ask for.
    """
    if not record.summary.patient_id:
        raise NotInArchiveError(f"study {record.study_uid} has no Patient ID, so it has no priors")
    with association(
        source,
        _contexts(),
        calling_ae_title=calling_ae_title,
        roles=[build_role(sop_class, scp_role=True) for sop_class in sorted(RADIOGRAPHS)],
    ) as opened:
        if not set(MODELS) <= {context.abstract_syntax for context in opened.accepted_contexts}:
            raise DeliveryError(f"{source.ae_title} does not offer C-FIND and C-GET")
        studies = sorted(_earlier_studies(opened, record), key=lambda s: s.get("StudyDate") or "")
        fetched = []
        for study in studies[::-1][:most_studies]:
            for prior in _series(opened, study):
                fetched.append(Fetched(prior, _get(opened, prior, archive)))
    log.info(
        "priors_fetched",
        study_uid=record.study_uid,
        source=source.ae_title,
        series=len(fetched),
        instances=sum(f.instances for f in fetched),
    )
    return fetched


def is_earlier(found: Dataset, study_uid: str, summary: StudySummary) -> bool:
    """Return whether a study that the PACS names is an earlier one of the same patient. Pure.

    Patient IDs can be used twice; a birth date that differs is somebody else's.
    """
    born, date = str(found.get("PatientBirthDate") or ""), str(found.get("StudyDate") or "")
    uid = str(found.get("StudyInstanceUID") or "")
    same_person = not born or not summary.patient_birth_date or born == summary.patient_birth_date
    same_id = str(found.get("PatientID") or "").strip() == summary.patient_id.strip()
    earlier = not date or not summary.study_date or date <= summary.study_date
    return is_uid(uid) and uid != study_uid and same_id and same_person and earlier


def _contexts() -> list[PresentationContext]:
    models = [build_context(model, list(UNCOMPRESSED)) for model in MODELS]
    encodings = [Encoded(UID(c), s) for c in sorted(RADIOGRAPHS) for s in TRANSFER_SYNTAXES]
    return [*models, *proposed_contexts(encodings)]


def _earlier_studies(opened: Association, record: StudyRecord) -> Iterator[Dataset]:
    keys = _keys(Level.STUDY, "StudyInstanceUID", "StudyDate", "StudyDescription", "PatientBirthDate")
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
        texts = (found.get("BodyPartExamined"), found.get("SeriesDescription"), study.get("StudyDescription"))
        part = next(filter(None, (body_part_in(str(text or "")) for text in texts)), None)
        uid = str(found.get("SeriesInstanceUID") or "")
        if found.get("Modality") in _MODALITIES and part == ABDOMEN and is_uid(uid):
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


def _get(opened: Association, prior: Prior, archive: Archive) -> int:
    """Fetch one series, and return how many of its instances are held now."""
    held: set[InstanceReference] = set()

    def keep(event: evt.Event) -> int:
        try:
            held.add(_kept(event, archive))
        except KidrayError as error:
            log.warning("prior_refused", reason=str(error), study_uid=prior.study_uid)
            return status_of(error)
        return SUCCESS

    keys = _keys(Level.SERIES)
    keys.StudyInstanceUID, keys.SeriesInstanceUID = prior.study_uid, prior.series_uid
    opened.bind(evt.EVT_C_STORE, keep)
    try:
        *_, (final, _) = opened.send_c_get(keys, StudyRootQueryRetrieveInformationModelGet)
    except (RuntimeError, ValueError) as error:
        raise DeliveryError("the association ended before the priors had come") from error
    finally:
        opened.unbind(evt.EVT_C_STORE, keep)
    if final.get("Status") != SUCCESS:
        log.warning("priors_incomplete", study_uid=prior.study_uid, series_uid=prior.series_uid)
    return len(held)


def _kept(event: evt.Event, archive: Archive) -> InstanceReference:
    """Store what came with the checks that an arriving instance passes; returns where it lies."""
    request, syntax = event.request, UID(event.context.transfer_syntax)
    encoded = request.DataSet.getvalue()
    sop_class, instance = str(request.AffectedSOPClassUID), str(request.AffectedSOPInstanceUID)
    header, pixels_at = inspect(encoded, syntax, sop_class_uid=sop_class, instance_uid=instance)
    check_pixel_length(header, encoded, pixels_at, syntax)
    ref = InstanceReference.of(header)
    if archive.write(ref, [file_meta(sop_class, instance, syntax), encoded]) is Written.KEPT_BESIDE:
        log.warning("conflicting_instance_kept_beside", **ref._asdict())
    return ref
