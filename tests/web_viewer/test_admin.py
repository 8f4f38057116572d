from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from fastapi.testclient import TestClient

from study import telemetry
from study.circuit import FAILURES, Circuit
from study.errors import DeliveryError
from study.given_up import DeadLetterNotes
from study.jobs import DeadLetter, Job, JobQueue
from study.registry import connect
from study.settings import Destination
from tests.web_viewer.conftest import ORIGIN
from tests.web_viewer.studies import MODEL, SegmentedStudy
from web_viewer.admin.figures import Figures, quantile, since
from web_viewer.admin.pulse import Pulse, read_figures
from web_viewer.app import create_app
from web_viewer.deps import Services


def echo(destination: Destination) -> float:
    """Stands for the DICOM side, which the command line hands in."""
    if destination.ae_title == "AWAY":
        raise DeliveryError("AWAY@10.0.0.6:104 does not answer")
    return 0.0123


@pytest.fixture
def site(build_services: Callable[..., Services]) -> Iterator[TestClient]:
    services = build_services(pacs="PACS@10.0.0.5:104,AWAY@10.0.0.6:104")
    from dataclasses import replace

    wired = replace(services, echo=echo, further_models=(("shadow", MODEL),))
    with TestClient(create_app(wired), base_url=ORIGIN) as client:
        yield client


def state(site: TestClient) -> dict[str, Any]:
    answer = site.get("/api/admin/state")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_state_says_how_every_part_does(site: TestClient, drafted: SegmentedStudy):
    told = state(site)
    assert told["studies"] == {"drafted": 1}
    assert {queue["name"] for queue in told["queues"]} >= {"urgent", "segment", "draft", "deliver"}
    assert [d["ae_title"] for d in told["destinations"]] == ["PACS", "AWAY"]
    assert [(m["name"], m["use"]) for m in told["models"]] == [
        ("kidray-unet", "shown"),
        ("kidray-unet", "shadow"),
    ]
    assert told["disk"]["free"] > 0
    assert told["redis"]["good"] is True
    assert told["audit_trouble"] is None


def test_a_job_that_was_given_up_is_shown_and_replayed(
    site: TestClient, queue: JobQueue, drafted: SegmentedStudy, redis_url: str
):
    letter = a_dead_letter(redis_url, drafted.study_uid)
    assert state(site)["dead"] == [
        {
            "message_id": letter.message_id,
            "queue": "deliver",
            "job": "deliver",
            "study_uid": drafted.study_uid,
            "failure": {"code": "destination", "parameters": {}},
        }
    ]
    before = queue.lengths()["deliver"]
    assert site.post("/api/admin/dead-letters/replay", json={"message_id": "another"}).json() == {"count": 0}
    assert site.post("/api/admin/dead-letters/replay", json={}).json() == {"count": 1}
    assert queue.lengths()["deliver"] == before + 1
    assert state(site)["dead_total"] == 0


def a_dead_letter(redis_url: str, study_uid: str) -> DeadLetter:
    """A message as the engine lays it among the dead."""
    import dramatiq

    message: Any = dramatiq.Message("deliver", "deliver", (study_uid,), {}, {})
    client = connect(redis_url, decode=False)
    died = time.time() * 1000  # the engine drops those that have been dead for long
    client.zadd("dramatiq:deliver.XQ", {message.message_id: died})
    client.hset("dramatiq:deliver.XQ.msgs", message.message_id, message.encode())
    DeadLetterNotes(client).add(message.message_id, DeliveryError("PACS@10.0.0.9:104 does not answer"))
    client.close()
    return DeadLetter(message.message_id, "deliver", Job.DELIVER, study_uid)


def test_a_destination_that_is_left_alone_is_shown_with_the_reason(site: TestClient, redis_url: str):
    client = connect(redis_url)
    for _ in range(FAILURES):
        Circuit(client).failed("AWAY", "connection refused")
    client.close()
    away = state(site)["destinations"][1]
    assert 0 < away["pause"] <= 5
    assert (away["failures"], away["reason"]) == (FAILURES, "connection refused")


def test_a_c_echo_says_how_long_it_took_or_why_not(site: TestClient):
    assert site.post("/api/admin/destinations/PACS/echo").json() == {"milliseconds": 12.3}
    away = site.post("/api/admin/destinations/AWAY/echo")
    assert (away.status_code, away.json()["detail"]) == (502, "AWAY@10.0.0.6:104 does not answer")
    assert site.post("/api/admin/destinations/NOBODY/echo").status_code == 404


def test_a_redis_that_is_down_hides_nothing_else(build_services: Callable[..., Services]):
    from dataclasses import replace

    services = replace(build_services(), redis_url="redis://127.0.0.1:1/0")
    with TestClient(create_app(services), base_url=ORIGIN) as site:
        told = state(site)
    assert told["redis"]["good"] is False
    assert told["disk"]["free"] > 0


def test_quantiles_are_interpolated_within_their_bucket():
    buckets = {0.5: 0.0, 1.0: 50.0, 2.0: 90.0, math.inf: 100.0}
    assert quantile(buckets, 0.5) == 1.0
    assert quantile(buckets, 0.7) == pytest.approx(1.5)
    assert quantile(buckets, 0.99) == 2.0  # beyond the last bound: at least that
    assert quantile({0.5: 0.0, math.inf: 0.0}, 0.5) is None
    assert quantile({}, 0.5) is None


def test_what_a_service_that_started_anew_counts_is_counted_from_nothing():
    assert since({1.0: 5.0}, {1.0: 3.0}) == {1.0: 2.0}
    assert since({1.0: 2.0}, {1.0: 3.0}) == {1.0: 2.0}


def test_the_pulse_makes_rates_of_counts():
    counts = iter([10.0, 16.0, 4.0])
    times = iter([datetime(2026, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=10 * n) for n in range(3)])
    pulse = Pulse(
        lambda: {"segment": 2, "draft": 1},
        figures=lambda: Figures(next(counts), 0.0, {}, {}, {}),
        clock=lambda: next(times),
    )
    for _ in range(3):
        pulse.take()
    assert [(beat.jobs, beat.done) for beat in pulse.history()] == [(3, 36.0), (3, 24.0)]


def test_what_is_done_in_the_first_seconds_counts_as_well():
    pulse = Pulse(dict)
    pulse.stop()
    pulse.keep_taking()
    begun = pulse.oldest
    pulse.take()
    assert pulse.oldest is begun


def test_the_services_own_metrics_become_figures():
    telemetry.JOBS.labels(job="draft", outcome="done").inc()
    telemetry.JOB_SECONDS.labels(job="draft").observe(0.7)
    figures = read_figures()
    assert figures.done >= 1
    assert figures.seconds["draft"][1.0] >= 1
