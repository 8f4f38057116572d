"""Storage commitment, asked of this node and by it, with Orthanc and pynetdicom as peers."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest
from pydicom import Dataset
from pydicom.uid import SegmentationStorage, generate_uid
from pynetdicom import AE, evt
from pynetdicom.sop_class import StorageCommitmentPushModel, StorageCommitmentPushModelInstance

from dicom_node.commitment import (
    CLASS_CONFLICT,
    NO_SUCH_INSTANCE,
    Named,
    Report,
    locate,
    parse_report,
    request_dataset,
)
from dicom_node.commitment_request import CommitmentReports, ask_commitment, transaction_of
from dicom_node.commitment_service import CommitmentService
from dicom_node.receive import Receiver
from study.errors import DeliveryError, NotDicomError
from study.history import Delivered, Received
from study.intake import Intake
from study.ledger import Ledger
from study.model import Commitment, Delivery, DeliveryState, StudySummary
from study.settings import Destination
from tests.dicom_node.conftest import make_radiograph, saved
from tests.peers import Orthanc, free_port, wait_for

peer = pytest.mark.peer
AT = datetime(2026, 3, 1, tzinfo=timezone.utc)
KIDRAY_PORT, ORTHANC_PORT = free_port(), free_port()
ORTHANC = Destination("ORTHANC", "127.0.0.1", ORTHANC_PORT)


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    known = {"kidray": ("KIDRAY", "127.0.0.1", KIDRAY_PORT)}
    with Orthanc(tmp_path_factory.mktemp("orthanc"), modalities=known, dicom_port=ORTHANC_PORT) as running:
        yield running


@pytest.fixture
def node(intake: Intake, ledger: Ledger) -> Iterator[Receiver]:
    """A receiver that vouches, takes reports, and knows Orthanc."""
    services = [
        CommitmentService(ledger.archive, [ORTHANC], ae_title="KIDRAY", pauses=(0, 0.1)).service(),
        CommitmentReports(ledger, ["ORTHANC", "OTHER"]).service(),
    ]
    running = Receiver(intake, ae_title="KIDRAY", host="127.0.0.1", port=KIDRAY_PORT, services=services)
    running.start()
    yield running
    running.stop(grace=5)


@pytest.fixture
def held(ledger: Ledger, a_radiograph: Dataset) -> Dataset:
    ledger.archive.write_dataset(a_radiograph)
    return a_radiograph


def named(dataset: Dataset) -> Named:
    return Named(str(dataset.SOPClassUID), str(dataset.SOPInstanceUID))


def delivered(ledger: Ledger, dataset: Dataset, *titles: str) -> str:
    """Record that `dataset` was sent to each destination; returns its study's UID."""
    uid = str(dataset.StudyInstanceUID)
    ledger.append(uid, lambda _: Received(at=AT, revision=1, calling_ae_title="CR", summary=StudySummary()))
    for title in titles:
        delivery = Delivery(
            destination=title,
            series_uid=dataset.SeriesInstanceUID,
            instance_uid=dataset.SOPInstanceUID,
            kind="SEG",
            state=DeliveryState.SENT,
        )
        ledger.append(uid, lambda _, delivery=delivery: Delivered(at=AT, revision=1, delivery=delivery))
    return uid


def commitments(ledger: Ledger, study_uid: str) -> dict[str, Commitment | None]:
    return {d.destination: d.commitment for d in ledger.held(study_uid).deliveries}


def ask_here(port: int, request: Dataset, *, wait: bool = True) -> tuple[int, Report | None]:
    """Ask the node over an association that stays open for the report, as a node it does not know."""
    reports: queue.Queue[Report] = queue.Queue()

    def take(event: evt.Event) -> tuple[int, None]:
        reports.put(parse_report(event.event_information))
        return 0x0000, None

    ae = AE(ae_title="STRANGER")
    ae.add_requested_context(StorageCommitmentPushModel)
    opened = ae.associate("127.0.0.1", port, evt_handlers=[(evt.EVT_N_EVENT_REPORT, take)])
    assert opened.is_established
    try:
        answer, _ = opened.send_n_action(
            request, 1, StorageCommitmentPushModel, StorageCommitmentPushModelInstance
        )
        return int(answer.Status), reports.get(timeout=10) if wait else None
    finally:
        opened.release()
        assert opened.is_released


def test_a_node_without_an_address_is_told_over_its_own_association(node, held) -> None:
    missing = Named(str(held.SOPClassUID), generate_uid())
    mistaken = Named(SegmentationStorage, str(held.SOPInstanceUID))
    transaction = generate_uid()
    status, report = ask_here(node.port, request_dataset(transaction, [named(held), missing, mistaken]))
    assert status == 0x0000
    assert report == Report(
        transaction, (named(held),), {missing: NO_SUCH_INSTANCE, mistaken: CLASS_CONFLICT}
    )


def test_who_releases_at_once_is_not_kept_waiting(node, held, log_lines) -> None:
    status, _ = ask_here(node.port, request_dataset(generate_uid(), [named(held)]), wait=False)
    assert status == 0x0000


@pytest.mark.parametrize("missing", ["TransactionUID", "ReferencedSOPSequence"])
def test_a_request_that_lacks_something_is_refused(missing, node, held) -> None:
    request = request_dataset(generate_uid(), [named(held)])
    delattr(request, missing)
    assert ask_here(node.port, request, wait=False) == (0x0115, None)


@peer
def test_orthanc_hears_that_an_instance_is_safe_and_that_another_is_not(
    node, orthanc, held, tmp_path
) -> None:
    def outcome(*instances: Named) -> dict[str, object]:
        wanted = [{"SOPClassUID": c, "SOPInstanceUID": u} for c, u in instances]
        path = orthanc.rest("POST", "/modalities/kidray/storage-commitment", json={"DicomInstances": wanted})[
            "Path"
        ]
        return wait_for(
            lambda: (found := orthanc.rest("GET", path))["Status"] != "Pending" and found,
            what="the commitment report",
        )

    safe = outcome(named(held))
    assert (safe["Status"], len(safe["Success"])) == ("Success", 1)
    lost = outcome(named(held), Named(str(held.SOPClassUID), generate_uid()))
    assert lost["Status"] == "Failure"
    assert [f["FailureReason"] for f in lost["Failures"]] == [NO_SUCH_INSTANCE]


@peer
@pytest.mark.parametrize("kept", [True, False])
def test_what_orthanc_says_to_our_request_is_on_the_study(
    kept, node, orthanc, ledger, held, tmp_path
) -> None:
    if kept:
        orthanc.take(saved(held, tmp_path / "kept"))
    uid = delivered(ledger, held, "ORTHANC")
    ask_commitment(uid, ledger=ledger, destinations=[ORTHANC], calling_ae_title="KIDRAY")
    expected = {"ORTHANC": Commitment.COMMITTED if kept else Commitment.REFUSED}
    wait_for(lambda: commitments(ledger, uid) == expected, what="the report")
    wait_for(
        lambda: ledger.registry.record(uid).deliveries == ledger.held(uid).deliveries,
        what="it on the worklist",
    )
    version = ledger.held(uid).version
    ask_commitment(uid, ledger=ledger, destinations=[ORTHANC], calling_ae_title="KIDRAY")
    assert ledger.held(uid).version == version, "asked once"


def test_a_destination_that_does_not_offer_commitment_has_refused(receiver, ledger, held) -> None:
    uid = delivered(ledger, held, "OTHER")
    plain = Destination("OTHER", "127.0.0.1", receiver.port)
    ask_commitment(uid, ledger=ledger, destinations=[plain], calling_ae_title="KIDRAY")
    assert commitments(ledger, uid) == {"OTHER": Commitment.REFUSED}


def test_a_destination_that_is_down_is_asked_again_and_keeps_no_other_waiting(receiver, ledger, held) -> None:
    uid = delivered(ledger, held, "DOWN", "OTHER")
    down = Destination("DOWN", "127.0.0.1", free_port())
    plain = Destination("OTHER", "127.0.0.1", receiver.port)
    with pytest.raises(DeliveryError, match="DOWN"):
        ask_commitment(uid, ledger=ledger, destinations=[down, plain], calling_ae_title="KIDRAY")
    assert commitments(ledger, uid) == {"DOWN": None, "OTHER": Commitment.REFUSED}


def test_a_report_that_was_quicker_than_the_record_of_the_request_counts(ledger, held) -> None:
    uid = delivered(ledger, held, "OTHER")
    transaction = transaction_of(uid, "OTHER", [held.SOPInstanceUID])
    reports = CommitmentReports(ledger, ["OTHER"])
    reports.take(Report(transaction, (named(held),), {}))
    reports.take(Report(transaction, (named(held),), {}))
    assert commitments(ledger, uid) == {"OTHER": Commitment.COMMITTED}
    assert [e.kind for e in ledger.archive.events(uid)].count("committed") == 1


def test_a_report_about_no_transaction_of_ours_is_refused(ledger, held) -> None:
    uid = delivered(ledger, held, "OTHER")
    with pytest.raises(NotDicomError):
        CommitmentReports(ledger, ["OTHER"]).take(Report(generate_uid(), (named(held),), {}))
    assert commitments(ledger, uid) == {"OTHER": None}


def test_instances_are_found_by_their_uid_alone(ledger, tmp_path: Path) -> None:
    datasets = [make_radiograph(32) for _ in range(3)]
    refs = [ledger.archive.write_dataset(dataset) for dataset in datasets]
    wanted = {refs[0].instance_uid, refs[2].instance_uid, generate_uid(), "../../x"}
    assert set(locate(ledger.archive, wanted).values()) == {refs[0], refs[2]}
