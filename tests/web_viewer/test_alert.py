"""Acknowledging a critical result over HTTP: six fields, once, and into the signed report."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from study.intake import Intake
from study.jobs import Job, JobQueue
from study.ledger import Ledger
from study.model import Language
from tests.web_viewer.studies import SegmentedStudy, a_drafted_study


def acknowledge(client: TestClient, study: SegmentedStudy, **changes: object) -> Response:
    body = {
        "revision": 1,
        "told_by": "Kim^Minji",
        "told_to": "Dr Park, surgery",
        "told_at": datetime.now(timezone.utc).isoformat(),
        "how": "phone",
        **changes,
    }
    return client.post(f"/api/studies/{study.study_uid}/alert/acknowledge", json=body)


def assess(client: TestClient, study: SegmentedStudy, verdict: str) -> Response:
    address = f"/api/studies/{study.study_uid}/findings/{study.finding_id}/assessment"
    return client.post(address, json={"assessment": verdict, "reader": "Kim"})


def sign(client: TestClient, study: SegmentedStudy) -> dict[str, object]:
    signed = client.post(f"/api/studies/{study.study_uid}/sign", json={"signer": "Kim^Minji", "version": 1})
    assert signed.status_code == 200, signed.text
    report: dict[str, object] = signed.json()["draft"]
    return report


def test_the_worklist_shows_an_open_alert(client: TestClient, drafted: SegmentedStudy):
    (item,) = client.get("/api/worklist").json()["items"]
    assert item["alert"]["state"] == "open"
    assert item["alert"]["rule_id"] == "critical-pneumoperitoneum"
    assert item["alert"]["level"] == 0


def test_an_acknowledgement_keeps_six_fields_two_of_them_the_services_own(
    client: TestClient, drafted: SegmentedStudy, queue: JobQueue
):
    before = client.get(f"/api/studies/{drafted.study_uid}").json()["alert"]
    told_at = datetime.now(timezone(timedelta(hours=9))).replace(microsecond=0)
    answer = acknowledge(client, drafted, told_at=told_at.isoformat())
    assert answer.status_code == 200, answer.text
    alert = answer.json()["alert"]
    assert alert["state"] == "acknowledged"
    assert alert["acknowledgement"] == {
        "finding_ids": [drafted.finding_id],
        "identified_at": before["identified_at"],
        "told_by": "Kim^Minji",
        "told_to": "Dr Park, surgery",
        "told_at": told_at.isoformat(),
        "how": "phone",
    }
    assert (Job.ALERT, drafted.study_uid) in queue.held()  # who heard of it is told
    assert answer.json()["timeline"][-1]["step"] == "acknowledged"


def test_only_the_first_acknowledgement_counts(client: TestClient, drafted: SegmentedStudy):
    assert acknowledge(client, drafted).status_code == 200
    again = acknowledge(client, drafted, told_by="Lee")
    assert again.status_code == 409
    assert "Kim^Minji" in again.json()["detail"]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"told_to": ""}, 422),
        ({"told_to": "  "}, 422),
        ({"told_by": None}, 400),
        ({"told_at": "2026-01-01T12:00:00"}, 422),  # no zone
        ({"told_at": "2020-01-01T12:00:00Z"}, 400),  # before the study arrived
        ({"told_at": "2999-01-01T12:00:00Z"}, 400),
        ({"how": "carrier pigeon"}, 422),
        ({"told_to": "a\x00b"}, 422),
        ({"finding_ids": ["mine"]}, 422),  # the service's own
        ({"revision": 7}, 409),
    ],
)
def test_what_cannot_be_is_refused_and_the_alert_stays_open(
    client: TestClient, drafted: SegmentedStudy, changes: dict[str, object], status: int
):
    answer = acknowledge(client, drafted, **changes)
    assert answer.status_code == status, answer.text
    assert client.get(f"/api/studies/{drafted.study_uid}").json()["alert"]["state"] == "open"


def test_a_study_without_an_alert_has_none_to_acknowledge(client: TestClient, intake: Intake, ledger: Ledger):
    assert acknowledge(client, a_drafted_study(intake, ledger, critical=False)).status_code == 404


def test_rejecting_the_finding_withdraws_the_alert_and_tells_who_heard_of_it(
    client: TestClient, drafted: SegmentedStudy, queue: JobQueue
):
    alert = assess(client, drafted, "rejected").json()["alert"]
    assert (alert["state"], alert["withdrawal"]) == ("withdrawn", "rejected")
    assert (Job.ALERT, drafted.study_uid) in queue.held()
    assert acknowledge(client, drafted).status_code == 409
    assert sign(client, drafted)["alert"] is None


def test_the_signed_report_says_who_was_told(client: TestClient, drafted: SegmentedStudy):
    acknowledge(client, drafted)
    report = sign(client, drafted)
    (sentence,) = report["communication"]  # type: ignore[misc]
    assert sentence["rule_id"] == "critical-communicated"
    assert sentence["finding_ids"] == [drafted.finding_id]
    assert "Kim Minji told Dr Park, surgery by phone" in sentence["text"]
    assert report["alert"]["told_how"] == "phone"  # type: ignore[index]


def test_a_report_signed_before_anybody_was_told_says_nothing_of_it_and_the_alert_waits(
    client: TestClient, drafted: SegmentedStudy
):
    assert sign(client, drafted)["communication"] == []
    (item,) = client.get("/api/worklist").json()["items"]
    assert (item["state"], item["alert"]["state"]) == ("signed", "open")
    assert acknowledge(client, drafted).status_code == 200


def test_the_sentence_is_said_in_the_reports_language(client: TestClient, drafted: SegmentedStudy):
    from study.communication import communicated
    from study.model import StudyRecord

    alert = StudyRecord.model_validate(acknowledge(client, drafted).json()).alert
    assert alert is not None
    (korean,) = communicated(alert, Language.KOREAN)
    assert "기복증" in korean.text
    assert "전화" in korean.text


def test_what_was_acknowledged_is_counted(client: TestClient, drafted: SegmentedStudy):
    acknowledge(client, drafted)
    metrics = client.get("/metrics").text
    assert 'kidray_alerts_total{rule="critical-pneumoperitoneum",state="open"}' in metrics
    assert "kidray_acknowledge_seconds_count" in metrics
