"""Messages on their way to a real FHIR server and a real HL7 receiver."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from reporting.mllp import read_acknowledgement, send_hl7
from reporting.reach import reach
from reporting.rest import send_fhir
from study.endpoint import Endpoint
from study.errors import DeliveryError, RefusedError, SettingsError
from tests.peers import free_port
from tests.reporting.receivers import Authority, FhirServer, MllpListener, running

MESSAGE = "MSH|^~\\&|KIDRAY||EMR||20260301093000+0000||ORU^R01^ORU_R01|4f2a|P|2.5.1\rPID|1||4711\r"
DEVICE = {
    "resourceType": "Device",
    "identifier": [{"system": "urn:x", "value": "1"}],
}
BUNDLE = {
    "resourceType": "Bundle",
    "type": "transaction",
    "entry": [
        {
            "fullUrl": "urn:uuid:9c1b0d6e-6f0a-4b5c-8d33-1b1a2f8f6d10",
            "resource": DEVICE,
            "request": {"method": "PUT", "url": "Device?identifier=urn:x|1"},
        }
    ],
}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def listener() -> Iterator[MllpListener]:
    with MllpListener() as listening:
        yield listening


@pytest.fixture(scope="module")
def address_of_fhir() -> Iterator[tuple[FhirServer, str]]:
    server = FhirServer()
    with running(server) as url:
        yield server, url


@pytest.fixture
def fhir(address_of_fhir: tuple[FhirServer, str]) -> tuple[FhirServer, str]:
    server, url = address_of_fhir
    server.held.clear()
    server.alone.clear()
    server.fails.clear()
    server.delay = 0.0
    return server, url


def endpoint(url: str, **values: Any) -> Endpoint:
    return Endpoint(name="EMR", url=url, **{"timeout": 100, **values})


def test_a_message_arrives_whole_and_its_acknowledgement_is_read(listener: MllpListener):
    receipt = send_hl7(MESSAGE, endpoint(listener.url))
    assert (receipt.code, receipt.control_id, receipt.error) == ("AA", "4f2a", None)
    assert listener.messages == [MESSAGE]


@pytest.mark.parametrize(
    ("code", "error", "raised"),
    [
        ("AE", "", RefusedError),
        ("AE", "101", RefusedError),
        ("AR", "", DeliveryError),
        ("AR", "207", DeliveryError),
        ("AR", "203", RefusedError),  # it does not know version 2.5.1, and will not tomorrow
    ],
)
def test_an_error_stops_it_and_a_rejection_may_be_over_later(listener, code, error, raised):
    listener.says = [(code, error)]
    with pytest.raises(DeliveryError) as refused:
        send_hl7(MESSAGE, endpoint(listener.url))
    assert type(refused.value) is raised
    assert refused.value.retryable is (raised is DeliveryError)
    assert "4711" not in str(refused.value), "a receiver's own words may name the patient"


def test_an_answer_to_another_message_is_none(listener: MllpListener):
    listener.control_id = "other"
    with pytest.raises(DeliveryError, match="another message"):
        send_hl7(MESSAGE, endpoint(listener.url))


def test_silence_ends_at_the_time_limit(listener: MllpListener):
    listener.silent = True
    with pytest.raises(DeliveryError, match="EMR does not answer"):
        send_hl7(MESSAGE, endpoint(listener.url, timeout=0.5))


def test_nobody_listening_is_no_answer():
    port = free_port()
    with pytest.raises(DeliveryError, match="EMR does not answer: Connection refused"):
        send_hl7(MESSAGE, endpoint(f"mllp://127.0.0.1:{port}"))
    with pytest.raises(DeliveryError, match="EMR does not answer"):
        send_fhir(BUNDLE, endpoint(f"http://127.0.0.1:{port}/fhir"))


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request", b"MSH|^~\\&|\rMSA|XX|1", b"MSH|^~\\&|"])
def test_what_is_no_acknowledgement_is_not_taken_for_one(answer: bytes):
    with pytest.raises(DeliveryError, match="what was answered"):
        read_acknowledgement(answer)


def test_tls_checks_the_receiver_and_shows_who_we_are(authority: Authority):
    ours = {"certificate": authority.certificate, "key": authority.key}
    with MllpListener(authority) as listener:
        send_hl7(MESSAGE, endpoint(listener.url, authorities=authority.certificate, **ours))
        assert len(listener.messages) == 1
        with pytest.raises(DeliveryError, match="TLS"):
            send_hl7(MESSAGE, endpoint(listener.url, **ours))  # nobody vouches for it
        with pytest.raises(DeliveryError):
            send_hl7(MESSAGE, endpoint(listener.url, authorities=authority.certificate))
        assert len(listener.messages) == 1


def test_a_bundle_is_taken_whole_and_again_changes_nothing_but_its_version(fhir: tuple[FhirServer, str]):
    server, url = fhir
    assert send_fhir(BUNDLE, endpoint(url)).outcomes == ("201 Created",)
    assert send_fhir(BUNDLE, endpoint(url)).outcomes == ("200 OK",)
    assert len(server.newest("Device")) == 1


def test_any_other_resource_goes_to_its_own_type(fhir: tuple[FhirServer, str]):
    server, url = fhir
    assert send_fhir(DEVICE, endpoint(url)).status == 201
    assert server.alone == [DEVICE]


@pytest.mark.parametrize(("status", "retryable"), [(503, True), (429, True), (500, True), (403, False)])
def test_what_may_be_over_later_is_tried_again(fhir, status: int, retryable: bool):
    server, url = fhir
    server.fails = [status]
    with pytest.raises(DeliveryError, match=rf"HTTP {status}: exception\)") as refused:
        send_fhir(BUNDLE, endpoint(url))
    assert refused.value.retryable is retryable
    assert "4711" not in str(refused.value)


def test_what_the_server_finds_invalid_is_refused_for_good(fhir: tuple[FhirServer, str]):
    server, url = fhir
    wrong = {
        **BUNDLE,
        "entry": [{**BUNDLE["entry"][0], "resource": {"resourceType": "Device", "nonsense": 1}}],
    }
    with pytest.raises(RefusedError, match=r"HTTP 422: invariant\)"):
        send_fhir(wrong, endpoint(url))
    assert not server.held


def test_a_slow_server_is_left_at_the_time_limit(fhir: tuple[FhirServer, str]):
    server, url = fhir
    server.delay = 1.5
    with pytest.raises(DeliveryError, match="timed out"):
        send_fhir(BUNDLE, endpoint(url, timeout=0.4))


def dripping() -> tuple[str, socket.socket]:
    """Return the address of a server that answers a byte at a time, so that no single read times out."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        with suppress(OSError):
            peer, _ = listener.accept()
            with peer:
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\n\r\n")
                for _ in range(1200):
                    peer.sendall(b" ")
                    time.sleep(0.05)

    threading.Thread(target=answer, daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}/fhir", listener


@pytest.mark.parametrize("ask", [lambda to: send_fhir(BUNDLE, to), reach])
def test_a_server_that_drips_its_answer_is_left_at_the_time_limit(ask):
    url, listener = dripping()
    began = time.monotonic()
    with listener, pytest.raises(DeliveryError, match="timed out"):
        ask(endpoint(url, timeout=1.0))
    assert time.monotonic() - began < 30  # it would have dripped for a minute


def test_an_answer_without_end_is_read_no_further_than_any_answer_is_long():
    listener = socket.create_server(("127.0.0.1", 0))
    sent = []

    def answer() -> None:
        peer, _ = listener.accept()
        with peer, suppress(OSError):
            peer.sendall(b"HTTP/1.1 500 Oh\r\n\r\n")
            while len(sent) < 1000:
                peer.sendall(bytes(1 << 20))
                sent.append(1)

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    with listener, pytest.raises(DeliveryError, match="HTTP 500"):
        send_fhir(BUNDLE, endpoint(f"http://127.0.0.1:{listener.getsockname()[1]}/fhir"))
    thread.join(30)
    assert len(sent) < 100  # MiB


def test_a_token_that_fits_no_header_is_refused_and_quoted_nowhere():
    with pytest.raises(ValidationError, match="printable ASCII") as refused:
        endpoint("https://emr/fhir", token=SecretStr("top-secret\n"))
    assert "top-secret" not in str(refused.value)


def test_a_token_is_shown_over_tls(authority: Authority):
    server = FhirServer(token="secret")
    with running(server, authority) as url:
        known = endpoint(url, authorities=authority.certificate, token=SecretStr("secret"))
        assert send_fhir(BUNDLE, known).status == 200
        with pytest.raises(RefusedError, match="HTTP 401: login"):
            send_fhir(BUNDLE, known.model_copy(update={"token": None}))
        with pytest.raises(DeliveryError, match="does not answer"):
            send_fhir(BUNDLE, endpoint(url))
    assert "secret" not in repr(known)


def test_tls_files_that_cannot_be_used_are_said(tmp_path: Path):
    with pytest.raises(SettingsError, match="endpoint EMR"):
        send_fhir(BUNDLE, endpoint("https://127.0.0.1:1/fhir", authorities=tmp_path / "missing.pem"))


def test_an_endpoint_is_found_without_being_sent_anything(
    fhir: tuple[FhirServer, str], listener: MllpListener
):
    server, url = fhir
    assert reach(endpoint(url)).startswith("speaks FHIR 5.0.0 in ")
    with pytest.raises(DeliveryError, match=r"speaks FHIR '5\.0\.0', and is sent R4"):
        reach(endpoint(url, fhir_version="R4"))
    assert reach(endpoint(listener.url)).startswith("connects in ")
    with pytest.raises(DeliveryError, match="EMR does not answer"):
        reach(endpoint(f"mllp://127.0.0.1:{free_port()}"))
    assert not server.held
    assert not listener.messages


@pytest.mark.parametrize(
    "values",
    [
        {"url": "ftp://emr"},
        {"url": "mllp://:2575"},
        {"url": "http://user:password@emr/fhir"},
        {"url": "mllp://emr:99999"},
        {"url": "mllp://emr", "token": "x"},
        {"url": "http://emr", "authorities": "ca.pem"},
        {"url": "https://emr", "certificate": "ours.pem"},
        {"url": "https://emr", "name": "a@b"},
        {"url": "https://emr", "gets": ["SEG"]},
    ],
)
def test_an_endpoint_that_makes_no_sense_is_refused(values: dict[str, Any]):
    with pytest.raises(ValidationError):
        Endpoint(**{"name": "EMR", **values})


def test_an_endpoint_says_by_its_url_what_it_speaks():
    assert endpoint("https://emr.hospital/fhir/").url == "https://emr.hospital/fhir"
    assert endpoint("https://emr.hospital/fhir").kind == "FHIR"
    assert endpoint("mllps://engine").address == ("engine", 2575)
    assert (endpoint("mllps://engine").kind, endpoint("mllps://engine").tls) == ("HL7", True)
