"""A critical result from the vision result to the closed loop, over the whole service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.flow.conftest import SentPhantom
from tests.flow.service import RunningService
from tests.peers import free_port, storescu, wait_for
from tests.reporting.test_alert_channels import Kept, listening

pytestmark = [pytest.mark.peer, pytest.mark.timeout(600)]
LONG = 300.0  # seconds; the machine may be busy


@pytest.fixture(scope="module")
def receiver() -> Iterator[Kept]:
    with listening() as kept:
        yield kept


@pytest.fixture(scope="module")
def alarming(tmp_path_factory: pytest.TempPathFactory, receiver: Kept) -> Iterator[RunningService]:
    """A service whose LLM never answers, and whose alerts escalate after three seconds."""
    with RunningService(
        tmp_path_factory.mktemp("alarming") / "home",
        alert_url=receiver.url,
        alert_secret="a-long-secret-of-the-site",
        escalate_after="0.05",
        web_url="https://kidray.hospital",
        llm_url=f"http://127.0.0.1:{free_port()}/v1",
    ) as running:
        yield running


@pytest.fixture(scope="module")
def study_uid(alarming: RunningService, phantoms: dict[str, SentPhantom]) -> str:
    phantom = phantoms["pneumoperitoneum"]
    storescu(alarming.dicom_port, [phantom.image])
    alarming.wait_until(phantom.study_uid, "drafted", seconds=LONG)
    return phantom.study_uid


def events_of(service: RunningService, study_uid: str) -> list[dict[str, Any]]:
    folder: Path = service.home / "archive" / study_uid / "events"
    return [json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))]


def test_the_alert_follows_the_vision_result_and_waits_for_no_draft(alarming: RunningService, study_uid: str):
    events = events_of(alarming, study_uid)
    kinds = [event["kind"] for event in events]
    at = kinds.index("alerted")
    assert kinds[at - 1] in ("previewed", "segmented")
    assert at < kinds.index("drafted")
    assert kinds.count("alerted") == 1
    seconds = moment(events[at]) - moment(events[at - 1])
    print(f"{seconds:.3f} s from the vision result to the alert")
    assert 0 <= seconds < 5.0  # far less on an idle machine


def test_the_webhook_is_called_and_called_again_while_nobody_acknowledges(
    alarming: RunningService, study_uid: str, receiver: Kept
):
    wait_for(lambda: len(receiver.posts) >= 2, seconds=LONG, what="the second call")
    assert receiver.types()[:2] == ["raised", "escalated"]
    assert receiver.data()["viewer"] == f"https://kidray.hospital/viewer?StudyInstanceUID={study_uid}"
    item = alarming.client.get("/api/worklist").json()["items"][0]
    assert (item["study_uid"], item["alert"]["state"], item["alert"]["level"]) == (study_uid, "open", 1)


def test_an_acknowledgement_closes_the_loop_and_stands_in_the_signed_report(
    alarming: RunningService, study_uid: str, receiver: Kept
):
    said = {
        "revision": 1,
        "told_by": "Kim^Minji",
        "told_to": "Dr Park",
        "told_at": datetime.now(timezone.utc).isoformat(),
        "how": "phone",
    }
    address = f"/api/studies/{study_uid}"
    answer = alarming.client.post(f"{address}/alert/acknowledge", json=said)
    assert answer.status_code == 200, answer.text
    wait_for(lambda: receiver.types()[-1] == "acknowledged", seconds=LONG, what="the last call")
    draft = answer.json()["draft"]
    signed = alarming.client.post(
        f"{address}/sign", json={"signer": "Kim^Minji", "version": draft["version"]}
    )
    assert signed.status_code == 200, signed.text
    (sentence,) = signed.json()["draft"]["communication"]
    assert "Kim Minji told Dr Park by phone" in sentence["text"]


def test_nothing_of_the_patient_or_of_the_address_is_in_a_log(alarming: RunningService, study_uid: str):
    written = "".join(alarming.log(role) for role in ("receive", "work", "web"))
    assert "critical_alert" in written
    assert "alert_escalated" in written
    assert "secret-token" not in written
    assert "Kim" not in written


def test_the_alert_outlives_a_wiped_redis(alarming: RunningService, study_uid: str):
    def settled() -> dict[str, Any] | None:
        """Return the alert once it is on record that the last call was taken."""
        alert: dict[str, Any] = (alarming.study(study_uid) or {})["alert"]
        told = {notice["about"] for notice in alert["notices"] if notice["state"] == "sent"}
        return alert if "acknowledged" in told else None

    before = wait_for(settled, seconds=LONG, what="the record of the last call")
    assert before["state"] == "acknowledged"
    alarming.cli("rebuild")
    assert settled() == before


def moment(event: dict[str, Any]) -> float:
    return datetime.fromisoformat(event["at"].replace("Z", "+00:00")).timestamp()
