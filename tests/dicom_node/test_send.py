"""The SCU against real destinations."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import ImplicitVRLittleEndian
from pynetdicom.dimse_primitives import C_ECHO
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import Verification
from typer.testing import CliRunner

from dicom_node.associate import association
from dicom_node.commands import app
from dicom_node.echo import echo
from dicom_node.send import send_objects
from study.errors import DeliveryError
from study.settings import Destination
from tests.dicom_node.conftest import make_radiograph, saved
from tests.dicom_node.encoding import dataset_bytes
from tests.peers import Orthanc, dcmtk, free_port, wait_for

peer = pytest.mark.peer


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    with Orthanc(tmp_path_factory.mktemp("orthanc")) as running:
        yield running


@pytest.fixture
def storescp(tmp_path: Path) -> Iterator[tuple[Destination, Path]]:
    """Run DCMTK's storescp, which takes Implicit VR Little Endian only."""
    program = shutil.which("storescp")
    if program is None:
        pytest.skip("storescp is not installed")
    folder = tmp_path / "storescp"
    folder.mkdir()
    port = free_port()
    with subprocess.Popen(
        [program, "+xi", "-od", str(folder), str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        wait_for(lambda: _listens(port), what="storescp")
        yield Destination("STORESCP", "127.0.0.1", port), folder
        process.terminate()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@peer
def test_orthanc_gets_every_byte_of_the_pixel_data(orthanc, tmp_path) -> None:
    radiograph = make_radiograph(300)
    (result,) = send_objects(
        Destination.parse(orthanc.destination), [saved(radiograph, tmp_path)], calling_ae_title="KIDRAY"
    )
    assert (result.sent, result.status, result.reason) == (True, 0, "stored")
    stored = pydicom.dcmread(BytesIO(orthanc.instance(radiograph.SOPInstanceUID)))
    assert stored.PixelData == radiograph.PixelData


@peer
def test_compressed_objects_are_sent_as_they_are(orthanc, tmp_path) -> None:
    plain = saved(make_radiograph(128), tmp_path)
    packed = tmp_path / "rle.dcm"
    dcmtk("dcmcrle", plain, packed)
    (result,) = send_objects(Destination.parse(orthanc.destination), [packed], calling_ae_title="KIDRAY")
    assert result.sent
    stored = tmp_path / "stored.dcm"
    stored.write_bytes(orthanc.instance(plain.stem))
    assert pydicom.dcmread(stored).PixelData == pydicom.dcmread(packed).PixelData


@peer
def test_a_destination_that_takes_another_uncompressed_syntax_gets_that(storescp, tmp_path) -> None:
    destination, folder = storescp
    radiograph = make_radiograph(64)
    (result,) = send_objects(destination, [saved(radiograph, tmp_path)], calling_ae_title="KIDRAY")
    assert result.sent
    (file,) = folder.iterdir()
    stored = pydicom.dcmread(file)
    assert stored.file_meta.TransferSyntaxUID == ImplicitVRLittleEndian
    assert np.array_equal(stored.pixel_array, radiograph.pixel_array)


@peer
def test_a_compressed_instance_goes_unpacked_where_its_syntax_is_not_taken(storescp, tmp_path) -> None:
    destination, folder = storescp
    radiograph = make_radiograph(64)
    packed = tmp_path / "rle.dcm"
    dcmtk("dcmcrle", saved(radiograph, tmp_path), packed)
    (sent,) = send_objects(destination, [packed], calling_ae_title="KIDRAY")
    assert sent.sent
    (file,) = folder.iterdir()
    assert np.array_equal(pydicom.dcmread(file).pixel_array, radiograph.pixel_array)


@peer
def test_what_a_destination_cannot_take_is_said_in_words(storescp, tmp_path) -> None:
    destination, _ = storescp
    private = make_radiograph(64)
    private.SOPClassUID = private.file_meta.MediaStorageSOPClassUID = "1.2.3.4"
    refused, sent = send_objects(
        destination,
        [saved(private, tmp_path), saved(make_radiograph(64), tmp_path)],
        calling_ae_title="KIDRAY",
    )
    assert (refused.sent, refused.retryable) == (False, False)
    assert "takes no 1.2.3.4" in refused.reason
    assert sent.sent


def test_a_refusal_is_reported_with_its_status(receiver, archive, tmp_path) -> None:
    radiograph = make_radiograph(64)
    radiograph.StudyInstanceUID = "1.2.3"
    file = saved(radiograph, tmp_path)
    content = file.read_bytes()
    file.write_bytes(content[:-100])  # truncated pixel data
    (result,) = send_objects(
        Destination("KIDRAY", "127.0.0.1", receiver.port), [file], calling_ae_title="TESTS"
    )
    assert (result.sent, result.status, result.retryable) == (False, 0xC001, False)
    assert result.reason == "cannot understand (0xC001)"


def test_a_destination_that_does_not_answer_is_an_error_worth_another_try() -> None:
    nobody = Destination("NOBODY", "127.0.0.1", free_port())
    with pytest.raises(DeliveryError, match=r"NOBODY@127.0.0.1:\d+ does not answer") as caught:
        echo(nobody, calling_ae_title="KIDRAY")
    assert caught.value.retryable


def test_a_host_may_be_given_by_name(receiver) -> None:
    assert echo(Destination("KIDRAY", "localhost", receiver.port), calling_ae_title="TESTS") < 5
    with pytest.raises(DeliveryError, match="no such host"):
        echo(Destination("KIDRAY", "no-such-host.invalid", receiver.port), calling_ae_title="TESTS")


def test_files_that_are_not_dicom_are_named_and_the_rest_is_sent(receiver, tmp_path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not DICOM")
    results = send_objects(
        Destination("KIDRAY", "127.0.0.1", receiver.port),
        [text, saved(make_radiograph(), tmp_path)],
        calling_ae_title="TESTS",
    )
    assert [(r.sent, r.reason) for r in results] == [(False, "not a DICOM Part 10 file"), (True, "stored")]


def test_an_answer_that_comes_at_any_moment_reaches_the_requestor(receiver) -> None:
    """pynetdicom's reactor takes one now and then, though it was seen paused."""
    to = Destination("KIDRAY", "127.0.0.1", receiver.port)
    context = build_context(Verification)
    with association(to, [context], calling_ae_title="TESTS") as opened:
        answer = C_ECHO()
        opened.dimse.msg_queue.put((1, answer))
        time.sleep(0.1)  # the running reactor looks for messages every millisecond
        assert opened.dimse.get_msg(block=True) == (1, answer)


@peer
def test_an_echo_finds_orthanc(orthanc) -> None:
    assert echo(Destination.parse(orthanc.destination), calling_ae_title="KIDRAY") < 5


def test_the_command_line_sends_a_folder_and_shows_each_status(receiver, archive, tmp_path) -> None:
    files = [saved(make_radiograph(), tmp_path / "folder") for _ in range(3)]
    to = f"KIDRAY@127.0.0.1:{receiver.port}"
    shown = CliRunner().invoke(app, ["send", str(tmp_path / "folder"), "--to", to])
    assert shown.exit_code == 0, shown.output
    assert "3 of 3 sent" in shown.output
    assert shown.output.count("0x0000") == 3
    kept = sorted(dataset_bytes(p) for p in archive.root.rglob("*.dcm"))
    assert kept == sorted(dataset_bytes(p) for p in files)


def test_the_command_line_says_when_nobody_answers() -> None:
    shown = CliRunner().invoke(app, ["echo", "--to", f"NOBODY@127.0.0.1:{free_port()}"])
    assert shown.exit_code == 1
    assert "does not answer" in shown.output
    assert "Traceback" not in shown.output


def test_the_command_line_refuses_a_malformed_address() -> None:
    shown = CliRunner().invoke(app, ["echo", "--to", "nowhere"])
    assert shown.exit_code == 2
    assert "AE@HOST:PORT" in shown.output
