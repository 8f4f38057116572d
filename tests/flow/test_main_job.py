"""The main job, end to end: C-STORE in, SEG and draft report out, and back at the PACS."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pydicom
import pytest

from study.findings import FINDINGS, FindingLabel
from study.segmentation import read_masks
from tests.flow.conftest import SentPhantom
from tests.flow.service import RunningService
from tests.peers import Orthanc, dcmsend, storescu, wait_for

pytestmark = pytest.mark.peer
KINDS = [str(label) for label in FindingLabel]


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return 2 * float(np.count_nonzero(a & b)) / float(np.count_nonzero(a) + np.count_nonzero(b))


@pytest.mark.parametrize("kind", KINDS)
def test_a_phantom_sent_by_dcmtk_comes_back_from_the_pacs_segmented(
    service: RunningService, orthanc: Orthanc, phantoms: dict[str, SentPhantom], kind: str
):
    phantom = phantoms[kind]
    assert phantom.truth is not None
    storescu(service.dicom_port, [phantom.image])
    study = service.wait_until(phantom.study_uid, "drafted")

    present = {f["label"] for f in study["findings"] if f["presence"] == "present"}
    assert kind in present
    seg_uid = study["radiographs"][0]["seg_instance_uid"]
    held = wait_for(lambda: orthanc.instance(seg_uid), seconds=30, what="the SEG in Orthanc")
    number = FINDINGS[FindingLabel(kind)].segment_number
    found = read_masks(pydicom.dcmread(BytesIO(held)))[number]
    truth = read_masks(pydicom.dcmread(phantom.truth))[number]
    assert found.shape == truth.shape == (2048, 2048)
    assert dice(found, truth) > 0.6

    sr_uid = study["radiographs"][0]["sr_instance_uid"]
    report = pydicom.dcmread(BytesIO(wait_for(lambda: orthanc.instance(sr_uid), what="the SR in Orthanc")))
    assert report.ContentTemplateSequence[0].TemplateIdentifier == "1500"
    assert seg_uid in report.to_json()

    draft = study["draft"]
    assert study["critical"] == (kind == "pneumoperitoneum")
    assert draft["disclaimer"]
    assert any(f"{kind}@{phantom.instance_uid}" in s["finding_ids"] for s in draft["impression"])
    assert draft["signature"] is None


def test_what_is_held_is_what_was_sent_byte_for_byte(
    service: RunningService, phantoms: dict[str, SentPhantom]
):
    phantom = phantoms["constipation"]
    dcmsend(service.dicom_port, [phantom.image])
    sent = pydicom.dcmread(phantom.image)
    held = service.home.joinpath(
        "archive", phantom.study_uid, sent.SeriesInstanceUID, f"{phantom.instance_uid}.dcm"
    )
    wait_for(held.exists, what="the instance in the archive")
    assert data_set_of(held.read_bytes()) == data_set_of(phantom.image.read_bytes())


def test_a_normal_phantom_is_drafted_without_a_finding(
    service: RunningService, phantoms: dict[str, SentPhantom]
):
    phantom = phantoms["normal"]
    dcmsend(service.dicom_port, [phantom.image])
    study = service.wait_until(phantom.study_uid, "drafted")
    assert {f["presence"] for f in study["findings"]} == {"absent"}
    assert study["radiographs"][0]["seg_instance_uid"] is None
    assert not study["critical"]


def test_a_possible_pneumoperitoneum_is_on_top_of_the_worklist(
    service: RunningService, phantoms: dict[str, SentPhantom]
):
    for kind in ("pneumoperitoneum", "normal"):
        storescu(service.dicom_port, [phantoms[kind].image])
        service.wait_until(phantoms[kind].study_uid, "drafted", "signed")
    items = service.client.get("/api/worklist").json()["items"]
    unsigned = [i for i in items if i["state"] != "signed"]
    assert unsigned[0]["study_uid"] == phantoms["pneumoperitoneum"].study_uid
    assert unsigned[0]["critical"]


def test_the_llms_wording_is_used_only_when_it_is_grounded(
    service: RunningService, phantoms: dict[str, SentPhantom]
):
    phantom = phantoms["air_fluid_levels"]
    storescu(service.dicom_port, [phantom.image])
    wording = service.wait_until(phantom.study_uid, "drafted")["draft"]["wording"]
    assert wording["source"] in ("llm", "template")
    if wording["source"] == "llm":
        assert wording["checks"] == []
        assert wording["llm_model"]
    else:
        assert wording["fallback_reason"]


def test_no_identity_reaches_a_log_or_a_metric(service: RunningService, phantoms: dict[str, SentPhantom]):
    identities = set()
    for phantom in phantoms.values():
        header = pydicom.dcmread(phantom.image, stop_before_pixels=True)
        identities |= {str(header.PatientName), str(header.PatientID)}
    metrics = service.client.get("/metrics").text
    written = "".join(service.log(role) for role in ("receive", "work", "web", "llm")) + metrics
    assert "job_done" in written
    assert 'kidray_jobs_total{job="segment",outcome="done"}' in metrics
    assert [i for i in identities if i in written] == []


def test_signing_sends_the_signed_report_to_the_pacs(
    service: RunningService, orthanc: Orthanc, phantoms: dict[str, SentPhantom]
):
    phantom = phantoms["pyloric_stenosis"]
    storescu(service.dicom_port, [phantom.image])
    draft = service.wait_until(phantom.study_uid, "drafted", "signed")["draft"]
    headers = {"Origin": service.url}
    edited = service.client.put(
        f"/api/studies/{phantom.study_uid}/report",
        json={
            "version": draft["version"],
            "findings": [s["text"] for s in draft["findings"]],
            "impression": ["Distended stomach. Read by a person."],
            "recommendation": [s["text"] for s in draft["recommendation"]],
        },
        headers=headers,
    )
    assert edited.status_code == 200, edited.text
    version = edited.json()["version"]
    signed = service.client.post(
        f"/api/studies/{phantom.study_uid}/sign",
        json={"signer": "Reader^One", "version": version},
        headers=headers,
    )
    assert signed.status_code == 200, signed.text
    assert signed.json()["state"] == "signed"

    def report_sent() -> bool:
        study = service.study(phantom.study_uid)
        assert study is not None
        return any(d["kind"] == "REPORT" and d["state"] == "sent" for d in study["deliveries"])

    wait_for(report_sent, seconds=30, what="the signed report at the PACS")
    study = service.study(phantom.study_uid)
    assert study is not None
    uid = next(d["instance_uid"] for d in study["deliveries"] if d["kind"] == "REPORT")
    report = pydicom.dcmread(BytesIO(orthanc.instance(uid) or b""))
    assert (report.CompletionFlag, report.VerificationFlag) == ("COMPLETE", "VERIFIED")
    assert "Read by a person" in report.to_json()

    again = service.client.put(
        f"/api/studies/{phantom.study_uid}/report",
        json={"version": version, "findings": [], "impression": ["x"], "recommendation": []},
        headers=headers,
    )
    assert again.status_code == 409


def test_rebuild_restores_the_worklist_of_a_wiped_redis(service: RunningService):
    before = service.client.get("/api/worklist").json()
    assert before["total"] >= 5
    assert "studies restored" in service.cli("rebuild")
    assert service.client.get("/api/worklist").json() == before


def data_set_of(part10: bytes) -> bytes:
    """Return what follows the file meta information."""
    length = pydicom.dcmread(BytesIO(part10), stop_before_pixels=True).file_meta
    return part10[132 + 12 + int(length.FileMetaInformationGroupLength) :]
