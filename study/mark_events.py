"""What readers leave on radiographs, step by step, and what that makes of a study. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from study.frozen import UID
from study.marks import Annotation, AnnotationSet, Correction, DrawnMask, KeyImages
from study.model import Assessment, Finding, Segmentation, StudyRecord
from study.statements import restated
from study.step import Step
from study.verdicts import is_critical


class Corrected(Step):
    """A reader drew a finding's mask anew; whoever draws it says that it is there."""

    kind: Literal["corrected"] = "corrected"
    finding_id: str
    radiograph_uid: UID
    reader: str
    mask: DrawnMask


class Measured(Step):
    """A reader's measurements, arrows and texts on a radiograph, all of them as they stand."""

    kind: Literal["measured"] = "measured"
    radiograph_uid: UID
    reader: str
    annotations: list[Annotation]


class KeyImagesMarked(Step):
    """A reader said which radiographs are key images, all of them as they stand."""

    kind: Literal["key_images"] = "key_images"
    radiograph_uids: list[UID]
    reader: str


class MarkKept(Step):
    """The objects of one mark are in the archive; the state stays."""

    kind: Literal["mark_kept"] = "mark_kept"
    correction: Correction | None = None
    finding: Finding | None = None  # as measured on the corrected mask
    annotations: AnnotationSet | None = None
    key_images: KeyImages | None = None


MarkEvent = Corrected | Measured | KeyImagesMarked | MarkKept


def marked(record: StudyRecord, event: MarkEvent) -> dict[str, object]:
    """Return what `event`, the next of the study, changes in its record."""
    number, marks = record.version + 1, record.marks
    match event:
        case Corrected():
            new = Correction(
                number=number,
                finding_id=event.finding_id,
                radiograph_uid=event.radiograph_uid,
                reader=event.reader,
                at=event.at,
            )
            verdicts = {**record.assessments, event.finding_id: Assessment.ACCEPTED}
            return {"marks": marks.with_correction(new), "assessments": verdicts}
        case Measured():
            annotations = AnnotationSet(
                number=number,
                radiograph_uid=event.radiograph_uid,
                reader=event.reader,
                at=event.at,
                annotations=event.annotations,
            )
            return {"marks": marks.with_annotations(annotations)}
        case KeyImagesMarked():
            keys = KeyImages(
                number=number, radiograph_uids=event.radiograph_uids, reader=event.reader, at=event.at
            )
            return {"marks": marks.with_key_images(keys)}
        case MarkKept():
            return _kept(record, event)


def _kept(record: StudyRecord, event: MarkKept) -> dict[str, object]:
    marks = record.marks
    if event.annotations is not None:
        return {"marks": marks.with_annotations(event.annotations)}
    if event.key_images is not None:
        return {"marks": marks.with_key_images(event.key_images)}
    if event.correction is None or event.finding is None:
        return {}
    after = marks.with_correction(event.correction)
    if after == marks:  # it was drawn once more meanwhile
        return {}
    measured = _as_drawn(record, event.correction, event.finding)
    return {
        "marks": after,
        "findings": [measured if f.id == measured.id else f for f in record.findings],
        "critical": record.critical or is_critical([measured], record.assessments),
    }


def _as_drawn(record: StudyRecord, correction: Correction, measured: Finding) -> Finding:
    """Return the finding of an outline: it takes the place of a statement from before, not of a later one."""
    held = next((f for f in record.findings if f.id == measured.id), None)
    later = held is not None and held.stated is not None and held.stated.number > correction.number
    return restated(measured.model_copy(update={"stated": None}), held if later else None)


def mark_detail(event: MarkEvent) -> str:
    """Return what the timeline says of a mark."""
    match event:
        case Corrected():
            return event.finding_id.partition("@")[0]
        case Measured():
            return str(len(event.annotations))
        case KeyImagesMarked():
            return str(len(event.radiograph_uids))
        case _:
            return ""


def with_readers(segmentation: Segmentation, before: Iterable[Finding]) -> list[Finding]:
    """Return a reading's findings, as a reader drew or stated them where one did.

    A reading by the model takes neither a person's mask nor a person's word away; the radiograph has to be
    there still.
    """
    read = {radiograph.instance_uid for radiograph in segmentation.radiographs}
    held = {f.id: f for f in before if f.observer is not None and f.radiograph_uid in read}
    return [_with_reader(finding, held.get(finding.id)) for finding in segmentation.findings]


def _with_reader(fresh: Finding, held: Finding | None) -> Finding:
    return held if held is not None and held.drawn_by is not None else restated(fresh, held)
