"""The segment step: read every radiograph of a study, keep the results, then say so.

Objects go to the archive before the event that names them. Their UIDs follow from the radiograph,
the model and Kidray's version, so a step that is done twice makes nothing twice.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

import structlog
from pydicom import Dataset

from inference.eligibility import check_pixels
from inference.predict import Predictor
from inference.results import RadiographResult, read_radiograph, result_uids
from study import telemetry
from study.archive import Archive, InstanceReference
from study.decision import Decision
from study.errors import ConflictError, NotDicomError, PixelDataError
from study.history import Event, Previewed, Segmented, Skipped
from study.ledger import Ledger
from study.model import Finding, ModelIdentity, Radiograph, Segmentation, StudyRecord
from study.pixels import attenuation_values
from study.sop_classes import DERIVED
from study.state import State

log = structlog.get_logger()

Decide = Callable[[Dataset], Decision]

# A study that completes while its radiograph is previewed is read once: the second step of this
# process waits for the first and finds its results. Across processes both may read; neither harms.
_AT_WORK = tuple(threading.Lock() for _ in range(64))
_BEFORE_READING = frozenset({State.RECEIVING, State.QUEUED})


class _Read(NamedTuple):
    """What reading a study came to."""

    segmentation: Segmentation
    unreadable: dict[str, str]  # of those for the model: instance UID -> reason
    news: int  # radiographs that had not been read before


def segment_study(
    study_uid: str,
    *,
    ledger: Ledger,
    predictor: Predictor,
    decide: Decide,
    clock: Callable[[], datetime] = telemetry.now,
) -> StudyRecord:
    """Read the radiographs of a complete study and append `Segmented`, or `Skipped` with the reason.

    Does nothing to a study that is not queued: it was done before, or a late instance re-opened it.

    Parameters
    ----------
    decide
        Says from a header whether the instance is for the model.

    Raises
    ------
    PixelDataError
        If there are radiographs for the model and none of them can be read.
    NotInArchiveError
        If the archive holds no such study.
    RegistryUnavailableError
        If Redis does not answer; doing the step again mends it.
    """
    with _alone(study_uid):
        record = ledger.held(study_uid)
        if record.state != State.QUEUED:
            return record
        ledger.registry.mark(record, State.SEGMENTING)
        read = _read_study(record, ledger.archive, predictor, decide, clock)
        event = _outcome(read, record, clock())
        after = ledger.append(study_uid, lambda now: event if _unchanged(now, record) else None)
    if after is not None and after.version > record.version and isinstance(event, Segmented):
        _count(event.segmentation)
    return after or record


def preview_study(
    study_uid: str,
    *,
    ledger: Ledger,
    predictor: Predictor,
    decide: Decide,
    clock: Callable[[], datetime] = telemetry.now,
) -> StudyRecord:
    """Read what has arrived of a study that is still coming in, and append `Previewed` if it is news.

    The study's state stays; a possible critical finding is known before the study is complete.
    """
    with _alone(study_uid):
        record = ledger.held(study_uid)
        if record.state != State.RECEIVING:
            return record
        read = _read_study(record, ledger.archive, predictor, decide, clock)
        if not read.news:
            return record

        def event(now: StudyRecord | None) -> Event | None:
            if now is None or now.revision != record.revision or now.state not in _BEFORE_READING:
                return None
            return Previewed(at=clock(), revision=now.revision, segmentation=read.segmentation)

        return ledger.append(study_uid, event) or record


def _alone(study_uid: str) -> threading.Lock:
    return _AT_WORK[hash(study_uid) % len(_AT_WORK)]


def _unchanged(now: StudyRecord | None, before: StudyRecord) -> bool:
    return now is not None and now.state == State.QUEUED and now.revision == before.revision


def _outcome(read: _Read, record: StudyRecord, at: datetime) -> Event:
    """Return what to append; raises where radiographs are there and none could be read."""
    segmentation = read.segmentation
    if segmentation.radiographs:
        return Segmented(at=at, revision=record.revision, segmentation=segmentation)
    if read.unreadable:
        uid, reason = next(iter(read.unreadable.items()))
        raise PixelDataError(f"no radiograph of the study can be read; {uid}: {reason}")
    reasons = list(dict.fromkeys(segmentation.not_read.values()))
    said = "; ".join(reasons[:3]) or "the study holds no radiograph"
    return Skipped(at=at, revision=record.revision, reason=said, not_read=segmentation.not_read)


def _read_study(
    record: StudyRecord,
    archive: Archive,
    predictor: Predictor,
    decide: Decide,
    clock: Callable[[], datetime],
) -> _Read:
    began = time.perf_counter()
    model = predictor.package.identity
    radiographs: list[Radiograph] = []
    findings: list[Finding] = []
    not_read: dict[str, str] = {}
    unreadable: dict[str, str] = {}
    news = 0
    for ref in archive.instances(record.study_uid):
        try:
            header = archive.read(ref, pixels=False)
            if _made_here(header):
                continue
            decision = decide(header)
            known = _known(record, ref, model, archive) if decision.for_model else None
            if known is None and decision.for_model:
                decision, known = _result(ref, archive, predictor, clock)
                news += known is not None
        except (NotDicomError, PixelDataError) as error:
            unreadable[ref.instance_uid] = not_read[ref.instance_uid] = str(error)
            log.warning("radiograph_unreadable", **ref._asdict(), reason=str(error))
            continue
        if known is None:
            not_read[ref.instance_uid] = decision.reason
        else:
            radiographs.append(known[0])
            findings.extend(known[1])
    elapsed = (time.perf_counter() - began) * 1000
    segmentation = Segmentation(
        model=model,
        radiographs=radiographs,
        findings=findings,
        not_read=not_read,
        milliseconds=round(elapsed, 1),
    )
    return _Read(segmentation, unreadable, news)


def _known(
    record: StudyRecord, ref: InstanceReference, model: ModelIdentity, archive: Archive
) -> tuple[Radiograph, list[Finding]] | None:
    """Return what this model already found in the radiograph, if its objects are held."""
    _, sr = result_uids(ref.study_uid, ref.instance_uid, model)
    for radiograph in record.radiographs:
        if radiograph.instance_uid == ref.instance_uid and radiograph.sr_instance_uid == sr.instance_uid:
            held = archive.path(InstanceReference(ref.study_uid, sr.series_uid, sr.instance_uid)).exists()
            return (
                (radiograph, [f for f in record.findings if f.radiograph_uid == ref.instance_uid])
                if held
                else None
            )
    return None


def _result(
    ref: InstanceReference, archive: Archive, predictor: Predictor, clock: Callable[[], datetime]
) -> tuple[Decision, tuple[Radiograph, list[Finding]] | None]:
    """Read one radiograph and keep its SEG and SR."""
    dataset = archive.read(ref)
    values = attenuation_values(dataset)
    decision = check_pixels(values)
    if not decision.for_model:
        return decision, None
    result = read_radiograph(dataset, values, predictor, clock())
    _keep(result, archive)
    return decision, (result.radiograph, result.findings)


def _keep(result: RadiographResult, archive: Archive) -> None:
    for derived in (result.seg, result.sr):
        if derived is not None:
            try:
                archive.write_dataset(derived)
            except ConflictError:  # another worker kept the same result a moment ago, at another time
                log.info("result_held_already", instance_uid=str(derived.SOPInstanceUID))


def _made_here(header: Dataset) -> bool:
    return header.get("SOPClassUID") in DERIVED and header.get("Manufacturer") == "Kidray"


def _count(segmentation: Segmentation) -> None:
    for finding in segmentation.findings:
        telemetry.FINDINGS_FOUND.labels(label=finding.label, presence=finding.presence).inc()
