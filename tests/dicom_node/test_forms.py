"""Each destination gets the best form of each result that it takes, over real associations."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from pydicom import Dataset
from pydicom.uid import (
    Comprehensive3DSRStorage,
    ComprehensiveSRStorage,
    EncapsulatedPDFStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
)

from dicom_node.deliver import deliver_study
from study.circuit import Circuit
from study.destination import DestinationPolicy
from study.errors import DeliveryError
from study.forms import SOP_CLASS, best, in_words
from study.history import Drafted, Signed
from study.learnt import REMEMBERED, Learnt
from study.ledger import Ledger
from study.model import ObjectKind, StudyRecord
from study.owed import capture_uid, objects_owed, pdf_uid, presentation_uid, results_of
from study.reconcile import is_undelivered
from study.retention import look
from tests.dicom_node.selective import AE_TITLE, selective_scp
from tests.dicom_node.test_deliver import AT, a_segmented_study, courier, derived, report, states
from tests.peers import free_port

__all__ = ["a_segmented_study"]

SEG, SR, SIGNED_SR = SegmentationStorage, Comprehensive3DSRStorage, ComprehensiveSRStorage
GSPS, CAPTURE, PDF = (
    GrayscaleSoftcopyPresentationStateStorage,
    SecondaryCaptureImageStorage,
    EncapsulatedPDFStorage,
)


@pytest.fixture
def a_signed_study(ledger: Ledger, a_segmented_study: StudyRecord) -> StudyRecord:
    uid = a_segmented_study.study_uid
    sr = derived(SIGNED_SR, uid)
    ledger.archive.write_dataset(sr)
    ledger.append(uid, lambda _: Drafted(at=AT, revision=1, report=report(uid, None, signed=False)))
    ledger.append(uid, lambda _: Signed(at=AT, revision=1, report=report(uid, sr, signed=True)))
    return ledger.held(uid)


class Maker:
    """Keeps the forms that are asked for in the archive, and remembers which those were."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.made: set[ObjectKind] = set()

    def __call__(self, record: StudyRecord, kinds: Collection[ObjectKind]) -> None:
        radiograph = record.radiographs[0]
        uids = {
            "GSPS": presentation_uid(record.study_uid, radiograph),
            "CAPTURE": capture_uid(record.study_uid, radiograph),
            "PDF": pdf_uid(record.study_uid, record.signed[0].sr_instance_uid if record.signed else None),
        }
        self.made |= set(kinds)
        for kind in kinds:
            made: Dataset = derived(SOP_CLASS[kind], record.study_uid)
            made.SOPInstanceUID = uids[kind]
            self._ledger.archive.write_dataset(made)


def deliver(ledger: Ledger, record: StudyRecord, policy: DestinationPolicy) -> tuple[StudyRecord, Maker]:
    maker = Maker(ledger)
    deliver_study(record.study_uid, ledger=ledger, destinations=[policy], courier=courier(ledger), make=maker)
    return ledger.held(record.study_uid), maker


@pytest.mark.parametrize(
    ("takes", "gets"),
    [
        ([SEG, SR, SIGNED_SR, GSPS, CAPTURE, PDF], {"SEG", "SR", "REPORT"}),
        ([GSPS, SR, CAPTURE, PDF], {"GSPS", "SR", "PDF"}),
        ([CAPTURE, SR, SIGNED_SR], {"CAPTURE", "SR", "REPORT"}),
        ([CAPTURE, PDF], {"CAPTURE", "PDF"}),
        ([GSPS, CAPTURE, SIGNED_SR], {"GSPS", "CAPTURE", "REPORT"}),
    ],
)
def test_each_result_goes_in_the_best_form_that_is_taken(takes, gets, ledger, a_signed_study) -> None:
    with selective_scp(takes) as scp:
        policy = DestinationPolicy(node=scp.destination)
        after, maker = deliver(ledger, a_signed_study, policy)
        assert states(after) == {(AE_TITLE, kind): "sent" for kind in gets}
        assert set(scp.stored.values()) == {SOP_CLASS[kind] for kind in gets}
        assert maker.made == gets - {"SEG", "SR", "REPORT"}, "nothing is made that nobody gets"
        again, _ = deliver(ledger, a_signed_study, policy)
        assert again.version == after.version, "nothing goes twice"
    assert {o.kind for o in objects_owed(after, policy)} == gets
    assert not is_undelivered(after, [policy])
    assert look(ledger, after.study_uid, [policy]).kept_because is None, (
        "in another form it is delivered, too"
    )
    assert results_of(after.study_uid, ledger.archive.events(after.study_uid)) >= set(scp.stored)


def test_where_no_form_is_taken_the_study_says_so(ledger, a_signed_study) -> None:
    with selective_scp([]) as scp:
        after, _ = deliver(ledger, a_signed_study, DestinationPolicy(node=scp.destination))
    assert set(states(after).values()) == {"failed"}
    reasons = {d.kind: d.reason for d in after.deliveries}
    assert reasons["SEG"] == "the destination takes no Segmentation Storage in this transfer syntax"


def test_what_a_table_says_goes_though_another_form_were_better(ledger, a_signed_study) -> None:
    with selective_scp([SEG, SR, SIGNED_SR, GSPS, CAPTURE]) as scp:
        after, _ = deliver(ledger, a_signed_study, DestinationPolicy(node=scp.destination, gets=("GSPS",)))
        assert states(after) == {(AE_TITLE, "GSPS"): "sent"}
    with selective_scp([CAPTURE]) as other:
        after, _ = deliver(
            ledger,
            a_signed_study,
            DestinationPolicy(node=other.destination._replace(ae_title="OTHER"), gets=("SEG",)),
        )
        assert states(after)["OTHER", "SEG"] == "failed"
        assert not other.stored


def test_what_waited_for_a_destination_that_takes_another_form_waits_no_longer(
    ledger, a_segmented_study
) -> None:
    gone = DestinationPolicy(node=DestinationPolicy(node=f"{AE_TITLE}@127.0.0.1:{free_port()}").node)
    with pytest.raises(DeliveryError):
        deliver(ledger, a_segmented_study, gone)
    assert set(states(ledger.held(a_segmented_study.study_uid)).values()) == {"pending"}
    with selective_scp([CAPTURE]) as scp:
        policy = DestinationPolicy(node=scp.destination)
        after, _ = deliver(ledger, a_segmented_study, policy)
    assert states(after) == {
        (AE_TITLE, "SEG"): "failed",
        (AE_TITLE, "SR"): "failed",
        (AE_TITLE, "CAPTURE"): "sent",
    }
    assert not is_undelivered(after, [policy])
    assert "another form" in next(str(d.reason) for d in after.deliveries if d.kind == "SEG")


def test_where_nothing_was_found_no_picture_takes_the_place_of_a_seg(ledger, a_segmented_study) -> None:
    nothing = a_segmented_study.radiographs[0].model_copy(
        update={"seg_instance_uid": None, "seg_series_uid": None}
    )
    record = a_segmented_study.model_copy(update={"radiographs": [nothing]})
    policy = DestinationPolicy(node="PACS@127.0.0.1:104")
    assert [o.kind for o in objects_owed(record, policy)] == ["SR"]


def test_what_a_destination_takes_is_remembered_for_a_day_and_for_its_table(
    ledger, a_segmented_study
) -> None:
    redis = ledger.registry._redis
    with selective_scp([CAPTURE, SR]) as scp:
        policy = DestinationPolicy(node=scp.destination)
        assert Learnt(redis).of(policy) is None
        deliver(ledger, a_segmented_study, policy)
    lesson = Learnt(redis).of(policy)
    assert lesson is not None
    assert best(policy, lesson.takes) == ["CAPTURE", "SR", "REPORT"]
    assert in_words(lesson.takes) == "takes SR, CAPTURE, not SEG, REPORT, GSPS, PDF"
    assert Learnt(redis).of(policy.model_copy(update={"when": "signed"})) is None
    assert 0 < redis.ttl(f"kidray:learnt:{AE_TITLE}") <= REMEMBERED
    assert Circuit(redis).why_not(AE_TITLE) is None
