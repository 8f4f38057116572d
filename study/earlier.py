"""Find the earlier abdominal studies of a patient among what the archive holds."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import NamedTuple

import structlog
from pydicom import Dataset

from study.errors import KidrayError, RegistryUnavailableError
from study.holdings import Holdings, reference
from study.model import PriorStudyReference, StudyRecord, StudySummary
from study.priors import TEXTS, is_earlier, shows_the_abdomen
from study.registry import Registry
from study.sop_classes import RADIOGRAPHS

log = structlog.get_logger()

MOST = 20  # studies


class EarlierStudy(NamedTuple):
    """A study's attributes, and the headers of its abdominal radiographs; both shared, not to be changed."""

    answer: Dataset
    radiographs: list[Dataset]


def earlier_studies(
    holdings: Holdings, registry: Registry, study_uid: str, summary: StudySummary
) -> Iterator[EarlierStudy]:
    """Yield the patient's earlier studies with abdominal radiographs, the latest first.

    Parameters
    ----------
    holdings, registry
        What the archive holds, and what the model has read of it.
    study_uid, summary
        Of the study that they would be compared with.
    """
    if not summary.patient_id.strip():
        return
    held = holdings.of_patient(summary.patient_id)
    answers = (answer for uid in held if (answer := holdings.study_answer(uid)) is not None)
    earlier = [answer for answer in answers if is_earlier(answer, study_uid, summary)]
    earlier.sort(key=lambda a: (str(a.get("StudyDate") or ""), str(a.get("StudyTime") or "")), reverse=True)
    for answer in earlier[:MOST]:
        radiographs = list(_radiographs(answer, holdings, registry))
        if radiographs:
            yield EarlierStudy(answer, radiographs)


def _radiographs(answer: Dataset, holdings: Holdings, registry: Registry) -> Iterator[Dataset]:
    """Yield those radiographs of a study that name the abdomen, or that the model has read."""
    uid = str(answer.StudyInstanceUID)
    read = _read_by_the_model(registry, uid)
    for header in holdings.headers(uid):
        texts = [header.get(keyword) for keyword in TEXTS]
        if header.get("SOPClassUID") in RADIOGRAPHS and (
            reference(header).instance_uid in read or shows_the_abdomen(texts)
        ):
            yield header


def _read_by_the_model(registry: Registry, study_uid: str) -> set[str]:
    try:
        record = registry.record(study_uid)
    except RegistryUnavailableError:
        return set()
    return {radiograph.instance_uid for radiograph in record.radiographs} if record else set()


class Lookout:
    """Tells a draft which earlier studies there are, without making it wait.

    Of every study held one header has to be read once; until that is done, beside the jobs, nothing
    is said of earlier studies.

    Parameters
    ----------
    holdings, registry
        What the archive holds, and what the model has read of it.
    more_come
        Whether earlier studies are fetched from elsewhere: that none is held says nothing then.
    """

    def __init__(self, holdings: Holdings, registry: Registry, *, more_come: bool = False) -> None:
        self._holdings = holdings
        self._registry = registry
        self._more_come = more_come
        self._ready = threading.Event()

    def warm_up(self) -> None:
        """Read what has to be read once."""
        self._holdings.of_patient("")
        self._ready.set()
        log.info("priors_known")

    def start(self) -> None:
        """Warm up on a thread of its own."""
        threading.Thread(target=self.warm_up, name="priors-known", daemon=True).start()

    def priors(self, record: StudyRecord) -> list[PriorStudyReference] | None:
        """Return the latest earlier abdominal study, if any; None where it cannot be said yet."""
        if not self._ready.is_set():
            return None
        found = earlier_studies(self._holdings, self._registry, record.study_uid, record.summary)
        try:
            latest = next(found, None)
        except (OSError, KidrayError) as error:  # a study left the archive meanwhile: no draft fails for that
            log.info("priors_unknown", study_uid=record.study_uid, error=type(error).__name__)
            return None
        if latest is None:
            known = record.summary.patient_id.strip() and not self._more_come
            return [] if known else None
        answer = latest.answer
        return [
            PriorStudyReference(
                study_uid=str(answer.StudyInstanceUID), study_date=str(answer.get("StudyDate") or "").strip()
            )
        ]
