"""Two people who have one study open learn of each other, and the worklist of both."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from fastapi.testclient import TestClient

from study.access import User
from study.registry import connect
from tests.web_viewer.conftest import ORIGIN
from tests.web_viewer.studies import SegmentedStudy
from web_viewer.app import create_app
from web_viewer.deps import Services
from web_viewer.identity.passwords import hashed, header_of
from web_viewer.presence import LEASE, PRESENCE_CHANNEL, Presence, Present

KIM = {"Authorization": header_of("mkim", "between us")}
LEE = {"Authorization": header_of("slee", "also secret")}


@pytest.fixture(scope="module")
def users() -> tuple[User, ...]:
    return (
        User(login="mkim", name="Kim^Minji", password=hashed("between us"), roles=("signer",)),
        User(login="slee", name="Lee^Suho", password=hashed("also secret"), roles=("reader",)),
    )


@pytest.fixture
def site(build_services: Callable[..., Services], users: tuple[User, ...]) -> Iterator[TestClient]:
    with TestClient(create_app(build_services(users=users)), base_url=ORIGIN) as client:
        yield client


@pytest.fixture
def redis_client(redis_url: str) -> Iterator[redis.Redis]:
    client = connect(redis_url)
    yield client
    client.close()


def opened(site: TestClient, study: SegmentedStudy, who: dict[str, str]) -> list[str]:
    answer = site.post(f"/api/studies/{study.study_uid}/presence", headers=who)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["names"])


def rows(site: TestClient, **parameters: str) -> list[dict[str, object]]:
    return list(site.get("/api/worklist", headers=KIM, params=parameters).json()["items"])


def test_whoever_opens_a_study_learns_who_else_has_it_open(site: TestClient, drafted: SegmentedStudy):
    assert opened(site, drafted, KIM) == []
    assert opened(site, drafted, KIM) == []  # a second tab is nobody else
    assert opened(site, drafted, LEE) == ["Kim^Minji"]
    assert opened(site, drafted, KIM) == ["Lee^Suho"]
    left = site.delete(f"/api/studies/{drafted.study_uid}/presence", headers=LEE)
    assert left.status_code == 204
    assert opened(site, drafted, KIM) == []


def test_the_worklist_names_and_finds_those_who_have_a_study_open(site: TestClient, drafted: SegmentedStudy):
    assert rows(site)[0]["reading"] == []
    opened(site, drafted, LEE)
    opened(site, drafted, KIM)
    assert rows(site)[0]["reading"] == ["Kim^Minji", "Lee^Suho"]
    assert [row["study_uid"] for row in rows(site, q="suho lee")] == [drafted.study_uid]
    site.delete(f"/api/studies/{drafted.study_uid}/presence", headers=LEE)
    assert rows(site, q="suho lee") == []


def test_nobody_in_particular_is_not_told_of(client: TestClient, drafted: SegmentedStudy):
    answer = client.post(f"/api/studies/{drafted.study_uid}/presence")
    assert answer.json() == {"names": []}
    assert client.get("/api/worklist").json()["items"][0]["reading"] == []


def test_who_does_not_renew_is_gone_and_each_change_is_told_once(redis_client: redis.Redis):
    now = [1000.0]
    presence = Presence(redis_client, clock=lambda: now[0])
    kim, lee = Present("1.2", "mkim", "Kim^Minji"), Present("1.2", "slee", "Lee^Suho")
    with redis_client.pubsub(ignore_subscribe_messages=True) as heard:
        heard.subscribe(PRESENCE_CHANNEL)
        heard.get_message(timeout=5)

        def told() -> list[object]:
            messages = iter(lambda: heard.get_message(timeout=0.5), None)
            return [json.loads(message["data"]) for message in messages]

        presence.renew(kim)
        presence.renew(kim)
        assert presence.renew(lee) == [kim]
        assert told() == [{"study_uid": "1.2"}] * 2
        now[0] += LEASE - 1
        presence.renew(lee)
        assert told() == []
        now[0] += 2
        assert presence.now() == [lee]
        assert presence.renew(lee) == []
        assert told() == [{"study_uid": "1.2"}]  # that Kim is gone
        presence.end(lee)
        presence.end(lee)
        assert told() == [{"study_uid": "1.2"}]
    assert presence.now() == []


def test_an_open_page_fills_no_audit_trail(site: TestClient, drafted: SegmentedStudy, tmp_path: Path):
    opened(site, drafted, KIM)
    opened(site, drafted, KIM)
    kept = "".join(file.read_text("utf-8") for file in (tmp_path / "audit").glob("*"))
    assert "presence" not in kept


def test_the_last_reader_of_what_is_not_signed_is_named_and_found(site: TestClient, drafted: SegmentedStudy):
    address = f"/api/studies/{drafted.study_uid}"
    verdict = {"assessment": "accepted"}
    site.post(f"{address}/findings/{drafted.finding_id}/assessment", json=verdict, headers=LEE)
    assert rows(site, q="lee")[0]["worked"]["reader"] == "Lee^Suho"  # type: ignore[index]
    draft = site.get(address, headers=KIM).json()["draft"]
    edit = {
        "version": draft["version"],
        "findings": ["No free gas."],
        "impression": ["Normal."],
        "recommendation": [],
    }
    version = site.put(f"{address}/report", json=edit, headers=KIM).json()["version"]
    (row,) = rows(site)
    assert (row["worked"]["reader"], row["worked"]["did"]) == ("Kim^Minji", "drafted")  # type: ignore[index]
    site.post(f"{address}/sign", json={"version": version}, headers=KIM)
    (row,) = rows(site, q="minji")
    assert (row["signed_by"], row["worked"]) == ("Kim^Minji", None)
