"""Fetch one series from a PACS into the archive: by C-GET, or by C-MOVE to our own node (PS3.4 annex C).

What comes is kept for comparison and makes no work: no event tells of it, so it is neither read by the
model nor on the worklist.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import structlog
from pydicom import Dataset
from pydicom.uid import UID
from pynetdicom import evt
from pynetdicom.association import Association
from pynetdicom.sop_class import (
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
)

from dicom_node.statuses import SUCCESS, status_of
from study.answers import Level
from study.archive import Archive, InstanceReference, Written
from study.errors import DeliveryError, KidrayError
from study.expected import Expected
from study.inspection import check_pixel_length, file_meta, inspect
from study.settings import FetchBy

log = structlog.get_logger()


class Prior(NamedTuple):
    """A series of abdominal radiographs of an earlier study."""

    study_uid: str
    series_uid: str
    study_date: str  # DICOM DA; empty where unknown


class GetEndedError(DeliveryError):
    """Raised when the association ended in a C-GET: some nodes offer it, and hang up when it is asked for."""


class Fetcher:
    """Fetches series over one association.

    Parameters
    ----------
    opened
        With a PACS.
    archive
        Where they are kept.
    ae_title
        Our own node's: where a C-MOVE sends to. It has to share the archive.
    by
        Which of both may be used; where both may, C-GET comes first: it needs no address of ours.
    """

    def __init__(self, opened: Association, archive: Archive, *, ae_title: str, by: FetchBy) -> None:
        self._opened = opened
        self._archive = archive
        self._ae_title = ae_title
        self._expected = Expected(archive)
        accepted = {context.abstract_syntax for context in opened.accepted_contexts}
        self._gets = by != "move" and StudyRootQueryRetrieveInformationModelGet in accepted
        self._moves = by != "get" and StudyRootQueryRetrieveInformationModelMove in accepted

    @property
    def is_able(self) -> bool:
        """Whether the PACS offers what may be used."""
        return self._gets or self._moves

    def fetch(self, prior: Prior) -> int:
        """Fetch a series, and return how many of its instances are held now.

        Raises
        ------
        GetEndedError
            If the association ended in a C-GET.
        DeliveryError
            If it ended in a C-MOVE.
        """
        came_all = self._gets and self._get(prior)
        if not came_all and self._moves:
            came_all = self._move(prior)
        if not came_all:
            log.warning("priors_incomplete", study_uid=prior.study_uid, series_uid=prior.series_uid)
        folder = self._archive.root / prior.study_uid / prior.series_uid
        return len(list(folder.glob("*.dcm")))

    def _get(self, prior: Prior) -> bool:
        def keep(event: evt.Event) -> int:
            try:
                _keep(event, self._archive)
            except KidrayError as error:
                log.warning("prior_refused", reason=str(error), study_uid=prior.study_uid)
                return status_of(error)
            return SUCCESS

        self._opened.bind(evt.EVT_C_STORE, keep)
        try:
            return _is_success(
                self._opened.send_c_get(_series_keys(prior), StudyRootQueryRetrieveInformationModelGet)
            )
        except DeliveryError as error:
            self._opened.abort()  # it may not have noticed yet
            raise GetEndedError(str(error)) from error
        finally:
            self._opened.unbind(evt.EVT_C_STORE, keep)

    def _move(self, prior: Prior) -> bool:
        model = StudyRootQueryRetrieveInformationModelMove
        with self._expected.coming(prior.series_uid):
            return _is_success(self._opened.send_c_move(_series_keys(prior), self._ae_title, model))


def _is_success(answers: Iterator[tuple[Dataset, object]]) -> bool:
    """Return whether a retrieval ended well."""
    ended = "the association ended before the priors had come"
    try:
        *_, (final, _) = answers
    except (RuntimeError, ValueError) as error:
        raise DeliveryError(ended) from error
    if "Status" not in final:
        raise DeliveryError(ended)
    return bool(final.Status == SUCCESS)


def _series_keys(prior: Prior) -> Dataset:
    keys = Dataset()
    keys.QueryRetrieveLevel = str(Level.SERIES)
    keys.StudyInstanceUID, keys.SeriesInstanceUID = prior.study_uid, prior.series_uid
    return keys


def _keep(event: evt.Event, archive: Archive) -> None:
    """Store what came, with the checks that an arriving instance passes."""
    request, syntax = event.request, UID(event.context.transfer_syntax)
    encoded = request.DataSet.getvalue()
    sop_class, instance = str(request.AffectedSOPClassUID), str(request.AffectedSOPInstanceUID)
    header, pixels_at = inspect(encoded, syntax, sop_class_uid=sop_class, instance_uid=instance)
    check_pixel_length(header, encoded, pixels_at, syntax)
    ref = InstanceReference.of(header)
    if archive.write(ref, [file_meta(sop_class, instance, syntax), encoded]) is Written.KEPT_BESIDE:
        log.warning("conflicting_instance_kept_beside", **ref._asdict())
