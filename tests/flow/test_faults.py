"""What happens when something breaks: nothing acknowledged is lost, and everyone is told."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import generate_uid

from tests.flow.conftest import SentPhantom
from tests.flow.service import RunningService
from tests.peers import free_port, storescu
from training.phantom import PhantomKind
from training.phantom_set import write_phantoms

pytestmark = [pytest.mark.peer, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service whose parts are killed; its LLM is down from the start, its PACS answers later."""
    with RunningService(
        tmp_path_factory.mktemp("fragile") / "home",
        llm_url=f"http://127.0.0.1:{free_port()}/v1",
    ) as running:
        yield running


@pytest.fixture
def another(phantoms: dict[str, SentPhantom], tmp_path: Path):
    """Return a function that makes a new study of a phantom's pixels."""

    def make(kind: str = "normal") -> tuple[Path, str]:
        dataset = pydicom.dcmread(phantoms[kind].image)
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        file = tmp_path / f"{dataset.SOPInstanceUID}.dcm"
        dataset.save_as(file)
        return file, str(dataset.StudyInstanceUID)

    return make


def test_with_the_llm_down_the_templates_wording_stays(fragile: RunningService, another):
    file, study_uid = another("constipation")
    storescu(fragile.dicom_port, [file])
    draft = fragile.wait_until(study_uid, "drafted")["draft"]
    assert draft["wording"]["source"] == "template"
    assert draft["wording"]["fallback_reason"]
    assert draft["impression"]


def test_a_worker_killed_in_the_middle_of_a_study_loses_nothing(fragile: RunningService, another):
    file, study_uid = another("pneumoperitoneum")
    victim = fragile.pid("work")
    os.kill(victim, signal.SIGSTOP)  # so that the study waits until the worker is watched
    storescu(fragile.dicom_port, [file])
    fragile.wait_until(study_uid, "queued")
    os.kill(victim, signal.SIGCONT)
    time.sleep(0.15)  # it has taken the jobs, and needs longer than this for any of them
    os.kill(victim, signal.SIGKILL)
    assert (fragile.study(study_uid) or {}).get("state") != "drafted"
    study = fragile.wait_until(study_uid, "drafted", seconds=90)
    assert study["critical"]
    steps = [t["step"] for t in study["timeline"]]
    assert steps.count("segmented") == 1
    assert fragile.pid("work") != victim


def test_a_chest_radiograph_is_skipped_and_the_worklist_says_why(fragile: RunningService, tmp_path: Path):
    _, written = next(iter(write_phantoms(tmp_path, 1, 3, kind=PhantomKind.CHEST)))
    storescu(fragile.dicom_port, [written.image])
    study = fragile.wait_until(written.study_uid, "skipped")
    assert "chest" in study["reason"].lower()
    items = fragile.client.get("/api/worklist").json()["items"]
    shown = next(i for i in items if i["study_uid"] == written.study_uid)
    assert shown["reason"] == study["reason"]


def test_a_stopped_service_goes_on_where_it_was(tmp_path: Path, phantoms: dict[str, SentPhantom]):
    home = tmp_path / "home"
    phantom = phantoms["pneumoperitoneum"]
    with RunningService(home) as first:
        storescu(first.dicom_port, [phantom.image])
        assert first.stop() == 0
    with RunningService(home) as second:
        assert second.wait_until(phantom.study_uid, "drafted", seconds=90)["critical"]
