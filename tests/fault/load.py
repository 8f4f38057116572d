"""What a hospital does to the service all day: send radiographs, read drafts, sign them, take results."""

from __future__ import annotations

import random
import shutil
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import httpx
import psutil
import pydicom
import pytest
from pydicom.uid import generate_uid

from tests.flow.service import RunningService
from tests.peers import acknowledged_in, free_port, wait_for


class StoreScp:
    """DCMTK's storescp as the PACS: one file for each SOP Instance UID it was sent."""

    ae_title = "PACS"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._log = folder.with_suffix(".log")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def destination(self) -> str:
        """The PACS as ``AE@HOST:PORT``."""
        return f"{self.ae_title}@127.0.0.1:{self.port}"

    def __enter__(self) -> StoreScp:
        program = shutil.which("storescp")
        if program is None:
            pytest.skip("storescp is not installed")
        self.folder.mkdir(parents=True, exist_ok=True)
        options = ["--fork", "+xa", "-v", "-aet", self.ae_title, "-od", str(self.folder)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([program, *options, str(self.port)], stdout=log, stderr=log)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def held(self) -> dict[str, Path]:
        """Return the file of each SOP Instance UID that was sent."""
        return {path.name.partition(".")[2]: path for path in self.folder.iterdir()}

    def requests(self) -> int:
        """Return how many C-STORE requests came."""
        return self._log.read_text(errors="replace").count("Received Store Request")


class Sender(threading.Thread):
    """Sends new studies with storescu until it is stopped, and again what was not acknowledged.

    Attributes
    ----------
    sent
        The file of every instance that was sent at least once.
    acknowledged
        The instances that the node has answered Success for, by their study.
    """

    def __init__(self, port: int, sources: Iterable[Path], folder: Path, *, seed: int, pause: float) -> None:
        super().__init__(name="sender", daemon=True)
        self._port = port
        self._sources = [pydicom.dcmread(path) for path in sources]
        self._folder = folder
        self._chance = random.Random(seed)
        self._pause = pause
        self._over = threading.Event()
        self._study: dict[str, str] = {}
        self.sent: dict[str, Path] = {}
        self.acknowledged: dict[str, str] = {}

    def run(self) -> None:
        """Send one study after another, some of two radiographs."""
        self._folder.mkdir(parents=True, exist_ok=True)
        while not self._over.wait(self._chance.uniform(0, 2 * self._pause)):
            self._new_study(self._chance.choice((1, 1, 2)))
            self._send_rest()

    def finish(self) -> None:
        """Send nothing new, and return once everything is acknowledged."""
        self._over.set()
        self.join()
        wait_for(self._send_rest, seconds=60, what="the acknowledgement of everything")

    def _new_study(self, radiographs: int) -> None:
        dataset = self._chance.choice(self._sources)
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
        for number in range(radiographs):
            uid = dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
            dataset.InstanceNumber = number + 1
            file = self._folder / f"{uid}.dcm"
            dataset.save_as(file)
            self.sent[uid] = file
            self._study[uid] = str(dataset.StudyInstanceUID)

    def _send_rest(self) -> bool:
        """Send what is not acknowledged yet; returns whether everything is."""
        rest = [file for uid, file in self.sent.items() if uid not in self.acknowledged]
        if rest:
            done = subprocess.run(
                ["storescu", "-v", "-aec", "KIDRAY", "-to", "5", "-td", "60", "127.0.0.1", str(self._port)]
                + [str(file) for file in rest],
                capture_output=True,
                text=True,
                check=False,
            )
            for uid in acknowledged_in(done.stdout + done.stderr):
                self.acknowledged[uid] = self._study[uid]
        return all(uid in self.acknowledged for uid in self.sent)


class Reader(threading.Thread):
    """A radiologist who reads the worklist and signs a part of what is drafted.

    Attributes
    ----------
    signed
        The studies whose signature was answered with 200.
    answers
        How often each status was answered; 0 where nothing answered.
    """

    def __init__(self, url: str, *, seed: int, share: float = 0.4) -> None:
        super().__init__(name="reader", daemon=True)
        self._client = httpx.Client(base_url=url, timeout=30)
        self._chance = random.Random(seed)
        self._share = share
        self._over = threading.Event()
        self._read: set[str] = set()
        self.signed: set[str] = set()
        self.answers: Counter[int] = Counter()

    def run(self) -> None:
        """Look at the worklist until stopped, and sign some of what is there to be signed."""
        while not self._over.wait(0.3):
            page = self._ask(lambda: self._client.get("/api/worklist", params={"state": "drafted"}))
            for item in page.json()["items"] if page is not None and page.status_code == 200 else []:
                if not self._over.is_set() and item["study_uid"] not in self._read:
                    self._read.add(item["study_uid"])
                    if self._chance.random() < self._share or not self.signed:
                        self._sign(item["study_uid"])

    def finish(self) -> None:
        """Sign nothing further, once something was signed at all."""
        wait_for(lambda: self.signed, seconds=60, what="a signature")
        self._over.set()
        self.join()
        self._client.close()

    def _sign(self, study_uid: str) -> None:
        report = self._ask(lambda: self._client.get(f"/api/studies/{study_uid}/report"))
        if report is None or report.status_code != 200:
            return
        wish = {"signer": "Test Reader", "version": report.json()["version"]}
        answer = self._ask(lambda: self._client.post(f"/api/studies/{study_uid}/sign", json=wish))
        if answer is not None and answer.status_code == 200:
            self.signed.add(study_uid)

    def _ask(self, ask: Callable[[], httpx.Response]) -> httpx.Response | None:
        try:
            answer = ask()
        except httpx.HTTPError:
            self.answers[0] += 1
            return None
        self.answers[answer.status_code] += 1
        return answer


def copies(source: Path, folder: Path, count: int) -> list[Path]:
    """Return that many instances of one study with the pixels of `source`."""
    folder.mkdir(parents=True, exist_ok=True)
    dataset = pydicom.dcmread(source)
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    files = []
    for _ in range(count):
        uid = dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        files.append(folder / f"{uid}.dcm")
        dataset.save_as(files[-1])
    return files


def studies_of(sender: Sender) -> set[str]:
    """Return the studies of which an instance was acknowledged."""
    return set(sender.acknowledged.values())


def running(service: RunningService, role: str, age: float) -> psutil.Process | None:
    """Return the process of a role; None while there is none that has run for `age` seconds."""
    try:
        process = psutil.Process(service.pid(role))
        return process if time.time() - process.create_time() > age else None
    except (AssertionError, psutil.Error):
        return None
