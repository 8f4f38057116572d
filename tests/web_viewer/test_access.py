from __future__ import annotations

import base64
from collections.abc import Callable

import httpx
import pytest
from fastapi.testclient import TestClient

from study.registry import PREFIX, connect
from tests.web_viewer.conftest import ORIGIN
from tests.web_viewer.server import serving
from tests.web_viewer.studies import SegmentedStudy
from web_viewer.access import host_of
from web_viewer.app import create_app
from web_viewer.deps import Services


def basic(login: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(login.encode()).decode()}


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8080", 200),
        ("localhost:8080", 200),
        ("LOCALHOST", 200),
        ("[::1]:8080", 200),
        ("evil.example", 400),
        ("127.0.0.1.evil.example:8080", 400),
        ("[::1", 400),
        ("", 400),
    ],
)
def test_only_loopback_names_are_answered_to(client: TestClient, host: str, status: int):
    assert client.get("/api/worklist", headers={"Host": host}).status_code == status


def test_the_host_of_a_header_is_its_name_alone():
    assert [host_of(h) for h in ("a:1", "[::1]:8080", "user@b", "")] == ["a", "::1", "b", ""]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),  # a program
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": ORIGIN}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:9999"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_a_page_elsewhere_cannot_change_anything(
    client: TestClient, drafted: SegmentedStudy, headers: dict[str, str], status: int
):
    body = {"signer": "Dr Kim", "version": 1}
    answer = client.post(f"/api/studies/{drafted.study_uid}/sign", json=body, headers=headers)
    assert answer.status_code == status


@pytest.fixture
def guarded(build_services: Callable[..., Services]):
    services = build_services(web_host="0.0.0.0", web_login="reader:s3cret")
    with TestClient(create_app(services), base_url="http://pacs-plugin.hospital") as client:
        yield client


def test_with_a_login_nothing_but_the_probes_is_answered_without_it(guarded: TestClient):
    for path in (
        "/",
        "/api/worklist",
        "/api/events",
        "/dicom-web/studies",
        "/metrics",
        "/openapi.json",
        "/x",
    ):
        answer = guarded.get(path)
        assert answer.status_code == 401, path
        assert answer.headers["www-authenticate"].startswith("Basic ")
    assert guarded.get("/healthz").status_code == 200
    assert guarded.get("/readyz").status_code == 200


def test_the_right_login_opens_the_service(guarded: TestClient):
    assert guarded.get("/api/worklist", headers=basic("reader:s3cret")).status_code == 200
    assert guarded.get("/api/service", headers=basic("reader:s3cret")).json()["login"] is True


@pytest.mark.parametrize(
    "header",
    [
        basic("reader:wrong")["Authorization"],
        basic("reader")["Authorization"],
        "Basic ???",
        "Bearer reader:s3cret",
        "Basic",
    ],
)
def test_a_wrong_login_does_not(guarded: TestClient, header: str):
    assert guarded.get("/api/worklist", headers={"Authorization": header}).status_code == 401


def test_what_an_error_says_of_a_patient_is_neither_answered_nor_logged(
    build_services: Callable[..., Services],
    drafted: SegmentedStudy,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
):
    services = build_services()
    redis = connect(services.redis_url)
    key = f"{PREFIX}study:{drafted.study_uid}"
    redis.hset(key, "record", str(redis.hget(key, "record")).replace('"patient_name":', '"name":'))
    redis.close()
    with serving(services) as (url, _, _):
        answer = httpx.get(f"{url}/api/studies/{drafted.study_uid}")
    assert answer.status_code == 500
    assert answer.json() == {"detail": "the service failed; its log says more"}
    printed = "".join(capfd.readouterr()) + caplog.text
    assert "request_failed" in printed
    assert "registry.py" in printed  # where it happened
    assert "DOE" not in printed


def test_every_answer_carries_the_safety_headers(client: TestClient, guarded: TestClient):
    for answer in (
        client.get("/"),
        client.get("/api/worklist"),
        client.get("/api/studies/1.2"),
        guarded.get("/api/worklist"),
    ):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
