from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from study.intake import Intake
from study.ledger import Ledger
from study.progress import WordingProgress, WordingStage, teller
from study.redis_server import running_redis
from study.registry import CHANNEL, connect
from tests.peers import wait_for
from tests.web_viewer.server import serving
from tests.web_viewer.studies import SegmentedStudy, a_drafted_study
from web_viewer.deps import Services


class Listener:
    """Reads an event stream on a thread of its own."""

    def __init__(self, url: str) -> None:
        self.events: list[tuple[str, object]] = []
        self.ended = threading.Event()
        self.status = 0
        self._thread = threading.Thread(target=self._read, args=(url,), daemon=True)
        self._thread.start()

    def _read(self, url: str) -> None:
        try:
            with httpx.stream("GET", f"{url}/api/events", timeout=20) as answer:
                self.status = answer.status_code
                name = ""
                for line in answer.iter_lines():
                    if line.startswith("event: "):
                        name = line.removeprefix("event: ")
                    elif line.startswith("data: "):
                        self.events.append((name, json.loads(line.removeprefix("data: "))))
        finally:
            self.ended.set()

    def named(self, name: str) -> list[object]:
        return [data for event, data in self.events if event == name]


def test_a_worklist_hears_of_every_change_while_it_happens(
    build_services: Callable[..., Services], intake: Intake, ledger: Ledger
):
    with serving(build_services()) as (url, _, _):
        listener = Listener(url)
        wait_for(lambda: listener.named("hello"), what="the greeting")
        study = a_drafted_study(intake, ledger)
        wait_for(lambda: len(listener.named("study")) >= 4, what="the events")
        states = [event["state"] for event in listener.named("study")]  # type: ignore[index]
        assert states == ["receiving", "queued", "segmented", "drafted"]
        assert listener.named("study")[-1] == {
            "study_uid": study.study_uid,
            "state": "drafted",
            "version": 5,
            "critical": True,
        }


def test_a_listener_hears_how_far_a_wording_is(build_services: Callable[..., Services], redis_url: str):
    with serving(build_services()) as (url, _, _):
        listener = Listener(url)
        wait_for(lambda: listener.named("hello"), what="the greeting")
        told = WordingProgress(study_uid="1.2.3", stage=WordingStage.WORDING, sentences=2)
        teller(connect(redis_url))(told)
        wait_for(lambda: listener.named("wording"), what="the progress")
        assert listener.named("wording") == [
            {"study_uid": "1.2.3", "stage": "wording", "question": 1, "sentences": 2}
        ]


def test_the_server_stops_at_once_though_a_worklist_listens(build_services: Callable[..., Services]):
    with serving(build_services()) as (url, server, thread):
        listener = Listener(url)
        wait_for(lambda: listener.named("hello"), what="the greeting")
        began = time.monotonic()
        server.should_exit = True
        thread.join(10)
        assert time.monotonic() - began < 4.5  # the grace is 5 s
        assert listener.ended.wait(2)


def test_when_redis_comes_back_the_stream_ends_so_that_the_browser_asks_anew(
    build_services: Callable[..., Services], tmp_path: Path
):
    folder = tmp_path / "redis"
    with running_redis(folder) as redis_url:
        services = build_services()
    services = Services(**{**services.__dict__, "redis_url": redis_url})
    with serving(services) as (url, _, _):
        listener = Listener(url)
        wait_for(lambda: listener.named("hello"), what="the greeting")
        assert listener.status == 200
        assert not listener.ended.wait(1)
        with running_redis(folder):
            assert listener.ended.wait(5)


@pytest.mark.parametrize("path", ["/api/worklist", "/"])
def test_the_server_answers_over_a_real_socket(
    build_services: Callable[..., Services], drafted: SegmentedStudy, path: str
):
    with serving(build_services()) as (url, _, _):
        answer = httpx.get(url + path)
        assert answer.status_code in (200, 503)
        assert "server" not in answer.headers


def test_a_listener_that_leaves_takes_its_subscription_with_it(
    build_services: Callable[..., Services], redis_url: str
):
    redis = connect(redis_url)

    def subscribers() -> int:
        return int(redis.pubsub_numsub(CHANNEL)[0][1])

    with serving(build_services()) as (url, _, _):
        for _ in range(3):
            with httpx.stream("GET", f"{url}/api/events", timeout=20) as answer:
                lines = answer.iter_lines()  # closes the stream when it is dropped
                next(lines)
                assert subscribers() >= 1
        wait_for(lambda: subscribers() == 0, what="the end of the subscriptions")
    redis.close()
