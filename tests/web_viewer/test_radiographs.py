from __future__ import annotations

import gzip

import cv2
import httpx
import numpy as np
import pydicom
import pytest
from fastapi.testclient import TestClient
from pydicom.uid import RLELossless

import study.pixels
from study.intake import Intake
from study.ledger import Ledger
from study.pixels import display_values
from tests.web_viewer.studies import (
    COLUMNS,
    ROWS,
    SegmentedStudy,
    a_drafted_study,
    a_dx,
    a_skipped_study,
    pixels,
    take,
)
from web_viewer.rendering import halved


def url(study: SegmentedStudy, what: str) -> str:
    return f"/api/studies/{study.study_uid}/radiographs/{study.instance_uid}/{what}"


def test_the_pixels_arrive_as_they_were_stored(client: TestClient, drafted: SegmentedStudy):
    answer = client.get(url(drafted, "image"))
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["vary"] == "Accept-Encoding"
    received = np.frombuffer(answer.content, "<u2").reshape(ROWS, COLUMNS)
    np.testing.assert_array_equal(received, pixels())


def test_half_the_size_holds_the_rounded_means_of_four(client: TestClient, drafted: SegmentedStudy):
    answer = client.get(url(drafted, "image/half"))
    assert answer.headers["content-encoding"] == "gzip"
    received = np.frombuffer(answer.content, "<u2").reshape(ROWS // 2, COLUMNS // 2)
    blocks = pixels().reshape(ROWS // 2, 2, COLUMNS // 2, 2).astype(int)
    np.testing.assert_array_equal(received, (blocks.sum(axis=(1, 3)) + 2) // 4)


@pytest.mark.parametrize("shape", [(1, 1), (1, 6), (5, 1), (5, 7)])
def test_half_of_an_odd_size_leaves_the_last_row_and_column_out(shape: tuple[int, int]):
    values = np.arange(np.prod(shape), dtype=np.uint16).reshape(shape) + 65_400
    half = halved(values)
    assert half.shape == (max(1, shape[0] // 2), max(1, shape[1] // 2))
    corner = values[: min(2, shape[0]), : min(2, shape[1])]
    assert half[0, 0] == int(corner.mean() + 0.5)


def test_a_client_that_knows_no_gzip_gets_plain_pixels(client: TestClient, drafted: SegmentedStudy):
    answer = client.get(url(drafted, "image"), headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in answer.headers
    assert len(answer.content) == ROWS * COLUMNS * 2


def test_the_description_says_how_to_show_them(client: TestClient, drafted: SegmentedStudy):
    shown = client.get(url(drafted, "image.json")).json()
    expected = {
        "rows": ROWS,
        "columns": COLUMNS,
        "bits": 12,
        "minimum": 0,
        "maximum": 3071,
        "inverted": False,
        "window_center": 1536,
        "window_width": 3072,
        "voi_function": "LINEAR",
        "offset": 0,
        "slope": 1,
        "imager_pixel_spacing_mm": [0.2, 0.2],
        "laterality_marker": "R",
    }
    assert {k: shown[k] for k in expected} == expected


def test_what_the_browser_holds_is_not_sent_again(client: TestClient, drafted: SegmentedStudy):
    for what in ("image", "image/half", "image.json", "preview.jpg", "overlay"):
        first = client.get(url(drafted, what))
        assert first.status_code == 200, (what, first.text)
        assert first.headers["cache-control"].startswith("private")
        again = client.get(url(drafted, what), headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        other = client.get(url(drafted, what), headers={"If-None-Match": '"something else"'})
        assert other.status_code == 200


def test_the_preview_looks_as_the_window_says(client: TestClient, drafted: SegmentedStudy):
    answer = client.get(url(drafted, "preview.jpg"))
    assert answer.headers["content-type"] == "image/jpeg"
    image = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_UNCHANGED)
    wanted = display_values(drafted.radiograph) * 255
    assert image.shape == (ROWS, COLUMNS)
    assert np.abs(image.astype(float) - wanted).mean() < 4  # JPEG is lossy


def test_the_overlay_sets_the_findings_bit_inside_its_mask(client: TestClient, drafted: SegmentedStudy):
    answer = client.get(url(drafted, "overlay"))
    bits = np.frombuffer(answer.content, np.uint8).reshape(ROWS, COLUMNS)
    np.testing.assert_array_equal(bits, drafted.mask.astype(np.uint8) << 1)  # segment number 2
    assert answer.headers["cache-control"] == "private, no-cache"


def test_without_a_finding_there_is_no_overlay(client: TestClient, intake: Intake, ledger: Ledger):
    normal = a_drafted_study(intake, ledger, critical=False)
    answer = client.get(url(normal, "overlay"))
    assert (answer.status_code, answer.content) == (204, b"")


def test_a_radiograph_that_the_model_did_not_read_is_shown_all_the_same(
    client: TestClient, intake: Intake, ledger: Ledger
):
    uid = a_skipped_study(intake, ledger, "chest")
    (listed,) = client.get(f"/api/studies/{uid}/radiographs").json()
    base = f"/api/studies/{uid}/radiographs/{listed['instance_uid']}"
    assert (listed["rows"], listed["columns"]) == (ROWS, COLUMNS)
    assert client.get(f"{base}/image").status_code == 200
    assert client.get(f"{base}/overlay").status_code == 204


def test_an_unknown_radiograph_is_not_found(client: TestClient, drafted: SegmentedStudy):
    answer = client.get(f"/api/studies/{drafted.study_uid}/radiographs/1.2.3/image")
    assert answer.status_code == 404
    assert answer.json() == {"detail": f"study {drafted.study_uid} holds no instance 1.2.3"}


def test_a_damaged_image_is_answered_with_the_reason(client: TestClient, intake: Intake, ledger: Ledger):
    damaged = a_drafted_study(intake, ledger, critical=False, PhotometricInterpretation="PALETTE COLOR")
    answer = client.get(url(damaged, "image"))
    assert answer.status_code == 422
    assert "neither MONOCHROME1 nor MONOCHROME2" in answer.json()["detail"]


def test_pixels_are_compressed_the_same_each_time(client: TestClient, drafted: SegmentedStudy):
    bodies = []
    for _ in range(2):
        request = client.build_request("GET", url(drafted, "image"))
        response: httpx.Response = client.send(request, stream=True)
        bodies.append(b"".join(response.iter_raw()))
    assert bodies[0] == bodies[1]
    assert len(gzip.decompress(bodies[0])) == ROWS * COLUMNS * 2


def test_pixels_are_decoded_in_another_process(
    client: TestClient, drafted: SegmentedStudy, monkeypatch: pytest.MonkeyPatch
):
    def unexpected(_: pydicom.Dataset) -> None:
        raise AssertionError("decoded in this process")

    monkeypatch.setattr(study.pixels, "stored_values", unexpected)
    for what in ("image", "preview.jpg"):
        assert client.get(url(drafted, what)).status_code == 200, what


def test_a_bomb_is_answered_with_the_reason_and_the_next_picture_is_shown(
    client: TestClient, intake: Intake, ledger: Ledger, drafted: SegmentedStudy
):
    bomb = a_dx()
    bomb.compress(RLELossless, generate_instance_uid=False)
    bomb.Rows = bomb.Columns = 65535
    ref = take(intake, bomb)
    base = f"/api/studies/{ref.study_uid}/radiographs/{ref.instance_uid}"
    for what in ("image", "preview.jpg"):
        answer = client.get(f"{base}/{what}")
        assert (answer.status_code, "65535 x 65535 pixels" in answer.text) == (422, True)
    assert client.get(url(drafted, "image")).status_code == 200
