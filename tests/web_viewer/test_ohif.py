"""The model's SEG and a reader's open in OHIF, over our DICOMweb; `make test-ohif` fetches OHIF first."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import numpy as np
import pydicom
import pytest
from playwright.sync_api import Page

from benchmarks import ohif
from benchmarks.bench_flow import running_service
from benchmarks.viewer_page import a_browser, a_context, wait
from benchmarks.viewer_studies import send_studies
from benchmarks.viewers import OHIF
from training.case import PhantomKind

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not (ohif.FOLDER / "dist").is_dir(), reason="OHIF is not here: `make test-ohif`"),
]
SIDE = 2048  # pixels of the radiograph
LEFT, TOP, WIDTH, HEIGHT = 1450, 1450, 300, 240  # what the reader draws


class Corrected(NamedTuple):
    """A study with a SEG by the model, and one by a reader."""

    port: int
    study_uid: str
    model: pydicom.Dataset
    reader: pydicom.Dataset


@pytest.fixture(scope="module")
def corrected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corrected]:
    """The whole service with one study whose finding was drawn anew, and OHIF beside it."""
    folder = tmp_path_factory.mktemp("ohif")
    with running_service(folder / "home") as service:
        uid = send_studies(service, folder / "phantoms", 1, kind=PhantomKind.PYLORIC_STENOSIS)[0]
        command = [sys.executable, "-m", "benchmarks.viewer_server", str(service.home)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout is not None
                port = int(server.stdout.readline().removeprefix("port "))
                study = f"http://127.0.0.1:{port}/api/studies/{uid}"
                before = _finding(study)
                _draw(study, before["id"])
                after = _drawn(study)
                segs = [
                    pydicom.dcmread(_file(service.home, uid, each["segment"])) for each in (before, after)
                ]
                yield Corrected(port, uid, *segs)
            finally:
                server.terminate()


def _finding(study: str) -> dict[str, Any]:
    record = httpx.get(study).raise_for_status().json()
    found: dict[str, Any] = next(each for each in record["findings"] if each["segment"])
    return found


def _draw(study: str, finding_id: str) -> None:
    mask = {"left": LEFT, "top": TOP, "width": WIDTH, "height": HEIGHT, "runs": [0, WIDTH * HEIGHT]}
    wish = {"mask": mask, "reader": "Reader^One"}
    httpx.post(f"{study}/findings/{finding_id}/mask", json=wish).raise_for_status()


def _drawn(study: str) -> dict[str, Any]:
    until = time.monotonic() + 120
    while not (found := _finding(study))["drawn_by"]:
        assert time.monotonic() < until, "no SEG was made of the mask"
        time.sleep(0.2)
    return found


def _file(home: Path, study_uid: str, segment: dict[str, str]) -> Path:
    return home / "archive" / study_uid / segment["series_uid"] / f"{segment['instance_uid']}.dcm"


@pytest.fixture
def page(corrected: Corrected) -> Iterator[Page]:
    """OHIF with the radiograph drawn."""
    with a_browser() as browser:
        page = a_context(browser).new_page()
        page.goto(OHIF.study.format(port=corrected.port, uid=corrected.study_uid), wait_until="commit")
        wait(page, "benchmark.seen.radiograph")
        yield page


def _coloured(page: Page) -> np.ndarray:
    """Return where OHIF shows colour, as an image of the radiograph: bool (256, 256)."""
    pixels = page.evaluate(
        """() => { const shown = document.querySelector('canvas.cornerstone-canvas');
        const side = Math.min(shown.width, shown.height), copy = document.createElement('canvas');
        copy.width = copy.height = 256;
        const context = copy.getContext('2d');
        const left = (shown.width - side) / 2, top = (shown.height - side) / 2;
        context.drawImage(shown, left, top, side, side, 0, 0, 256, 256);
        return Array.from(context.getImageData(0, 0, 256, 256).data); }"""
    )
    color = np.array(pixels, np.uint8).reshape(256, 256, 4)[..., :3].astype(int)
    found: np.ndarray = color.max(-1) - color.min(-1) > 30
    return found


def _mask(seg: pydicom.Dataset) -> np.ndarray:
    frames: np.ndarray = seg.pixel_array.reshape(-1, SIDE, SIDE)
    found: np.ndarray = frames.max(axis=0)[4::8, 4::8] > 0
    return found


@pytest.mark.parametrize("by", ["model", "reader"])
def test_ohif_draws_a_seg_where_it_lies(page: Page, corrected: Corrected, by: str, tmp_path: Path) -> None:
    seg: pydicom.Dataset = getattr(corrected, by)
    assert (seg.SegmentSequence[0].SegmentAlgorithmType == "AUTOMATIC") == (by == "model")
    page.locator(f'[data-cy="study-browser-thumbnail-no-image"][data-series="{seg.SeriesNumber}"]').dblclick()
    wait(page, "benchmark.seen.overlay")
    page.wait_for_timeout(1_000)
    page.screenshot(path=tmp_path / f"{by}.png")
    shown, drawn = _coloured(page), _mask(seg)
    overlap = 2 * np.count_nonzero(shown & drawn) / (np.count_nonzero(shown) + np.count_nonzero(drawn))
    assert overlap > 0.95
