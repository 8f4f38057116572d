"""The segment step: read every radiograph of a study, keep the results, then say so.

Objects go to the archive before the event that names them. Their UIDs follow from the radiograph,
the model and Kidray's version, so a step that is done twice makes nothing twice.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import structlog
from pydicom import Dataset

from inference.eligibility import Judge, check_pixels
from inference.equipment import MANUFACTURER
from inference.hanging import Hanging
from inference.predict import Predictor
from inference.results import RadiographResult, read_radiograph, result_uids
from inference.seg import SegForm
from study import telemetry
from study.archive import Archive, InstanceReference
from study.decision import Decision
from study.errors import ArchiveError, ConflictError, NoneReadableError, NotDicomError, PixelDataError
from study.history import Event, Previewed, Segmented, Skipped
from study.inspection import MALFORMED, summarize
from study.ledger import Ledger
from study.model import Finding, Radiograph, Segmentation, StudyRecord
from study.pixels import Floats, file_attenuation
from study.short_header import file_header
from study.sop_classes import DERIVED
from study.state import State
from study.unread import Unread, UnreadCode

log = structlog.get_logger()

Decide = Callable[[Dataset], Decision]
ReadValues = Callable[[Path], Floats]
ReadHeader = Callable[[Path], Dataset]

# A study that completes while its radiograph is previewed is read once: the second step of this
# process waits for the first and finds its results. Across processes both may read; neither harms.
_AT_WORK = tuple(threading.Lock() for _ in range(64))
_BEFORE_READING = frozenset({State.RECEIVING, State.QUEUED})
_MALFORMED_HEADER = tuple(e for e in MALFORMED if e not in {OSError, MemoryError})  # those are the machine's


class _With(NamedTuple):
    """What reading a study needs from outside."""

    archive: Archive
    predictor: Predictor
    decide: Decide
    clock: Callable[[], datetime]
    values_of: ReadValues
    header_of: ReadHeader
    judge: Judge
    form: SegForm


class _Seen(NamedTuple):
    """One radiograph and its findings; `new` unless this model had read it before."""

    radiograph: Radiograph
    findings: list[Finding]
    new: bool
    patient_id: str


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
    values_of: ReadValues = file_attenuation,
    header_of: ReadHeader = file_header,
    judge: Judge = check_pixels,
    form: SegForm = SegForm.BINARY,
) -> StudyRecord:
    """Read the radiographs of a complete study and append `Segmented`, or `Skipped` with the reason.

    Does nothing to a study that is not queued: it was done before, or a late instance re-opened it.

    Parameters
    ----------
    decide
        Says from a header whether the instance is for the model.
    values_of, header_of
        Read the pixels and the header of a file, as `study.pixels.file_attenuation` and
        `study.short_header.file_header` do: in this process, or behind `study.fence`, where a file
        that breaks its reader harms nothing else.
    judge
        Says from the pixels in the standard hanging whether the radiograph can be read, as
        `inference.view.ViewClassifier.judge` does.
    form
        How a SEG holds its segments.

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
        read = _read_study(
            record, _With(ledger.archive, predictor, decide, clock, values_of, header_of, judge, form)
        )
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
    values_of: ReadValues = file_attenuation,
    header_of: ReadHeader = file_header,
    judge: Judge = check_pixels,
    form: SegForm = SegForm.BINARY,
) -> StudyRecord:
    """Read what has arrived of a study that is still coming in, and append `Previewed` if it is news.

    The study's state stays; a possible critical finding is known before the study is complete.
    """
    with _alone(study_uid):
        record = ledger.held(study_uid)
        if record.state != State.RECEIVING:
            return record
        read = _read_study(
            record, _With(ledger.archive, predictor, decide, clock, values_of, header_of, judge, form)
        )
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
        raise NoneReadableError(
            f"no radiograph of the study can be read; {uid}: {reason}", len(read.unreadable)
        )
    reasons = list(dict.fromkeys(unread.text for unread in segmentation.not_read.values()))
    said = "; ".join(reasons[:3]) or Unread.of(UnreadCode.NO_RADIOGRAPH).text
    return Skipped(at=at, revision=record.revision, reason=said, not_read=segmentation.not_read)


def _read_study(record: StudyRecord, given: _With) -> _Read:
    began = time.perf_counter()
    seen: list[_Seen] = []
    not_read: dict[str, Unread] = {}
    unreadable: dict[str, str] = {}
    patient_id = record.summary.patient_id.strip()
    for ref in given.archive.instances(record.study_uid):
        try:
            came = _read_instance(ref, record, patient_id, given)
        except (NotDicomError, PixelDataError) as error:
            unreadable[ref.instance_uid] = str(error)
            not_read[ref.instance_uid] = Unread.of(UnreadCode.UNREADABLE, detail=error)
            log.warning("radiograph_unreadable", **ref._asdict(), reason=str(error))
            continue
        if isinstance(came, _Seen):
            seen.append(came)
            patient_id = patient_id or came.patient_id
        elif came is not None and came.unread is not None:
            not_read[ref.instance_uid] = came.unread
    segmentation = Segmentation(
        model=given.predictor.package.identity,
        radiographs=[s.radiograph for s in seen],
        findings=[f for s in seen for f in s.findings],
        not_read=not_read,
        milliseconds=round((time.perf_counter() - began) * 1000, 1),
    )
    return _Read(segmentation, unreadable, sum(s.new for s in seen))


def _read_instance(
    ref: InstanceReference, record: StudyRecord, patient_id: str, given: _With
) -> _Seen | Decision | None:
    """Return what an instance came to; why it is not read; or None for one of Kidray's own results.

    One of another patient than the study's never gets into the study's report. No patient ID tells nothing.
    """
    header, decision = _judged(ref, given)
    if decision is None or not decision.for_model:
        return decision
    its_patient_id = summarize(header).patient_id.strip()
    if patient_id and its_patient_id and its_patient_id != patient_id:
        log.warning("radiograph_of_another_patient", **ref._asdict())
        return Decision(False, Unread.of(UnreadCode.ANOTHER_PATIENT))
    known = _known(ref, record, given)
    if known is not None:
        return _Seen(*known, new=False, patient_id=its_patient_id)
    values = given.values_of(given.archive.path(ref))
    decision = given.judge(Hanging.of(header).upright(values))
    if not decision.for_model:
        log.info("radiograph_left_unread", **ref._asdict(), reason=decision.reason)
        return decision
    try:
        result = read_radiograph(header, values, given.predictor, given.clock(), form=given.form)
    except _MALFORMED_HEADER as error:
        raise NotDicomError(f"its header is not fit for a result: {type(error).__name__}") from error
    _keep(result, given.archive)
    return _Seen(result.radiograph, result.findings, new=True, patient_id=its_patient_id)


def _judged(ref: InstanceReference, given: _With) -> tuple[Dataset, Decision | None]:
    """Return an instance's header, and whether it is for the model; None for Kidray's own results."""
    try:
        header = given.header_of(given.archive.path(ref))
        if header.get("SOPClassUID") in DERIVED and header.get("Manufacturer") == MANUFACTURER:
            return header, None
        return header, given.decide(header)
    except OSError as error:
        raise ArchiveError(f"instance {ref.instance_uid} cannot be read: {error.strerror}") from error
    except _MALFORMED_HEADER as error:
        raise NotDicomError(f"its header cannot be read: {type(error).__name__}") from error


def _known(
    ref: InstanceReference, record: StudyRecord, given: _With
) -> tuple[Radiograph, list[Finding]] | None:
    """Return what this model already found in the radiograph, if its objects are held."""
    _, sr = result_uids(ref.study_uid, ref.instance_uid, given.predictor.package.identity, given.form)
    held = given.archive.path(InstanceReference(ref.study_uid, sr.series_uid, sr.instance_uid)).exists()
    for radiograph in record.radiographs:
        if held and (radiograph.instance_uid, radiograph.sr_instance_uid) == (
            ref.instance_uid,
            sr.instance_uid,
        ):
            findings = [f for f in record.findings if f.radiograph_uid == ref.instance_uid]
            return radiograph, findings
    return None


def _keep(result: RadiographResult, archive: Archive) -> None:
    for derived in (result.seg, result.sr):
        if derived is not None:
            try:
                archive.write_dataset(derived)
            except ConflictError:  # another worker kept the same result a moment ago, at another time
                log.info("result_held_already", instance_uid=str(derived.SOPInstanceUID))


def _count(segmentation: Segmentation) -> None:
    for finding in segmentation.findings:
        telemetry.FINDINGS_FOUND.labels(label=finding.label, presence=finding.presence).inc()
