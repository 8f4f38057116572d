"""Telling a real receiver of an alert: signed, once, again while it is down, and never of a patient."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from reporting.alert_message import Naming
from reporting.notify import notify_study
from reporting.reach import reach_webhook
from reporting.webhook import Webhook, signature, webhook_name
from study.alert_events import Escalated
from study.alert_watch import AlertWatch
from study.alerts import Due
from study.circuit import ALERT_RHYTHM, Circuit, Unhindered
from study.errors import DeliveryError, RegistryUnavailableError
from study.history import Event, Queued, Received, Segmented
from study.jobs import Job, JobQueue, build_broker, register
from study.ledger import Ledger
from study.model import (
    AlertState,
    Assessment,
    NoticeKind,
    Segmentation,
    StudyRecord,
    StudySummary,
)
from study.registry import Registry, connect
from study.workers import start_worker
from tests.peers import free_port, wait_for
from tests.study.test_alerts import acknowledged, found, judged
from tests.study.test_verdicts import MODEL

UID = "1.2.840.1"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
WHO = StudySummary(patient_name="HONG^GILDONG", patient_id="PID-77", accession_number="ACC-9")


class Receiver(BaseHTTPRequestHandler):
    """Keeps what is posted, and answers as it was told to."""

    def do_POST(self) -> None:
        kept: Kept = self.server.kept  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers["content-length"]))
        kept.posts.append((dict(self.headers), body))
        answer = kept.answers.pop(0) if kept.answers else 204
        if answer == "drip":
            self._drip()
            return
        self.send_response(int(answer))
        self.send_header("content-length", "0")
        self.end_headers()

    def _drip(self) -> None:
        """Answer a byte at a time, so that no single read ever times out."""
        for byte in b"HTTP/1.1 200 OK\r\n" + b"x-slow: 1\r\n" * 100:
            try:
                self.wfile.write(bytes([byte]))
            except OSError:
                return
            time.sleep(0.05)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Kept:
    def __init__(self, port: int) -> None:
        self.posts: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int | str] = []
        self.url = f"http://127.0.0.1:{port}/alerts/secret-token"

    def types(self) -> list[str]:
        return [json.loads(body)["type"].removeprefix("critical_result.") for _, body in self.posts]

    def data(self) -> dict[str, object]:
        data: dict[str, object] = json.loads(self.posts[-1][1])["data"]
        return data


@contextmanager
def listening(port: int = 0) -> Iterator[Kept]:
    server = ThreadingHTTPServer(("127.0.0.1", port), Receiver)
    server.daemon_threads = True
    kept = Kept(server.server_port)
    server.kept = kept  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def receiver() -> Iterator[Kept]:
    with listening() as kept:
        yield kept


@pytest.fixture
def circuit(ledger: Ledger, redis_url: str) -> Circuit:
    return Circuit(connect(redis_url), kind="alert-circuit", rhythm=ALERT_RHYTHM)


def now() -> datetime:
    return datetime.now(timezone.utc)


def alerted(ledger: Ledger, uid: str = UID) -> StudyRecord:
    """Append what makes a study critical, and return it with its alert."""
    seen = Segmentation(model=MODEL, radiographs=[], findings=[found()])
    ledger.append(uid, lambda _: Received(at=now(), revision=1, calling_ae_title="CR", summary=WHO))
    ledger.append(uid, lambda _: Queued(at=now(), revision=1, instances=1))
    record = ledger.append(uid, lambda _: Segmented(at=now(), revision=1, segmentation=seen))
    assert record is not None
    assert record.alert is not None
    return record


def tell(ledger: Ledger, circuit: Circuit, *channels: Webhook) -> None:
    notify_study(UID, ledger=ledger, channels=channels, circuit=circuit)


def notices(ledger: Ledger) -> list[tuple[str, str, int]]:
    alert = ledger.held(UID).alert
    assert alert is not None
    return [(n.about, n.state, n.attempts) for n in alert.notices]


def step(ledger: Ledger, event: Event) -> None:
    ledger.append(UID, lambda _: event)


def test_a_post_is_signed_so_that_the_standards_own_library_accepts_it(
    receiver: Kept, ledger: Ledger, circuit: Circuit
):
    alerted(ledger)
    tell(ledger, circuit, Webhook(receiver.url, secret=SECRET))
    ((headers, body),) = receiver.posts
    assert Verifier(SECRET).verify(body, headers)["type"] == "critical_result.raised"
    with pytest.raises(WebhookVerificationError):
        Verifier(SECRET).verify(body.replace(b"present", b"absent!"), headers)
    with pytest.raises(WebhookVerificationError):
        Verifier("whsec_" + "A" * 32).verify(body, headers)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_a_signature_is_what_openssl_says_it_is():
    body, secret = b'{"a": 1}', "a-long-secret-as-plain-text"
    command = ["openssl", "dgst", "-sha256", "-hmac", secret, "-binary"]
    digest = subprocess.run(command, input=b"msg_1.1700000000." + body, capture_output=True, check=True)
    base64 = subprocess.run(["base64"], input=digest.stdout, capture_output=True, check=True)
    assert signature(secret, "msg_1", 1_700_000_000, body) == f"v1,{base64.stdout.decode().strip()}"


def test_a_post_tells_the_finding_and_nothing_of_the_patient(
    receiver: Kept, ledger: Ledger, circuit: Circuit
):
    alerted(ledger)
    tell(ledger, circuit, Webhook(receiver.url, naming=Naming(viewer="https://kidray.hospital/")))
    data = receiver.data()
    assert data["study_uid"] == UID
    assert data["rule_id"] == "critical-pneumoperitoneum"
    assert data["level"] == 0
    assert data["viewer"] == f"https://kidray.hospital/viewer?StudyInstanceUID={UID}"
    finding = data["finding"]
    assert isinstance(finding, dict)
    assert finding["code"]["value"] == "17204006"
    assert (finding["presence"], finding["certainty"]) == ("present", "high")
    sent = repr(receiver.posts)
    assert "HONG" not in sent
    assert "PID-77" not in sent
    assert "ACC-9" not in sent
    assert "webhook-signature" not in {name.lower() for name in receiver.posts[0][0]}


def test_the_accession_number_is_named_only_where_the_site_says_so(
    receiver: Kept, ledger: Ledger, circuit: Circuit
):
    alerted(ledger)
    tell(ledger, circuit, Webhook(receiver.url, naming=Naming(accession=True)))
    assert receiver.data()["accession_number"] == "ACC-9"


def test_a_channel_is_told_once_however_often_the_job_runs(receiver: Kept, ledger: Ledger, circuit: Circuit):
    alerted(ledger)
    for _ in range(3):
        tell(ledger, circuit, Webhook(receiver.url))
    assert receiver.types() == ["raised"]
    assert notices(ledger) == [("raised", "sent", 1)]


@pytest.mark.parametrize("status", [500, 503, 429, 408])
def test_a_receiver_that_cannot_just_now_is_told_again_under_the_same_id(
    receiver: Kept, ledger: Ledger, circuit: Circuit, status: int
):
    alerted(ledger)
    receiver.answers = [status, status]
    for _ in range(2):
        with pytest.raises(DeliveryError, match=str(status)):
            tell(ledger, circuit, Webhook(receiver.url))
    assert notices(ledger) == [("raised", "pending", 1)]  # the second try said nothing new
    tell(ledger, circuit, Webhook(receiver.url))
    assert notices(ledger) == [("raised", "sent", 2)]
    assert len({headers["webhook-id"] for headers, _ in receiver.posts}) == 1


@pytest.mark.parametrize("status", [400, 401, 404, 410, 301])
def test_a_receiver_that_says_no_is_left_at_that_until_the_alert_escalates(
    receiver: Kept, ledger: Ledger, circuit: Circuit, status: int
):
    alerted(ledger)
    receiver.answers = [status]
    for _ in range(2):
        tell(ledger, circuit, Webhook(receiver.url))
    assert notices(ledger) == [("raised", "failed", 1)]
    step(ledger, Escalated(at=now(), revision=1, level=1))
    tell(ledger, circuit, Webhook(receiver.url))
    assert receiver.types() == ["raised", "escalated"]


def test_a_receiver_that_drips_its_answer_is_dropped_at_the_deadline(
    receiver: Kept, ledger: Ledger, circuit: Circuit
):
    alerted(ledger)
    receiver.answers = ["drip"]
    began = time.monotonic()
    with pytest.raises(DeliveryError, match="timed out"):
        tell(ledger, circuit, Webhook(receiver.url, deadline=0.5))
    assert time.monotonic() - began < 15  # it would have dripped for a minute


def test_a_webhook_is_found_without_a_post_and_its_url_stays_secret(receiver: Kept):
    assert reach_webhook(receiver.url).startswith("takes a connection in ")
    assert not receiver.posts
    with pytest.raises(
        DeliveryError, match=r"webhook 127\.0\.0\.1 \w{6} does not take a connection"
    ) as error:
        reach_webhook(f"http://127.0.0.1:{free_port()}/top-secret")
    assert "top-secret" not in str(error.value)
    with pytest.raises(DeliveryError, match="does not take a connection"):
        reach_webhook(receiver.url.replace("http:", "https:"))  # no TLS there
    with pytest.raises(DeliveryError, match="does not take a connection"):
        reach_webhook("https://no..name/")


def test_one_that_is_down_keeps_no_other_waiting_and_its_url_is_told_to_nobody(
    receiver: Kept, ledger: Ledger, circuit: Circuit
):
    alerted(ledger)
    dead = Webhook(f"http://127.0.0.1:{free_port()}/secret-token")
    with pytest.raises(DeliveryError) as caught:
        tell(ledger, circuit, dead, Webhook(receiver.url))
    assert receiver.types() == ["raised"]
    assert sorted(state for _, state, _ in notices(ledger)) == ["pending", "sent"]
    assert "secret-token" not in str(caught.value)
    assert "secret-token" not in ledger.held(UID).model_dump_json()


def test_a_redis_that_is_gone_keeps_no_channel_from_being_told_and_none_is_told_twice(
    receiver: Kept, ledger: Ledger, tmp_path: Path
):
    alerted(ledger)
    gone = connect(f"unix://{tmp_path}/none.sock")
    blind, unhindered = Ledger(ledger.archive, Registry(gone)), Unhindered(gone)
    with listening() as other:
        for _ in range(2):
            with suppress(RegistryUnavailableError):
                tell(blind, unhindered, Webhook(receiver.url), Webhook(other.url))
        assert (receiver.types(), other.types()) == (["raised"], ["raised"])
    assert notices(ledger) == [("raised", "sent", 1), ("raised", "sent", 1)]


def test_a_look_up_of_the_host_that_hangs_is_left_at_the_deadline(
    ledger: Ledger, circuit: Circuit, monkeypatch: pytest.MonkeyPatch
):
    alerted(ledger)
    found_out = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found_out.wait(60) and [])
    began = time.monotonic()
    hook = Webhook("http://chat.hospital/hook", deadline=0.5)
    with pytest.raises(DeliveryError, match="timed out"):
        tell(ledger, circuit, hook)
    assert time.monotonic() - began < 30
    found_out.set()


def test_one_that_stays_down_is_left_alone_and_found_again(ledger: Ledger, redis_url: str):
    alerted(ledger)
    at = [1_700_000_000.0]
    circuit = Circuit(connect(redis_url), lambda: at[0], kind="alert-circuit", rhythm=ALERT_RHYTHM)
    port = free_port()
    url = f"http://127.0.0.1:{port}/hook"
    for _ in range(3):
        with pytest.raises(DeliveryError):
            tell(ledger, circuit, Webhook(url))
    with listening(port) as receiver:
        with pytest.raises(DeliveryError):
            tell(ledger, circuit, Webhook(url))
        assert receiver.posts == []  # it was not asked
        at[0] += ALERT_RHYTHM.longest_pause
        tell(ledger, circuit, Webhook(url))
        assert receiver.types() == ["raised"]


def test_a_receiver_learns_what_became_of_an_alert_it_had_heard_of(
    receiver: Kept, ledger: Ledger, circuit: Circuit
):
    alerted(ledger)
    tell(ledger, circuit, Webhook(receiver.url))
    step(ledger, acknowledged())
    tell(ledger, circuit, Webhook(receiver.url))
    assert receiver.types() == ["raised", "acknowledged"]
    said = receiver.data()["acknowledged"]
    assert isinstance(said, dict)
    assert said["how"] == "phone"
    assert b"Surgeon" not in receiver.posts[-1][1]  # who told whom stays here


def test_a_receiver_learns_that_a_reader_rejected_the_finding(
    receiver: Kept, ledger: Ledger, circuit: Circuit
):
    alerted(ledger)
    tell(ledger, circuit, Webhook(receiver.url))
    step(ledger, judged(Assessment.REJECTED, found()))
    tell(ledger, circuit, Webhook(receiver.url))
    assert receiver.types() == ["raised", "withdrawn"]
    assert receiver.data()["withdrawal"] == "rejected"


def test_the_job_is_tried_again_by_the_engine_until_the_receiver_is_back(
    receiver: Kept, ledger: Ledger, circuit: Circuit, redis_url: str
):
    alerted(ledger)
    receiver.answers = [503]
    broker = build_broker(redis_url)
    queue = JobQueue(broker)
    channels = [Webhook(receiver.url)]

    def run(uid: str) -> None:
        notify_study(uid, ledger=ledger, channels=channels, circuit=circuit)

    register(broker, {Job.ALERT: run}, ledger, queue)
    worker = start_worker(broker, threads=1, queues=["alert"])
    try:
        queue.ask(Job.ALERT, UID, urgent=True)
        wait_for(lambda: notices(ledger) == [("raised", "sent", 2)], seconds=60, what="the second try")
    finally:
        worker.stop()
        broker.client.close()
    assert len(receiver.posts) == 2


def test_an_alert_escalates_by_the_clock_and_survives_a_restart(
    receiver: Kept, ledger: Ledger, circuit: Circuit, queue: JobQueue
):
    since = alerted(ledger).updated_at
    hook = Webhook(receiver.url)
    tell(ledger, circuit, hook)

    def watch() -> AlertWatch:  # built anew each time: what it knows is in the events
        steps = [timedelta(minutes=10), timedelta(minutes=20)]
        return AlertWatch(ledger, queue, after=steps, channels=[hook.name])

    assert watch().look(since + timedelta(minutes=9)) == 0
    assert queue.held() == set()
    assert watch().look(since + timedelta(minutes=11)) == 1
    assert watch().look(since + timedelta(minutes=11)) == 0
    assert queue.held() == {(Job.ALERT, UID)}
    tell(ledger, circuit, hook)
    assert watch().look(since + timedelta(minutes=21)) == 1
    tell(ledger, circuit, hook)
    assert receiver.types() == ["raised", "escalated", "escalated"]
    assert receiver.data()["level"] == 2
    step(ledger, acknowledged())
    assert watch().look(since + timedelta(hours=9)) == 0
    assert ledger.registry.open_alerts() == {}


def test_a_study_whose_events_cannot_be_read_holds_up_no_other_alert(ledger: Ledger, queue: JobQueue):
    since = alerted(ledger, "1.1").updated_at
    alerted(ledger, "1.2")
    next((ledger.archive.root / "1.1" / "events").glob("0001-*")).write_text("{")
    started_anew = Ledger(ledger.archive, ledger.registry)
    watch = AlertWatch(started_anew, queue, after=[timedelta(minutes=10)])
    assert watch.look(since + timedelta(minutes=11)) == 1
    alert = ledger.held("1.2").alert
    assert alert is not None
    assert alert.level == 1


def test_a_night_without_anybody_makes_one_step_of_escalation_not_many(ledger: Ledger, queue: JobQueue):
    since = alerted(ledger).updated_at
    ledger.registry.flush()
    watch = AlertWatch(ledger, queue, after=[timedelta(minutes=m) for m in (10, 20, 30)])
    assert watch.look(since + timedelta(hours=8)) == 0  # Redis was wiped: nothing is known yet
    ledger.registry.publish(ledger.held(UID))
    assert watch.look(since + timedelta(hours=8)) == 1
    alert = ledger.held(UID).alert
    assert alert is not None
    assert (alert.state, alert.level) == (AlertState.OPEN, 3)
    assert [t.step for t in ledger.held(UID).timeline].count("escalated") == 1


def test_an_alert_that_was_raised_anew_after_its_last_step_is_escalated_anew(ledger: Ledger, queue: JobQueue):
    since = alerted(ledger).updated_at
    watch = AlertWatch(ledger, queue, after=[timedelta(minutes=10)])
    assert watch.look(since + timedelta(minutes=11)) == 1
    assert watch.look(since + timedelta(minutes=12)) == 0
    step(ledger, judged(Assessment.REJECTED, found()))
    step(ledger, judged(Assessment.ACCEPTED, found()))
    assert watch.look(since + timedelta(minutes=13)) == 1
    assert watch.look(since + timedelta(minutes=14)) == 0


def test_the_open_alerts_stand_in_the_order_in_which_they_wait(ledger: Ledger):
    for uid in ("1.9", "1.1", "1.5"):
        alerted(ledger, uid)
    assert list(ledger.registry.open_alerts()) == ["1.9", "1.1", "1.5"]
    ledger.registry.forget("1.1")
    assert list(ledger.registry.open_alerts()) == ["1.9", "1.5"]


def test_two_urls_of_one_host_are_two_channels_and_neither_name_tells_the_url():
    one, other = (
        webhook_name("https://chat.hospital/hooks/T1"),
        webhook_name("https://chat.hospital/hooks/T2"),
    )
    assert one != other
    assert one.startswith("webhook chat.hospital ")
    assert "T1" not in one


def test_a_port_that_nobody_listens_on_is_a_call_to_try_again(ledger: Ledger):
    record = alerted(ledger)
    assert record.alert is not None
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound, and nobody listens
        hook = Webhook(f"http://127.0.0.1:{held.getsockname()[1]}/")
        with pytest.raises(DeliveryError, match="does not answer"):
            hook.tell(record, record.alert, Due(NoticeKind.RAISED, 0))
