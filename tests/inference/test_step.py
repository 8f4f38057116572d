from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from datetime import datetime, timedelta, timezone
from uuid import uuid4

import numpy as np
import pydicom
import pytest
from pydicom import Dataset
from pydicom.uid import SegmentationStorage

from inference.models import load_package
from inference.onnx_runtime import OnnxRuntime
from inference.predict import Predictor
from inference.runtime import Answer, Precision
from inference.step import preview_study, segment_study
from study.archive import InstanceReference
from study.decision import Decision
from study.errors import PixelDataError, RegistryUnavailableError
from study.history import Queued, Received
from study.model import Presence, StudySummary
from study.segmentation import read_masks
from study.state import State
from study.unread import Unread, UnreadCode
from training.phantom import PhantomKind

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)


class Counting:
    """The real runtime, which counts how often it is asked."""

    name = "counting"
    precision = Precision.FP32

    def __init__(self) -> None:
        self.runs = 0
        self._runtime = OnnxRuntime(load_package(), threads=1)

    def __call__(self, batch: np.ndarray) -> Answer:
        self.runs += 1
        return self._runtime(batch)


@pytest.fixture(scope="module")
def counting() -> Predictor:
    return Predictor(load_package(), runtime=Counting())


@pytest.fixture
def runs(counting):
    before = counting.runtime.runs
    return lambda: counting.runtime.runs - before


def abdomen_only(header: Dataset) -> Decision:
    if header.get("BodyPartExamined") != "ABDOMEN":
        return Decision(False, Unread.of(UnreadCode.OTHER_BODY_PART, where="body part", part="CHEST"))
    return Decision(True)


@pytest.fixture
def a_study(ledger, radiographs):
    """Put radiographs of the given kinds into the archive as one study, and return its UID."""

    def put(
        *kinds: PhantomKind,
        queued: bool = True,
        damage: int | None = None,
        patient_ids: list[str] | None = None,
        received: str = "",
    ) -> str:
        study_uid = f"2.25.{uuid4().int}"
        for number, kind in enumerate(kinds):
            dataset = deepcopy(radiographs[kind])
            dataset.StudyInstanceUID = study_uid
            dataset.SeriesInstanceUID = dataset.SOPInstanceUID = f"{study_uid}.{number + 1}"
            dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
            if patient_ids:
                dataset.PatientID = patient_ids[number]
            if number == damage:
                dataset.PixelData = dataset.PixelData[:1000]
            ledger.archive.write_dataset(dataset)
        ledger.append(
            study_uid,
            lambda _: Received(
                at=NOW,
                revision=1,
                calling_ae_title="MODALITY",
                summary=StudySummary(patient_id=received),
            ),
        )
        if queued:
            ledger.append(study_uid, lambda _: Queued(at=NOW, revision=1, instances=len(kinds)))
        return study_uid

    return put


def _segment(study_uid, ledger, predictor, minutes: int = 1):
    return segment_study(
        study_uid,
        ledger=ledger,
        predictor=predictor,
        decide=abdomen_only,
        clock=lambda: NOW + timedelta(minutes=minutes),
    )


def _preview(study_uid, ledger, predictor):
    return preview_study(
        study_uid, ledger=ledger, predictor=predictor, decide=abdomen_only, clock=lambda: NOW
    )


def _files(ledger, study_uid: str) -> dict[str, bytes]:
    folder = ledger.archive.root / study_uid
    return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


def test_a_study_is_segmented_and_its_objects_are_in_the_archive(a_study, ledger, counting, phantoms):
    study_uid = a_study(PhantomKind.CONSTIPATION)
    record = _segment(study_uid, ledger, counting)
    assert record.state == State.SEGMENTED
    (radiograph,) = record.radiographs
    assert (radiograph.rows, radiograph.columns) == phantoms[PhantomKind.CONSTIPATION].pixels.shape
    assert len(record.findings) == 4
    by_uid = {ref.instance_uid: ref for ref in ledger.archive.instances(study_uid)}
    assert radiograph.sr_instance_uid in by_uid
    if radiograph.seg_instance_uid:
        seg = ledger.archive.read(by_uid[radiograph.seg_instance_uid])
        assert seg.SOPClassUID == SegmentationStorage
        drawn = [f for f in record.findings if f.segment]
        assert len(read_masks(seg)) == len(drawn)
    assert ledger.registry.record(study_uid).state == State.SEGMENTED


def test_a_finding_of_the_shipped_model_lies_on_the_ground_truth(a_study, ledger, counting, phantoms):
    study_uid = a_study(PhantomKind.PNEUMOPERITONEUM)
    record = _segment(study_uid, ledger, counting)
    gas = record.findings[1]
    assert gas.presence is not Presence.ABSENT
    ref = InstanceReference(study_uid, gas.segment.series_uid, gas.segment.instance_uid)
    mask, truth = read_masks(ledger.archive.read(ref))[2], phantoms[PhantomKind.PNEUMOPERITONEUM].mask[1]
    assert 2 * (mask & truth).sum() / (mask.sum() + truth.sum()) > 0.6


def test_a_step_done_twice_makes_nothing_twice(a_study, ledger, counting, runs):
    study_uid = a_study(PhantomKind.CONSTIPATION)
    first = _segment(study_uid, ledger, counting)
    before = _files(ledger, study_uid)
    assert _segment(study_uid, ledger, counting, minutes=7) == first
    assert _files(ledger, study_uid) == before
    assert runs() == 1


def test_a_step_killed_before_its_event_is_done_again_with_the_same_objects(a_study, ledger, counting):
    study_uid = a_study(PhantomKind.PNEUMOPERITONEUM)
    record = _segment(study_uid, ledger, counting)
    (event,) = (ledger.archive.root / study_uid / "events").glob("*-segmented.json")
    later = [each for each in event.parent.iterdir() if each.name >= event.name]  # an alert follows it
    for each in later:
        each.unlink()  # as if the worker had been killed just before it wrote this
    ledger.registry.flush()
    before = _files(ledger, study_uid)
    again = _segment(study_uid, ledger, counting, minutes=9)
    assert again.findings == record.findings
    after = _files(ledger, study_uid)
    assert {k: v for k, v in after.items() if "events" not in k} == {
        k: v for k, v in before.items() if "events" not in k
    }


def test_two_workers_at_once_leave_one_result(a_study, ledger, counting):
    study_uid = a_study(PhantomKind.CONSTIPATION)
    with ThreadPoolExecutor(3) as workers:
        records = list(workers.map(lambda m: _segment(study_uid, ledger, counting, m), range(3)))
    assert {record.state for record in records} == {State.SEGMENTED}
    assert [e.kind for e in ledger.archive.events(study_uid)] == ["received", "queued", "segmented"]
    (radiograph,) = ledger.held(study_uid).radiographs
    held = [ref.instance_uid for ref in ledger.archive.instances(study_uid)]
    assert held.count(radiograph.sr_instance_uid) == 1


def test_a_previewed_radiograph_is_not_predicted_again(a_study, ledger, counting, runs):
    study_uid = a_study(PhantomKind.CONSTIPATION, queued=False)
    previewed = _preview(study_uid, ledger, counting)
    assert previewed.state == State.RECEIVING
    assert len(previewed.findings) == 4
    assert _preview(study_uid, ledger, counting).version == previewed.version  # nothing new
    ledger.append(study_uid, lambda _: Queued(at=NOW, revision=1, instances=1))
    record = _segment(study_uid, ledger, counting)
    assert record.state == State.SEGMENTED
    assert record.findings == previewed.findings
    assert runs() == 1


def test_a_study_that_completes_during_its_preview_is_read_once(a_study, ledger, counting, runs):
    study_uid = a_study(PhantomKind.CONSTIPATION, queued=False)
    segmented = []

    class Completing:
        name = "completing"
        precision = Precision.FP32

        def __call__(self, batch: np.ndarray) -> Answer:
            ledger.append(study_uid, lambda _: Queued(at=NOW, revision=1, instances=1))
            segmented.append(workers.submit(_segment, study_uid, ledger, counting))
            return counting.runtime(batch)

    with ThreadPoolExecutor(1) as workers:
        _preview(study_uid, ledger, Predictor(counting.package, runtime=Completing()))
        assert segmented[0].result().state == State.SEGMENTED
    assert runs() == 1
    assert [e.kind for e in ledger.archive.events(study_uid)] == [
        "received",
        "queued",
        "previewed",
        "segmented",
    ]


def test_another_model_reads_the_radiograph_anew(a_study, ledger, counting, runs):
    study_uid = a_study(PhantomKind.CONSTIPATION, queued=False)
    before = _preview(study_uid, ledger, counting)
    package = load_package()
    retrained = type(package)(
        package.folder, package.description.model_copy(update={"version": "9", "sha256": "ab" * 32})
    )
    ledger.append(study_uid, lambda _: Queued(at=NOW, revision=1, instances=1))
    record = _segment(study_uid, ledger, Predictor(retrained, runtime=counting.runtime))
    assert record.model.version == "9"
    assert record.radiographs[0].sr_instance_uid != before.radiographs[0].sr_instance_uid
    assert runs() == 2


def test_a_corrupt_radiograph_among_good_ones_is_named_and_the_study_goes_on(a_study, ledger, counting):
    study_uid = a_study(PhantomKind.CONSTIPATION, PhantomKind.NORMAL, damage=1)
    record = _segment(study_uid, ledger, counting)
    assert record.state == State.SEGMENTED
    (event,) = (e for e in ledger.archive.events(study_uid) if e.kind == "segmented")
    assert list(event.segmentation.not_read) == [f"{study_uid}.2"]
    why = event.segmentation.not_read[f"{study_uid}.2"]
    assert why.code is UnreadCode.UNREADABLE
    assert "the pixel data is short" in why.text
    assert [r.instance_uid for r in record.radiographs] == [f"{study_uid}.1"]


def test_a_study_whose_radiographs_are_all_corrupt_is_an_error(a_study, ledger, counting):
    study_uid = a_study(PhantomKind.CONSTIPATION, damage=0)
    with pytest.raises(PixelDataError, match="no radiograph of the study can be read"):
        _segment(study_uid, ledger, counting)
    assert ledger.held(study_uid).state == State.QUEUED


def test_a_chest_is_skipped_with_the_reason(a_study, ledger, counting, runs):
    study_uid = a_study(PhantomKind.CHEST)
    record = _segment(study_uid, ledger, counting)
    assert record.state == State.SKIPPED
    assert record.reason == "body part is CHEST; the model reads the abdomen only"
    assert record.why_skipped == [Unread.of(UnreadCode.OTHER_BODY_PART, where="body part", part="CHEST")]
    assert runs() == 0


def test_a_chest_beside_an_abdomen_is_named_but_does_not_stop_it(a_study, ledger, counting):
    study_uid = a_study(PhantomKind.CHEST, PhantomKind.NORMAL)
    assert _segment(study_uid, ledger, counting).state == State.SEGMENTED
    (event,) = (e for e in ledger.archive.events(study_uid) if e.kind == "segmented")
    assert event.segmentation.not_read == {
        f"{study_uid}.1": Unread.of(UnreadCode.OTHER_BODY_PART, where="body part", part="CHEST")
    }


@pytest.mark.parametrize(
    ("received", "patient_ids", "read"),
    [
        ("P1", ["P1", "P2"], [1]),
        ("P2", ["P1", "P2"], [2]),
        ("P1", ["P1", ""], [1, 2]),
        ("P1 ", ["P1", "P1"], [1, 2]),
        ("", ["P1", "P2"], [1]),
    ],
)
def test_a_radiograph_of_another_patient_stays_out_of_the_study(
    received, patient_ids, read, a_study, ledger, counting
):
    kinds = PhantomKind.CONSTIPATION, PhantomKind.PNEUMOPERITONEUM
    study_uid = a_study(*kinds, received=received, patient_ids=patient_ids)
    record = _segment(study_uid, ledger, counting)
    assert record.state == State.SEGMENTED
    assert [r.instance_uid for r in record.radiographs] == [f"{study_uid}.{number}" for number in read]
    left_out = {f"{study_uid}.{number}" for number in (1, 2) if number not in read}
    assert record.not_read == dict.fromkeys(left_out, Unread.of(UnreadCode.ANOTHER_PATIENT))
    assert {f.radiograph_uid for f in record.findings}.isdisjoint(left_out)


def test_a_study_of_none_of_its_patients_radiographs_is_skipped_with_the_reason(
    a_study, ledger, counting, runs
):
    record = _segment(a_study(PhantomKind.CONSTIPATION, received="P1", patient_ids=["P2"]), ledger, counting)
    assert (record.state, record.reason) == (State.SKIPPED, "another Patient ID than the study's")
    assert runs() == 0


def test_a_blank_image_is_skipped_with_the_reason(a_study, ledger, counting, radiographs):
    study_uid = a_study()
    blank = deepcopy(radiographs[PhantomKind.NORMAL])
    blank.StudyInstanceUID = study_uid
    blank.PixelData = bytes(len(blank.PixelData))
    ledger.archive.write_dataset(blank)
    record = _segment(study_uid, ledger, counting)
    assert (record.state, record.reason) == (State.SKIPPED, "the image is blank: all of it has one value")


def test_a_late_instance_during_the_step_leaves_the_study_to_the_next_revision(a_study, ledger, counting):
    study_uid = a_study(PhantomKind.CONSTIPATION)

    def late(header: Dataset) -> Decision:
        ledger.append(
            study_uid,
            lambda now: (
                None
                if now.revision == 2
                else Received(at=NOW, revision=2, calling_ae_title="MODALITY", summary=StudySummary())
            ),
        )
        return Decision(True)

    record = segment_study(study_uid, ledger=ledger, predictor=counting, decide=late, clock=lambda: NOW)
    assert (record.state, record.revision) == (State.RECEIVING, 2)


def test_results_that_came_back_from_a_pacs_are_not_read_again(a_study, ledger, counting):
    study_uid = a_study(PhantomKind.CONSTIPATION)
    _segment(study_uid, ledger, counting)
    ledger.append(study_uid, lambda _: Queued(at=NOW, revision=1, instances=3, why="reprocess"))
    _segment(study_uid, ledger, counting)
    event = [e for e in ledger.archive.events(study_uid) if e.kind == "segmented"][-1]
    assert event.segmentation.not_read == {}


def test_redis_being_away_is_an_error_that_may_be_retried(a_study, ledger, counting, monkeypatch):
    study_uid = a_study(PhantomKind.CONSTIPATION)

    def away(*_: object) -> None:
        raise RegistryUnavailableError("Redis does not answer")

    with monkeypatch.context() as patched:
        patched.setattr(ledger.registry, "mark", away)
        with pytest.raises(RegistryUnavailableError):
            _segment(study_uid, ledger, counting)
    assert _segment(study_uid, ledger, counting).state == State.SEGMENTED


def test_what_is_kept_is_valid_part_10(a_study, ledger, counting):
    study_uid = a_study(PhantomKind.AIR_FLUID_LEVELS)
    _segment(study_uid, ledger, counting)
    for ref in ledger.archive.instances(study_uid):
        dataset = pydicom.dcmread(ledger.archive.path(ref))
        assert dataset.StudyInstanceUID == study_uid
