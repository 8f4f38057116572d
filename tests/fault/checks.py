"""What must hold after whatever was done to the service: nothing lost, nothing partial, nothing doubled."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pydicom

from tests.dicom_node.encoding import dataset_bytes
from tests.fault.load import Reader, Sender, StoreScp, studies_of
from tests.flow.service import RunningService


def check_all(
    service: RunningService, sender: Sender, reader: Reader | None, pacs: StoreScp, *, seconds: float
) -> dict[str, int]:
    """Wait until everything is drafted and delivered, look at all of it, and return what was counted.

    `seconds` is for how long no study at all may get there: a long campaign leaves many to be done.
    """
    signed = reader.signed if reader is not None else set()
    studies = _all_finished(service, studies_of(sender), signed, seconds)
    _check_archive(service.home / "archive", sender)
    _check_pacs(service.home / "archive", studies, pacs)
    return {
        "studies": len(studies),
        "instances acknowledged": len(sender.acknowledged),
        "signatures acknowledged": len(signed),
        "results at the PACS": len(pacs.held()),
        "C-STORE requests there": pacs.requests(),
    }


def _all_finished(
    service: RunningService, study_uids: Iterable[str], signed: set[str], seconds: float
) -> dict[str, dict[str, Any]]:
    """Return the studies once all of them are finished."""
    finished: dict[str, dict[str, Any]] = {}
    waiting = set(study_uids)
    until = time.monotonic() + seconds
    while waiting:
        for uid in sorted(waiting):
            if (study := _finished(service, uid, signed)) is not None:
                finished[uid] = study
                until = time.monotonic() + seconds
        waiting -= finished.keys()
        left = f"{len(waiting)} studies have no results at the PACS, such as {min(waiting, default='')}"
        assert not waiting or time.monotonic() < until, f"{left}; none came for {seconds} s"
        time.sleep(0.2)
    return finished


def _finished(service: RunningService, study_uid: str, signed: set[str]) -> dict[str, Any] | None:
    """Return the study if it is drafted, signed where its signature was acknowledged, and delivered."""
    study = service.study(study_uid)
    if study is None or study["state"] not in ("drafted", "signed"):
        assert study is None or study["state"] != "failed", f"{study_uid} failed: {study['reason']}"
        return None
    sent = {d["kind"] for d in study["deliveries"] if d["state"] == "sent"}
    whole = _results(study) <= _delivered(study) and (study_uid not in signed or "REPORT" in sent)
    return study if whole else None


def _results(study: dict[str, Any]) -> set[str]:
    """Return the SOP Instance UIDs of what the model made of a study."""
    kinds = ("seg_instance_uid", "sr_instance_uid")
    return {radiograph[kind] for radiograph in study["radiographs"] for kind in kinds if radiograph[kind]}


def _delivered(study: dict[str, Any]) -> set[str]:
    return {d["instance_uid"] for d in study["deliveries"] if d["state"] == "sent"}


def _check_archive(archive: Path, sender: Sender) -> None:
    held = {path.stem: path for path in archive.glob("*/*/*.dcm")}
    lost = sender.acknowledged.keys() - held.keys()
    assert not lost, f"{len(lost)} acknowledged instances are lost"
    for uid, path in held.items():
        if uid in sender.sent:
            assert dataset_bytes(path) == dataset_bytes(sender.sent[uid]), f"instance {uid} is partial"
        else:
            assert pydicom.dcmread(path).SOPInstanceUID == uid
    assert not list(archive.glob("*/*/*.conflict-*")), "something was written twice, and not the same"


def _check_pacs(archive: Path, studies: dict[str, dict[str, Any]], pacs: StoreScp) -> None:
    """Look that each result is there once, as it is in the archive, and nothing else is."""
    at_pacs = pacs.held()
    ours = {path.stem: path for path in archive.glob("*/*/*.dcm")}
    for uid, path in at_pacs.items():
        assert dataset_bytes(path) == dataset_bytes(ours[uid]), f"result {uid} differs at the PACS"
    wanted: set[str] = set()
    for study_uid, study in studies.items():
        kinds = Counter(d["kind"] for d in study["deliveries"] if d["state"] == "sent")
        assert kinds["SR"] == len(study["radiographs"]), f"{study_uid} was delivered as {kinds}"
        assert kinds["REPORT"] <= 1, f"{study_uid} has {kinds['REPORT']} reports"
        assert len(_delivered(study)) == len(_results(study)) + kinds["REPORT"]
        wanted |= _delivered(study)
    assert wanted == at_pacs.keys(), "the PACS holds something else than what was delivered"
