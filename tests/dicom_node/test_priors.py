"""A patient's earlier abdominal radiographs, fetched from Orthanc."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest
from pydicom import DataElement, Dataset
from pydicom.config import IGNORE
from pydicom.datadict import dictionary_VR
from typer.testing import CliRunner

from cli import app
from dicom_node.priors import fetch_priors
from dicom_node.receive import Receiver
from study.archive import Archive, InstanceReference
from study.errors import DeliveryError, NotInArchiveError
from study.expected import LIFE, Expected
from study.history import Received
from study.inspection import summarize
from study.ledger import Ledger
from study.model import StudyRecord, StudySummary
from study.priors import is_earlier
from study.settings import Destination
from tests.dicom_node.conftest import make_radiograph, saved
from tests.dicom_node.encoding import dataset_bytes
from tests.peers import Orthanc, associate, free_port, wait_for

peer = pytest.mark.peer
AT = datetime(2026, 3, 1, tzinfo=timezone.utc)


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    known = {"kidray": ("KIDRAY", "127.0.0.1", free_port())}
    with Orthanc(tmp_path_factory.mktemp("orthanc"), modalities=known) as running:
        yield running


@pytest.fixture
def current(ledger: Ledger, a_radiograph: Dataset) -> StudyRecord:
    """The study of 1 March 2026 that priors are wanted for."""
    a_radiograph.PatientBirthDate = "20230101"
    ledger.archive.write_dataset(a_radiograph)
    uid = str(a_radiograph.StudyInstanceUID)
    arrived = Received(at=AT, revision=1, calling_ae_title="CR", summary=summarize(a_radiograph))
    ledger.append(uid, lambda _: arrived)
    return ledger.held(uid)


def prior(**attributes: object) -> Dataset:
    dataset = make_radiograph(PatientBirthDate="20230101")
    for keyword, value in {"StudyDate": "20250501", **attributes}.items():
        setattr(dataset, keyword, value)
    return dataset


def kept(archive: Archive, dataset: Dataset) -> Path:
    return archive.path(InstanceReference.of(dataset))


@peer
def test_only_this_patients_earlier_abdomens_come_and_make_no_work(
    orthanc, ledger, current, a_radiograph, tmp_path
) -> None:
    wanted = [prior(), prior(StudyDate="20240501", BodyPartExamined="", SeriesDescription="KUB SUPINE")]
    unwanted = [
        prior(BodyPartExamined="CHEST"),
        prior(PatientID="P0002"),
        prior(PatientBirthDate="19990101"),
        prior(StudyDate="20260401"),
        prior(Modality="CT"),
    ]
    files = {str(d.SOPInstanceUID): saved(d, tmp_path / "pacs") for d in [*wanted, *unwanted, a_radiograph]}
    for file in files.values():
        orthanc.take(file)
    found = fetch_priors(
        current, Destination.parse(orthanc.destination), ledger.archive, calling_ae_title="KIDRAY"
    )
    assert [(f.prior.study_date, f.instances) for f in found] == [("20250501", 1), ("20240501", 1)]
    for dataset in wanted:
        assert dataset_bytes(kept(ledger.archive, dataset)) == dataset_bytes(
            files[str(dataset.SOPInstanceUID)]
        )
        assert ledger.record(str(dataset.StudyInstanceUID)) is None
    assert not any(kept(ledger.archive, dataset).exists() for dataset in unwanted)


@peer
def test_the_command_fetches_and_says_what_came(
    orthanc, ledger, redis_url, current, tmp_path, monkeypatch
) -> None:
    dataset = prior(StudyDate="20250607")
    orthanc.take(saved(dataset, tmp_path / "pacs"))
    monkeypatch.setenv("KIDRAY_HOME", str(tmp_path))
    monkeypatch.setenv("KIDRAY_REDIS_URL", redis_url)
    monkeypatch.setenv("KIDRAY_PACS", orthanc.destination)
    done = CliRunner().invoke(app, ["priors", current.study_uid])
    assert done.exit_code == 0, done.output
    assert f"20250607  {dataset.StudyInstanceUID}  1 radiographs" in done.output
    assert "P0001" not in done.output


@pytest.fixture
def pacs_without_get(receiver: Receiver, tmp_path: Path) -> Iterator[Orthanc]:
    """A PACS that offers no C-GET to Kidray, and knows its address."""
    kidray = {"AET": "KIDRAY", "Host": "127.0.0.1", "Port": receiver.port, "AllowGet": False}
    with Orthanc(tmp_path / "orthanc", modalities={"kidray": kidray}) as running:
        yield running


@peer
def test_what_a_pacs_does_not_give_is_moved_here_and_makes_no_work(
    pacs_without_get, ledger, queue, current, tmp_path
) -> None:
    wanted, unwanted = prior(), prior(BodyPartExamined="CHEST")
    files = [saved(dataset, tmp_path / "pacs") for dataset in (wanted, unwanted)]
    for file in files:
        pacs_without_get.take(file)
    source = Destination.parse(pacs_without_get.destination)
    with pytest.raises(DeliveryError, match="the association ended"):
        fetch_priors(current, source, ledger.archive, calling_ae_title="KIDRAY", by="get")
    (found,) = fetch_priors(current, source, ledger.archive, calling_ae_title="KIDRAY")
    assert (found.prior.study_uid, found.instances) == (wanted.StudyInstanceUID, 1)
    assert dataset_bytes(kept(ledger.archive, wanted)) == dataset_bytes(files[0])
    assert not kept(ledger.archive, unwanted).exists()
    assert ledger.record(str(wanted.StudyInstanceUID)) is None
    assert queue.held() == set()


@peer
def test_what_the_pacs_sends_without_being_asked_is_work_as_ever(
    pacs_without_get, receiver, ledger, current, tmp_path
) -> None:
    dataset = prior()
    identifier = pacs_without_get.take(saved(dataset, tmp_path / "pacs"))
    source = Destination.parse(pacs_without_get.destination)
    fetch_priors(current, source, ledger.archive, calling_ae_title="KIDRAY", by="move")
    another = prior(StudyInstanceUID=dataset.StudyInstanceUID)
    pacs_without_get.send_on(pacs_without_get.take(saved(another, tmp_path / "pacs")), "kidray")
    assert identifier is not None
    record = ledger.record(str(dataset.StudyInstanceUID))
    assert record is not None
    assert record.calling_ae_title == "ORTHANC"


def test_a_mark_that_was_left_behind_counts_for_a_minute_and_is_cleared_away(archive: Archive) -> None:
    expected = Expected(archive)
    with expected.coming("1.2.3") as mark:
        assert "1.2.3" in expected
        assert "1.2" not in expected
        os.utime(mark, (time.time() - LIFE - 1,) * 2)
        assert "1.2.3" not in expected
        with expected.coming("1.2.4"):
            assert not mark.exists()
    assert list(archive.studies()) == []


def test_a_mark_stays_fresh_while_its_series_comes(archive: Archive, monkeypatch) -> None:
    monkeypatch.setattr("study.expected._TOUCH_EVERY", 0.01)
    expected = Expected(archive)
    with expected.coming("1.2.3") as mark:
        os.utime(mark, (time.time() - LIFE - 1,) * 2)
        wait_for(lambda: "1.2.3" in expected, what="the mark to be touched")


def test_the_first_of_two_who_fetch_a_series_leaves_the_mark_of_the_other(archive: Archive) -> None:
    expected = Expected(archive)
    with expected.coming("1.2.3"):
        with expected.coming("1.2.3"):
            pass
        assert "1.2.3" in expected
    assert "1.2.3" not in expected


def test_what_comes_of_a_study_beside_the_series_that_is_fetched_is_work(
    receiver: Receiver, ledger: Ledger, archive: Archive
) -> None:
    fetched = prior()
    another = prior(StudyInstanceUID=fetched.StudyInstanceUID)
    uid = str(fetched.StudyInstanceUID)
    with Expected(archive).coming(str(fetched.SeriesInstanceUID)):
        for dataset, makes_work in ((fetched, False), (another, True)):
            association = associate(receiver.port, dataset.SOPClassUID)
            assert association.send_c_store(dataset).Status == 0
            association.release()
            assert (ledger.record(uid) is not None) is makes_work


def test_a_pacs_that_offers_no_queries_is_named(receiver: Receiver, ledger, current) -> None:
    plain = Destination("OTHER", "127.0.0.1", receiver.port)
    with pytest.raises(DeliveryError, match="OTHER does not offer"):
        fetch_priors(current, plain, ledger.archive, calling_ae_title="KIDRAY")


def test_a_study_without_a_patient_id_has_no_priors(ledger, current) -> None:
    nobody = current.model_copy(update={"summary": StudySummary()})
    with pytest.raises(NotInArchiveError):
        fetch_priors(nobody, Destination("ANY", "127.0.0.1", 104), ledger.archive, calling_ae_title="KIDRAY")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, True),
        ({"PatientBirthDate": ""}, True),
        ({"PatientBirthDate": "20230102"}, False),
        ({"PatientID": "P00011"}, False),
        ({"PatientID": ""}, False),
        ({"StudyDate": "20260302"}, False),
        ({"StudyDate": "20260301", "StudyTime": "115959"}, True),
        ({"StudyDate": "20260301", "StudyTime": "120001"}, False),
        ({"StudyDate": ""}, True),
        ({"StudyInstanceUID": "1.2.3"}, False),
        ({"StudyInstanceUID": "../x"}, False),
    ],
)
def test_who_is_taken_for_the_same_patient_earlier(change, expected) -> None:
    found = Dataset()
    found.StudyInstanceUID, found.StudyDate = "1.2.4", "20250501"
    found.PatientID, found.PatientBirthDate = "P0001", "20230101"
    for keyword, value in change.items():
        found[keyword] = DataElement(keyword, dictionary_VR(keyword), value, validation_mode=IGNORE)
    summary = StudySummary(
        patient_id="P0001", patient_birth_date="20230101", study_date="20260301", study_time="120000"
    )
    assert is_earlier(found, "1.2.3", summary) is expected
