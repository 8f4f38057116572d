"""The SCP against real senders."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from pydicom import Dataset
from pydicom.uid import (
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEGLosslessSV1,
    RLELossless,
)

from dicom_node.receive import Receiver
from study.archive import Archive, InstanceReference
from study.intake import Intake
from study.ledger import Ledger
from study.state import State
from tests.dicom_node.conftest import make_radiograph, saved
from tests.dicom_node.encoding import dataset_bytes
from tests.peers import (
    Orthanc,
    associate,
    dcmsend,
    dcmtk,
    exchange,
    store_raw,
    store_request,
    storescu,
    wait_for,
)

peer = pytest.mark.peer


def held(archive: Archive, dataset: Dataset) -> Path:
    path = archive.path(InstanceReference.of(dataset))
    assert path.is_file(), "the instance is not in the archive"
    return path


@peer
def test_an_echo_is_answered(receiver: Receiver) -> None:
    assert "Received Echo Response (Success)" in dcmtk("echoscu", "-v", "127.0.0.1", receiver.port)


@peer
@pytest.mark.parametrize("send", [storescu, dcmsend])
def test_what_dcmtk_sends_is_kept_byte_for_byte(send, receiver, archive, a_radiograph, a_file) -> None:
    send(receiver.port, [a_file])
    assert dataset_bytes(held(archive, a_radiograph)) == dataset_bytes(a_file)


@peer
def test_a_study_that_arrives_is_on_the_worklist(receiver, ledger: Ledger, a_radiograph, a_file) -> None:
    storescu(receiver.port, [a_file], calling="CR_ROOM_1")
    record = ledger.registry.record(a_radiograph.StudyInstanceUID)
    assert record is not None
    assert (record.state, record.calling_ae_title) == (State.RECEIVING, "CR_ROOM_1")


@peer
@pytest.mark.parametrize(
    ("syntax", "option"),
    [
        (ImplicitVRLittleEndian, "-xi"),
        (ExplicitVRBigEndian, "-xb"),
        (RLELossless, "-xr"),
        (JPEGLosslessSV1, "-xs"),
    ],
)
def test_each_transfer_syntax_is_kept_as_it_came(
    syntax, option, receiver, archive, a_radiograph, a_file, tmp_path
) -> None:
    sent = a_file
    if syntax == RLELossless:
        sent = tmp_path / "rle.dcm"
        dcmtk("dcmcrle", a_file, sent)
    elif syntax == JPEGLosslessSV1:
        sent = tmp_path / "jpeg.dcm"
        dcmtk("dcmcjpeg", "+e1", "+un", a_file, sent)
    elif syntax in (ImplicitVRLittleEndian, ExplicitVRBigEndian):
        sent = tmp_path / "plain.dcm"
        dcmtk("dcmconv", "+ti" if syntax == ImplicitVRLittleEndian else "+tb", a_file, sent)
    storescu(receiver.port, [sent], option)
    kept = archive.read(InstanceReference.of(a_radiograph))
    assert kept.file_meta.TransferSyntaxUID == syntax
    assert dataset_bytes(held(archive, a_radiograph)) == dataset_bytes(sent)


@peer
def test_the_same_instance_twice_is_a_success_with_one_file(receiver, archive, a_radiograph, a_file) -> None:
    for _ in range(2):
        assert "Received Store Response (Success)" in storescu(receiver.port, [a_file])
    assert len(list(archive.root.rglob("*.dcm"))) == 1


@peer
def test_orthanc_can_send_to_the_node(receiver, archive, a_radiograph, a_file, tmp_path) -> None:
    node = {"kidray": ("KIDRAY", "127.0.0.1", receiver.port)}
    with Orthanc(tmp_path / "orthanc", modalities=node) as orthanc:
        orthanc.send_on(orthanc.take(a_file), "kidray")
    kept = archive.read(InstanceReference.of(a_radiograph))
    assert kept.PixelData == a_radiograph.PixelData


@peer
def test_orthanc_forwards_by_itself_what_it_receives(
    receiver, archive, a_radiograph, a_file, tmp_path
) -> None:
    node = {"kidray": ("KIDRAY", "127.0.0.1", receiver.port)}
    with Orthanc(tmp_path / "orthanc", modalities=node, forward_to="kidray") as orthanc:
        dcmtk("storescu", "127.0.0.1", orthanc.port, a_file)
        wait_for(lambda: archive.instances(a_radiograph.StudyInstanceUID), what="the forwarded instance")
    assert archive.read(InstanceReference.of(a_radiograph)).PixelData == a_radiograph.PixelData


def test_the_end_of_an_association_completes_a_study_where_its_sender_says_so(
    receiver, ledger: Ledger, a_radiograph, a_file
) -> None:
    encoded = dataset_bytes(a_file)
    for calling in ("OTHER", "RELEASER"):
        store_raw(
            receiver.port, encoded, a_radiograph.SOPClassUID, a_radiograph.SOPInstanceUID, calling=calling
        )
        due = calling == "RELEASER"
        wait_for(
            lambda due=due: (a_radiograph.StudyInstanceUID in ledger.registry.due(time.time() + 1)) is due,
            seconds=5,
            what=f"completion after {calling}'s release being {due}",
        )


def test_many_senders_at_once_lose_nothing(receiver, archive, tmp_path) -> None:
    datasets = [make_radiograph() for _ in range(24)]
    answers: list[int] = []

    def send(part: list[Dataset]) -> None:
        for each in part:
            encoded = dataset_bytes(saved(each, tmp_path / "sent"))
            answers.append(store_raw(receiver.port, encoded, each.SOPClassUID, each.SOPInstanceUID).Status)

    threads = [threading.Thread(target=send, args=(datasets[i::8],)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [0] * 24
    assert {p.stem for p in archive.root.rglob("*.dcm")} == {str(d.SOPInstanceUID) for d in datasets}


@pytest.mark.skipif(not hasattr(socket, "TCP_QUICKACK"), reason="needs Linux")
def test_a_sender_with_nagle_on_is_not_kept_waiting(receiver, a_radiograph, a_file) -> None:
    """A delayed acknowledgement costs such a sender 40 ms with every instance."""
    association = associate(receiver.port, a_radiograph.SOPClassUID, nagle=True)
    encoded = dataset_bytes(a_file)
    seconds = []
    for _ in range(25):
        began = time.perf_counter()
        request = store_request(encoded, a_radiograph.SOPClassUID, a_radiograph.SOPInstanceUID)
        assert exchange(association, request).Status == 0
        seconds.append(time.perf_counter() - began)
    association.release()
    assert min(seconds) < 0.036


def test_anything_that_a_study_holds_is_accepted(receiver) -> None:
    for sop_class in (
        "1.2.840.10008.5.1.4.1.1.1",  # CR
        "1.2.840.10008.5.1.4.1.1.7",  # secondary capture
        "1.2.840.10008.5.1.4.1.1.88.33",  # comprehensive SR
        "1.2.840.10008.5.1.4.1.1.66.4",  # SEG
        "1.2.840.10008.5.1.4.1.1.11.1",  # presentation state
        "1.2.840.10008.5.1.4.1.1.104.1",  # encapsulated PDF
        "1.2.840.10008.5.1.4.1.1.2",  # CT
    ):
        associate(receiver.port, sop_class).release()


def test_deflated_data_sets_are_not_negotiated(receiver) -> None:
    with pytest.raises(AssertionError):
        associate(receiver.port, "1.2.840.10008.5.1.4.1.1.1", "1.2.840.10008.1.2.1.99")


def test_what_nobody_foresaw_is_answered_and_the_association_goes_on(
    receiver, intake: Intake, archive: Archive, a_radiograph, monkeypatch
) -> None:
    def unforeseen(*_: object) -> None:
        raise ValueError("PHANTOM^0001")

    association = associate(receiver.port, a_radiograph.SOPClassUID)
    with monkeypatch.context() as broken:
        broken.setattr(intake, "keep", unforeseen)
        answer = association.send_c_store(a_radiograph)
    assert (answer.Status, answer.ErrorComment) == (0x0110, "it cannot be stored: ValueError")
    assert association.send_c_store(a_radiograph).Status == 0
    association.release()
    assert held(archive, a_radiograph).exists()


def test_stopping_waits_for_the_association_in_hand(intake: Intake, archive, a_radiograph, a_file) -> None:
    node = Receiver(intake, ae_title="KIDRAY", host="127.0.0.1", port=0)
    node.start()
    association = associate(node.port, a_radiograph.SOPClassUID)
    stopping = threading.Thread(target=node.stop, kwargs={"grace": 20})
    stopping.start()
    time.sleep(0.7)  # it no longer listens by now
    assert association.send_c_store(a_radiograph).Status == 0
    association.release()
    stopping.join(5)
    assert not stopping.is_alive()
    held(archive, a_radiograph)


def test_stopping_hangs_up_on_a_peer_that_never_ends(intake: Intake, a_radiograph) -> None:
    node = Receiver(intake, ae_title="KIDRAY", host="127.0.0.1", port=0)
    node.start()
    association = associate(node.port, a_radiograph.SOPClassUID)
    began = time.monotonic()
    node.stop(grace=0.2)
    assert time.monotonic() - began < 5
    wait_for(lambda: not association.is_established, seconds=5, what="the abort")


def test_stopping_hangs_up_on_sockets_that_never_said_anything(intake: Intake) -> None:
    node = Receiver(intake, ae_title="KIDRAY", host="127.0.0.1", port=0)
    before = set(threading.enumerate())
    node.start()
    with ExitStack() as stack:
        silent = [stack.enter_context(socket.create_connection(("127.0.0.1", node.port))) for _ in range(4)]
        silent[0].sendall(b"\x01\x00\x00\x00\x10\x00abc")  # the beginning of an A-ASSOCIATE-RQ
        wait_for(lambda: len(set(threading.enumerate()) - before) >= 5, what="the connections")
        ours = set(threading.enumerate()) - before
        began = time.monotonic()
        node.stop(grace=60)
        wait_for(lambda: not any(t.is_alive() for t in ours), seconds=30, what="the threads' end")
        assert time.monotonic() - began < 30
