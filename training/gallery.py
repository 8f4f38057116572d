"""Draw the gallery of the documentation: each kind of phantom, plain and with its ground truth."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from study.findings import by_segment_number
from study.model import View
from training.phantom import Phantom, PhantomKind, draw_phantom

if TYPE_CHECKING:
    from numpy.typing import NDArray

CELL = 270  # pixels
SHOWN: tuple[tuple[PhantomKind, int, View, int], ...] = (  # kind, seed, view, months
    (PhantomKind.NORMAL, 2, View.SUPINE, 96),
    (PhantomKind.NORMAL, 1, View.ERECT, 2),
    (PhantomKind.PYLORIC_STENOSIS, 1, View.SUPINE, 1),
    (PhantomKind.PYLORIC_STENOSIS, 2, View.ERECT, 2),
    (PhantomKind.PNEUMOPERITONEUM, 30, View.ERECT, 60),
    (PhantomKind.PNEUMOPERITONEUM, 33, View.SUPINE, 0),
    (PhantomKind.AIR_FLUID_LEVELS, 31, View.ERECT, 30),
    (PhantomKind.AIR_FLUID_LEVELS, 33, View.ERECT, 150),
    (PhantomKind.CONSTIPATION, 11, View.SUPINE, 60),
    (PhantomKind.CONSTIPATION, 16, View.SUPINE, 120),
)
_GREYS = 6  # grey values are rounded to multiples of this: a smaller file


def gallery() -> NDArray[np.uint8]:
    """Return the gallery, BGR uint8 (H, W, 3): a row a class, two phantoms, each plain and overlaid."""
    cells = []
    for kind, seed, view, months in SHOWN:
        phantom = draw_phantom(seed, kind, view=view, age_months=months, size=(1024, 1024))
        caption = f"{view.value}, {months} mo"
        cells.append(np.hstack([_cell(phantom, f"{kind.value}", False), _cell(phantom, caption, True)]))
    rows = [np.hstack(cells[index : index + 2]) for index in range(0, len(cells), 2)]
    return np.vstack(rows)


def _cell(phantom: Phantom, caption: str, overlaid: bool) -> NDArray[np.uint8]:
    shown = phantom.attenuation_image / (2**phantom.bits_stored - 1) * 255
    small = cv2.resize(shown, (CELL, CELL), interpolation=cv2.INTER_AREA)
    grey = (np.round(small / _GREYS) * _GREYS).clip(0, 255).astype(np.uint8)
    picture = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    if overlaid:
        for number, mask in enumerate(phantom.mask, start=1):
            outline = cv2.resize(mask.astype(np.uint8), (CELL, CELL), interpolation=cv2.INTER_AREA)
            edges, _ = cv2.findContours(outline, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
            cv2.drawContours(picture, edges, -1, by_segment_number(number).color[::-1], 1)
    cv2.putText(picture, caption, (5, CELL - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.36, (255, 255, 255), 1)
    return np.asarray(picture, np.uint8)


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/img/phantoms.png")
    target.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(target), gallery(), [cv2.IMWRITE_PNG_COMPRESSION, 9])
