"""What readers draw becomes DICOM objects that say so, and that others read."""

from __future__ import annotations

import gzip
from datetime import datetime, timezone

import cv2
import highdicom as hd
import numpy as np
import pydicom
import pytest

from inference.marks import Reading, keep_marks
from inference.results import read_radiograph
from study.archive import InstanceReference
from study.errors import PixelDataError
from study.findings import FINDINGS, FindingLabel
from study.history import Queued, Received, Segmented
from study.jobs import Job, owed_jobs
from study.mark_events import Corrected, KeyImagesMarked, Measured
from study.marks import Annotation, AnnotationKind, DrawnMask
from study.model import Assessment, Certainty, Presence, Segmentation, StudySummary
from study.owed import results_of
from study.pixels import attenuation_values, file_attenuation, file_modality, modality_values
from study.segmentation import read_masks
from study.short_header import file_header
from tests.inference.conftest import SIZE
from tests.inference.truth import PACKAGE
from tests.inference.validators import dciodvfy, dsrdump, saved, segimage2itkimage
from training.phantom import PhantomKind, draw_phantom
from training.phantom_dicom import radiograph_dataset

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
READING = Reading(file_header, file_attenuation, file_modality)
GAS = FindingLabel.PNEUMOPERITONEUM


@pytest.fixture(scope="module")
def read(predictor):
    """A phantom with free gas, and what the model makes of it."""
    dataset = radiograph_dataset(draw_phantom(41, PhantomKind.PNEUMOPERITONEUM, size=SIZE), number=1)
    return dataset, read_radiograph(dataset, attenuation_values(dataset), predictor, NOW)


@pytest.fixture
def a_read_study(ledger, read):
    """A study with free gas that the model has read, in the archive; its UID and radiograph."""
    dataset, result = read
    for made in (dataset, result.seg, result.sr):
        ledger.archive.write_dataset(made)
    said = Segmentation(model=PACKAGE.identity, radiographs=[result.radiograph], findings=result.findings)
    study_uid = str(dataset.StudyInstanceUID)
    for event in (
        Received(at=NOW, revision=1, calling_ae_title="MODALITY", summary=StudySummary()),
        Queued(at=NOW, revision=1, instances=1),
        Segmented(at=NOW, revision=1, segmentation=said),
    ):
        ledger.append(study_uid, lambda _, event=event: event)
    return study_uid, dataset


def a_disc(dataset, radius: int = 60) -> np.ndarray:
    mask = np.zeros((int(dataset.Rows), int(dataset.Columns)), np.uint8)
    cv2.circle(mask, (330, 400), radius, 1, -1)
    cv2.circle(mask, (330, 400), radius // 3, 0, -1)  # with a hole
    return mask.astype(np.bool_)


def drawn(mask: np.ndarray) -> DrawnMask:
    """Return a mask as the viewer sends it."""
    left, top, width, height = cv2.boundingRect(mask.astype(np.uint8))
    flat = mask[top : top + height, left : left + width].ravel()
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flat, [False]]).astype(np.int8)))
    ends = np.unique(np.concatenate([edges, [flat.size]]))
    runs = np.diff(np.concatenate([[0], ends])).tolist()
    return DrawnMask(left=left, top=top, width=width, height=height, runs=[0, *runs] if flat[0] else runs)


def correct(ledger, study_uid, dataset, mask, label=GAS, reader="Kim^Minji"):
    uid = str(dataset.SOPInstanceUID)
    event = Corrected(
        at=NOW, revision=1, finding_id=f"{label}@{uid}", radiograph_uid=uid, reader=reader, mask=drawn(mask)
    )
    return ledger.append(study_uid, lambda _: event)


def finding(record, label=GAS):
    return next(f for f in record.findings if f.label == label)


def seg_of(ledger, record):
    kept = record.marks.corrections[-1].seg
    ref = InstanceReference(record.study_uid, kept.series_uid, kept.instance_uid)
    return pydicom.dcmread(ledger.archive.path(ref))


def test_what_was_sent_is_what_was_drawn(read):
    mask = a_disc(read[0])
    np.testing.assert_array_equal(drawn(mask).on(*mask.shape), mask)


@pytest.mark.parametrize(
    "runs", [[], [4], [0, 3], [2, 2, 2], [4, 0]], ids=["none", "outside", "short", "long", "empty"]
)
def test_runs_that_do_not_fill_their_box_or_draw_nothing_are_refused(runs):
    with pytest.raises(ValueError, match=r"at least 2 items|the runs do not fill|the mask is empty"):
        DrawnMask(left=0, top=0, width=2, height=2, runs=runs)


def test_a_corrected_mask_is_kept_measured_and_named_as_a_persons(a_read_study, ledger):
    study_uid, dataset = a_read_study
    mask = a_disc(dataset)
    before = finding(ledger.held(study_uid))
    waiting = correct(ledger, study_uid, dataset, mask)
    assert Job.MARKS in owed_jobs(waiting)
    assert finding(waiting) == before  # until it has been measured
    record = keep_marks(study_uid, ledger=ledger, reading=READING)
    assert Job.MARKS not in owed_jobs(record)

    after = finding(record)
    spacing = [float(v) for v in dataset.ImagerPixelSpacing]
    assert (after.drawn_by, after.presence, after.count) == ("Kim^Minji", Presence.PRESENT, 1)
    assert after.certainty is Certainty.HIGH  # a person who draws it states it
    assert after.area_px == int(mask.sum())
    assert after.area_mm2 == pytest.approx(mask.sum() * spacing[0] * spacing[1], rel=1e-6)
    assert (after.box.left, after.box.top) == (330 - 60, 400 - 60)
    assert (after.probability, after.uncertainty) == (before.probability, before.uncertainty)
    assert record.assessments[after.id] is Assessment.ACCEPTED
    assert record.radiographs == waiting.radiographs  # the model's SEG stays as it was

    seg = seg_of(ledger, record)
    np.testing.assert_array_equal(read_masks(seg)[FINDINGS[GAS].segment_number], mask)
    item = seg.SegmentSequence[0]
    assert item.SegmentAlgorithmType == "SEMIAUTOMATIC"
    assert str(seg.ContentCreatorName) == "Kim^Minji"
    source = seg.SourceInstanceSequence[0].ReferencedSOPInstanceUID
    assert source == before.segment.instance_uid != seg.SOPInstanceUID
    assert after.segment.instance_uid == seg.SOPInstanceUID
    assert seg.SOPInstanceUID in results_of(study_uid, ledger.archive.events(study_uid))


def test_a_finding_that_the_model_did_not_see_can_be_drawn(a_read_study, ledger):
    study_uid, dataset = a_read_study
    label = FindingLabel.CONSTIPATION
    assert finding(ledger.held(study_uid), label).presence is Presence.ABSENT
    correct(ledger, study_uid, dataset, a_disc(dataset), label)
    record = keep_marks(study_uid, ledger=ledger, reading=READING)
    assert finding(record, label).presence is Presence.PRESENT
    seg = seg_of(ledger, record)
    assert seg.SegmentSequence[0].SegmentAlgorithmType == "MANUAL"
    assert "SourceInstanceSequence" not in seg


def test_done_twice_it_makes_nothing_twice(a_read_study, ledger):
    study_uid, dataset = a_read_study
    correct(ledger, study_uid, dataset, a_disc(dataset))
    first = keep_marks(study_uid, ledger=ledger, reading=READING)
    held = sorted(ledger.archive.instances(study_uid))
    (event,) = (ledger.archive.root / study_uid / "events").glob("*-mark_kept.json")
    event.unlink()  # as if the worker had been killed just before it wrote this
    ledger.registry.flush()
    again = keep_marks(study_uid, ledger=ledger, reading=READING)
    assert (again.findings, again.marks) == (first.findings, first.marks)
    assert sorted(ledger.archive.instances(study_uid)) == held


def test_drawn_once_more_the_latest_counts_and_refers_to_the_one_before(a_read_study, ledger):
    study_uid, dataset = a_read_study
    correct(ledger, study_uid, dataset, a_disc(dataset))
    first = keep_marks(study_uid, ledger=ledger, reading=READING)
    correct(ledger, study_uid, dataset, a_disc(dataset, 30), reader="Lee^Jun")
    record = keep_marks(study_uid, ledger=ledger, reading=READING)
    assert len(record.marks.corrections) == 1
    assert finding(record).drawn_by == "Lee^Jun"
    source = seg_of(ledger, record).SourceInstanceSequence[0].ReferencedSOPInstanceUID
    assert source == finding(first).segment.instance_uid


def test_a_new_reading_by_the_model_does_not_take_a_persons_mask_away(a_read_study, ledger):
    study_uid, dataset = a_read_study
    read = ledger.held(study_uid)
    correct(ledger, study_uid, dataset, a_disc(dataset))
    drawn_record = keep_marks(study_uid, ledger=ledger, reading=READING)
    said = Segmentation(model=read.model, radiographs=read.radiographs, findings=read.findings)
    ledger.append(study_uid, lambda _: Queued(at=NOW, revision=1, instances=1, why="reprocess"))
    record = ledger.append(study_uid, lambda _: Segmented(at=NOW, revision=1, segmentation=said))
    assert finding(record) == finding(drawn_record)


@pytest.mark.peer
def test_programs_of_others_read_the_drawn_mask(a_read_study, ledger, tmp_path):
    study_uid, dataset = a_read_study
    mask = a_disc(dataset)
    correct(ledger, study_uid, dataset, mask, reader="김민지")
    record = keep_marks(study_uid, ledger=ledger, reading=READING)
    seg = seg_of(ledger, record)
    assert dciodvfy(seg, tmp_path) == []
    (image,) = segimage2itkimage(seg, tmp_path)
    header, _, data = image.read_bytes().partition(b"\n\n")
    values = np.frombuffer(gzip.decompress(data), np.int16 if b"short" in header else np.uint8)
    np.testing.assert_array_equal(values.reshape(mask.shape) > 0, mask)
    kept = record.marks.corrections[0]
    read = hd.seg.segread(
        ledger.archive.path(InstanceReference(study_uid, kept.seg.series_uid, kept.seg.instance_uid))
    )
    pixels = read.get_pixels_by_source_instance([str(dataset.SOPInstanceUID)])
    np.testing.assert_array_equal(pixels[0, ..., 0], mask)

    path = ledger.archive.path(InstanceReference(study_uid, kept.sr.series_uid, kept.sr.instance_uid))
    report = hd.sr.srread(path)
    assert dciodvfy(report, tmp_path) == []
    (group,) = report.content.get_planar_roi_measurement_groups()
    assert group.get_measurements()[0].value == pytest.approx(finding(record).area_mm2, abs=0.01)
    assert report.VerificationFlag == "UNVERIFIED"
    assert "김민지" in dsrdump(report, tmp_path)


def test_measurements_become_a_report_and_a_presentation_state(a_read_study, ledger, tmp_path):
    study_uid, dataset = a_read_study
    annotations = [
        Annotation(id="1", kind=AnnotationKind.LENGTH, points=[(100, 200), (400, 600)]),
        Annotation(id="2", kind=AnnotationKind.ANGLE, points=[(300, 300), (200, 300), (200, 400)]),
        Annotation(id="3", kind=AnnotationKind.RECTANGLE, points=[(310, 420), (300, 400)]),
        Annotation(id="4", kind=AnnotationKind.ELLIPSE, points=[(500, 500), (560, 540)], text="stool"),
        Annotation(id="5", kind=AnnotationKind.ARROW, points=[(100, 100), (150, 150)]),
        Annotation(id="6", kind=AnnotationKind.TEXT, points=[(50, 50)], text="see here"),
    ]
    uid = str(dataset.SOPInstanceUID)
    event = Measured(at=NOW, revision=1, radiograph_uid=uid, reader="Kim^Minji", annotations=annotations)
    assert Job.MARKS in owed_jobs(ledger.append(study_uid, lambda _: event))
    record = keep_marks(study_uid, ledger=ledger, reading=READING)
    (kept,) = record.marks.annotations
    assert kept.made
    report, state = (
        pydicom.dcmread(ledger.archive.path(InstanceReference(study_uid, k.series_uid, k.instance_uid)))
        for k in (kept.sr, kept.presentation)
    )
    assert dciodvfy(report, tmp_path) == []
    assert dciodvfy(state, tmp_path) == []
    assert len(state.GraphicAnnotationSequence) == 6
    groups = hd.sr.srread(saved(report, tmp_path)).content
    lengths = [m.value for g in groups.get_image_measurement_groups() for m in g.get_measurements()]
    row, column = (float(v) for v in dataset.ImagerPixelSpacing)
    assert lengths == pytest.approx([np.hypot(300 * column, 400 * row), 90], abs=0.01)
    rectangle, ellipse = groups.get_planar_roi_measurement_groups()
    values = {m.derivation.meaning: m.value for m in rectangle.get_measurements() if m.derivation}
    inside = modality_values(dataset)[400:420, 300:310]
    assert values == pytest.approx(
        {
            "Mean": inside.mean(),
            "Standard Deviation": inside.std(),
            "Minimum": inside.min(),
            "Maximum": inside.max(),
        },
        abs=0.01,
    )
    assert ellipse.tracking_identifier == "stool"


def test_measurements_that_are_taken_back_leave_none(a_read_study, ledger):
    study_uid, dataset = a_read_study
    uid = str(dataset.SOPInstanceUID)
    event = Measured(at=NOW, revision=1, radiograph_uid=uid, reader="Kim^Minji", annotations=[])
    ledger.append(study_uid, lambda _: event)
    (kept,) = keep_marks(study_uid, ledger=ledger, reading=READING).marks.annotations
    assert (kept.made, kept.sr, kept.presentation) == (True, None, None)


def test_key_images_become_a_key_object_selection(a_read_study, ledger, tmp_path):
    study_uid, dataset = a_read_study
    uid = str(dataset.SOPInstanceUID)
    event = KeyImagesMarked(at=NOW, revision=1, radiograph_uids=[uid], reader="Kim^Minji")
    ledger.append(study_uid, lambda _: event)
    kept = keep_marks(study_uid, ledger=ledger, reading=READING).marks.key_images.document
    document = pydicom.dcmread(
        ledger.archive.path(InstanceReference(study_uid, kept.series_uid, kept.instance_uid))
    )
    assert dciodvfy(document, tmp_path) == []
    assert document.Modality == "KO"
    (series,) = document.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    assert series.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == uid


def test_a_mask_that_cannot_be_measured_keeps_no_other_mark_from_its_object(a_read_study, ledger):
    study_uid, dataset = a_read_study
    correct(ledger, study_uid, dataset, a_disc(dataset))
    chosen = KeyImagesMarked(
        at=NOW, revision=1, radiograph_uids=[str(dataset.SOPInstanceUID)], reader="Kim^Minji"
    )
    ledger.append(study_uid, lambda _: chosen)

    def broken(_):
        raise PixelDataError("the pixel data is short")

    with pytest.raises(PixelDataError):
        keep_marks(study_uid, ledger=ledger, reading=READING._replace(attenuation=broken))
    marks = ledger.held(study_uid).marks
    assert marks.key_images.made
    assert marks.corrections[0].seg is None
