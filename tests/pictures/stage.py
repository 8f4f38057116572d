"""A service to take pictures of: phantoms from fixed seeds, sent and read as any study is, at fixed times.

`kidray up` receives, reads and delivers them. Then the moments in the archive's event records are set to
fixed ones, the registry is built anew from the archive, and `kidray web` shows it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pydicom

from study.redis_server import running_redis
from tests.flow.service import KIDRAY, RunningService
from tests.peers import Orthanc, free_port, storescu, wait_for
from training.case import PhantomKind
from training.phantom_set import write_phantoms

NOW = datetime(2026, 1, 5, 11, 0, tzinfo=timezone.utc)  # on the browser's clock
SIZE = (1536, 1280)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)")
# Seconds after the study came in; what is not named here a reader did, minutes later.
_SECONDS = {
    "received": 0.0,
    "queued": 0.3,
    "previewed": 0.9,
    "skipped": 1.1,
    "failed": 1.1,
    "segmented": 1.4,
    "alerted": 1.5,
    "drafted": 2.1,
    "delivered": 2.8,
}
_READER = timedelta(minutes=4)
_BORA: tuple[tuple[str, object], ...] = (
    ("PatientBirthDate", "20230612"),
    ("PatientSex", "F"),
    ("PatientAge", "002Y"),
)


class Sent(NamedTuple):
    """A study of the stage."""

    kind: PhantomKind
    seed: int
    patient: str
    date: str = "20260105"
    attributes: tuple[tuple[str, object], ...] = ()


# In the order in which they come in: one every six minutes.
STUDIES = {
    "earlier": Sent(PhantomKind.CONSTIPATION, 31, "PHANTOM^BORA", "20251104", _BORA),
    "normal": Sent(PhantomKind.NORMAL, 44, "PHANTOM^DANA"),
    "signed": Sent(PhantomKind.AIR_FLUID_LEVELS, 13, "PHANTOM^HARU"),
    "broken": Sent(
        PhantomKind.NORMAL, 14, "PHANTOM^JUNO", attributes=(("PhotometricInterpretation", "PALETTE COLOR"),)
    ),
    "skipped": Sent(PhantomKind.CHEST, 15, "PHANTOM^NARI"),
    "pyloric": Sent(PhantomKind.PYLORIC_STENOSIS, 53, "PHANTOM^SORA"),
    "compared": Sent(PhantomKind.CONSTIPATION, 17, "PHANTOM^BORA", attributes=_BORA),
    "critical": Sent(PhantomKind.PNEUMOPERITONEUM, 18, "PHANTOM^MIRA"),
}


class Stage(NamedTuple):
    """Where the pictures are taken."""

    url: str
    studies: dict[str, str]  # UID by name

    def address(self, name: str) -> str:
        """Return the address of a study."""
        return f"{self.url}/viewer?StudyInstanceUID={self.studies[name]}"


@contextmanager
def a_stage(folder: Path) -> Iterator[Stage]:
    """Send, read, sign and show the studies."""
    files = {name: _drawn(folder / name, number, name) for number, name in enumerate(STUDIES, 1)}
    uids = {
        name: str(pydicom.dcmread(file, stop_before_pixels=True).StudyInstanceUID)
        for name, file in files.items()
    }
    home = folder / "home"
    with (
        Orthanc(folder / "pacs") as orthanc,
        RunningService(home, pacs=orthanc.destination, llm_url="http://127.0.0.1:9/v1") as service,
    ):
        for file in files.values():
            storescu(service.dicom_port, [file])
        for uid in uids.values():
            service.wait_until(uid, "drafted", "skipped", "failed", seconds=240)
        _work(service, uids)
        wait_for(lambda: _at_rest(service, uids), seconds=240, what="what is to be delivered")
    for number, uid in enumerate(uids.values()):
        _set_times(home / "archive" / uid / "events", NOW - timedelta(minutes=6 * (len(uids) - number)))
    with (
        running_redis(folder / "redis") as redis_url,
        _web(home, redis_url) as url,
        _role("work", _environment(home, redis_url)),  # makes the maps that are asked for
    ):
        yield Stage(url, uids)


@contextmanager
def an_empty_stage(folder: Path) -> Iterator[Stage]:
    """Show a service that nothing has come to."""
    with running_redis(folder / "redis") as redis_url, _web(folder / "home", redis_url) as url:
        yield Stage(url, {})


def _drawn(folder: Path, number: int, name: str) -> Path:
    sent = STUDIES[name]
    ((_, written),) = write_phantoms(folder, 1, sent.seed, kind=sent.kind, size=SIZE)
    dataset = pydicom.dcmread(written.image)
    dataset.PatientName = sent.patient
    dataset.PatientID = f"PH-{sent.patient[-4:]}"
    dataset.AccessionNumber = f"PH{number:06d}"
    dataset.StudyDate = dataset.SeriesDate = dataset.ContentDate = sent.date
    dataset.StudyTime = f"10{6 * number:02d}00"
    for keyword, value in sent.attributes:
        setattr(dataset, keyword, value)
    dataset.save_as(written.image, enforce_file_format=True)
    return written.image


def _work(service: RunningService, uids: dict[str, str]) -> None:
    """Do what readers have done before the pictures are taken."""

    def study(name: str) -> dict[str, Any]:
        found = service.study(uids[name])
        assert found is not None
        return found

    for name in ("signed", "earlier"):
        signing = {"signer": "Reader^One", "version": study(name)["draft"]["version"]}
        service.client.post(f"/api/studies/{uids[name]}/sign", json=signing).raise_for_status()
    radiograph = study("compared")["radiographs"][0]["instance_uid"]
    measured = [
        {"id": "1", "kind": "length", "points": [[393.0, 1305.0], [650.0, 1305.0]], "text": "rectum"},
        {"id": "2", "kind": "length", "points": [[107.0, 1190.0], [919.0, 1190.0]], "text": "pelvis"},
        {"id": "3", "kind": "ellipse", "points": [[925.0, 640.0], [1035.0, 860.0]], "text": "stool"},
    ]
    service.client.put(
        f"/api/studies/{uids['compared']}/radiographs/{radiograph}/measurements",
        json={"annotations": measured, "number": None, "reader": "Reader^One"},
    ).raise_for_status()


def _at_rest(service: RunningService, uids: dict[str, str]) -> bool:
    for uid in uids.values():
        study = service.study(uid)
        if study is None or any(delivery["state"] == "pending" for delivery in study["deliveries"]):
            return False
        if study["state"] in ("drafted", "signed") and not study["deliveries"]:
            return False
        if any(not each["made"] for each in study["marks"]["annotations"]):
            return False
    return True


def _set_times(events: Path, received: datetime) -> None:
    """Give each event of a study its moment, the same however long the step took."""
    for file in sorted(events.glob("*.json")):
        text = file.read_text("utf-8")
        seconds = _SECONDS.get(json.loads(text)["kind"])
        at = received + (_READER if seconds is None else timedelta(seconds=seconds))
        moment = at.isoformat().replace("+00:00", "Z")
        file.chmod(0o644)
        file.write_text(_MOMENT.sub(moment, text), "utf-8")


@contextmanager
def _web(home: Path, redis_url: str) -> Iterator[str]:
    port = free_port()
    environment = {**_environment(home, redis_url), "KIDRAY_WEB_PORT": str(port)}
    home.mkdir(parents=True, exist_ok=True)
    subprocess.run([str(KIDRAY), "rebuild"], env=environment, check=True, capture_output=True, timeout=120)
    with _role("web", environment):
        url = f"http://127.0.0.1:{port}"
        wait_for(lambda: _answers(url), seconds=180, what="the viewer")
        yield url


def _environment(home: Path, redis_url: str) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("KIDRAY_")},
        "KIDRAY_HOME": str(home),
        "KIDRAY_REDIS_URL": redis_url,
        "KIDRAY_PACS": "ORTHANC@127.0.0.1:4242",
    }


@contextmanager
def _role(name: str, environment: dict[str, str]) -> Iterator[None]:
    with Path(environment["KIDRAY_HOME"], f"{name}.out").open("wb") as output:
        process = subprocess.Popen([str(KIDRAY), name], env=environment, stdout=output, stderr=output)
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
