"""Bad input: each with its status, its comment and its log line, and nothing left in the archive."""

from __future__ import annotations

import resource
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydicom import Dataset
from pydicom.uid import RLELossless, generate_uid
from pynetdicom.dimse_messages import C_STORE_RQ

from dicom_node.guard import Limits
from dicom_node.receive import Receiver
from study.archive import Archive, InstanceReference
from study.errors import SettingsError
from study.intake import Intake
from study.jobs import JobQueue, build_broker
from study.ledger import Ledger
from study.registry import Registry, connect
from tests.dicom_node.conftest import make_radiograph, saved
from tests.dicom_node.encoding import dataset_bytes
from tests.peers import associate, dcmtk, free_port, store_raw, store_request, storescu, wait_for

Lines = list[dict[str, object]]
CT = "1.2.840.10008.5.1.4.1.1.2"


def refused(
    answer: Dataset, lines: Lines, archive: Archive, *, status: int, comment: str, error: str
) -> dict[str, object]:
    """Check the answer, the one log line, and that nothing was kept; returns the line."""
    assert answer.Status == status
    assert answer.ErrorComment.startswith(comment)
    assert len(answer.ErrorComment) <= 64
    logged = [line for line in lines if line["event"] == "refused"]
    assert len(logged) == 1
    assert (logged[0]["status"], logged[0]["error"]) == (f"0x{status:04X}", error)
    assert logged[0]["log_level"] == "warning"
    assert list(archive.root.rglob("*.dcm")) == []
    assert list((archive.root / ".incoming").iterdir()) == []
    return logged[0]


@pytest.mark.parametrize("garbage", [b"", b"GIF89a" + bytes(500), bytes(range(256)) * 64, b"\xff" * 2000])
def test_what_is_not_dicom_is_refused(garbage, receiver, archive, log_lines) -> None:
    uid = generate_uid()
    answer = store_raw(receiver.port, garbage or b"\0", CT, uid)
    line = refused(answer, log_lines, archive, status=0xC000, comment="not a DICOM", error="NotDicomError")
    assert (line["instance_uid"], line["sop_class_uid"], line["calling_ae_title"]) == (uid, CT, "RAW")


def test_truncated_pixel_data_is_refused(receiver, archive, log_lines, a_radiograph, a_file) -> None:
    encoded = dataset_bytes(a_file)[:-1000]
    answer = store_raw(receiver.port, encoded, a_radiograph.SOPClassUID, a_radiograph.SOPInstanceUID)
    refused(
        answer,
        log_lines,
        archive,
        status=0xC001,
        comment="the pixel data is truncated: 7192 of 8192 bytes",
        error="PixelDataError",
    )


@pytest.mark.peer
def test_truncated_compressed_pixel_data_is_refused(
    receiver, archive, log_lines, a_radiograph, a_file, tmp_path
) -> None:
    packed = tmp_path / "rle.dcm"
    dcmtk("dcmcrle", a_file, packed)
    answer = store_raw(
        receiver.port,
        dataset_bytes(packed)[:-40],
        a_radiograph.SOPClassUID,
        a_radiograph.SOPInstanceUID,
        syntax=RLELossless,
    )
    refused(answer, log_lines, archive, status=0xC001, comment="the pixel data ends", error="PixelDataError")


def test_another_sop_class_than_announced_is_refused(
    receiver, archive, log_lines, a_radiograph, a_file
) -> None:
    answer = store_raw(receiver.port, dataset_bytes(a_file), CT, a_radiograph.SOPInstanceUID)
    refused(
        answer,
        log_lines,
        archive,
        status=0xA900,
        comment="the data set's SOP Class UID is not",
        error="DatasetMismatchError",
    )


def test_another_instance_than_announced_is_refused(
    receiver, archive, log_lines, a_radiograph, a_file
) -> None:
    answer = store_raw(receiver.port, dataset_bytes(a_file), a_radiograph.SOPClassUID, generate_uid())
    refused(
        answer,
        log_lines,
        archive,
        status=0xA900,
        comment="the data set's SOP Instance UID is not",
        error="DatasetMismatchError",
    )


@pytest.mark.parametrize("keyword", ["SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"])
def test_a_uid_that_would_leave_the_archive_is_refused(
    keyword, receiver, archive, log_lines, a_radiograph, a_file
) -> None:
    good = str(a_radiograph[keyword].value).encode()
    bad = b"../" * (len(good) // 3) + b"x" * (len(good) % 3)
    encoded = dataset_bytes(a_file)
    assert encoded.count(good) == 1
    named = bad.decode() if keyword == "SOPInstanceUID" else str(a_radiograph.SOPInstanceUID)
    before = set(archive.root.parent.rglob("*"))
    answer = store_raw(receiver.port, encoded.replace(good, bad), a_radiograph.SOPClassUID, named)
    refused(answer, log_lines, archive, status=0x0117, comment="a UID of ", error="IdentifierError")
    assert "../" not in repr(log_lines) + answer.ErrorComment
    assert set(archive.root.parent.rglob("*")) == before


def test_no_refusal_tells_who_the_patient_is(receiver, log_lines, a_radiograph, a_file) -> None:
    a_radiograph.PatientName, a_radiograph.PatientID = "HONG^GILDONG", "SECRET-4711"
    a_radiograph.PatientBirthDate = "20230101"
    encoded = dataset_bytes(saved(a_radiograph, a_file.parent))
    broken = [
        (encoded[:-1000], a_radiograph.SOPClassUID, a_radiograph.SOPInstanceUID),
        (encoded, CT, a_radiograph.SOPInstanceUID),
        (encoded[:900], a_radiograph.SOPClassUID, a_radiograph.SOPInstanceUID),
        (encoded.replace(b"20230101", b"GILDONG?"), a_radiograph.SOPClassUID, generate_uid()),
        (encoded.replace(b"\x08\x00\x20\x00DA", b"\x08\x00\x20\x00ZZ"), CT, a_radiograph.SOPInstanceUID),
    ]
    comments = [store_raw(receiver.port, *each).ErrorComment for each in broken]
    told = repr(log_lines) + repr(comments)
    assert len([line for line in log_lines if line["event"] == "refused"]) == len(broken)
    for secret in ("HONG", "GILDONG", "SECRET-4711", "20230101"):
        assert secret not in told


def test_after_a_refusal_the_association_goes_on(receiver, archive, a_radiograph) -> None:
    association = associate(receiver.port, a_radiograph.SOPClassUID)
    broken = make_radiograph()
    broken.PixelData = broken.PixelData[:-2]
    assert association.send_c_store(broken).Status == 0xC001
    assert association.send_c_store(a_radiograph).Status == 0
    association.release()
    assert archive.path(InstanceReference.of(a_radiograph)).is_file()


def test_an_association_that_breaks_off_leaves_nothing(receiver, archive, log_lines, a_radiograph) -> None:
    association = associate(receiver.port, a_radiograph.SOPClassUID)
    request = store_request(bytes(50_000), a_radiograph.SOPClassUID, a_radiograph.SOPInstanceUID)
    message = C_STORE_RQ()
    message.primitive_to_message(request)
    parts = list(message.encode_msg(1, 8192))
    for part in parts[:-2]:
        association.dul.send_pdu(part)
    wait_for(lambda: not association.dul.to_provider_queue.qsize(), what="the sending")
    association.abort()
    wait_for(
        lambda: [line for line in log_lines if line["event"] == "association_aborted"], what="the log line"
    )
    assert list(archive.root.rglob("*.dcm")) == []
    assert list((archive.root / ".incoming").iterdir()) == []


@pytest.fixture
def little_room(tmp_path: Path) -> Iterator[tuple[Path, Callable[[], None]]]:
    """Yield a folder with room for next to nothing, and what gives it room.

    A real file system of 2 MB where this process may mount one; else a limit on file sizes.
    """
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = (
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True, check=False
        ).returncode
        == 0
    )
    if mounted:
        ballast = folder / "ballast"
        ballast.write_bytes(bytes((2 << 20) - (64 << 10)))
        yield folder, ballast.unlink
        subprocess.run(["umount", "-l", str(folder)], check=True)
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 10, hard))
    yield folder, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.peer
def test_a_full_disk_answers_out_of_resources_until_there_is_room(
    little_room, redis_url, log_lines, tmp_path
) -> None:
    folder, make_room = little_room
    archive = Archive(folder / "archive")
    broker, client = build_broker(redis_url), connect(redis_url)
    intake = Intake(Ledger(archive, Registry(client)), JobQueue(broker), quiet_period=60)
    node = Receiver(intake, ae_title="KIDRAY", host="127.0.0.1", port=0)
    node.start()
    try:
        radiograph = make_radiograph(256)  # 128 KiB
        file = saved(radiograph, tmp_path / "sent")
        encoded = dataset_bytes(file)
        answer = store_raw(node.port, encoded, radiograph.SOPClassUID, radiograph.SOPInstanceUID)
        refused(
            answer,
            log_lines,
            archive,
            status=0xA700,
            comment="the archive has no room left",
            error="ArchiveFullError",
        )
        make_room()
        assert "Received Store Response (Success)" in storescu(node.port, [file])
        assert dataset_bytes(archive.path(InstanceReference.of(radiograph))) == encoded
    finally:
        node.stop(grace=2)
        broker.close()
        broker.client.close()
        client.close()


def test_a_node_without_redis_still_takes_instances(
    tmp_path, a_radiograph, a_file, archive, log_lines
) -> None:
    nowhere = f"redis://127.0.0.1:{free_port()}/0"
    broker, client = build_broker(nowhere), connect(nowhere)
    intake = Intake(Ledger(archive, Registry(client)), JobQueue(broker), quiet_period=60)
    node = Receiver(intake, ae_title="KIDRAY", host="127.0.0.1", port=0)
    node.start()
    try:
        answer = store_raw(
            node.port, dataset_bytes(a_file), a_radiograph.SOPClassUID, a_radiograph.SOPInstanceUID
        )
        assert answer.Status == 0
        assert archive.events(a_radiograph.StudyInstanceUID)[0].kind == "received"
        assert "registry_unavailable" in {line["event"] for line in log_lines}
    finally:
        node.stop(grace=2)
        client.close()


def test_a_port_that_is_taken_is_an_error(receiver, intake) -> None:
    other = Receiver(intake, ae_title="KIDRAY", host="127.0.0.1", port=receiver.port)
    with pytest.raises(SettingsError, match=rf"cannot listen on 127.0.0.1:{receiver.port}: .*in use"):
        other.start()


def test_one_association_more_than_allowed_is_rejected(intake, a_radiograph) -> None:
    node = Receiver(intake, ae_title="KIDRAY", host="127.0.0.1", port=0, limits=Limits(most_associations=2))
    node.start()
    try:
        held = [associate(node.port, a_radiograph.SOPClassUID) for _ in range(2)]
        with pytest.raises(AssertionError):
            associate(node.port, a_radiograph.SOPClassUID)
        for association in held:
            association.release()
        wait_for(lambda: threading.active_count() < 20, what="the threads' end")
        associate(node.port, a_radiograph.SOPClassUID).release()
    finally:
        node.stop(grace=2)
