"""Priors, end to end: fetched from the PACS by themselves, shown beside the radiograph."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from playwright.sync_api import Page, expect
from pydicom.uid import generate_uid

from tests.flow.conftest import SentPhantom
from tests.flow.service import RunningService
from tests.flow.test_viewer_in_browser import page
from tests.peers import Orthanc, free_port, storescu, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.peer, pytest.mark.timeout(300)]
__all__ = ["page"]


@pytest.fixture(scope="module")
def pacs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    known = {"kidray": ("KIDRAY", "127.0.0.1", free_port())}
    with Orthanc(tmp_path_factory.mktemp("pacs"), modalities=known) as running:
        yield running


@pytest.fixture(scope="module")
def fetching(tmp_path_factory: pytest.TempPathFactory, pacs: Orthanc) -> Iterator[RunningService]:
    home = tmp_path_factory.mktemp("fetching") / "home"
    with RunningService(home, priors_from=pacs.destination) as running:
        yield running


def prior_of(phantom: SentPhantom, folder: Path) -> Path:
    """Write an earlier study of the phantom's patient."""
    dataset = pydicom.dcmread(phantom.image)
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.StudyDate = "20250501"
    path = folder / f"{dataset.SOPInstanceUID}.dcm"
    dataset.save_as(path)
    return path


def test_a_prior_is_fetched_after_the_study_was_read_and_shown_on_a_click(
    page: Page,
    fetching: RunningService,
    pacs: Orthanc,
    phantoms: dict[str, SentPhantom],
    tmp_path: Path,
):
    phantom = phantoms["constipation"]
    earlier = prior_of(phantom, tmp_path)
    pacs.take(earlier)
    storescu(fetching.dicom_port, [phantom.image])
    fetching.wait_until(phantom.study_uid, "drafted", seconds=150)
    (found,) = wait_for(
        lambda: fetching.client.get(f"/api/studies/{phantom.study_uid}/priors").json(),
        seconds=90,
        what="the prior",
    )
    assert found["study_date"] == "20250501"
    assert [r["instance_uid"] for r in found["radiographs"]] == [earlier.stem]
    assert fetching.study(found["study_uid"]) is None  # no work, and not on the worklist

    page.goto(f"{fetching.url}/viewer?StudyInstanceUID={phantom.study_uid}")
    canvas = page.get_by_test_id("viewer-canvas")
    expect(canvas).to_have_attribute("data-state", "ready", timeout=60_000)
    expect(page.get_by_test_id("prior-note")).to_have_count(0)
    page.get_by_test_id("prior-radiograph").click()
    expect(page.get_by_test_id("prior-note")).to_have_text("Prior, 2025-05-01")
    expect(canvas).to_have_attribute("data-state", "ready", timeout=60_000)
    expect(page.get_by_test_id("prior-radiograph")).to_have_attribute("aria-current", "true")
    page.goto("about:blank")  # the service stops before the browser does


def test_a_pacs_that_is_down_fails_no_study(
    fetching: RunningService, pacs: Orthanc, phantoms: dict[str, SentPhantom]
):
    pacs.stop()
    phantom = phantoms["normal"]
    storescu(fetching.dicom_port, [phantom.image])
    study = fetching.wait_until(phantom.study_uid, "drafted", seconds=150)
    assert study["reason"] is None
    retried = wait_for(
        lambda: [e for e in fetching.events("work", "job_retried") if e["job"] == "priors"],
        seconds=90,
        what="another try",
    )
    assert "does not answer" in retried[0]["reason"]
