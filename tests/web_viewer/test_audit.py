"""Every look and every change leaves a record, in the words of DICOM and without a patient's name."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.peers import wait_for
from tests.web_viewer.studies import SegmentedStudy
from web_viewer.app import create_app
from web_viewer.audit.record import ACCESSED, CHANGED
from web_viewer.audit.syslog import Syslog
from web_viewer.audit.trail import FAILURES, NAME, Trail
from web_viewer.audit.watch import occasion_of
from web_viewer.deps import Services
from web_viewer.identity.passwords import header_of


def records(home: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (home / "audit" / NAME).read_text().splitlines()]


def told(home: Path) -> list[tuple[str, str, str, str]]:
    """DICOM code, our name, outcome and study of each record."""
    return [
        (
            r["type"]["code"],
            r["subtype"][-1]["code"],
            r["outcome"],
            r.get("entity", [{}])[0].get("what", {}).get("identifier", {}).get("value", ""),
        )
        for r in records(home)
    ]


def test_looks_and_changes_are_recorded_with_the_study_and_without_the_patient(
    client: TestClient, drafted: SegmentedStudy, tmp_path: Path
):
    uid, path = drafted.study_uid, f"/api/studies/{drafted.study_uid}"
    client.get("/api/worklist", params={"q": "DOE"})
    client.get("/dicom-web/studies", params={"PatientName": "DOE*"})
    for _ in range(3):
        client.get(path)
        client.get(f"{path}/radiographs")
    client.get(f"/dicom-web/studies/{uid}/metadata")
    client.post(f"{path}/sign", json={"version": 9, "signer": "Kim"})
    client.post(f"{path}/sign", json={"version": 1, "signer": "Kim"})
    client.get("/api/admin/audit")
    study = f"urn:oid:{uid}"
    assert told(tmp_path) == [
        ("110112", "search", "0", ""),
        ("110103", "view_study", "0", study),
        ("110104", "retrieve", "0", study),
        ("110103", "sign_report", "4", study),
        ("110103", "sign_report", "0", study),
        ("110101", "read_audit", "0", ""),
    ]
    text = (tmp_path / "audit" / NAME).read_text()
    for secret in ("DOE", "PID-4711", "ACC1"):
        assert secret not in text
    view = records(tmp_path)[1]
    assert (view["resourceType"], view["action"], view["agent"][0]["requestor"]) == ("AuditEvent", "R", True)
    assert view["agent"][0]["network"] == {"address": "testclient", "type": "2"}


def test_what_a_request_was_to_the_trail_follows_from_its_route():
    study = "/api/studies/{study_uid}"
    assert occasion_of("PUT", f"{study}/report", "edit_report", "1.2", 200) == (
        CHANGED,
        "edit_report",
        "0",
        "1.2",
    )
    checked = occasion_of("POST", f"{study}/report/check", "check_report", "1.2", 200)
    assert checked == (ACCESSED, "view_study", "0", "1.2")  # words that are not kept change nothing
    new = occasion_of("POST", f"{study}/whatever/comes", "some_day", "1.2", 500)
    assert new == (CHANGED, "some_day", "8", "1.2")
    assert occasion_of("GET", "/api/service", "read_service", "", 200) is None


def test_the_newest_records_are_shown_first(client: TestClient, drafted: SegmentedStudy):
    client.get(f"/api/studies/{drafted.study_uid}")
    client.post(f"/api/studies/{drafted.study_uid}/sign", json={"version": 1, "signer": "Kim"})
    lines = client.get("/api/admin/audit").json()
    assert [line["action"] for line in lines] == ["sign_report", "view_study"]
    assert lines[0]["study_uid"] == drafted.study_uid
    assert lines[0]["succeeded"] is True


def test_a_wrong_password_and_a_missing_role_are_recorded(
    build_services: Callable[..., Services], tmp_path: Path
):
    from web_viewer.identity.passwords import hashed

    kim = {"login": "mkim", "name": "Kim^Minji", "password": hashed("x"), "roles": ["reader"]}
    with TestClient(create_app(build_services(users=[kim])), base_url="http://kidray.hospital") as site:
        site.get("/api/worklist")  # a browser's first request: nobody has tried anything
        site.get("/api/worklist", headers={"Authorization": header_of("mkim", "guess")})
        site.get("/api/admin/audit", headers={"Authorization": header_of("mkim", "x")})
    assert [each[:3] for each in told(tmp_path)] == [("110114", "login", "4"), ("110113", "refused", "4")]
    refused = records(tmp_path)[1]
    assert refused["agent"][0]["who"]["identifier"]["value"] == "mkim"
    assert refused["subtype"][0]["code"] == "110132"


def test_a_signature_stands_though_its_record_cannot_be_kept_and_that_is_loud(
    client: TestClient, drafted: SegmentedStudy, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    (tmp_path / "audit").write_text("a file where the folder belongs")
    before = FAILURES.labels(where="file")._value.get()
    answer = client.post(f"/api/studies/{drafted.study_uid}/sign", json={"version": 1, "signer": "Kim"})
    assert answer.status_code == 200
    assert answer.json()["state"] == "signed"
    assert FAILURES.labels(where="file")._value.get() == before + 1
    assert "audit_record_lost" in capfd.readouterr().out


def test_a_trail_goes_on_in_a_new_file_and_is_read_across_files(tmp_path: Path):
    trail = Trail(tmp_path, largest=100)
    for number in range(20):
        assert trail.keep({"number": number})
    closed = sorted(tmp_path.glob("audit-*.jsonl"))
    assert len(closed) >= 2
    assert [r["number"] for r in trail.tail(20)] == list(range(19, -1, -1))
    assert len(trail.tail(3)) == 3
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.iterdir())


def test_a_line_that_was_cut_off_spoils_no_other(tmp_path: Path):
    trail = Trail(tmp_path)
    trail.keep({"number": 1})
    with (tmp_path / NAME).open("a") as file:
        file.write('{"number": 2')
    trail.keep({"number": 3})
    assert [r["number"] for r in trail.tail(10)] == [3, 1]


def test_many_writers_lose_nothing(tmp_path: Path):
    trails = [Trail(tmp_path, largest=2_000) for _ in range(4)]

    def write(trail: Trail, first: int) -> None:
        for number in range(first, first + 50):
            trail.keep({"number": number})

    threads = [threading.Thread(target=write, args=(t, i * 50)) for i, t in enumerate(trails)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(r["number"] for r in trails[0].tail(1000)) == list(range(200))


@pytest.mark.parametrize("scheme", ["udp", "tcp"])
def test_records_reach_a_syslog_server(tmp_path: Path, scheme: str):
    kind = socket.SOCK_DGRAM if scheme == "udp" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(20)
        if scheme == "tcp":
            server.listen()
        syslog = Syslog(f"{scheme}://127.0.0.1:{server.getsockname()[1]}")
        trail = Trail(tmp_path, syslog=syslog)
        trail.keep({"resourceType": "AuditEvent"})
        if scheme == "udp":
            message = server.recv(10_000)
        else:
            with server.accept()[0] as connection:
                message = connection.recv(10_000)
            count, _, message = message.partition(b" ")
            assert int(count) == len(message)
        trail.close()
    assert message.startswith(b"<85>1 ")
    assert message.endswith(b'{"resourceType":"AuditEvent"}')
    assert f" kidray {os.getpid()} ".encode() in message


def test_a_syslog_server_that_is_away_delays_nobody_and_gets_its_record_later(tmp_path: Path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    syslog = Syslog(f"tcp://127.0.0.1:{port}")
    trail = Trail(tmp_path, syslog=syslog)
    assert trail.keep({"number": 1})
    wait_for(lambda: syslog._thread is not None, what="the sender")
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", port))
        server.listen()
        server.settimeout(60)
        with server.accept()[0] as connection:
            assert b'{"number":1}' in connection.recv(10_000)
    trail.close()
