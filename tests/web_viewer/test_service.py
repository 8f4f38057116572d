from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from study.archive import Archive
from study.findings import FINDINGS
from web_viewer.app import LARGEST_BODY

UID = "1.2.3.4.5"
JSON = "application/json"


def test_the_service_says_where_to_send_studies(client: TestClient):
    service = client.get("/api/service").json()
    assert (service["ae_title"], service["dicom_port"], service["language"]) == ("KIDRAY", 11113, "en")
    assert service["model"]["name"] == "kidray-unet"
    assert (service["pacs"], service["login"]) == ([], False)


def test_the_table_of_findings_is_in_the_order_of_segment_numbers(client: TestClient):
    table = client.get("/api/findings").json()
    assert [row["segment_number"] for row in table] == [1, 2, 3, 4]
    assert [row["label"] for row in table] == list(FINDINGS)
    assert table[1]["critical"] is True
    assert table[1]["color"] == [213, 94, 0]


def test_the_service_is_ready_when_redis_answers_and_the_archive_can_be_written(client: TestClient):
    assert client.get("/healthz").json() == {"status": "alive"}
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"redis": "ready", "archive": "ready"})


def test_a_lost_archive_makes_it_unready(client: TestClient, archive: Archive, tmp_path: Path):
    archive.root.rename(tmp_path / "moved")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["redis"] == "ready"
    assert answer.json()["archive"] != "ready"


def test_metrics_are_in_prometheus_format(client: TestClient):
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "# TYPE kidray_instances_total counter" in answer.text


def test_requests_are_counted_by_route_and_never_by_address(client: TestClient):
    client.get("/api/studies/1.2.3.4.5", params={"q": "DOE^JANE"})
    client.get("/api/worklist", params={"q": "DOE^JANE"})
    text = client.get("/metrics").text
    route = 'kidray_http_requests_total{method="GET",route="/api/studies/{study_uid}",status="404"}'
    assert route in text
    assert "DOE" not in text
    assert "1.2.3.4.5" not in text


def test_the_description_of_the_api_names_every_route_once(client: TestClient):
    document = client.get("/openapi.json").json()
    names = [
        operation["operationId"]
        for path in document["paths"].values()
        for operation in path.values()
        if "operationId" in operation
    ]
    assert "/api/studies/{study_uid}/report" in document["paths"]
    assert {"read_worklist", "sign_report", "search_studies", "store_instances"} <= set(names)
    assert "/viewer" not in document["paths"]


def test_an_unknown_path_is_not_found_in_json(client: TestClient):
    for path in ("/api/nothing", "/dicom-web/nothing", "/nothing", "/viewer/nothing", "/.env"):
        answer = client.get(path)
        assert answer.status_code == 404, path
        assert "detail" in answer.json()


def test_wrong_methods_are_refused(client: TestClient):
    assert client.post("/api/worklist").status_code == 405


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_that_is_too_long_is_refused(client: TestClient, announced: bool):
    pieces = [b" " * 65536] * (LARGEST_BODY // 65536 + 1)
    body: bytes | Iterator[bytes] = b"".join(pieces) if announced else iter(pieces)
    answer = client.put(f"/api/studies/{UID}/report", content=body, headers={"Content-Type": JSON})
    assert (answer.status_code, bool(answer.json()["detail"])) == (413, True)


def test_a_body_of_the_allowed_length_is_read(client: TestClient):
    body = b" " * (LARGEST_BODY - 2) + b"[]"
    answer = client.put(f"/api/studies/{UID}/report", content=body, headers={"Content-Type": JSON})
    assert answer.status_code == 422
