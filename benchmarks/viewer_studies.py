"""Studies for the viewer's benchmark: sent, read and drafted by a running service; rows for its worklist."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pydicom
from pydicom.uid import generate_uid

from benchmarks.bench_flow import Service, events
from study import redis_server
from study.model import StudyRecord
from study.registry import Registry, connect
from training.case import PhantomKind
from training.phantom_set import write_phantoms

SIZE = (2048, 2048)
SEED = 4242
KINDS = 5  # phantoms drawn; the rest are the same under UIDs of their own


def send_studies(service: Service, folder: Path, count: int, *, kind: PhantomKind | None = None) -> list[str]:
    """Send `count` radiographs by C-STORE, each its own study, and wait for their drafts.

    They show every kind of finding in turn, or all one `kind`. Returns the UIDs of those that the
    model drew something on, then of the others.
    """
    drawn = [written for _, written in write_phantoms(folder, min(KINDS, count), SEED, kind=kind, size=SIZE)]
    uids = []
    for number in range(count):
        dataset = pydicom.dcmread(drawn[number % len(drawn)].image)
        uids.append(_renamed(dataset, number))
        file = folder / "next.dcm"
        dataset.save_as(file, enforce_file_format=True)
        command = ["storescu", "-aec", "KIDRAY", "127.0.0.1", str(service.dicom_port), str(file)]
        subprocess.run(command, check=True, timeout=120)
    for uid in uids:
        _await_draft(service, uid)
    seen = {record.study_uid for record in registry_of(service).records(uids) if _shows_something(record)}
    return sorted(uids, key=lambda uid: uid not in seen)


def registry_of(service: Service) -> Registry:
    """Return the registry of a running service."""
    return Registry(connect(redis_server.url(service.home / "redis"), timeout=30.0))


def fill_worklist(service: Service, uids: Sequence[str], rows: int) -> None:
    """Let the worklist hold `rows` studies: records of the studies sent, under other UIDs, names and times.

    Only the registry is told of them: the worklist reads nothing else.
    """
    registry = registry_of(service)
    until = time.monotonic() + 120
    while len(known := registry.records(uids)) < len(uids) and time.monotonic() < until:
        time.sleep(0.5)  # a service that has just started still tells Redis what its archive holds
    # Nobody's alert waits in 10,000 studies: those would be called about for as long as it runs.
    records = [record for record in known if record.alert is None]
    for number in range(rows - len(uids)):
        held = records[number % len(records)]
        summary = held.summary.model_copy(
            update={"patient_name": f"ROW^{number:05d}", "patient_id": f"R{number:05d}"}
        )
        registry.publish(
            held.model_copy(
                update={
                    "study_uid": generate_uid(entropy_srcs=["row", str(number)]),
                    "summary": summary,
                    "received_at": held.received_at - timedelta(seconds=30 * (number + 1)),
                }
            )
        )


def _renamed(dataset: pydicom.Dataset, number: int) -> str:
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        setattr(dataset, keyword, generate_uid(entropy_srcs=["viewer", keyword, str(number)]))
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.PatientID = f"BENCH{number:04d}"  # no earlier studies of anybody
    return str(dataset.StudyInstanceUID)


def _shows_something(record: StudyRecord) -> bool:
    return any(finding.area_px for finding in record.findings if finding.presence != "absent")


def _await_draft(service: Service, uid: str, *, seconds: float = 600.0) -> None:
    study, until = service.home / "archive" / uid, time.monotonic() + seconds
    while "draft" not in (seen := events(study)):
        if "failed" in seen or "skipped" in seen or time.monotonic() > until:
            raise SystemExit(f"{uid} did not reach its draft: {sorted(seen)}")
        time.sleep(0.05)
