"""A PACS that takes neither SEG nor SR gets what it takes, from the service as a user runs it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydicom.uid import EncapsulatedPDFStorage, GrayscaleSoftcopyPresentationStateStorage

from tests.dicom_node.selective import AE_TITLE, Selective, selective_scp
from tests.flow.conftest import SentPhantom
from tests.flow.service import RunningService
from tests.peers import storescu, wait_for

pytestmark = pytest.mark.peer


@pytest.fixture(scope="module")
def pacs() -> Iterator[Selective]:
    with selective_scp([GrayscaleSoftcopyPresentationStateStorage, EncapsulatedPDFStorage]) as running:
        yield running


@pytest.fixture(scope="module")
def choosy(tmp_path_factory: pytest.TempPathFactory, pacs: Selective) -> Iterator[RunningService]:
    home = tmp_path_factory.mktemp("choosy") / "home"
    with RunningService(home, pacs=pacs.destination) as running:
        yield running


def test_it_gets_outlines_and_the_signed_report_as_pdf(
    choosy: RunningService, pacs: Selective, phantoms: dict[str, SentPhantom]
) -> None:
    phantom = phantoms["pneumoperitoneum"]
    storescu(choosy.dicom_port, [phantom.image])
    draft = choosy.wait_until(phantom.study_uid, "drafted")["draft"]
    wait_for(lambda: set(pacs.stored.values()), seconds=60, what="the outlines at the PACS")
    assert set(pacs.stored.values()) == {GrayscaleSoftcopyPresentationStateStorage}
    signed = choosy.client.post(
        f"/api/studies/{phantom.study_uid}/sign",
        json={"signer": "Reader^One", "version": draft["version"]},
        headers={"Origin": choosy.url},
    )
    assert signed.status_code == 200, signed.text
    wait_for(
        lambda: EncapsulatedPDFStorage in pacs.stored.values(), seconds=60, what="the report at the PACS"
    )
    wait_for(
        lambda: {"GSPS", "PDF"} <= sent(choosy, phantom.study_uid), seconds=60, what="the receipts of both"
    )
    assert sent(choosy, phantom.study_uid) == {"GSPS", "PDF"}
    listed = choosy.cli("deliveries", "list", "--destination", AE_TITLE)
    assert "GSPS, SR, PDF (as it can)" in listed
    assert "takes GSPS, PDF, not SEG, SR, REPORT, CAPTURE" in listed
    assert "the destination takes no Comprehensive 3D SR Storage" in listed


def sent(service: RunningService, study_uid: str) -> set[str]:
    """Return the kinds of object that have reached the PACS."""
    study = service.study(study_uid)
    assert study is not None
    return {d["kind"] for d in study["deliveries"] if d["state"] == "sent"}
