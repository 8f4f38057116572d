"""What the viewer offers for comparison: earlier abdominal radiographs of the same patient."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from pydicom import Dataset

import study.holdings
from study.archive import Archive
from study.holdings import Holdings
from study.intake import Intake
from study.ledger import Ledger
from tests.web_viewer.studies import COLUMNS, ROWS, SegmentedStudy, a_drafted_study, a_dx


def fetched(archive: Archive, **attributes: object) -> Dataset:
    """A prior as it is fetched: in the archive, and no event tells of it."""
    dataset = a_dx(**{"StudyDate": "20250501", **attributes})
    archive.write_dataset(dataset)
    return dataset


def priors(client: TestClient, current: SegmentedStudy) -> list[dict[str, object]]:
    answer = client.get(f"/api/studies/{current.study_uid}/priors")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, object]] = answer.json()
    return found


def test_earlier_abdomens_of_the_patient_are_listed_the_latest_first(
    client: TestClient, archive: Archive, drafted: SegmentedStudy
):
    older = fetched(archive, StudyDescription="KUB", BodyPartExamined="")
    older_still = fetched(archive, StudyDate="20240501")
    assert priors(client, drafted) == [
        {
            "study_uid": dataset.StudyInstanceUID,
            "study_date": dataset.StudyDate,
            "study_description": dataset.StudyDescription,
            "radiographs": [
                {
                    "series_uid": dataset.SeriesInstanceUID,
                    "instance_uid": dataset.SOPInstanceUID,
                    "sop_class_uid": dataset.SOPClassUID,
                    "rows": ROWS,
                    "columns": COLUMNS,
                }
            ],
        }
        for dataset in (older, older_still)
    ]


@pytest.mark.parametrize(
    "attributes",
    [
        {"PatientID": "SOMEBODY"},
        {"PatientBirthDate": "19990101"},
        {"StudyDate": "20270101"},
        {"BodyPartExamined": "CHEST"},
    ],
    ids=["another patient", "born on another day", "later", "of the chest"],
)
def test_what_is_no_prior_is_not_listed(
    client: TestClient, archive: Archive, drafted: SegmentedStudy, attributes: dict[str, object]
):
    fetched(archive, **attributes)
    assert priors(client, drafted) == []


def test_a_study_that_was_read_here_is_a_prior_too(
    client: TestClient, drafted: SegmentedStudy, intake: Intake, ledger: Ledger
):
    older = a_drafted_study(
        intake, ledger, StudyDate="20250101", BodyPartExamined="", StudyDescription="follow-up"
    )
    (found,) = priors(client, drafted)
    assert found["study_uid"] == older.study_uid
    assert priors(client, older) == []


def test_a_priors_radiograph_is_shown(client: TestClient, archive: Archive, drafted: SegmentedStudy):
    dataset = fetched(archive)
    base = f"/api/studies/{dataset.StudyInstanceUID}/radiographs/{dataset.SOPInstanceUID}"
    assert len(client.get(f"{base}/image").content) == ROWS * COLUMNS * 2
    assert client.get(f"{base}/preview.jpg").status_code == 200


def test_a_study_without_a_patient_id_has_no_priors(
    client: TestClient, archive: Archive, intake: Intake, ledger: Ledger
):
    fetched(archive, PatientID="")
    assert priors(client, a_drafted_study(intake, ledger, PatientID="")) == []


def test_an_unknown_study_is_not_found(client: TestClient):
    assert client.get("/api/studies/1.2.3/priors").status_code == 404


def test_each_study_is_read_once_to_know_its_patient(
    archive: Archive, drafted: SegmentedStudy, monkeypatch: pytest.MonkeyPatch
):
    holdings = Holdings(archive)
    older = fetched(archive)
    fetched(archive, PatientID="SOMEBODY")
    mine = sorted([drafted.study_uid, older.StudyInstanceUID])
    assert holdings.of_patient("PID-4711") == mine
    monkeypatch.setattr(study.holdings, "_read_header", unexpected)
    assert holdings.of_patient("PID-4711") == mine
    archive.remove(older.StudyInstanceUID, instances=1)
    assert holdings.of_patient("PID-4711") == [drafted.study_uid]


def unexpected(*_: object) -> None:
    raise AssertionError("read again")


def test_a_study_without_an_instance_yet_is_nobodys(archive: Archive):
    (archive.root / "1.2.3").mkdir()
    assert Holdings(archive).of_patient("") == []
