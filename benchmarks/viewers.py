"""The viewers that are measured beside each other, and how one works with each."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from playwright.sync_api import Page


class Viewer(NamedTuple):
    """A viewer, and how one works with it.

    Attributes
    ----------
    home, study
        Addresses, with ``{port}`` and ``{uid}`` to be filled in.
    show_overlay
        What has to be done before the overlay is there, once the radiograph is; None where nothing has.
    every_pixel
        Gives the moment since when every pixel is there, where that is later than the radiograph is seen.
    between
        Whether the reader goes back to the list between two studies.
    """

    name: str
    home: str
    study: str
    show_overlay: Callable[[Page], None] | None
    every_pixel: str | None
    between: bool


def _open_segmentation(page: Page) -> None:
    """Do as a reader of OHIF does: a double click on the SEG in the list of series."""
    series = page.locator('[data-cy="study-browser-thumbnail-no-image"]').filter(has_text="SEG")
    series.first.dblclick()


KIDRAY = Viewer(
    "Kidray",
    "http://127.0.0.1:{port}/",
    "http://127.0.0.1:{port}/viewer?StudyInstanceUID={uid}",
    None,
    'performance.getEntriesByName("kidray:every-pixel-drawn")[0]?.startTime',
    between=False,
)
OHIF = Viewer(
    "OHIF",
    "http://localhost:{port}/",
    "http://localhost:{port}/viewer?StudyInstanceUIDs={uid}",
    _open_segmentation,
    None,
    between=True,
)
