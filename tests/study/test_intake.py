from __future__ import annotations

import subprocess
import threading
import time
import warnings
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, generate_uid

from study.archive import Archive, Written
from study.errors import (
    ArchiveError,
    DatasetMismatchError,
    IdentifierError,
    KidrayError,
    NotDicomError,
    PixelDataError,
)
from study.holdings import Holdings
from study.intake import Intake, Taken
from study.jobs import JobQueue, build_broker
from study.ledger import Ledger
from study.reconcile import Reconciler
from study.redis_server import command, url, wait_until_ready
from study.registry import Registry, connect
from study.state import State
from tests.peers import wait_for
from tests.study.instances import a_radiograph, encoded


@pytest.fixture
def intake(ledger: Ledger, queue: JobQueue) -> Intake:
    return Intake(ledger, queue, quiet_period=0.0, complete_on_release=["CLOSER"])


def give(intake: Intake, dataset: pydicom.Dataset, *, calling: str = "MODALITY", **request: object) -> Taken:
    asked = {
        "sop_class_uid": str(dataset.SOPClassUID),
        "instance_uid": str(dataset.SOPInstanceUID),
        "transfer_syntax_uid": str(ExplicitVRLittleEndian),
        "calling_ae_title": calling,
    }
    body = request.pop("body", None) or encoded(dataset)
    return intake.take(body, **{**asked, **request})  # type: ignore[arg-type]


def test_what_is_taken_is_held_byte_for_byte_and_on_the_worklist(intake: Intake, ledger: Ledger):
    dataset = a_radiograph()
    taken = give(intake, dataset)
    held = ledger.archive.path(taken.ref).read_bytes()
    assert taken.written is Written.CREATED
    assert held[:132] == b"\0" * 128 + b"DICM"
    assert held.endswith(encoded(dataset))
    record = ledger.registry.record(dataset.StudyInstanceUID)
    assert record is not None
    assert (record.state, record.calling_ae_title, record.summary.patient_age) == (
        State.RECEIVING,
        "MODALITY",
        "003M",
    )


def test_a_radiograph_is_previewed_as_soon_as_it_is_there(intake: Intake, queue: JobQueue):
    give(intake, a_radiograph())
    assert queue.lengths()["segment"] == 1


def test_the_same_instance_again_is_no_news(intake: Intake, ledger: Ledger):
    dataset = a_radiograph()
    give(intake, dataset)
    assert give(intake, dataset).written is Written.IDENTICAL
    record = ledger.record(dataset.StudyInstanceUID)
    assert record is not None
    assert (record.revision, record.version) == (1, 1)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("garbage", NotDicomError),
        ("empty", NotDicomError),
        ("truncated", PixelDataError),
        ("no pixels", PixelDataError),
        ("other class", DatasetMismatchError),
        ("other instance", DatasetMismatchError),
        ("bad study uid", IdentifierError),
        ("no study uid", NotDicomError),
    ],
)
def test_bad_input_is_refused_named_and_leaves_nothing(
    intake: Intake, archive: Archive, name: str, error: type[KidrayError]
):
    dataset = a_radiograph()
    good = encoded(dataset)
    match name:
        case "garbage":
            request = {"body": b"this is not DICOM, whatever the sender thinks" * 9}
        case "empty":
            request = {"body": b"\0"}
        case "truncated":
            request = {"body": good[:-100]}
        case "no pixels":
            request = {"body": good[: good.index(b"\xe0\x7f\x10\x00")]}
        case "other class":
            request = {"sop_class_uid": "1.2.840.10008.5.1.4.1.1.2"}
        case "other instance":
            request = {"instance_uid": "1.2.3"}
        case "bad study uid":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # pydicom's, of the value that is wrong on purpose
                dataset.StudyInstanceUID = "../../x"
            request = {"body": encoded(dataset)}
        case _:
            del dataset.StudyInstanceUID
            request = {"body": encoded(dataset)}
    with pytest.raises(error) as caught:
        give(intake, dataset, **request)
    assert "../" not in str(caught.value)
    assert "DOE" not in str(caught.value)
    assert "4711" not in str(caught.value)
    assert list(archive.studies()) == []


def test_implicit_vr_is_read_too(intake: Intake):
    dataset = a_radiograph()
    body = encoded(dataset, ImplicitVRLittleEndian)
    taken = give(intake, dataset, body=body, transfer_syntax_uid=str(ImplicitVRLittleEndian))
    assert taken.written is Written.CREATED


@pytest.mark.parametrize("charset", ["ISO_IR 192", "\\ISO 2022 IR 149"])
def test_a_korean_name_reaches_the_worklist_whole(intake: Intake, ledger: Ledger, charset: str):
    dataset = a_radiograph(SpecificCharacterSet=charset.split("\\"))
    dataset.PatientName = "Hong^Gildong=洪^吉洞=홍^길동"
    give(intake, dataset)
    record = ledger.record(dataset.StudyInstanceUID)
    assert record is not None
    assert record.summary.patient_name == "Hong^Gildong=洪^吉洞=홍^길동"


@pytest.mark.filterwarnings("ignore:Unknown encoding")
@pytest.mark.parametrize(("charset", "shown"), [(b"utf_7", "[HONG?, x]"), (b"base64", "")])
def test_a_character_set_that_makes_no_text_keeps_no_instance_out(
    intake: Intake, ledger: Ledger, charset: bytes, shown: str
):
    dataset = a_radiograph(SpecificCharacterSet="ISO_IR 100")
    dataset.PatientName = "HONG+2AA-\\x"  # half a surrogate pair in UTF-7, which no standard allows
    give(intake, dataset, body=encoded(dataset).replace(b"ISO_IR 100", charset.ljust(10)))
    record = ledger.record(dataset.StudyInstanceUID)
    assert record is not None
    assert record.summary.patient_name == shown
    answer = Holdings(ledger.archive).study_answer(dataset.StudyInstanceUID)
    assert answer is not None
    assert "PatientName" not in answer


def test_a_study_is_complete_after_the_quiet_period(intake: Intake, ledger: Ledger, queue: JobQueue):
    dataset = a_radiograph()
    give(intake, dataset)
    Reconciler(ledger, queue, intake).complete_due()
    record = ledger.record(dataset.StudyInstanceUID)
    assert record is not None
    assert (record.state, record.instances) == (State.QUEUED, 1)
    assert queue.lengths()["segment"] == 2  # the preview, and the study's own


def test_a_study_is_not_complete_before_the_quiet_period_is_over(ledger: Ledger, queue: JobQueue):
    patient = Intake(ledger, queue, quiet_period=60)
    dataset = a_radiograph()
    give(patient, dataset)
    assert Reconciler(ledger, queue, patient).complete_due() == 0


@pytest.mark.parametrize(("calling", "complete"), [("CLOSER", 1), ("OTHER", 0)])
def test_a_sender_whose_policy_says_so_completes_by_releasing(
    ledger: Ledger, queue: JobQueue, calling: str, complete: int
):
    intake = Intake(ledger, queue, quiet_period=60, complete_on_release=["CLOSER"])
    dataset = a_radiograph()
    give(intake, dataset, calling=calling)
    intake.released([dataset.StudyInstanceUID], calling)
    assert Reconciler(ledger, queue, intake).complete_due() == complete


@pytest.mark.parametrize(
    ("patient_id", "age_shown"), [("PID-4711", "004M"), ("PID-0815", "003M"), ("", "003M")]
)
def test_a_late_radiograph_of_another_patient_does_not_rename_the_study(
    intake: Intake, ledger: Ledger, queue: JobQueue, patient_id: str, age_shown: str
):
    first = a_radiograph()
    give(intake, first)
    study_uid = str(first.StudyInstanceUID)
    Reconciler(ledger, queue, intake).complete_due()
    give(intake, a_radiograph(study_uid, PatientID=patient_id, PatientAge="004M"))
    record = ledger.record(study_uid)
    assert record is not None
    assert record.revision == 2
    assert (record.summary.patient_id, record.summary.patient_age) == ("PID-4711", age_shown)


def test_a_late_radiograph_reopens_the_study(intake: Intake, ledger: Ledger, queue: JobQueue):
    first = a_radiograph()
    give(intake, first)
    Reconciler(ledger, queue, intake).complete_due()
    late = a_radiograph(first.StudyInstanceUID)
    give(intake, late)
    record = ledger.record(first.StudyInstanceUID)
    assert record is not None
    assert (record.state, record.revision) == (State.RECEIVING, 2)


def test_a_result_of_ours_that_comes_back_makes_no_work(intake: Intake, ledger: Ledger, queue: JobQueue):
    from pydicom.uid import ComprehensiveSRStorage

    dataset = a_radiograph(Manufacturer="Kidray", SOPClassUID=ComprehensiveSRStorage)
    give(intake, dataset)
    assert ledger.record(dataset.StudyInstanceUID) is None
    assert sum(queue.lengths().values()) == 0


def test_nothing_acknowledged_is_lost_while_redis_is_down(tmp_path: Path):
    folder = tmp_path / "redis"
    server = subprocess.Popen(command(folder), stdout=subprocess.DEVNULL)
    wait_until_ready(url(folder))
    broker = build_broker(url(folder))
    ledger = Ledger(Archive(tmp_path / "archive"), Registry(connect(url(folder))))
    intake = Intake(ledger, JobQueue(broker), quiet_period=0.0)
    server.terminate()
    server.wait(10)

    datasets = [a_radiograph() for _ in range(3)]
    for dataset in datasets:
        assert give(intake, dataset).written is Written.CREATED

    server = subprocess.Popen(command(folder), stdout=subprocess.DEVNULL)
    try:
        wait_until_ready(url(folder))
        time.sleep(1.1)  # the pause in which Redis is left alone
        assert intake.retry_unrecorded() == 0
        assert set(ledger.registry.worklist()) == {d.StudyInstanceUID for d in datasets}
        assert Reconciler(ledger, JobQueue(broker), intake).complete_due() == 3
    finally:
        server.terminate()
        server.wait(10)


def test_rebuild_restores_a_wiped_redis_and_asks_for_what_is_owed(
    intake: Intake, ledger: Ledger, queue: JobQueue, redis_url: str
):
    datasets = [a_radiograph() for _ in range(2)]
    for dataset in datasets:
        give(intake, dataset)
    reconciler = Reconciler(ledger, queue, intake)
    reconciler.complete_due()
    before = [ledger.registry.record(d.StudyInstanceUID) for d in datasets]
    client = connect(redis_url)
    client.flushall()
    client.close()

    assert reconciler.rebuild() == 2
    assert [ledger.registry.record(d.StudyInstanceUID) for d in datasets] == before
    assert queue.lengths()["segment"] == 2
    assert reconciler.rebuild() == 0  # nothing is news the second time


def test_what_leaves_while_it_comes_again_is_not_acknowledged(intake: Intake, ledger: Ledger, monkeypatch):
    dataset = a_radiograph()
    give(intake, dataset)
    uid = dataset.StudyInstanceUID
    commit = ledger.commit

    def commit_late(*arguments):
        ledger.archive.remove(uid, instances=1)
        return commit(*arguments)

    with monkeypatch.context() as changed:
        changed.setattr(ledger, "commit", commit_late)
        with pytest.raises(ArchiveError, match="send it again"):
            give(intake, dataset)
    assert give(intake, dataset).written is Written.CREATED


def test_a_study_that_cannot_be_read_and_a_foreign_folder_hold_up_no_other(
    intake: Intake, ledger: Ledger, queue: JobQueue, registry: Registry, redis_url: str
):
    broken, sound = a_radiograph(), a_radiograph()
    for dataset in (broken, sound):
        give(intake, dataset)
    root = ledger.archive.root
    (root / "lost+found").mkdir()
    (event,) = (root / broken.StudyInstanceUID / "events").iterdir()
    event.write_bytes(b"{}")
    client = connect(redis_url)
    client.flushall()
    client.close()
    reconciler = Reconciler(ledger, queue, quiet_period=0)
    registry.expect_more_until(broken.StudyInstanceUID, 1.0)  # the first of those that are due
    assert reconciler.rebuild() == 1
    assert registry.is_whole()
    assert reconciler.complete_due() == 2
    assert ledger.held(sound.StudyInstanceUID).state == "queued"
    assert reconciler.complete_due() == 0  # the broken one is put off


def test_a_record_of_another_version_of_kidray_is_rebuilt(
    intake: Intake, ledger: Ledger, queue: JobQueue, redis_url: str
):
    dataset = a_radiograph()
    give(intake, dataset)
    before = ledger.registry.record(dataset.StudyInstanceUID)
    client = connect(redis_url)
    key = f"kidray:study:{dataset.StudyInstanceUID}"
    client.hset(key, mapping={"record": '{"of": "another version"}', "schema": "other"})
    client.close()
    assert ledger.registry.record(dataset.StudyInstanceUID) is None
    Reconciler(ledger, queue, intake).rebuild()
    assert ledger.registry.record(dataset.StudyInstanceUID) == before


def test_a_uid_that_the_archive_never_saw_is_no_study(ledger: Ledger):
    assert ledger.record(generate_uid()) is None


def test_a_wiped_redis_is_noticed_though_a_study_has_arrived_since(
    intake: Intake, ledger: Ledger, queue: JobQueue, redis_url: str
):
    first, second = a_radiograph(), a_radiograph()
    give(intake, first)
    client = connect(redis_url)
    client.flushall()
    client.close()
    give(intake, second)
    stop = threading.Event()
    thread = threading.Thread(target=Reconciler(ledger, queue, intake, quiet_period=60).run, args=(stop,))
    thread.start()
    until = time.monotonic() + 10
    while len(ledger.registry.worklist()) < 2 and time.monotonic() < until:
        time.sleep(0.05)
    client = connect(redis_url)
    client.flushall()  # once more, while it runs
    client.close()
    give(intake, a_radiograph())
    while len(ledger.registry.worklist()) < 3 and time.monotonic() < until:
        time.sleep(0.05)
    stop.set()
    thread.join()
    assert len(ledger.registry.worklist()) == 3


def test_results_are_not_counted_as_received(intake: Intake, ledger: Ledger, queue: JobQueue):
    from study.history import Previewed
    from study.model import ModelIdentity, Radiograph, Segmentation
    from study.telemetry import now

    dataset = a_radiograph()
    ref = give(intake, dataset).ref
    result = a_radiograph(dataset.StudyInstanceUID, Manufacturer="Kidray")
    ledger.archive.write_dataset(with_meta(result))
    seen = Radiograph(
        series_uid=ref.series_uid,
        instance_uid=ref.instance_uid,
        sop_class_uid=dataset.SOPClassUID,
        rows=1,
        columns=1,
        seg_instance_uid=result.SOPInstanceUID,
    )
    model = ModelIdentity(name="m", version="1", sha256="0", disclaimer="d")
    segmentation = Segmentation(model=model, radiographs=[seen], findings=[])
    ledger.append(ref.study_uid, lambda _: Previewed(at=now(), revision=1, segmentation=segmentation))
    Reconciler(ledger, queue, intake).complete_due()
    assert ledger.held(ref.study_uid).instances == 1


def with_meta(dataset: pydicom.Dataset) -> pydicom.Dataset:
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return dataset


def test_a_study_that_its_process_did_not_live_to_tell_of_is_found_by_looking_again(
    intake: Intake, ledger: Ledger, queue: JobQueue
):
    dataset = a_radiograph()
    give(intake, dataset)
    reconciler = Reconciler(ledger, queue, quiet_period=60)
    stop = threading.Event()
    thread = threading.Thread(target=reconciler.run, args=(stop,))
    thread.start()
    try:
        wait_for(ledger.registry.is_whole, seconds=60, what="the first look")
        ledger.registry.forget(dataset.StudyInstanceUID)
        reconciler.look_again()
        wait_for(ledger.registry.worklist, seconds=60, what="the study on the worklist")
    finally:
        stop.set()
        thread.join()
