"""A reader's outline, end to end: drawn over the API, made by the worker, delivered to the PACS."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flow.conftest import SentPhantom
from tests.flow.service import RunningService
from tests.peers import storescu, wait_for

pytestmark = [pytest.mark.peer, pytest.mark.timeout(400)]
LABEL = "constipation"


def test_an_outline_that_a_reader_drew_is_measured_and_reaches_the_pacs(
    service: RunningService, phantoms: dict[str, SentPhantom]
):
    phantom = phantoms[LABEL]
    storescu(service.dicom_port, [phantom.image])
    study = service.wait_until(phantom.study_uid, "drafted", seconds=150)
    finding = next(f for f in study["findings"] if f["label"] == LABEL)
    mask = {"left": 900, "top": 1200, "width": 100, "height": 50, "runs": [0, 5000]}
    answer = service.client.post(
        f"/api/studies/{phantom.study_uid}/findings/{finding['id']}/mask",
        json={"mask": mask, "reader": "Kim^Minji"},
    )
    assert answer.status_code == 200, answer.text

    def drawn() -> dict[str, Any] | None:
        now = service.study(phantom.study_uid)
        found = next(f for f in now["findings"] if f["label"] == LABEL) if now else None
        return found if found and found["drawn_by"] else None

    after = wait_for(drawn, seconds=120, what="the measured outline")
    assert (after["area_px"], after["count"]) == (5000, 1)
    assert after["probability"] == finding["probability"]

    def redrafted() -> dict[str, Any] | None:
        now = service.study(phantom.study_uid)
        draft = now["draft"] if now else None
        held = draft and next(o for o in draft["observations"] if o["label"] == LABEL)
        return draft if held and held["drawn_by"] and now["state"] == "drafted" else None

    draft = wait_for(redrafted, seconds=120, what="the draft with the number of the outline")
    assert draft["version"] > study["draft"]["version"]
    assert draft["wording"] == study["draft"]["wording"]
    (number,) = (
        s["text"]
        for s in draft["findings"]
        if s["rule_id"] == "measurement" and finding["id"] in s["finding_ids"]
    )
    assert f"{after['area_mm2'] / 100:.1f} cm" in number

    def delivered() -> bool:
        now = service.study(phantom.study_uid)
        sent = {d["instance_uid"] for d in now["deliveries"] if d["state"] == "sent"} if now else set()
        (kept,) = now["marks"]["corrections"] if now else ()
        return {kept["seg"]["instance_uid"], kept["sr"]["instance_uid"]} <= sent

    wait_for(delivered, seconds=120, what="the delivery of what the reader drew")
