"""Reports on their way to endpoints: each once, each recorded, the rest after a failure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from structlog.testing import capture_logs

from reporting.outbox import Outbox
from study.circuit import FAILURES, Circuit
from study.endpoint import Endpoint
from study.errors import DeliveryError
from study.history import Drafted, Event, Signed
from study.ledger import Ledger
from study.model import DeliveryState, Report
from study.owed import messages_owed, owed_to
from study.reconcile import is_undelivered
from study.retention import look
from tests.reporting.builders import NOW, STUDY, header
from tests.reporting.receivers import FhirServer, MllpListener, running
from tests.reporting.reports import events, signed_version


@pytest.fixture(scope="module")
def fhir_server() -> Iterator[tuple[FhirServer, str]]:
    server = FhirServer()
    with running(server) as url:
        yield server, url


@pytest.fixture
def fhir(fhir_server: tuple[FhirServer, str]) -> FhirServer:
    server, _ = fhir_server
    server.held.clear()
    server.fails.clear()
    return server


@pytest.fixture
def engine() -> Iterator[MllpListener]:
    with MllpListener() as listening:
        yield listening


@pytest.fixture
def endpoints(fhir_server: tuple[FhirServer, str], engine: MllpListener) -> list[Endpoint]:
    everything: Any = ("DRAFT", "REPORT")
    return [
        Endpoint(name="FHIR", url=fhir_server[1], gets=everything, timeout=100),
        Endpoint(name="ENGINE", url=engine.url, gets=everything, timeout=100),
    ]


def kept(ledger: Ledger, happened: Sequence[Event]) -> None:
    """Keep a study with a radiograph whose header names the patient."""
    radiograph = header()
    radiograph.file_meta = FileMetaDataset()
    radiograph.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ledger.archive.write_dataset(radiograph)
    for event in happened:
        ledger.append(STUDY, lambda _, event=event: event)


def outbox(ledger: Ledger, endpoints: Sequence[Endpoint], now: float = 1000.0) -> Outbox:
    circuit = Circuit(ledger.registry._redis, clock=lambda: now)
    return Outbox(ledger, endpoints, circuit, clock=lambda: NOW)


def states(ledger: Ledger) -> dict[tuple[str, str], tuple[DeliveryState, str | None]]:
    return {(d.destination, d.kind): (d.state, d.reason) for d in ledger.held(STUDY).deliveries}


def the_report(fhir: FhirServer) -> dict[str, Any]:
    (report,) = fhir.newest("DiagnosticReport")
    return report


def sign(ledger: Ledger) -> Report:
    draft = ledger.held(STUDY).draft
    assert draft is not None
    signed = signed_version(draft)
    ledger.append(STUDY, lambda _: Signed(at=NOW, revision=1, report=signed))
    return signed


def test_a_draft_then_the_signed_report_reach_both_and_each_delivery_is_recorded(
    ledger, endpoints, fhir, engine
):
    kept(ledger, events())
    outbox(ledger, endpoints).deliver(STUDY)
    assert the_report(fhir)["status"] == "partial"
    sign(ledger)
    outbox(ledger, endpoints).deliver(STUDY)
    assert the_report(fhir)["status"] == "final", "in the place of the draft"
    orders = [message.split("\rOBR|")[1].split("\r")[0].split("|") for message in engine.messages]
    assert [order[24] for order in orders] == ["P", "F"]
    sent = [(d.destination, d.kind, d.state) for d in ledger.held(STUDY).deliveries]
    assert sorted(sent) == [
        ("ENGINE", "HL7", DeliveryState.SENT),
        ("ENGINE", "HL7", DeliveryState.SENT),
        ("FHIR", "FHIR", DeliveryState.SENT),
        ("FHIR", "FHIR", DeliveryState.SENT),
    ]
    forms = [form["contentType"] for form in the_report(fhir)["presentedForm"]]
    assert forms == ["application/pdf", "text/plain"]


def test_done_again_nothing_is_sent_twice(ledger, endpoints, fhir, engine):
    kept(ledger, events(signed=True))
    outbox(ledger, endpoints).deliver(STUDY)
    version = ledger.held(STUDY).version
    outbox(ledger, endpoints).deliver(STUDY)
    assert len(engine.messages) == 1
    assert {len(versions) for versions in fhir.held.values()} == {1}
    assert ledger.held(STUDY).version == version


def test_a_worker_killed_after_sending_sends_the_very_same_message(ledger, endpoints, fhir, engine):
    kept(ledger, events(signed=True))
    before = ledger.held(STUDY)
    outbox(ledger, endpoints).deliver(STUDY)
    for event_file in sorted((ledger.archive.root / STUDY / "events").iterdir())[before.version :]:
        event_file.unlink()  # as if the receipts had never been written
    outbox(Ledger(ledger.archive, ledger.registry), endpoints).deliver(STUDY)
    assert engine.messages[0] == engine.messages[1], "under the same control ID"
    assert {len(versions) for versions in fhir.held.values()} == {2}
    assert len(fhir.newest("DiagnosticReport")) == 1, "updated, not made twice"


def test_only_what_is_asked_for_goes_out(ledger, endpoints, fhir, engine):
    kept(ledger, events())
    signed_only = [endpoint.model_copy(update={"gets": ("REPORT",)}) for endpoint in endpoints]
    outbox(ledger, signed_only).deliver(STUDY)
    assert not fhir.held
    assert not engine.messages
    assert not is_undelivered(ledger.held(STUDY), signed_only)
    assert is_undelivered(ledger.held(STUDY), endpoints)


def test_one_that_does_not_answer_delays_no_other_and_gets_the_rest_later(ledger, endpoints, fhir, engine):
    kept(ledger, events(signed=True))
    fhir.fails = [503]
    with pytest.raises(DeliveryError, match=r"FHIR \(FHIR could not take the report \(HTTP 503"):
        outbox(ledger, endpoints).deliver(STUDY)
    assert states(ledger)["ENGINE", "HL7"][0] is DeliveryState.SENT
    assert states(ledger)["FHIR", "FHIR"][0] is DeliveryState.PENDING
    assert is_undelivered(ledger.held(STUDY), endpoints)
    outbox(ledger, endpoints).deliver(STUDY)
    assert states(ledger)["FHIR", "FHIR"] == (DeliveryState.SENT, None)
    assert len(engine.messages) == 1


def test_a_refusal_is_kept_with_its_reason_and_is_not_tried_by_itself_again(ledger, endpoints, engine):
    kept(ledger, events(signed=True))
    engine.says = [("AE", "101")]
    only = endpoints[1:]
    with capture_logs() as lines:
        outbox(ledger, only).deliver(STUDY)
    state, reason = states(ledger)["ENGINE", "HL7"]
    assert (state, reason) == (DeliveryState.FAILED, "ENGINE refused the message (AE, error 101)")
    assert not is_undelivered(ledger.held(STUDY), only)
    assert "4711" not in str(lines), "what the receiver said may name the patient"
    assert "Gildong" not in str(lines)


def test_whoever_is_silent_is_left_alone_and_found_again(ledger, endpoints, engine):
    kept(ledger, events(signed=True))
    only = [endpoints[1].model_copy(update={"timeout": 0.3})]
    engine.silent = True
    for _ in range(FAILURES):
        with pytest.raises(DeliveryError):
            outbox(ledger, only).deliver(STUDY)
    tried = len(engine.messages)
    assert tried == FAILURES
    with pytest.raises(DeliveryError):
        outbox(ledger, only).deliver(STUDY)
    assert len(engine.messages) == tried, "nobody asked it"
    engine.silent = False
    outbox(ledger, only, now=2000.0).deliver(STUDY)
    assert states(ledger)["ENGINE", "HL7"][0] is DeliveryState.SENT


def test_a_later_version_is_never_replaced_by_an_earlier_one(ledger, endpoints, fhir):
    kept(ledger, events(signed=True))
    only = endpoints[:1]
    fhir.fails = [422]
    outbox(ledger, only).deliver(STUDY)
    record = ledger.held(STUDY)
    second = record.signed[0].model_copy(update={"version": 2})
    late = record.model_copy(update={"signed": [*record.signed, second]})
    assert [m.version for m in messages_owed(late, only[0])] == [1, 2]
    newest = messages_owed(late, only[0])[-1]
    sent = record.deliveries[0].model_copy(
        update={"instance_uid": newest.instance_uid, "state": DeliveryState.SENT}
    )
    after = late.model_copy(update={"deliveries": [*late.deliveries, sent]})
    assert [m.version for m in messages_owed(after, only[0])] == [2]


def test_a_draft_is_not_sent_once_something_is_signed(ledger, endpoints):
    kept(ledger, events(signed=True))
    record = ledger.held(STUDY)
    assert record.draft is not None
    addendum = record.draft.model_copy(
        update={"version": 2, "signature": None, "addendum_to": 1, "sr_instance_uid": "1.2.3"}
    )
    reopened = record.model_copy(update={"draft": addendum})
    assert [(m.version, m.signed) for m in messages_owed(reopened, endpoints[0])] == [(1, True)]


def test_a_draft_that_a_radiologist_is_at_is_not_sent(ledger, endpoints):
    kept(ledger, events())
    draft = ledger.held(STUDY).draft
    assert draft is not None
    edited = draft.model_copy(update={"version": 2, "sr_instance_uid": None, "sr_series_uid": None})
    ledger.append(STUDY, lambda _: Drafted(at=NOW, revision=1, report=edited))
    assert owed_to(ledger.held(STUDY), endpoints[0]) == []


def test_a_study_stays_in_the_archive_until_its_messages_are_sent(ledger, endpoints, fhir):
    kept(ledger, events(signed=True))
    only = endpoints[:1]
    assert look(ledger, STUDY, only).kept_because == "1 results are not confirmed by their destination"
    outbox(ledger, only).deliver(STUDY)
    assert "not confirmed" not in (look(ledger, STUDY, only).kept_because or "")


def test_without_its_radiograph_a_report_goes_out_without_the_pdf(ledger, endpoints, fhir):
    kept(ledger, events(signed=True))
    for file in ledger.archive.root.rglob("*.dcm"):
        file.unlink()
    outbox(ledger, endpoints[:1]).deliver(STUDY)
    assert [form["contentType"] for form in the_report(fhir)["presentedForm"]] == ["text/plain"]
