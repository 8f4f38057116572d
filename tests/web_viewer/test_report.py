from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from study.history import Drafted, Segmented
from study.intake import Intake
from study.jobs import Job, JobQueue, owed_jobs
from study.ledger import Ledger
from study.redis_server import running_redis
from study.service import Service
from study.settings import Settings
from study.state import State
from tests.web_viewer.conftest import ORIGIN
from tests.web_viewer.studies import (
    SegmentedStudy,
    a_drafted_study,
    a_failed_study,
    a_report,
    a_segmented_study,
    a_skipped_study,
    append,
    later,
)
from web_viewer.app import create_app
from web_viewer.deps import services_of


def put(client: TestClient, study: SegmentedStudy, version: int = 1, **sections: list[str]) -> Response:
    body = {
        "version": version,
        "findings": ["Free intraperitoneal gas.", "No air-fluid levels."],
        "impression": ["Possible pneumoperitoneum."],
        "recommendation": ["Inform the surgeon."],
        **sections,
    }
    return client.put(f"/api/studies/{study.study_uid}/report", json=body)


def sign(client: TestClient, study: SegmentedStudy, version: int = 1, signer: str = "Dr Kim") -> Response:
    return client.post(f"/api/studies/{study.study_uid}/sign", json={"signer": signer, "version": version})


def test_a_study_is_shown_as_the_record_says(client: TestClient, drafted: SegmentedStudy):
    study = client.get(f"/api/studies/{drafted.study_uid}").json()
    assert study["state"] == "drafted"
    assert study["draft"]["impression"][0]["text"] == "Possible pneumoperitoneum."
    assert [entry["step"] for entry in study["timeline"]] == [
        "received",
        "queued",
        "segmented",
        "alerted",
        "drafted",
    ]
    assert study["radiographs"][0]["instance_uid"] == drafted.instance_uid


def test_an_edit_is_the_next_version_in_the_radiologists_words(
    client: TestClient, drafted: SegmentedStudy, ledger: Ledger
):
    answer = put(client, drafted, impression=["Possible pneumoperitoneum.", "Shown to the surgeon. "])
    assert answer.status_code == 200, answer.text
    report = answer.json()
    assert report["version"] == 2
    assert report["wording"]["source"] == "radiologist"
    assert [s["text"] for s in report["impression"]] == [
        "Possible pneumoperitoneum.",
        "Shown to the surgeon.",
    ]
    assert client.get(f"/api/studies/{drafted.study_uid}/report").json() == report
    kept = ledger.held(drafted.study_uid).draft
    assert kept is not None
    assert kept.version == 2


def test_a_sentence_that_stands_keeps_the_finding_that_it_rests_on(
    client: TestClient, drafted: SegmentedStudy
):
    report = put(client, drafted, findings=["Free gas under the diaphragm.", "No air-fluid levels."]).json()
    assert report["findings"][0]["finding_ids"] == []
    assert report["impression"][0]["finding_ids"] == [drafted.finding_id]
    assert report["recommendation"][0]["rule_id"] == "critical"


def test_an_edit_that_changes_nothing_makes_no_version(client: TestClient, drafted: SegmentedStudy):
    assert put(client, drafted).json()["version"] == 1


def test_of_two_who_edit_the_second_is_told(client: TestClient, drafted: SegmentedStudy):
    assert put(client, drafted, impression=["Mine."]).status_code == 200
    answer = put(client, drafted, impression=["Mine too."])
    assert answer.status_code == 409
    assert "version 1 was edited, 2 is the newest" in answer.json()["detail"]


def test_a_signed_report_is_read_only(
    client: TestClient, drafted: SegmentedStudy, ledger: Ledger, queue: JobQueue
):
    signed = sign(client, drafted)
    assert signed.status_code == 200, signed.text
    assert signed.json()["state"] == "signed"
    assert signed.json()["draft"]["signature"]["signer"] == "Dr Kim"
    assert put(client, drafted, impression=["Something else."]).status_code == 409
    assert sign(client, drafted).status_code == 409
    assert queue.lengths()["urgent"] == 1  # the job that makes the signed report's objects
    assert client.get("/api/worklist").json()["items"][0]["signed_by"] == "Dr Kim"
    assert ledger.held(drafted.study_uid).state == State.SIGNED


def test_the_drafts_sr_never_passes_for_that_of_an_edit_or_of_a_signed_report(
    client: TestClient, intake: Intake, ledger: Ledger
):
    study = a_segmented_study(intake, ledger)
    with_sr = a_report(study).model_copy(update={"sr_series_uid": "1.2.9", "sr_instance_uid": "1.2.9.1"})
    append(ledger, study.study_uid, lambda r: Drafted(at=later(r, 4), revision=1, report=with_sr))
    signed = sign(client, study).json()
    assert signed["draft"]["sr_instance_uid"] is None
    assert owed_jobs(ledger.held(study.study_uid)) == (Job.SIGN,)


def test_what_is_signed_is_the_version_that_was_read(client: TestClient, drafted: SegmentedStudy):
    put(client, drafted, impression=["Changed by a colleague."])
    assert sign(client, drafted, version=1).status_code == 409
    assert sign(client, drafted, version=2).status_code == 200


@pytest.mark.parametrize("signer", ["", "   ", "a" * 65, "Kim\nMinji", "Kim\\Lee", "Kim\x00"])
def test_a_signature_needs_a_name_that_dicom_can_hold(
    client: TestClient, drafted: SegmentedStudy, signer: str
):
    assert sign(client, drafted, signer=signer).status_code == 422


def test_a_report_without_an_impression_is_not_signed(client: TestClient, drafted: SegmentedStudy):
    put(client, drafted, impression=[" "])
    answer = sign(client, drafted, version=2)
    assert answer.status_code == 409
    assert "impression is empty" in answer.json()["detail"]


def test_there_is_nothing_to_edit_before_the_draft(client: TestClient, intake: Intake, ledger: Ledger):
    study = a_segmented_study(intake, ledger)
    assert client.get(f"/api/studies/{study.study_uid}/report").status_code == 404
    assert put(client, study).status_code == 404


def test_a_finding_is_accepted_or_rejected_and_the_last_verdict_counts(
    client: TestClient, drafted: SegmentedStudy
):
    url = f"/api/studies/{drafted.study_uid}/findings/{drafted.finding_id}/assessment"
    client.post(url, json={"assessment": "accepted", "reader": "Dr Kim"})
    answer = client.post(url, json={"assessment": "rejected", "reader": "Dr Kim"})
    assert answer.json()["assessments"] == {drafted.finding_id: "rejected"}
    assert client.post(url, json={"assessment": "perhaps", "reader": "Dr Kim"}).status_code == 422
    unknown = url.replace("pneumoperitoneum", "constipation")
    assert client.post(unknown, json={"assessment": "accepted", "reader": "K"}).status_code == 404
    sign(client, drafted)
    assert client.post(url, json={"assessment": "accepted", "reader": "Dr Kim"}).status_code == 409


def test_a_report_signed_over_a_rejected_finding_is_not_critical(
    client: TestClient, drafted: SegmentedStudy, ledger: Ledger
):
    before = ledger.held(drafted.study_uid)
    assert before.critical
    url = f"/api/studies/{drafted.study_uid}/findings/{drafted.finding_id}/assessment"
    client.post(url, json={"assessment": "rejected", "reader": "Dr Kim"})
    signed = sign(client, drafted).json()
    assert not signed["draft"]["critical"]
    assert not client.get("/api/worklist").json()["items"][0]["critical"]


def test_a_finding_that_the_model_makes_again_shows_no_verdict_of_before(
    client: TestClient, drafted: SegmentedStudy, ledger: Ledger
):
    url = f"/api/studies/{drafted.study_uid}"
    verdict = {"assessment": "rejected", "reader": "Dr Kim"}
    client.post(f"{url}/findings/{drafted.finding_id}/assessment", json=verdict)
    sign(client, drafted)
    client.post(f"{url}/reprocess")
    made = [e for e in ledger.archive.events(drafted.study_uid) if isinstance(e, Segmented)][-1]
    append(ledger, drafted.study_uid, lambda _: made)
    study = client.get(url).json()
    assert study["assessments"] == {}
    assert study["critical"]


def test_a_study_that_failed_or_was_skipped_can_be_tried_again(
    client: TestClient, intake: Intake, ledger: Ledger, queue: JobQueue
):
    before = queue.lengths()["segment"]
    for uid in (a_failed_study(intake, ledger, "no model"), a_skipped_study(intake, ledger, "chest")):
        answer = client.post(f"/api/studies/{uid}/reprocess")
        assert answer.json()["state"] == "queued", answer.text
        assert client.post(f"/api/studies/{uid}/reprocess").status_code == 409
    assert queue.lengths()["segment"] == before + 4  # a preview each as they arrived, and these two


def test_an_unknown_study_is_not_found_and_a_malformed_uid_is_refused(client: TestClient):
    assert client.get("/api/studies/1.2.3").status_code == 404
    assert client.get("/api/studies/1.2.3/report").status_code == 404
    assert client.post("/api/studies/1.2.3/reprocess").status_code == 404
    answer = client.get("/api/studies/%2e%2e%2fx")
    assert answer.status_code in (400, 404)
    assert client.get("/api/studies/abc").json()["detail"].startswith("a UID of 3 characters is not valid")


def test_a_signature_is_kept_though_redis_is_away(tmp_path: Path):
    with running_redis(tmp_path / "redis") as url:
        service = Service.open(Settings(home=tmp_path, redis_url=url))
        services = services_of(service)
        study = a_drafted_study(services.intake, services.ledger)
    with TestClient(create_app(services), base_url=ORIGIN) as client:
        assert client.get("/api/worklist").status_code == 503
        assert client.get("/api/worklist").headers["retry-after"] == "2"
        answer = sign(client, study)
        assert answer.status_code == 200, answer.text
        assert answer.json()["state"] == "signed"
        assert client.get(f"/api/studies/{study.study_uid}").json()["state"] == "signed"
        assert client.get("/readyz").status_code == 503
        assert client.get("/healthz").status_code == 200
    service.broker.client.close()
