"""C-FIND, C-MOVE and C-GET, asked by DCMTK, Orthanc and pynetdicom."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom import Dataset
from pydicom.data import get_testdata_file
from pydicom.uid import (
    UID,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLSLossless,
    RLELossless,
    generate_uid,
)
from pynetdicom import AE, evt
from pynetdicom.presentation import build_context, build_role
from pynetdicom.sop_class import (
    DigitalXRayImageStorageForPresentation,
    PatientRootQueryRetrieveInformationModelFind,
    PatientRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
)

from dicom_node.query import QueryService
from dicom_node.receive import Receiver
from dicom_node.retrieve import RetrieveService
from dicom_node.send import send_objects
from study.archive import Archive
from study.fence import Fence
from study.holdings import Holdings
from study.intake import Intake
from study.settings import Destination
from tests.dicom_node.conftest import make_radiograph, saved
from tests.dicom_node.encoding import dataset_bytes
from tests.peers import Orthanc, dcmtk, free_port, storescu, wait_for

peer = pytest.mark.peer
KOREAN_NAME = "김^철수"


@pytest.fixture(scope="module")
def move_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def fence() -> Iterator[Fence]:
    with Fence(1) as opened:
        yield opened


@pytest.fixture
def node(intake: Intake, archive: Archive, move_port: int, fence: Fence) -> Iterator[Receiver]:
    """A receiver that answers queries, and knows MOVER and the Orthanc called ORTHANC."""
    holdings = Holdings(archive)
    known = [Destination("MOVER", "127.0.0.1", move_port), Destination("DOWN", "127.0.0.1", free_port())]
    services = [
        QueryService(holdings, ae_title="KIDRAY").service(),
        RetrieveService(holdings, archive, known, ae_title="KIDRAY", fence=fence).service(),
    ]
    running = Receiver(intake, ae_title="KIDRAY", host="127.0.0.1", port=0, services=services)
    running.start()
    yield running
    running.stop(grace=5)


@pytest.fixture
def two_studies(node: Receiver, tmp_path: Path) -> tuple[list[Dataset], list[Path]]:
    """Two studies of two patients, sent: the first of two images in one series."""
    first = make_radiograph(PatientID="A1", PatientName=KOREAN_NAME, SpecificCharacterSet="\\ISO 2022 IR 149")
    first.AccessionNumber, first.StudyDescription = "ACC1", "ABDOMEN AP"
    second = make_radiograph(
        StudyInstanceUID=first.StudyInstanceUID,
        SeriesInstanceUID=first.SeriesInstanceUID,
        PatientID="A1",
        PatientName=KOREAN_NAME,
        SpecificCharacterSet="\\ISO 2022 IR 149",
        AccessionNumber="ACC1",
    )
    other = make_radiograph(PatientID="B2", PatientName="PARK^MINJI", AccessionNumber="ACC2")
    other.StudyDate = "20250101"
    datasets = [first, second, other]
    files = [saved(dataset, tmp_path / "sent") for dataset in datasets]
    storescu(node.port, files)
    return datasets, files


def findscu(port: int, *keys: str, model: str = "-S") -> list[dict[str, str]]:
    """Return what DCMTK's findscu shows of each match: keyword to value."""
    options = [option for key in keys for option in ("-k", key)]
    printed = dcmtk("findscu", "-v", model, "-aec", "KIDRAY", *options, "127.0.0.1", port)
    found = []
    for part in printed.split("Find Response:")[1:]:
        lines = re.findall(
            r"\([0-9a-f]{4},[0-9a-f]{4}\) \w\w (?:\[(.*?)\s*\0?\]|(\d+)|\S.*?) +#.* (\w+)", part
        )
        found.append({name: text or number for text, number, name in lines})
    return found


def ask(port: int, model: str, **keys: object) -> list[tuple[int, Dataset | None]]:
    """Return the status and identifier of every response to a C-FIND."""
    identifier = Dataset()
    for keyword, value in keys.items():
        setattr(identifier, keyword, value)
    ae = AE(ae_title="ASKER")
    ae.add_requested_context(model)
    opened = ae.associate("127.0.0.1", port)
    assert opened.is_established
    try:
        return [(int(status.Status), found) for status, found in opened.send_c_find(identifier, model)]
    finally:
        opened.release()


@peer
def test_findscu_finds_a_study_by_wildcard_and_date_range(node, two_studies) -> None:
    (first, _, _), _ = two_studies
    level = "QueryRetrieveLevel=STUDY"
    assert len(findscu(node.port, level, "StudyInstanceUID")) == 2
    (found,) = findscu(
        node.port,
        level,
        "AccessionNumber=ACC*",
        "StudyDate=20260101-",
        "StudyInstanceUID",
        "ModalitiesInStudy",
    )
    assert found["StudyInstanceUID"] == first.StudyInstanceUID
    assert (found["AccessionNumber"], found["ModalitiesInStudy"]) == ("ACC1", "DX")
    assert found["RetrieveAETitle"] == "KIDRAY"
    assert findscu(node.port, level, "AccessionNumber=NONE") == []


@peer
def test_findscu_goes_down_from_study_to_series_to_instance(node, two_studies) -> None:
    (first, second, _), _ = two_studies
    study, series = (
        f"StudyInstanceUID={first.StudyInstanceUID}",
        f"SeriesInstanceUID={first.SeriesInstanceUID}",
    )
    (found,) = findscu(
        node.port, "QueryRetrieveLevel=SERIES", study, "SeriesInstanceUID", "NumberOfSeriesRelatedInstances"
    )
    assert found["SeriesInstanceUID"] == first.SeriesInstanceUID
    assert found["NumberOfSeriesRelatedInstances"] == "2"
    images = findscu(node.port, "QueryRetrieveLevel=IMAGE", study, series, "SOPInstanceUID", "Rows")
    assert {i["SOPInstanceUID"] for i in images} == {first.SOPInstanceUID, second.SOPInstanceUID}
    assert {i["Rows"] for i in images} == {"64"}


@peer
def test_findscu_finds_a_patient_in_the_patient_root_model(node, two_studies) -> None:
    found = findscu(
        node.port, "QueryRetrieveLevel=PATIENT", "PatientID=A*", "NumberOfPatientRelatedInstances", model="-P"
    )
    assert [(f["PatientID"], f["NumberOfPatientRelatedInstances"]) for f in found] == [("A1", "2")]


def test_a_korean_name_is_found_and_answered_in_utf8(node, two_studies) -> None:
    model = StudyRootQueryRetrieveInformationModelFind
    (_, found), (last, _) = ask(
        node.port,
        model,
        SpecificCharacterSet="ISO_IR 192",
        QueryRetrieveLevel="STUDY",
        PatientName="김*",
        StudyInstanceUID="",
    )
    assert found is not None
    assert (str(found.PatientName), found.SpecificCharacterSet) == (KOREAN_NAME, "ISO_IR 192")
    assert last == 0x0000


def test_a_key_that_is_not_supported_neither_matches_nor_is_answered(node, two_studies) -> None:
    responses = ask(
        node.port,
        StudyRootQueryRetrieveInformationModelFind,
        QueryRetrieveLevel="STUDY",
        AccessionNumber="ACC2",
        PatientComments="nonsense",
    )
    assert [status for status, _ in responses] == [0xFF00, 0x0000]
    assert "PatientComments" not in responses[0][1]


@pytest.mark.parametrize(
    ("model", "keys"),
    [
        (StudyRootQueryRetrieveInformationModelFind, {"QueryRetrieveLevel": "PATIENT", "PatientID": ""}),
        (StudyRootQueryRetrieveInformationModelFind, {"QueryRetrieveLevel": "SERIES"}),
        (StudyRootQueryRetrieveInformationModelFind, {"StudyInstanceUID": "1.2"}),
        (PatientRootQueryRetrieveInformationModelFind, {"QueryRetrieveLevel": "STUDY", "PatientID": "A*"}),
    ],
    ids=["no such level", "no study named", "no level named", "no patient named"],
)
def test_a_query_that_does_not_fit_its_model_is_refused(node, model, keys) -> None:
    assert [status for status, _ in ask(node.port, model, **keys)] == [0xA900]


def test_no_identity_is_logged(node, two_studies, log_lines) -> None:
    ask(node.port, StudyRootQueryRetrieveInformationModelFind, QueryRetrieveLevel="STUDY", PatientID="A1")
    assert any(line["event"] == "query_answered" and line["matches"] == 1 for line in log_lines)
    assert "A1" not in str(log_lines)


def movescu(port: int, move_port: int, folder: Path, *keys: str, to: str = "MOVER", ok: bool = True) -> str:
    folder.mkdir()
    options = [option for key in keys for option in ("-k", key)]
    listening = ("+P", move_port, "-aem", to, "-od", folder)
    return dcmtk(
        "movescu",
        "-v",
        "-S",
        "-aet",
        "ASKER",
        "-aec",
        "KIDRAY",
        *listening,
        *options,
        "127.0.0.1",
        port,
        ok=ok,
    )


def received(folder: Path) -> set[str]:
    return {str(pydicom.dcmread(file).SOPInstanceUID) for file in folder.iterdir()}


@peer
def test_movescu_gets_a_study_moved_to_itself(node, two_studies, move_port, tmp_path) -> None:
    (first, second, _), _ = two_studies
    printed = movescu(
        node.port,
        move_port,
        tmp_path / "moved",
        "QueryRetrieveLevel=STUDY",
        f"StudyInstanceUID={first.StudyInstanceUID}",
    )
    assert "Success" in printed
    assert received(tmp_path / "moved") == {first.SOPInstanceUID, second.SOPInstanceUID}


@peer
def test_movescu_gets_one_image(node, two_studies, move_port, tmp_path) -> None:
    (_, second, _), _ = two_studies
    movescu(
        node.port,
        move_port,
        tmp_path / "moved",
        "QueryRetrieveLevel=IMAGE",
        f"StudyInstanceUID={second.StudyInstanceUID}",
        f"SeriesInstanceUID={second.SeriesInstanceUID}",
        f"SOPInstanceUID={second.SOPInstanceUID}",
    )
    assert received(tmp_path / "moved") == {second.SOPInstanceUID}


@peer
@pytest.mark.parametrize(
    ("to", "status"), [("NOBODY", "MoveDestinationUnknown"), ("DOWN", "OutOfResourcesSubOperations")]
)
def test_a_move_to_who_is_unknown_or_down_fails_in_words(
    to, status, node, two_studies, move_port, tmp_path
) -> None:
    (first, _, _), _ = two_studies
    printed = movescu(
        node.port,
        move_port,
        tmp_path / "moved",
        "QueryRetrieveLevel=STUDY",
        f"StudyInstanceUID={first.StudyInstanceUID}",
        to=to,
        ok=False,
    )
    assert status.lower() in printed.replace(" ", "").lower()
    assert not list((tmp_path / "moved").iterdir())


def test_a_move_sends_the_bytes_as_they_are_and_names_its_originator(node, two_studies, move_port) -> None:
    (_, _, other), files = two_studies
    seen: list[tuple[str, int, bytes]] = []

    def store(event: evt.Event) -> int:
        request = event.request
        originator = (request.MoveOriginatorApplicationEntityTitle, request.MoveOriginatorMessageID)
        seen.append((*originator, request.DataSet.getvalue()))
        return 0x0000

    keeper = AE(ae_title="MOVER")
    keeper.add_supported_context(DigitalXRayImageStorageForPresentation)
    server = keeper.start_server(
        ("127.0.0.1", move_port), block=False, evt_handlers=[(evt.EVT_C_STORE, store)]
    )
    try:
        model = StudyRootQueryRetrieveInformationModelMove
        ae = AE(ae_title="ASKER")
        ae.add_requested_context(model)
        opened = ae.associate("127.0.0.1", node.port)
        answers = list(opened.send_c_move(identifier_of(other), "MOVER", model, msg_id=7))
        opened.release()
    finally:
        server.shutdown()
    assert seen == [("ASKER", 7, dataset_bytes(files[2]))]
    final = answers[-1][0]
    assert (final.Status, final.NumberOfCompletedSuboperations) == (0x0000, 1)


def identifier_of(dataset: Dataset) -> Dataset:
    identifier = Dataset()
    identifier.QueryRetrieveLevel = "STUDY"
    identifier.StudyInstanceUID = dataset.StudyInstanceUID
    return identifier


@peer
def test_getscu_gets_a_study_over_its_own_association(node, two_studies, tmp_path) -> None:
    (first, _, _), files = two_studies
    folder = tmp_path / "got"
    folder.mkdir()
    keys = ("-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={first.StudyInstanceUID}")
    dcmtk("getscu", "-v", "-S", "-aec", "KIDRAY", "+B", "-od", folder, *keys, "127.0.0.1", node.port)
    assert {dataset_bytes(file) for file in folder.iterdir()} == {dataset_bytes(file) for file in files[:2]}


def compressed(file: Path, syntax: UID) -> Path:
    """Write an instance of its own, in the study of `file`, compressed."""
    dataset = pydicom.dcmread(file)
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.compress(syntax, generate_instance_uid=False)
    return saved(dataset, file.parent / "compressed")


def send_as_it_is(port: int, file: Path) -> None:
    """Send a file in its own transfer syntax."""
    (result,) = send_objects(Destination("KIDRAY", "127.0.0.1", port), [file], calling_ae_title="ASKER")
    assert result.status == 0x0000


def assert_unpacked(file: Path, original: Path) -> None:
    got, held = pydicom.dcmread(file), pydicom.dcmread(original)
    assert got.file_meta.TransferSyntaxUID in (ExplicitVRLittleEndian, ImplicitVRLittleEndian)
    np.testing.assert_array_equal(got.pixel_array, held.pixel_array)
    without = [element for element in held if element.tag != 0x7FE00010]
    assert [element for element in got if element.tag != 0x7FE00010] == without


@peer
@pytest.mark.parametrize("syntax", [JPEGLSLossless, RLELossless], ids=["JPEG-LS", "RLE"])
def test_getscu_and_movescu_get_a_compressed_instance_unpacked(
    node, two_studies, move_port, tmp_path, syntax
) -> None:
    (_, _, other), files = two_studies
    original = compressed(files[2], syntax)
    send_as_it_is(node.port, original)
    keys = ("QueryRetrieveLevel=STUDY", f"StudyInstanceUID={other.StudyInstanceUID}")
    movescu(node.port, move_port, tmp_path / "moved", *keys)
    (tmp_path / "got").mkdir()
    options = [option for key in keys for option in ("-k", key)]
    dcmtk("getscu", "-S", "-aec", "KIDRAY", "+B", "-od", tmp_path / "got", *options, "127.0.0.1", node.port)
    for folder in ("moved", "got"):
        assert received(tmp_path / folder) == {other.SOPInstanceUID, original.stem}
        (file,) = (tmp_path / folder).glob(f"*{original.stem}*")
        assert_unpacked(file, original)


def test_what_was_lost_to_compression_stays_said(node, two_studies) -> None:
    (_, _, other), files = two_studies
    lossy = Path(get_testdata_file("JPEG-lossy.dcm"))  # JPEG Extended, 12 bits
    dataset = pydicom.dcmread(lossy)
    dataset.StudyInstanceUID, dataset.SOPClassUID = generate_uid(), other.SOPClassUID
    dataset.file_meta.MediaStorageSOPClassUID = other.SOPClassUID
    file = saved(dataset, files[2].parent / "lossy")
    send_as_it_is(node.port, file)
    seen: list[Dataset] = []
    final = got(node.port, identifier_of(dataset), lambda event: seen.append(event.dataset))
    assert final.Status == 0x0000
    assert (seen[0].SOPInstanceUID, seen[0].LossyImageCompression) == (dataset.SOPInstanceUID, "01")
    assert len(seen[0].PixelData) == dataset.Rows * dataset.Columns * 2


def test_a_get_names_the_instance_that_cannot_be_unpacked(node, two_studies) -> None:
    (first, _, _), files = two_studies
    damaged = compressed(files[0], JPEGLSLossless)
    dataset = pydicom.dcmread(damaged)
    dataset.PixelData = (
        dataset.PixelData[:30] + b"\xff" * (len(dataset.PixelData) - 38) + dataset.PixelData[-8:]
    )
    dataset.save_as(damaged)
    send_as_it_is(node.port, damaged)
    final = got(node.port, identifier_of(first))
    assert (final.Status, final.NumberOfCompletedSuboperations, final.NumberOfFailedSuboperations) == (
        0xB000,
        2,
        1,
    )


def got(
    port: int,
    identifier: Dataset,
    on_arrival: Callable[[evt.Event], None] = lambda _: None,
    *,
    model: str = StudyRootQueryRetrieveInformationModelGet,
) -> Dataset:
    """Return the final status of a C-GET by a peer that takes uncompressed DX only."""

    def take(event: evt.Event) -> int:
        on_arrival(event)
        return 0x0000

    ae = AE(ae_title="ASKER")
    opened = ae.associate(
        "127.0.0.1",
        port,
        contexts=[build_context(model), build_context(DigitalXRayImageStorageForPresentation)],
        ext_neg=[build_role(DigitalXRayImageStorageForPresentation, scp_role=True)],
        evt_handlers=[(evt.EVT_C_STORE, take)],
    )
    assert opened.is_established
    try:
        *_, (final, _) = opened.send_c_get(identifier, model)
    finally:
        opened.release()
    return final


def test_a_cancelled_get_stops_between_two_instances(node, two_studies) -> None:
    (first, _, _), _ = two_studies
    model = StudyRootQueryRetrieveInformationModelGet
    final = got(
        node.port, identifier_of(first), lambda event: event.assoc.send_c_cancel(1, query_model=model)
    )
    assert (final.Status, final.NumberOfCompletedSuboperations) == (0xFE00, 1)
    assert final.NumberOfRemainingSuboperations == 1


def test_a_patient_can_be_got_whole_in_the_patient_root_model(node, two_studies) -> None:
    (first, _, _), _ = two_studies
    identifier = Dataset()
    identifier.QueryRetrieveLevel, identifier.PatientID = "PATIENT", first.PatientID
    final = got(node.port, identifier, model=PatientRootQueryRetrieveInformationModelGet)
    assert (final.Status, final.NumberOfCompletedSuboperations) == (0x0000, 2)


def test_a_get_that_names_nothing_is_refused(node, two_studies) -> None:
    identifier = Dataset()
    identifier.QueryRetrieveLevel, identifier.StudyInstanceUID = "STUDY", ""
    assert got(node.port, identifier).Status == 0xA900


def test_storing_still_works_after_a_retrieval_on_the_same_node(node, two_studies, a_file) -> None:
    (first, _, _), _ = two_studies
    assert got(node.port, identifier_of(first)).Status == 0x0000
    assert "Success" in storescu(node.port, [a_file])


@peer
def test_orthanc_finds_a_study_here_and_has_it_moved_to_itself(
    node, two_studies, move_port, tmp_path
) -> None:
    (first, _, _), _ = two_studies
    known = {"kidray": ("KIDRAY", "127.0.0.1", node.port)}
    with Orthanc(tmp_path / "orthanc", modalities=known, dicom_port=move_port) as orthanc:
        query = {"Level": "Study", "Query": {"AccessionNumber": "ACC1"}}
        asked = orthanc.rest("POST", "/modalities/kidray/query", json=query)["ID"]
        assert orthanc.rest("GET", f"/queries/{asked}/answers") == ["0"]
        orthanc.rest("POST", f"/queries/{asked}/answers/0/retrieve", content="MOVER")
        wait_for(lambda: len(orthanc.instances()) == 2, what="both instances at Orthanc")
        assert orthanc.instance(first.SOPInstanceUID) is not None
