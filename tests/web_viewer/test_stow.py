from __future__ import annotations

from io import BytesIO

import pydicom
import pytest
from fastapi.testclient import TestClient
from httpx import Response
from pydicom import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, generate_uid

from study.ledger import Ledger
from study.state import State
from tests.web_viewer.studies import a_dx

URL = "/dicom-web/studies"
REFERENCED, FAILED, REASON, INSTANCE = "00081199", "00081198", "00081197", "00081155"


def part10(dataset: Dataset) -> bytes:
    buffer = BytesIO()
    pydicom.dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def stow(client: TestClient, *bodies: bytes, url: str = URL, content_type: str | None = None) -> Response:
    boundary = "a-boundary"
    body = b"".join(
        b"--a-boundary\r\nContent-Type: application/dicom\r\n\r\n" + each + b"\r\n" for each in bodies
    )
    headers = {
        "Content-Type": content_type or f'multipart/related; type="application/dicom"; boundary={boundary}'
    }
    return client.post(url, content=body + b"--a-boundary--\r\n", headers=headers)


def test_what_is_stored_is_durable_on_the_worklist_and_said_to_be(client: TestClient, ledger: Ledger):
    first, second = a_dx(), a_dx()
    answer = stow(client, part10(first), part10(second))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/dicom+json"
    referenced = answer.json()[REFERENCED]["Value"]
    assert [r[INSTANCE]["Value"][0] for r in referenced] == [first.SOPInstanceUID, second.SOPInstanceUID]
    link = referenced[0]["00081190"]["Value"][0]
    assert client.get(f"{link}/metadata").status_code == 200
    for dataset in (first, second):
        record = ledger.registry.record(str(dataset.StudyInstanceUID))
        assert record is not None
        assert (record.state, record.calling_ae_title) == (State.RECEIVING, "STOW-RS")


def test_the_bytes_of_the_data_set_are_kept(client: TestClient, ledger: Ledger):
    dataset = a_dx()
    dataset.add_new(0x00091010, "LO", "a private value")
    whole = part10(dataset)
    stow(client, whole)
    (ref,) = ledger.archive.instances(str(dataset.StudyInstanceUID))
    held = ledger.archive.path(ref).read_bytes()
    data_set = whole[whole.index(b"\x08\x00\x05\x00") if b"\x08\x00\x05\x00" in whole else -500 :]
    assert held.endswith(data_set)


def test_some_of_many_are_refused_each_with_its_reason(client: TestClient):
    good, short, mislabelled = a_dx(), a_dx(), a_dx()
    short.PixelData = short.PixelData[:100]
    file_meta_uid = generate_uid()
    bytes_of_mislabelled = part10(mislabelled)
    lying = pydicom.dcmread(BytesIO(bytes_of_mislabelled))
    lying.file_meta.MediaStorageSOPInstanceUID = file_meta_uid
    buffer = BytesIO()
    lying.save_as(buffer, enforce_file_format=False)
    answer = stow(client, part10(good), part10(short), buffer.getvalue(), b"this is not DICOM")
    assert answer.status_code == 202, answer.text
    failed = answer.json()[FAILED]["Value"]
    assert [f[REASON]["Value"][0] for f in failed] == [0xC000, 0xA900, 0xC000]
    assert "truncated" in failed[0]["00000902"]["Value"][0]
    assert failed[1][INSTANCE]["Value"] == [file_meta_uid]
    assert INSTANCE not in failed[2]
    assert len(answer.json()[REFERENCED]["Value"]) == 1


@pytest.mark.parametrize(
    ("syntax", "reason"),
    [
        ("1.2.3.4", 0xC122),  # private
        ("1.2.840.10008.1.1", 0xC122),  # a SOP class
        ("x", 0xC000),
        ("", 0xC000),
    ],
)
def test_a_transfer_syntax_that_cannot_be_read_is_refused(client: TestClient, syntax: str, reason: int):
    dataset = a_dx()
    whole = part10(dataset)
    other = syntax.encode().ljust(len(ExplicitVRLittleEndian) + 1, b"\0")[:20]
    answer = stow(client, whole.replace(ExplicitVRLittleEndian.encode() + b"\0", other, 1))
    assert answer.status_code == 409, answer.text
    assert answer.json()[FAILED]["Value"][0][REASON]["Value"] == [reason]


def test_a_deflated_instance_is_refused(client: TestClient):
    dataset = a_dx()
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    answer = stow(client, part10(dataset))
    assert answer.json()[FAILED]["Value"][0][REASON]["Value"] == [0xC122]


def test_when_none_is_stored_the_answer_is_a_conflict(client: TestClient):
    answer = stow(client, b"nothing")
    assert answer.status_code == 409
    assert REFERENCED not in answer.json()


def test_an_instance_of_another_study_is_refused(client: TestClient):
    dataset = a_dx()
    assert stow(client, part10(dataset), url=f"{URL}/{dataset.StudyInstanceUID}").status_code == 200
    answer = stow(client, part10(a_dx()), url=f"{URL}/{dataset.StudyInstanceUID}")
    assert answer.status_code == 409
    assert answer.json()[FAILED]["Value"][0][REASON]["Value"] == [0xA900]


def test_twice_the_same_is_no_matter_and_something_else_under_the_same_uid_is_refused(client: TestClient):
    dataset = a_dx()
    assert stow(client, part10(dataset)).status_code == 200
    assert stow(client, part10(dataset)).status_code == 200
    dataset.PatientName = "SOMEBODY^ELSE"
    answer = stow(client, part10(dataset))
    assert answer.status_code == 409
    assert answer.json()[FAILED]["Value"][0][REASON]["Value"] == [0x0111]


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/dicom", 415),
        ("application/json", 415),
        ('multipart/related; type="application/dicom+xml"; boundary=a-boundary', 415),
        ('multipart/related; type="application/dicom"', 400),
        ('multipart/related; type="application/dicom"; boundary=another', 400),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(client: TestClient, content_type: str, status: int):
    answer = stow(client, part10(a_dx()), content_type=content_type)
    assert answer.status_code == status, answer.text
    assert "detail" in answer.json()


def test_a_body_that_is_cut_short_is_refused_but_keeps_what_was_whole(client: TestClient, ledger: Ledger):
    dataset = a_dx()
    body = b"--b\r\nContent-Type: application/dicom\r\n\r\n" + part10(dataset) + b"\r\n--b\r\n"
    headers = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=b'}
    answer = client.post(URL, content=body + b"Content-Type: appl", headers=headers)
    assert answer.status_code == 400
    assert "closing boundary" in answer.json()["detail"]
    assert len(ledger.archive.instances(str(dataset.StudyInstanceUID))) == 1


def test_a_large_body_is_taken_in(client: TestClient):
    large = a_dx()
    large.Rows = large.Columns = 1024
    large.PixelData = bytes(2 * 1024 * 1024)
    assert stow(client, part10(large)).status_code == 200
