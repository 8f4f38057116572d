"""A finding's map: asked for over HTTP, made by a real worker with the shipped model, held for a while."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import httpx
import numpy as np
import pytest
from fastapi.testclient import TestClient

from roles.vision import Vision
from study.archive import InstanceReference
from study.findings import FINDINGS, FindingLabel
from study.history import Queued, Segmented
from study.jobs import JobQueue
from study.ledger import Ledger
from study.model import StudyRecord
from study.probability_maps import LIFE, ProbabilityMaps, RadiographMaps
from study.registry import MAPS, MAPS_WANTED, connect
from study.segmentation import read_masks
from study.unread import Unread, UnreadCode
from training.phantom import PhantomKind
from web_viewer.app import create_app
from web_viewer.deps import Services

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
LABEL = FindingLabel.CONSTIPATION
SLOW = 120.0  # seconds: machines of tests are busy


@pytest.fixture
def read_study(read: Callable[..., StudyRecord]) -> StudyRecord:
    """One radiograph with gross faecal loading."""
    return read(PhantomKind.CONSTIPATION)


@pytest.fixture
def client(services: Services) -> Iterator[TestClient]:
    with TestClient(create_app(services), base_url="http://127.0.0.1:8080") as client:
        yield client


def path_of(record: StudyRecord, label: str = LABEL) -> str:
    uid = record.radiographs[0].instance_uid
    return f"/api/studies/{record.study_uid}/radiographs/{uid}/probability/{label}"


def answered(client: TestClient, path: str) -> httpx.Response:
    """Ask as the viewer does, until the answer is there."""
    until = time.monotonic() + SLOW
    while True:
        answer = client.get(path)
        if answer.status_code != 202:
            return answer
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.1)


def test_a_map_is_made_when_it_is_asked_for_and_is_there_for_ten_minutes(
    client: TestClient, read_study: StudyRecord, ledger: Ledger, queue: JobQueue, redis_url: str, work
):
    path = path_of(read_study)
    first = client.get(f"{path}.json")
    assert (first.status_code, first.headers["retry-after"]) == (202, "1")
    assert client.get(path).status_code == 202
    assert queue.lengths()["map"] == 1  # asked for once, however often somebody looks

    work()
    described = answered(client, f"{path}.json").json()
    answer = client.get(path)
    assert (answer.status_code, answer.headers["content-encoding"]) == (200, "gzip")
    assert answer.headers["cache-control"].startswith("private")
    values = np.frombuffer(answer.content, np.uint8).reshape(described["rows"], described["columns"])
    assert max(values.shape) == 512  # the network's
    assert described["threshold"] == 0.5
    assert described["model"]["sha256"] == read_study.model.sha256
    plain = client.get(path, headers={"Accept-Encoding": "identity"})
    assert ("content-encoding" in plain.headers, plain.content) == (False, values.tobytes())
    again = client.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")

    (finding,) = (f for f in read_study.findings if f.label is LABEL)
    ref = InstanceReference(read_study.study_uid, finding.segment.series_uid, finding.segment.instance_uid)
    mask = read_masks(ledger.archive.read(ref))[FINDINGS[LABEL].segment_number]
    rows = (np.arange(mask.shape[0]) / described["row_scale"]).astype(int)
    columns = (np.arange(mask.shape[1]) / described["column_scale"]).astype(int)
    inside = values[np.ix_(rows, columns)] > 255 * described["threshold"]
    assert 2 * (inside & mask).sum() / (inside.sum() + mask.sum()) > 0.99  # nearest pixel, not in between

    assert client.get(f"{path_of(read_study, 'pneumoperitoneum')}.json").status_code == 200
    redis = connect(redis_url)
    assert 0 < redis.ttl(MAPS + read_study.study_uid) <= LIFE
    until = time.monotonic() + 60
    while redis.exists(MAPS_WANTED + read_study.study_uid):  # wanted once more just as they came
        assert time.monotonic() < until, "maps that are there are still wanted"
        time.sleep(0.05)
    ledger.registry.forget(read_study.study_uid)  # as when the study leaves the archive
    assert not redis.exists(MAPS + read_study.study_uid)
    redis.close()


@pytest.mark.parametrize("held", ['{"version": 1}', '{"model": {}, "maps": 3}', "no JSON"])
def test_maps_of_another_release_are_made_anew(
    client: TestClient, read_study: StudyRecord, queue: JobQueue, redis_url: str, work, held: str
):
    redis = connect(redis_url)
    redis.hset(MAPS + read_study.study_uid, read_study.radiographs[0].instance_uid, held)
    redis.close()
    path = path_of(read_study)
    assert client.get(f"{path}.json").status_code == 202
    assert client.get(path).status_code == 202
    assert queue.lengths()["map"] == 1
    work()
    assert answered(client, f"{path}.json").json()["threshold"] == 0.5


def test_a_finding_that_an_older_release_did_not_know_is_asked_for(
    client: TestClient, read_study: StudyRecord, queue: JobQueue, maps: ProbabilityMaps
):
    made = RadiographMaps(model=read_study.model, maps={})
    maps.keep(read_study.study_uid, read_study.radiographs[0].instance_uid, made, {})
    assert client.get(f"{path_of(read_study)}.json").status_code == 202
    assert queue.lengths()["map"] == 1


def test_a_job_that_runs_twice_or_for_nobody_does_no_harm(
    read_study: StudyRecord, vision: Vision, maps: ProbabilityMaps
):
    uid = read_study.radiographs[0].instance_uid
    vision.make_maps(read_study.study_uid, maps)
    assert maps.of(read_study.study_uid, uid) is None
    maps.want(read_study.study_uid, uid)
    maps.want(read_study.study_uid, "1.2.3")  # of another study, or gone
    vision.make_maps(read_study.study_uid, maps)
    vision.make_maps(read_study.study_uid, maps)
    assert maps.body(read_study.study_uid, uid, LABEL)


def test_a_finding_of_a_model_that_is_gone_has_no_map(
    client: TestClient, read_study: StudyRecord, ledger: Ledger, work
):
    older = read_study.model.model_copy(update={"version": "0.0.1", "sha256": "0" * 64})

    def read_by_another(record: StudyRecord) -> Segmented:
        segmentation = {"model": older, "radiographs": record.radiographs, "findings": record.findings}
        return Segmented(at=NOW, revision=record.revision, segmentation=segmentation)

    requeued = Queued(at=NOW, revision=1, instances=1)
    ledger.append(read_study.study_uid, lambda _: requeued)
    ledger.append(read_study.study_uid, read_by_another)
    work()
    for path in (path_of(read_study), f"{path_of(read_study)}.json"):
        answer = answered(client, path)
        assert answer.status_code == 409
        assert answer.json()["detail"] == (
            "there is no map of the model that made this finding: kidray-unet-phantom 0.0.1 is not what "
            "reads here now; have the study read again"
        )


def test_a_map_of_an_earlier_reading_is_not_shown_for_a_later_one(
    client: TestClient, read_study: StudyRecord, vision: Vision, maps: ProbabilityMaps, ledger: Ledger
):
    uid = read_study.radiographs[0].instance_uid
    maps.want(read_study.study_uid, uid)
    vision.make_maps(read_study.study_uid, maps)
    assert client.get(path_of(read_study)).status_code == 200
    other = read_study.model.model_copy(update={"sha256": "1" * 64})
    segmentation = {"model": other, "radiographs": read_study.radiographs, "findings": read_study.findings}
    ledger.append(read_study.study_uid, lambda _: Queued(at=NOW, revision=1, instances=1))
    ledger.append(read_study.study_uid, lambda _: Segmented(at=NOW, revision=1, segmentation=segmentation))
    assert client.get(path_of(read_study)).status_code == 202


def test_what_the_model_did_not_read_has_no_map_and_the_answer_says_why(
    client: TestClient, read_study: StudyRecord, ledger: Ledger, queue: JobQueue
):
    uid = read_study.radiographs[0].instance_uid
    unread = {uid: Unread.of(UnreadCode.BLANK)}
    segmentation = {"model": read_study.model, "radiographs": [], "findings": [], "not_read": unread}
    ledger.append(read_study.study_uid, lambda _: Queued(at=NOW, revision=1, instances=1))
    ledger.append(read_study.study_uid, lambda _: Segmented(at=NOW, revision=1, segmentation=segmentation))
    answer = client.get(path_of(read_study))
    assert answer.status_code == 404
    assert "the image is blank" in answer.json()["detail"]
    assert client.get(path_of(read_study).replace(read_study.study_uid, "1.2.3")).status_code == 404
    assert queue.lengths()["map"] == 0


def test_what_is_no_finding_of_the_table_makes_no_work(
    client: TestClient, read_study: StudyRecord, queue: JobQueue
):
    for path in (path_of(read_study, "appendicitis"), path_of(read_study, "appendicitis.json")):
        assert client.get(path).status_code == 422
    assert queue.lengths()["map"] == 0


def test_a_look_at_a_map_is_a_look_at_the_study(client: TestClient, read_study: StudyRecord, tmp_path: Path):
    client.get(path_of(read_study))
    (line,) = (tmp_path / "audit" / "audit.jsonl").read_text().splitlines()
    record = json.loads(line)
    assert record["subtype"][-1]["code"] == "view_study"
    assert read_study.study_uid in line


def test_without_redis_the_answer_says_so(client: TestClient, read_study: StudyRecord):
    nobody = ProbabilityMaps(connect("redis://127.0.0.1:9"))
    client.app.state.held = replace(client.app.state.held, maps=nobody)  # type: ignore[attr-defined]
    answer = client.get(path_of(read_study))
    assert (answer.status_code, "Redis does not answer" in answer.json()["detail"]) == (503, True)
    nobody.close()
