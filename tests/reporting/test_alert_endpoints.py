"""Telling FHIR servers and HL7 receivers of an alert: valid, flagged, each step in the last one's place."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone

import pytest
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message

from reporting.alert_endpoint import EndpointChannel
from reporting.notify import notify_study
from study.circuit import ALERT_RHYTHM, Circuit
from study.endpoint import Endpoint
from study.errors import DeliveryError
from study.ledger import Ledger
from study.model import Assessment, DeliveryState, Language
from study.registry import connect
from tests.reporting.receivers import FhirServer, MllpListener, running
from tests.reporting.test_alert_channels import UID, alerted, step
from tests.study.test_alerts import acknowledged, found, judged


@pytest.fixture(params=["R5", "R4"])
def fhir(request: pytest.FixtureRequest) -> Iterator[tuple[FhirServer, Endpoint]]:
    server = FhirServer(request.param)
    with running(server) as url:
        yield server, Endpoint(name="FHIR", url=url, gets=("ALERT",), fhir_version=request.param, timeout=100)


@pytest.fixture
def engine() -> Iterator[MllpListener]:
    with MllpListener() as listening:
        yield listening


@pytest.fixture
def circuit(ledger: Ledger, redis_url: str) -> Circuit:
    return Circuit(connect(redis_url), kind="alert-circuit", rhythm=ALERT_RHYTHM)


def tell(ledger: Ledger, circuit: Circuit, endpoint: Endpoint) -> None:
    channel = EndpointChannel(
        endpoint, Language.ENGLISH, lambda: datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
    )
    notify_study(UID, ledger=ledger, channels=[channel], circuit=circuit)


def test_a_fhir_server_takes_an_alert_and_what_became_of_it(
    fhir: tuple[FhirServer, Endpoint], ledger: Ledger, circuit: Circuit
):
    server, endpoint = fhir
    alerted(ledger)
    tell(ledger, circuit, endpoint)
    (call,) = server.newest("Communication")
    (seen,) = server.newest("Observation")
    assert (call["status"], call["priority"]) == ("in-progress", "stat")
    assert call["category"][0]["coding"][0]["code"] == "73568-8"
    assert seen["interpretation"][0]["coding"][0]["code"] == "AA"
    assert seen["code"]["coding"][0]["code"] == "17204006"
    assert seen["status"] == "preliminary"
    assert "HONG" not in repr(server.held)
    assert "PID-77" not in repr(server.held)

    step(ledger, acknowledged())
    tell(ledger, circuit, endpoint)
    (call,) = server.newest("Communication")  # in the place of the first
    assert call["status"] == "completed"
    assert call["recipient"] == [{"display": "Surgeon"}]
    assert "told Surgeon by phone" in call["note"][0]["text"]


def test_a_fhir_server_learns_that_the_finding_was_rejected(
    fhir: tuple[FhirServer, Endpoint], ledger: Ledger, circuit: Circuit
):
    server, endpoint = fhir
    alerted(ledger)
    tell(ledger, circuit, endpoint)
    step(ledger, judged(Assessment.REJECTED, found()))
    tell(ledger, circuit, endpoint)
    assert server.newest("Communication")[0]["status"] == "stopped"
    assert server.newest("Observation")[0]["status"] == "entered-in-error"


def test_an_hl7_receiver_gets_the_finding_critically_abnormal_and_the_patient_only_where_it_is_known(
    engine: MllpListener, ledger: Ledger, circuit: Circuit
):
    alerted(ledger)
    tell(ledger, circuit, Endpoint(name="ENGINE", url=engine.url, gets=("ALERT",), timeout=100))
    (message,) = engine.messages
    assert parse_message(message, validation_level=VALIDATION_LEVEL.TOLERANT).validate()
    fields = {line[:3]: line.split("|") for line in message.split("\r") if line}
    assert fields["MSH"][8] == "ORU^R01^ORU_R01"
    assert fields["TQ1"][9] == "S"
    finding = next(line.split("|") for line in message.split("\r") if "|17204006^" in line)
    assert (finding[8], finding[11]) == ("AA", "P")
    assert "PID-77" not in message
    assert "HONG" not in message

    named = Endpoint(name="NAMED", url=engine.url, gets=("ALERT",), patient_system="HOSPITAL", timeout=100)
    tell(ledger, circuit, named)
    assert "PID-77^^^HOSPITAL^PI" in engine.messages[-1]
    assert "HONG" not in engine.messages[-1]


def test_an_hl7_receiver_is_told_under_one_control_id_a_message(
    engine: MllpListener, ledger: Ledger, circuit: Circuit
):
    alerted(ledger)
    endpoint = Endpoint(name="ENGINE", url=engine.url, gets=("ALERT",), timeout=100)
    engine.says = [("AR", "207")]
    with pytest.raises(DeliveryError):
        tell(ledger, circuit, endpoint)
    tell(ledger, circuit, endpoint)
    step(ledger, acknowledged())
    tell(ledger, circuit, endpoint)
    controls = [message.split("|")[9] for message in engine.messages]
    assert controls[0] == controls[1] != controls[2]
    assert "told Surgeon by phone" in engine.messages[-1]
    alert = ledger.held(UID).alert
    assert alert is not None
    assert [n.state for n in alert.notices] == [DeliveryState.SENT, DeliveryState.SENT]
