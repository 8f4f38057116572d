"""A finding's probability map, end to end: asked for over the API, made by the running worker."""

from __future__ import annotations

import time

import httpx
import numpy as np
import pytest

from tests.flow.conftest import SentPhantom
from tests.flow.service import RunningService
from tests.peers import storescu, wait_for

pytestmark = [pytest.mark.peer, pytest.mark.timeout(400)]
LABEL = "pyloric_stenosis"


def test_a_reader_gets_the_map_of_a_finding_soon_after_asking(
    service: RunningService, phantoms: dict[str, SentPhantom]
):
    phantom = phantoms[LABEL]
    storescu(service.dicom_port, [phantom.image])
    service.wait_until(phantom.study_uid, "drafted", "signed", seconds=150)
    base = f"/api/studies/{phantom.study_uid}/radiographs/{phantom.instance_uid}"

    def there() -> httpx.Response | None:
        answer = service.client.get(f"{base}/probability/{LABEL}.json")
        assert answer.status_code in (200, 202), answer.text
        return answer if answer.status_code == 200 else None

    began = time.monotonic()
    described = wait_for(there, seconds=120, what="the map").json()
    print(f"the map was there after {time.monotonic() - began:.2f} s")
    body = service.client.get(f"{base}/probability/{LABEL}").content
    values = np.frombuffer(body, np.uint8).reshape(described["rows"], described["columns"])
    overlay = np.frombuffer(service.client.get(f"{base}/overlay").content, np.uint8).reshape(2048, 2048)
    assert (described["row_scale"], described["column_scale"]) == (4, 4)
    inside = values.repeat(4, axis=0).repeat(4, axis=1) > 255 * described["threshold"]
    drawn = overlay & 1 == 1  # segment 1
    assert 2 * (inside & drawn).sum() / (inside.sum() + drawn.sum()) > 0.98  # the map's pixels are coarse
    (done,) = [event for event in service.events("work", "job_done") if event["job"] == "map"]
    assert done["study_uid"] == phantom.study_uid
