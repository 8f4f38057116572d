"""Results on their way to real destinations."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timezone
from io import BytesIO

import pydicom
import pytest
from pydantic import ValidationError
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import (
    Comprehensive3DSRStorage,
    ComprehensiveSRStorage,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
    generate_uid,
)

from dicom_node.courier import Courier
from dicom_node.deliver import deliver_study
from dicom_node.pool import AssociationPool
from dicom_node.receive import Receiver
from study.circuit import FAILURES, Circuit
from study.destination import DestinationPolicy
from study.errors import DeliveryError
from study.history import Drafted, Kept, Queued, Received, Segmented, Signed
from study.learnt import Learnt
from study.ledger import Ledger
from study.model import (
    DeliveryState,
    ModelIdentity,
    Radiograph,
    Report,
    Segmentation,
    SignedReport,
    StudyRecord,
    StudySummary,
)
from study.owed import capture_uid
from study.settings import Destination
from tests.dicom_node.conftest import make_radiograph
from tests.peers import Orthanc, free_port
from tests.study.reports import empty_report

peer = pytest.mark.peer
AT = datetime(2026, 3, 1, tzinfo=timezone.utc)


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    with Orthanc(tmp_path_factory.mktemp("orthanc")) as running:
        yield running


def derived(sop_class: str, study_uid: str) -> Dataset:
    """Return a result object: what is in it does not matter on its way."""
    dataset = make_radiograph(32)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.StudyInstanceUID = sop_class, study_uid
    dataset.Modality = "SEG" if sop_class == SegmentationStorage else "SR"
    dataset.Manufacturer = "Kidray"
    return dataset


@pytest.fixture
def a_segmented_study(ledger: Ledger) -> StudyRecord:
    study_uid = generate_uid()
    seg, sr = derived(SegmentationStorage, study_uid), derived(Comprehensive3DSRStorage, study_uid)
    radiograph = make_radiograph(32, StudyInstanceUID=study_uid)
    for dataset in (radiograph, seg, sr):
        ledger.archive.write_dataset(dataset)
    segmentation = Segmentation(
        model=ModelIdentity(name="test", version="1", sha256="0" * 64, disclaimer=""),
        radiographs=[
            Radiograph(
                series_uid=radiograph.SeriesInstanceUID,
                instance_uid=radiograph.SOPInstanceUID,
                sop_class_uid=radiograph.SOPClassUID,
                rows=32,
                columns=32,
                seg_series_uid=seg.SeriesInstanceUID,
                seg_instance_uid=seg.SOPInstanceUID,
                sr_instance_uid=sr.SOPInstanceUID,
            )
        ],
        findings=[],
    )
    for event in (
        Received(at=AT, revision=1, calling_ae_title="CR", summary=StudySummary()),
        Queued(at=AT, revision=1, instances=1),
        Segmented(at=AT, revision=1, segmentation=segmentation),
    ):
        ledger.append(study_uid, lambda _, event=event: event)
    return ledger.held(study_uid)


def report(study_uid: str, sr: Dataset | None, *, signed: bool) -> Report:
    uids = (str(sr.SeriesInstanceUID), str(sr.SOPInstanceUID)) if sr else (None, None)
    return empty_report(study_uid, AT, signed=signed, sr_series=uids[0], sr=uids[1])


def courier(ledger: Ledger, pool: AssociationPool | None = None) -> Courier:
    redis = ledger.registry._redis
    return Courier(
        pool=pool or AssociationPool(),
        circuit=Circuit(redis),
        learnt=Learnt(redis),
        calling_ae_title="KIDRAY",
        connect_timeout=1,
    )


def deliver_by(
    ledger: Ledger, record: StudyRecord, *policies: DestinationPolicy, pool: AssociationPool | None = None
) -> StudyRecord:
    """Deliver as the policies say, and return the record afterwards; raises what delivering raises."""
    deliver_study(record.study_uid, ledger=ledger, destinations=policies, courier=courier(ledger, pool))
    return ledger.held(record.study_uid)


def deliver(ledger: Ledger, record: StudyRecord, *destinations: Destination) -> StudyRecord:
    """Deliver, and return the record afterwards; raises what delivering raises."""
    return deliver_by(ledger, record, *(DestinationPolicy(node=d) for d in destinations))


def states(record: StudyRecord) -> dict[tuple[str, str], str]:
    return {(d.destination, d.kind): d.state for d in record.deliveries}


@peer
def test_seg_and_measurement_sr_reach_the_pacs(ledger, orthanc, a_segmented_study) -> None:
    after = deliver(ledger, a_segmented_study, Destination.parse(orthanc.destination))
    assert states(after) == {("ORTHANC", "SEG"): "sent", ("ORTHANC", "SR"): "sent"}
    assert [d.attempts for d in after.deliveries] == [1, 1]
    for delivery in after.deliveries:
        ours = next(
            r for r in ledger.archive.instances(after.study_uid) if r.instance_uid == delivery.instance_uid
        )
        theirs = pydicom.dcmread(BytesIO(orthanc.instance(delivery.instance_uid)))
        assert theirs.PixelData == ledger.archive.read(ours).PixelData
    radiograph = after.radiographs[0]
    assert orthanc.instance(radiograph.instance_uid) is None, "what came from the PACS is not sent back"


@peer
def test_doing_it_again_sends_nothing_again(ledger, orthanc, a_segmented_study) -> None:
    destination = Destination.parse(orthanc.destination)
    once = deliver(ledger, a_segmented_study, destination)
    assert deliver(ledger, a_segmented_study, destination).version == once.version


@peer
def test_a_draft_stays_here_until_it_is_signed(ledger, orthanc, a_segmented_study) -> None:
    destination = Destination.parse(orthanc.destination)
    uid = a_segmented_study.study_uid
    draft_sr, signed_sr = (derived(ComprehensiveSRStorage, uid) for _ in range(2))
    ledger.archive.write_dataset(draft_sr)
    ledger.archive.write_dataset(signed_sr)
    ledger.append(uid, lambda _: Drafted(at=AT, revision=1, report=report(uid, draft_sr, signed=False)))
    assert set(states(deliver(ledger, a_segmented_study, destination))) == {
        ("ORTHANC", "SEG"),
        ("ORTHANC", "SR"),
    }
    ledger.append(uid, lambda _: Signed(at=AT, revision=1, report=report(uid, signed_sr, signed=True)))
    assert states(deliver(ledger, a_segmented_study, destination))["ORTHANC", "REPORT"] == "sent"
    assert orthanc.instance(signed_sr.SOPInstanceUID) is not None
    assert orthanc.instance(draft_sr.SOPInstanceUID) is None


@peer
def test_a_signed_report_is_still_owed_after_the_study_was_reopened(
    ledger, orthanc, a_segmented_study
) -> None:
    uid = a_segmented_study.study_uid
    signed_sr = derived(ComprehensiveSRStorage, uid)
    ledger.archive.write_dataset(signed_sr)
    for event in (
        Drafted(at=AT, revision=1, report=report(uid, None, signed=False)),
        Signed(at=AT, revision=1, report=report(uid, signed_sr, signed=True)),
        Received(at=AT, revision=2, calling_ae_title="CR", summary=StudySummary()),
    ):
        ledger.append(uid, lambda _, event=event: event)
    after = deliver(ledger, a_segmented_study, Destination.parse(orthanc.destination))
    assert states(after)["ORTHANC", "REPORT"] == "sent"


@peer
def test_a_destination_that_is_down_does_not_keep_the_others_waiting(
    ledger, orthanc, a_segmented_study
) -> None:
    dead = Destination("DEAD", "127.0.0.1", free_port())
    silent = Destination("SILENT", "192.0.2.1", 104)  # TEST-NET-1: never answers
    live = Destination.parse(orthanc.destination)
    began = time.monotonic()
    with pytest.raises(DeliveryError) as caught:
        deliver(ledger, a_segmented_study, dead, silent, live)
    assert time.monotonic() - began < 10
    assert caught.value.retryable
    assert "DEAD" in str(caught.value)
    assert "SILENT" in str(caught.value)
    assert "ORTHANC" not in str(caught.value)
    after = ledger.held(a_segmented_study.study_uid)
    assert states(after)["ORTHANC", "SEG"] == "sent"
    waiting = [d for d in after.deliveries if d.destination == "DEAD"]
    assert {(d.state, d.attempts) for d in waiting} == {(DeliveryState.PENDING, 1)}
    assert "does not answer" in str(waiting[0].reason)


@peer
def test_what_failed_is_sent_once_the_destination_is_back(ledger, a_segmented_study, tmp_path) -> None:
    port = free_port()
    destination = Destination("ORTHANC", "127.0.0.1", port)
    for _ in range(2):
        with pytest.raises(DeliveryError):
            deliver(ledger, a_segmented_study, destination)
    with Orthanc(tmp_path / "orthanc", dicom_port=port) as back:
        after = deliver(ledger, a_segmented_study, destination)
        assert len(back.instances()) == 2
    assert {(d.state, d.attempts, d.reason) for d in after.deliveries} == {(DeliveryState.SENT, 2, None)}


def test_a_destination_that_stays_down_costs_one_event_each_object_and_is_soon_left_alone(
    ledger, a_segmented_study
) -> None:
    dead = Destination("DEAD", "127.0.0.1", free_port())
    for _ in range(FAILURES + 3):
        with pytest.raises(DeliveryError, match=r"DEAD .*does not answer"):
            deliver(ledger, a_segmented_study, dead)
    after = ledger.held(a_segmented_study.study_uid)
    assert after.version == a_segmented_study.version + 2  # SEG and SR, once each
    pause = Circuit(ledger.registry._redis).pause("DEAD")
    assert pause is not None
    assert pause.failures == FAILURES, "while it is left alone nobody connects"


def test_a_destination_that_is_left_alone_keeps_no_other_from_its_results(
    ledger, receiver: Receiver, a_segmented_study
) -> None:
    circuit = Circuit(ledger.registry._redis)
    for _ in range(FAILURES):
        circuit.failed("DOWN", "does not answer")
    with pytest.raises(DeliveryError, match="DOWN"):
        deliver(
            ledger,
            a_segmented_study,
            Destination("DOWN", "127.0.0.1", receiver.port),
            Destination("UP", "127.0.0.1", receiver.port),
        )
    states_now = states(ledger.held(a_segmented_study.study_uid))
    assert {states_now["UP", "SEG"], states_now["DOWN", "SEG"]} == {"sent", "pending"}


def test_what_a_refusal_forbids_is_recorded_once(ledger, receiver: Receiver, a_segmented_study) -> None:
    seg_uid = a_segmented_study.radiographs[0].seg_instance_uid
    path = next(ledger.archive.root.rglob(f"{seg_uid}.dcm"))
    path.write_bytes(path.read_bytes()[:-10])
    other = Destination("OTHER", "127.0.0.1", receiver.port)
    once = deliver(ledger, a_segmented_study, other)
    assert deliver(ledger, a_segmented_study, other).version == once.version


def test_a_refusal_is_recorded_in_words_and_not_retried(
    ledger, receiver: Receiver, a_segmented_study
) -> None:
    seg_uid = a_segmented_study.radiographs[0].seg_instance_uid
    path = next(ledger.archive.root.rglob(f"{seg_uid}.dcm"))
    path.write_bytes(path.read_bytes()[:-10])  # so that the destination, a node like ours, refuses it
    after = deliver(ledger, a_segmented_study, Destination("OTHER", "127.0.0.1", receiver.port))
    (seg,) = [d for d in after.deliveries if d.kind == "SEG"]
    assert (seg.state, seg.reason) == (DeliveryState.FAILED, "cannot understand (0xC001)")
    (sr,) = [d for d in after.deliveries if d.kind == "SR"]
    assert sr.state is DeliveryState.SENT


def test_our_own_results_coming_back_make_no_work(ledger, receiver, a_segmented_study) -> None:
    deliver(ledger, a_segmented_study, Destination("KIDRAY", "127.0.0.1", receiver.port))
    assert ledger.held(a_segmented_study.study_uid).state == "segmented"
    assert not list(ledger.archive.root.rglob("*.conflict-*"))


def test_each_destination_gets_what_its_table_says(ledger, receiver: Receiver, a_segmented_study) -> None:
    uid, port = a_segmented_study.study_uid, receiver.port
    draft_sr, signed_sr = (derived(ComprehensiveSRStorage, uid) for _ in range(2))
    for sr in (draft_sr, signed_sr):
        ledger.archive.write_dataset(sr)
    policies = [
        DestinationPolicy(node=Destination("ALL", "127.0.0.1", port), gets=("SEG", "SR", "REPORT", "DRAFT")),
        DestinationPolicy(node=Destination("SEGS", "127.0.0.1", port), gets=("SEG",)),
        DestinationPolicy(node=Destination("SIGNED", "127.0.0.1", port), when="signed"),
    ]
    ledger.append(uid, lambda _: Drafted(at=AT, revision=1, report=report(uid, draft_sr, signed=False)))
    before = states(deliver_by(ledger, a_segmented_study, *policies))
    assert set(before) == {("ALL", "SEG"), ("ALL", "SR"), ("ALL", "DRAFT"), ("SEGS", "SEG")}
    ledger.append(uid, lambda _: Signed(at=AT, revision=1, report=report(uid, signed_sr, signed=True)))
    after = states(deliver_by(ledger, a_segmented_study, *policies))
    signed = {("ALL", "REPORT"), ("SIGNED", "SEG"), ("SIGNED", "SR"), ("SIGNED", "REPORT")}
    assert set(after) == set(before) | signed
    assert set(after.values()) == {"sent"}


def test_a_report_whose_sr_is_made_after_a_late_instance_came_is_delivered(
    ledger, receiver: Receiver, a_segmented_study
) -> None:
    uid = a_segmented_study.study_uid
    sr = derived(ComprehensiveSRStorage, uid)
    ledger.archive.write_dataset(sr)
    made = SignedReport(version=1, sr_series_uid=sr.SeriesInstanceUID, sr_instance_uid=sr.SOPInstanceUID)
    for event in (
        Drafted(at=AT, revision=1, report=report(uid, None, signed=False)),
        Signed(at=AT, revision=1, report=report(uid, None, signed=True)),
        Received(at=AT, revision=2, calling_ae_title="CR", summary=StudySummary()),
        Kept(at=AT, revision=1, signed=made),
    ):
        ledger.append(uid, lambda _, event=event: event)
    after = deliver(ledger, a_segmented_study, Destination("PACS", "127.0.0.1", receiver.port))
    assert after.state == "receiving"
    assert states(after)["PACS", "REPORT"] == "sent"


@peer
def test_only_the_transfer_syntaxes_set_for_a_destination_are_proposed(
    ledger, a_segmented_study, tmp_path
) -> None:
    with Orthanc(tmp_path / "orthanc") as implicit:
        policy = DestinationPolicy(
            node=Destination.parse(implicit.destination), transfer_syntaxes=(ImplicitVRLittleEndian,)
        )
        after = deliver_by(ledger, a_segmented_study, policy)
        assert set(states(after).values()) == {"sent"}
        for delivery in after.deliveries:
            theirs = pydicom.dcmread(BytesIO(implicit.instance(delivery.instance_uid)))
            assert theirs.file_meta.TransferSyntaxUID == ImplicitVRLittleEndian


def test_transfer_syntaxes_that_no_result_can_be_sent_in_are_refused_at_the_start() -> None:
    with pytest.raises(ValidationError, match="results are uncompressed"):
        DestinationPolicy(
            node=Destination("PACS", "127.0.0.1", 104), transfer_syntaxes=("1.2.840.10008.1.2.4.90",)
        )


def test_a_capture_goes_only_where_it_is_asked_for_and_comes_back_without_making_work(
    ledger, receiver: Receiver, a_segmented_study
) -> None:
    capture = derived(SecondaryCaptureImageStorage, a_segmented_study.study_uid)
    capture.SOPInstanceUID = capture_uid(a_segmented_study.study_uid, a_segmented_study.radiographs[0])
    node = Destination("VIEWER", "127.0.0.1", receiver.port)
    asked = DestinationPolicy(node=node, gets=("CAPTURE",))
    assert not deliver_by(ledger, a_segmented_study, asked).deliveries, "there is none to send yet"
    ledger.archive.write_dataset(capture)
    usual = DestinationPolicy(node=Destination("PACS", "127.0.0.1", receiver.port))
    after = deliver_by(ledger, a_segmented_study, asked, usual)
    assert set(states(after)) == {("VIEWER", "CAPTURE"), ("PACS", "SEG"), ("PACS", "SR")}
    assert after.state == "segmented"


def test_a_destination_whose_certificate_is_missing_keeps_no_other_from_its_results(
    ledger, receiver: Receiver, a_segmented_study, tmp_path
) -> None:
    usual = DestinationPolicy(node=Destination("UP", "127.0.0.1", receiver.port))
    secret = DestinationPolicy(
        node=Destination("SECRET", "127.0.0.1", receiver.port),
        tls=True,
        tls_authorities=tmp_path / "gone.crt",
    )
    with pytest.raises(DeliveryError, match=r"SECRET .*gone.crt cannot be used"):
        deliver_by(ledger, a_segmented_study, secret, usual)
    assert states(ledger.held(a_segmented_study.study_uid)) == {("UP", "SEG"): "sent", ("UP", "SR"): "sent"}
