"""The comparison itself: what it lets pass, and what it must not."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.pictures import files
from tests.pictures.likeness import MOST_TILES, Box, Picture, alike, other_tiles

GREY, PANEL, VERMILION = (90, 90, 90), (21, 26, 33), (213, 94, 0)


def a_page(
    *, overlay: bool = True, panel_at: int = 1000, area: str = "521 mm2", line_at: int = 240
) -> Picture:
    """A picture like those of the viewer: a grey radiograph with noise and an outline, a panel with text."""
    noise = np.random.default_rng(7).normal(0, 4, (900, 1440)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 1.2)[..., None]
    page = np.clip(np.full((900, 1440, 3), GREY) + smooth, 0, 255).astype(np.uint8)
    if overlay:
        tinted = page.copy()
        cv2.ellipse(tinted, (400, 300), (110, 36), 0, 0, 360, VERMILION, -1)
        page = cv2.addWeighted(tinted, 0.34, page, 0.66, 0)
        cv2.ellipse(page, (400, 300), (110, 36), 0, 0, 360, VERMILION, 2)
    page[:, panel_at:] = PANEL
    for row in range(8):
        text = area if row == 0 else "Free intraperitoneal gas in the upper quadrant"
        at = (panel_at + 20, (line_at if row == 3 else 140 + 34 * row))
        cv2.putText(page, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (230, 233, 238), 1, cv2.LINE_AA)
    return page


def test_a_page_is_like_itself():
    assert other_tiles(a_page(), a_page()) == []


def test_a_picture_kept_with_few_colours_is_like_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(files, "FOLDER", tmp_path)
    assert files.keep("page", a_page()) < files.LARGEST
    assert len(other_tiles(files.read("page"), a_page())) <= 1


def test_another_digit_of_an_area_is_let_pass():
    assert alike(a_page(), a_page(area="522 mm2"))


def test_an_outline_that_is_a_pixel_off_is_let_pass():
    moved = a_page()
    moved[200:400, 200:600] = np.roll(a_page(), 1, axis=1)[200:400, 200:600]
    assert alike(a_page(), moved)


def test_an_overlay_that_vanished_is_not():
    assert not alike(a_page(), a_page(overlay=False))


@pytest.mark.parametrize("by", [-10, 10])
def test_a_panel_that_moved_by_ten_pixels_is_not(by: int):
    assert not alike(a_page(), a_page(panel_at=1000 + by))


def test_a_line_of_text_that_moved_by_ten_pixels_is_not():
    assert not alike(a_page(), a_page(line_at=250))


def test_another_size_is_not():
    assert not alike(a_page(), a_page()[:-1])


def test_what_is_never_the_same_twice_is_left_out():
    changed = a_page()
    changed[500:700, 1100:1400] = 255
    assert len(other_tiles(a_page(), changed)) > MOST_TILES
    assert alike(a_page(), changed, [Box(1100, 500, 300, 200)])
