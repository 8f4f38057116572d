"""The marks step: make DICOM objects of what readers drew on a study's radiographs, then say so.

Each object's UID follows from the study and the number of the event that asked for it, and its dates
are that event's: a step that is done twice makes nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import structlog
from pydicom import Dataset

from inference.annotation_groups import group_of, measures
from inference.annotation_state import write_annotation_state
from inference.drawn_seg import write_drawn_seg
from inference.key_images import write_key_images
from inference.reader_sr import corrected_group, write_reader_sr
from inference.redraw import measure_drawn
from study import telemetry
from study.archive import Archive, InstanceReference
from study.errors import ConflictError, KidrayError, ModelError, NotInArchiveError, RegistryUnavailableError
from study.history import Event
from study.identifiers import derived_uid
from study.ledger import Ledger
from study.mark_events import Corrected, MarkKept
from study.marks import AnnotationSet, Correction, Kept, KeyImages
from study.model import Radiograph, StudyRecord
from study.pixels import Floats

log = structlog.get_logger()

ReadValues = Callable[[Path], Floats]
ReadHeader = Callable[[Path], Dataset]


class Reading(NamedTuple):
    """How a worker reads received instances.

    Attributes
    ----------
    header
        Reads the header of a file, without pixels.
    attenuation, modality
        Read `study.pixels.attenuation_values` and `modality_values` of a file.
    """

    header: ReadHeader
    attenuation: ReadValues
    modality: ReadValues


def keep_marks(study_uid: str, *, ledger: Ledger, reading: Reading) -> StudyRecord:
    """Make the objects of every mark of a study that has none yet, and append `MarkKept` for each.

    Raises
    ------
    NotInArchiveError
        If the archive holds no such study, or not one of its radiographs.
    PixelDataError
        If a radiograph can no longer be read.
    """
    record = ledger.held(study_uid)
    failed: list[KidrayError] = []
    for make in _owed(record, ledger.archive, reading):
        try:
            _keep(study_uid, ledger, make())
        except RegistryUnavailableError:
            raise
        except KidrayError as error:  # of one mark: the objects of the others are made all the same
            failed.append(error)
    if failed:
        raise next((error for error in failed if error.retryable), failed[0])
    return ledger.held(study_uid)


def _owed(record: StudyRecord, archive: Archive, reading: Reading) -> Iterator[Callable[[], MarkKept]]:
    """Yield what makes the objects of each mark that has none yet."""
    marks = record.marks
    for correction in marks.corrections:
        if correction.seg is None:
            yield partial(_corrected, record, correction, archive, reading)
    for drawn in marks.annotations:
        if not drawn.made:
            yield partial(_measured, record, drawn, archive, reading)
    if marks.key_images is not None and not marks.key_images.made:
        yield partial(_chosen, record, marks.key_images, archive, reading)


def _keep(study_uid: str, ledger: Ledger, event: MarkKept) -> None:
    """Append an event, unless another run of this step was quicker."""

    def decide(now: StudyRecord | None) -> Event | None:
        if now is None or not now.marks.wait:
            return None
        return event

    ledger.append(study_uid, decide)
    log.info("mark_kept", study_uid=study_uid)


def _corrected(record: StudyRecord, correction: Correction, archive: Archive, reading: Reading) -> MarkKept:
    radiograph = _radiograph(record, correction.radiograph_uid)
    finding = next((f for f in record.findings if f.id == correction.finding_id), None)
    if record.model is None or finding is None:
        raise ModelError("the finding whose mask was drawn is there no more")
    path = archive.path(InstanceReference(record.study_uid, radiograph.series_uid, radiograph.instance_uid))
    header, values = reading.header(path), reading.attenuation(path)
    mask = _event(record.study_uid, correction, archive).mask.on(*values.shape)
    measured = measure_drawn(mask, finding, values, header, correction.reader)
    seg_uids, sr_uids = (_uids(record.study_uid, correction.number, kind) for kind in ("seg", "sr"))
    seg, measured = write_drawn_seg(
        mask,
        measured,
        header,
        record.model,
        correction,
        seg_uids,
        started_from=finding.segment,
        is_labelmap=radiograph.seg_is_labelmap and finding.drawn_by is None,
    )
    group = corrected_group(measured, header, seg)
    report = write_reader_sr([group], header, seg, correction.reader, sr_uids, correction.at)
    write(archive, seg, report)
    done = correction.model_copy(update={"seg": seg_uids, "sr": sr_uids})
    return MarkKept(at=telemetry.now(), revision=record.revision, correction=done, finding=measured)


def _measured(record: StudyRecord, drawn: AnnotationSet, archive: Archive, reading: Reading) -> MarkKept:
    made: dict[str, Kept | bool] = {"made": True}
    if drawn.annotations:
        path = archive.path(_reference(archive, record.study_uid, drawn.radiograph_uid))
        header, values = reading.header(path), reading.modality(path)
        groups = [group_of(each, values, header) for each in drawn.annotations if measures(each)]
        uids = _uids(record.study_uid, drawn.number, "gsps")
        write(archive, write_annotation_state(drawn, values, header, uids))
        made["presentation"] = uids
        if groups:
            uids = _uids(record.study_uid, drawn.number, "sr")
            write(archive, write_reader_sr(groups, header, None, drawn.reader, uids, drawn.at))
            made["sr"] = uids
    return MarkKept(at=telemetry.now(), revision=record.revision, annotations=drawn.model_copy(update=made))


def _chosen(record: StudyRecord, chosen: KeyImages, archive: Archive, reading: Reading) -> MarkKept:
    made: dict[str, Kept | bool] = {"made": True}
    if chosen.radiograph_uids:
        paths = [archive.path(_reference(archive, record.study_uid, uid)) for uid in chosen.radiograph_uids]
        uids = _uids(record.study_uid, chosen.number, "ko")
        write(archive, write_key_images(chosen, [reading.header(path) for path in paths], uids))
        made["document"] = uids
    return MarkKept(at=telemetry.now(), revision=record.revision, key_images=chosen.model_copy(update=made))


def _reference(archive: Archive, study_uid: str, instance_uid: str) -> InstanceReference:
    found = next((r for r in archive.instances(study_uid) if r.instance_uid == instance_uid), None)
    if found is None:
        raise NotInArchiveError(f"the study's radiograph {instance_uid} is there no more")
    return found


def write(archive: Archive, *made: Dataset) -> None:
    """Keep objects in the archive; one that another run kept a moment ago is left as it is."""
    for each in made:
        try:
            archive.write_dataset(each)
        except ConflictError:
            log.info("result_held_already", instance_uid=str(each.SOPInstanceUID))


def _radiograph(record: StudyRecord, instance_uid: str) -> Radiograph:
    found = next((r for r in record.radiographs if r.instance_uid == instance_uid), None)
    if found is None:
        raise NotInArchiveError(f"the study's radiograph {instance_uid} is there no more")
    return found


def _event(study_uid: str, correction: Correction, archive: Archive) -> Corrected:
    event = archive.events(study_uid)[correction.number - 1]
    if not isinstance(event, Corrected):
        raise NotInArchiveError("the drawn mask is not among the study's events")
    return event


def _uids(study_uid: str, number: int, kind: str) -> Kept:
    parts = (study_uid, "mark", str(number), kind)
    return Kept(series_uid=derived_uid(*parts, "series"), instance_uid=derived_uid(*parts))
