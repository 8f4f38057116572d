from __future__ import annotations

import json
from email import message_from_bytes
from io import BytesIO

import cv2
import numpy as np
import pydicom
import pytest
from fastapi.testclient import TestClient
from httpx import Response
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
    generate_uid,
)

from study.archive import Archive
from study.intake import Intake
from study.ledger import Ledger
from tests.web_viewer.studies import (
    COLUMNS,
    ROWS,
    SegmentedStudy,
    a_drafted_study,
    a_dx,
    pixels,
    take,
)

DICOM = 'multipart/related; type="application/dicom"'
BASE = "/dicom-web/studies"


def parts(answer: Response) -> list[tuple[str, bytes]]:
    """The content type and body of each part, as an independent MIME parser reads them."""
    assert answer.status_code == 200, answer.text
    whole = b"Content-Type: " + answer.headers["content-type"].encode() + b"\r\n\r\n" + answer.content
    message = message_from_bytes(whole)
    assert message.is_multipart()
    return [(str(p["Content-Type"]), p.get_payload(decode=True)) for p in message.get_payload()]  # type: ignore[union-attr,misc]


def uids(answer: Response, tag: str = "0020000D") -> list[str]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/dicom+json"
    return [item[tag]["Value"][0] for item in answer.json()]


def instance_path(study: SegmentedStudy) -> str:
    return f"{BASE}/{study.study_uid}/series/{study.series_uid}/instances/{study.instance_uid}"


def test_studies_are_found_by_what_they_hold(client: TestClient, intake: Intake, ledger: Ledger):
    jane = a_drafted_study(intake, ledger, critical=False, StudyDate="20260101")
    kim = a_drafted_study(
        intake,
        ledger,
        PatientName="Kim^Minji=김^민지",
        SpecificCharacterSet="ISO_IR 192",
        StudyDate="20260301",
    )
    both = sorted([jane.study_uid, kim.study_uid])

    def found(**query: str) -> list[str]:
        return sorted(uids(client.get(BASE, params=query)))

    assert found() == both
    assert found(PatientName="KIM*") == [kim.study_uid]
    assert found(**{"00100010": "김^민지"}) == [kim.study_uid]
    assert found(StudyDate="20260201-") == [kim.study_uid]
    assert found(StudyDate="20260101-20260331") == both
    assert found(ModalitiesInStudy="SEG") == [kim.study_uid]
    assert found(StudyInstanceUID=f"{jane.study_uid},1.2.3") == [jane.study_uid]
    assert found(AccessionNumber="none") == []
    assert found(limit="1", offset="1") == both[1:]
    assert found(limit="0") == []


def test_a_study_found_says_what_it_holds_and_where(client: TestClient, drafted: SegmentedStudy):
    (study,) = client.get(BASE, params={"includefield": "StudyDescription,00101010"}).json()
    assert study["00100010"] == {"vr": "PN", "Value": [{"Alphabetic": "DOE^JANE"}]}
    assert study["00081030"]["Value"] == ["Abdomen AP"]
    assert study["00080061"]["Value"] == ["DX", "SEG"]
    assert (study["00201206"]["Value"], study["00201208"]["Value"]) == ([2], [2])
    assert study["00081190"]["Value"] == [f"http://127.0.0.1:8080{BASE}/{drafted.study_uid}"]
    assert study["00101010"]["Value"] == ["003M"]
    assert list(study) == sorted(study)


def test_a_korean_name_in_its_old_character_set_is_found_and_told_in_utf_8(
    client: TestClient, intake: Intake, ledger: Ledger
):
    korean = {"SpecificCharacterSet": ["", "ISO 2022 IR 149"], "PatientName": "Hong^Gildong=洪^吉洞=홍^길동"}
    study = a_drafted_study(intake, ledger, critical=False, **korean)
    (found,) = client.get(BASE, params={"PatientName": "홍*"}).json()
    wanted = {"Alphabetic": "Hong^Gildong", "Ideographic": "洪^吉洞", "Phonetic": "홍^길동"}
    assert found["00100010"]["Value"] == [wanted]
    assert found["00080005"]["Value"] == ["ISO_IR 192"]
    (header,) = client.get(f"{BASE}/{study.study_uid}/metadata").json()
    assert header["00100010"]["Value"] == [wanted]
    assert uids(client.get(BASE, params={"PatientName": "hong*"})) == [study.study_uid]
    assert client.get("/api/worklist", params={"q": "길동"}).json()["total"] == 1


def test_series_and_instances_are_found_below_a_study_and_in_all(
    client: TestClient, drafted: SegmentedStudy, intake: Intake, ledger: Ledger
):
    a_drafted_study(intake, ledger, critical=False)
    below = f"{BASE}/{drafted.study_uid}"
    assert len(uids(client.get(f"{below}/series"), "0020000E")) == 2
    assert uids(client.get(f"{below}/series", params={"Modality": "DX"}), "0020000E") == [drafted.series_uid]
    assert len(uids(client.get("/dicom-web/series"), "0020000E")) == 3
    assert len(uids(client.get(f"{below}/instances"), "00080018")) == 2
    in_series = client.get(f"{below}/series/{drafted.series_uid}/instances")
    assert uids(in_series, "00080018") == [drafted.instance_uid]
    assert in_series.json()[0]["00280010"]["Value"] == [ROWS]
    only = client.get("/dicom-web/instances", params={"SOPInstanceUID": drafted.instance_uid})
    assert uids(only, "00080018") == [drafted.instance_uid]
    assert uids(client.get(f"{BASE}/1.2.3/series"), "0020000E") == []


def test_what_arrives_later_is_found(client: TestClient, intake: Intake, ledger: Ledger):
    study = a_drafted_study(intake, ledger, critical=False)
    assert len(uids(client.get(f"{BASE}/{study.study_uid}/instances"), "00080018")) == 1
    for series in (study.series_uid, generate_uid()):  # into a known series, and into a new one
        take(intake, a_dx(StudyInstanceUID=study.study_uid, SeriesInstanceUID=series))
    assert len(uids(client.get(f"{BASE}/{study.study_uid}/instances"), "00080018")) == 3
    assert client.get(BASE).json()[0]["00201206"]["Value"] == [2]


def test_a_folder_that_is_no_study_disturbs_nothing(
    client: TestClient, drafted: SegmentedStudy, archive: Archive
):
    (archive.root / "lost+found").mkdir()
    (archive.root / drafted.study_uid / drafted.series_uid / "1.2.3.dcm").write_bytes(b"not DICOM")
    (study,) = client.get(BASE).json()
    assert study["00201208"]["Value"] == [2]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("NoSuchKeyword=1", 400),
        ("limit=-1", 400),
        ("limit=x", 400),
        ("StudyDate=yesterday", 400),
        ("StudyInstanceUID=../../x", 400),
        ("includefield=Nothing", 400),
        ("PatientID.Value=1", 400),
        ("fuzzymatching=perhaps", 400),
        ("fuzzymatching=true", 200),
        ("includefield=all", 200),
        ("RequestAttributesSequence.ScheduledProcedureStepID=x", 200),
    ],
)
def test_a_malformed_query_is_refused(client: TestClient, drafted: SegmentedStudy, query: str, status: int):
    answer = client.get(f"{BASE}?{query}")
    assert answer.status_code == status, answer.text


def test_xml_is_not_made(client: TestClient, drafted: SegmentedStudy):
    xml = {"Accept": 'multipart/related; type="application/dicom+xml"'}
    assert client.get(BASE, headers=xml).status_code == 406
    assert client.get(f"{BASE}/{drafted.study_uid}/metadata", headers=xml).status_code == 406
    assert client.get(f"{BASE}/{drafted.study_uid}", headers=xml).status_code == 406


def test_an_instance_comes_back_as_it_is_held(client: TestClient, drafted: SegmentedStudy, archive: Archive):
    ((content_type, body),) = parts(client.get(instance_path(drafted), headers={"Accept": DICOM}))
    assert content_type == f"application/dicom; transfer-syntax={ExplicitVRLittleEndian}"
    ref = next(r for r in archive.instances(drafted.study_uid) if r.instance_uid == drafted.instance_uid)
    assert body == archive.path(ref).read_bytes()


def test_a_study_and_a_series_come_back_whole(client: TestClient, drafted: SegmentedStudy):
    whole = parts(client.get(f"{BASE}/{drafted.study_uid}"))
    assert {pydicom.dcmread(BytesIO(b)).Modality for _, b in whole} == {"DX", "SEG"}
    (one,) = parts(client.get(f"{BASE}/{drafted.study_uid}/series/{drafted.series_uid}"))
    assert pydicom.dcmread(BytesIO(one[1])).SOPInstanceUID == drafted.instance_uid


def test_one_instance_can_come_without_the_multipart(client: TestClient, drafted: SegmentedStudy):
    answer = client.get(instance_path(drafted), headers={"Accept": "application/dicom"})
    assert answer.headers["content-type"] == "application/dicom"
    assert pydicom.dcmread(BytesIO(answer.content)).SOPInstanceUID == drafted.instance_uid


@pytest.fixture
def compressed(intake: Intake, ledger: Ledger) -> SegmentedStudy:
    dataset = a_dx()
    dataset.compress(RLELossless, generate_instance_uid=False)
    ref = take(intake, dataset)
    return SegmentedStudy(ref.study_uid, dataset, np.zeros((ROWS, COLUMNS), np.bool_), None)


def test_a_compressed_instance_is_decoded_unless_it_is_asked_for_as_it_is(
    client: TestClient, compressed: SegmentedStudy
):
    def syntax_of(accept: str) -> str:
        ((_, body),) = parts(client.get(instance_path(compressed), headers={"Accept": accept}))
        received = pydicom.dcmread(BytesIO(body))
        np.testing.assert_array_equal(received.pixel_array, pixels())
        assert received.SOPInstanceUID == compressed.instance_uid
        return str(received.file_meta.TransferSyntaxUID)

    assert syntax_of(DICOM) == ExplicitVRLittleEndian
    assert syntax_of(f"{DICOM}; transfer-syntax=*") == RLELossless
    assert syntax_of(f"{DICOM}; transfer-syntax={RLELossless}") == RLELossless
    other = f"{DICOM}; transfer-syntax=1.2.840.10008.1.2.4.90"
    assert client.get(instance_path(compressed), headers={"Accept": other}).status_code == 406


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_other_encodings_are_written_in_explicit_little_endian(
    client: TestClient, intake: Intake, syntax: pydicom.uid.UID
):
    dataset = a_dx()
    dataset.file_meta.TransferSyntaxUID = syntax
    if not syntax.is_little_endian:
        dataset.PixelData = pixels().astype(">u2").tobytes()
    ref = take(intake, dataset)
    ((_, body),) = parts(client.get(f"{BASE}/{ref.study_uid}"))
    received = pydicom.dcmread(BytesIO(body))
    assert received.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert received.PatientName == "DOE^JANE"
    np.testing.assert_array_equal(received.pixel_array, pixels())
    octets = {"Accept": "application/octet-stream"}
    path = f"{BASE}/{ref.study_uid}/series/{ref.series_uid}/instances/{ref.instance_uid}"
    frame = client.get(f"{path}/frames/1", headers=octets).content
    np.testing.assert_array_equal(np.frombuffer(frame, "<u2").reshape(ROWS, COLUMNS), pixels())


def test_frames_come_native_or_as_they_are_held(
    client: TestClient, drafted: SegmentedStudy, compressed: SegmentedStudy
):
    octets = 'multipart/related; type="application/octet-stream"'
    for study in (drafted, compressed):
        ((content_type, body),) = parts(
            client.get(f"{instance_path(study)}/frames/1", headers={"Accept": octets})
        )
        assert content_type.startswith("application/octet-stream")
        np.testing.assert_array_equal(np.frombuffer(body, "<u2").reshape(ROWS, COLUMNS), pixels())
    ((content_type, body),) = parts(
        client.get(
            f"{instance_path(compressed)}/frames/1", headers={"Accept": f"{octets}; transfer-syntax=*"}
        )
    )
    assert content_type == f"image/dicom-rle; transfer-syntax={RLELossless}"
    assert len(body) < ROWS * COLUMNS * 2
    single = client.get(f"{instance_path(drafted)}/frames/1", headers={"Accept": "application/octet-stream"})
    assert len(single.content) == ROWS * COLUMNS * 2


def test_the_frames_of_a_seg_are_cut_by_the_bit(client: TestClient, drafted: SegmentedStudy):
    assert drafted.seg is not None
    path = f"{BASE}/{drafted.study_uid}/series/{drafted.seg.series_uid}/instances/{drafted.seg.instance_uid}"
    ((_, body),) = parts(client.get(f"{path}/frames/1"))
    bits = np.unpackbits(np.frombuffer(body, np.uint8), bitorder="little")[: ROWS * COLUMNS]
    np.testing.assert_array_equal(bits.reshape(ROWS, COLUMNS).astype(bool), drafted.mask)


@pytest.mark.parametrize(("frames", "status"), [("2", 404), ("0", 400), ("x", 400), ("1,,", 400)])
def test_frames_that_are_not_there_are_refused(
    client: TestClient, drafted: SegmentedStudy, frames: str, status: int
):
    assert client.get(f"{instance_path(drafted)}/frames/{frames}").status_code == status


def test_metadata_links_to_the_pixels_instead_of_holding_them(client: TestClient, drafted: SegmentedStudy):
    answer = client.get(f"{instance_path(drafted)}/metadata")
    (header,) = answer.json()
    read = pydicom.Dataset.from_json(json.dumps(header), lambda tag, vr, uri: b"")
    assert read.PatientName == "DOE^JANE"
    assert read.Rows == ROWS
    assert all(not tag.startswith("0002") for tag in header)
    link = header["7FE00010"]["BulkDataURI"]
    ((_, body),) = parts(client.get(link))
    np.testing.assert_array_equal(np.frombuffer(body, "<u2").reshape(ROWS, COLUMNS), pixels())
    assert len(client.get(f"{BASE}/{drafted.study_uid}/metadata").json()) == 2


def test_an_image_is_rendered_as_its_window_or_the_requests_says(client: TestClient, drafted: SegmentedStudy):
    def image(path: str, accept: str = "image/png") -> np.ndarray:
        answer = client.get(f"{instance_path(drafted)}/{path}", headers={"Accept": accept})
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == accept
        return cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_UNCHANGED)

    plain = image("rendered")
    assert (plain.shape, plain[0, 0], plain[-1, -1]) == ((ROWS, COLUMNS), 0, 255)
    narrow = image("rendered?window=100,200,linear-exact")
    assert narrow[3, 9] == 255  # stored value 201 is above the window
    assert narrow[0, 50] == round(50 / 200 * 255)
    assert image("frames/1/rendered?viewport=32,32").shape == (24, 32)
    assert image("thumbnail", "image/jpeg").shape == (ROWS, COLUMNS)
    assert client.get(f"{instance_path(drafted)}/rendered?window=1").status_code == 400
    assert client.get(f"{instance_path(drafted)}/rendered?viewport=0,0").status_code == 400
    gif = {"Accept": "image/gif"}
    assert client.get(f"{instance_path(drafted)}/rendered", headers=gif).status_code == 406


def test_a_study_is_stood_for_by_its_radiograph(client: TestClient, drafted: SegmentedStudy):
    png = {"Accept": "image/png"}
    of_study = client.get(f"{BASE}/{drafted.study_uid}/rendered", headers=png)
    of_instance = client.get(f"{instance_path(drafted)}/rendered", headers=png)
    assert of_study.content == of_instance.content
    assert client.get(f"{BASE}/{drafted.study_uid}/thumbnail").headers["content-type"] == "image/jpeg"


def test_what_is_not_held_is_not_found(client: TestClient, drafted: SegmentedStudy):
    for path in ("1.2.3", "1.2.3/metadata", "1.2.3/rendered", f"{drafted.study_uid}/series/1.2.3"):
        assert client.get(f"{BASE}/{path}").status_code == 404, path
    assert client.get(f"{BASE}/abc").status_code == 400
