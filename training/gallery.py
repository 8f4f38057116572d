"""Draw the gallery of the documentation: what phantoms show, plain and with the ground truth outlined."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from study.findings import FindingLabel, by_segment_number
from training.case import Appliance, Mimic, PhantomKind, Projection, Site
from training.phantom import Phantom, draw_phantom
from training.strangers import StrangerKind, draw_stranger

if TYPE_CHECKING:
    from numpy.typing import NDArray

DRAWN = (768, 672)
_GREYS = 8  # grey values are rounded to multiples of this: a smaller file
_SUPINE, _ERECT = Projection.SUPINE, Projection.ERECT
_DECUBITUS, _CROSS_TABLE = Projection.LEFT_LATERAL_DECUBITUS, Projection.CROSS_TABLE_LATERAL


class Cell(NamedTuple):
    """One picture: its caption, its phantom, whether the ground truth is outlined."""

    caption: str
    phantom: Phantom
    outlined: bool


def severities() -> list[Cell]:
    """Return a row a finding: one child, subtle to gross, each plain and outlined."""
    rows = (
        (PhantomKind.PYLORIC_STENOSIS, 3, _SUPINE, 1),
        (PhantomKind.PNEUMOPERITONEUM, 24, _ERECT, 60),
        (PhantomKind.PNEUMOPERITONEUM, 201, _SUPINE, 0),
        (PhantomKind.AIR_FLUID_LEVELS, 10, _ERECT, 24),
        (PhantomKind.CONSTIPATION, 11, _SUPINE, 60),
    )
    cells = []
    for kind, seed, view, months in rows:
        name = kind.value.replace("_", " ")
        for severity in (0.0, 0.5, 1.0):
            phantom = draw_phantom(seed, kind, view=view, age_months=months, severity=severity, size=DRAWN)
            cells += [
                Cell(f"{name} {severity:.1f}", phantom, False),
                Cell(f"{view.value}, {months} mo", phantom, True),
            ]
    return cells


def ages() -> list[Cell]:
    """Return normal abdomens from birth to 16 years, supine above erect."""
    months = (0, 8, 36, 96, 192)
    return [
        Cell(
            f"{view.value}, {age} mo",
            draw_phantom(40 + age, PhantomKind.NORMAL, view=view, age_months=age, size=DRAWN),
            False,
        )
        for view in (_SUPINE, _ERECT)
        for age in months
    ]


def projections() -> list[Cell]:
    """Return free gas as each projection shows it, subtle above plain."""
    rows = ((0.15, (600, 601, 602, 607)), (0.8, (608, 609, 610, 611)))
    cells = []
    for severity, seeds in rows:
        for seed, view in zip(seeds, (_SUPINE, _ERECT, _DECUBITUS, _CROSS_TABLE), strict=True):
            phantom = draw_phantom(
                seed, PhantomKind.PNEUMOPERITONEUM, view=view, severity=severity, size=DRAWN
            )
            caption = view.value.replace("_", " ")
            cells += [Cell(caption, phantom, False), Cell(f"severity {severity}", phantom, True)]
    return cells


def mimics() -> list[Cell]:
    """Return each look-alike in a normal abdomen, and last free gas for comparison."""
    shown = (
        (Mimic.CHILAIDITI, 503, _ERECT, 150),
        (Mimic.SKIN_FOLD, 504, _SUPINE, 2),
        (Mimic.LARGE_GASTRIC_BUBBLE, 502, _SUPINE, 80),
        (Mimic.SUBPULMONIC_GAS, 500, _ERECT, 2),
        (Mimic.PREPERITONEAL_FAT, 506, _ERECT, 80),
        (Mimic.GAS_AT_LIVER_EDGE, 501, _ERECT, 30),
        (Mimic.METEORISM, 501, _ERECT, 30),
        (Mimic.PHYSIOLOGICAL_LEVELS, 503, _ERECT, 150),
        (Mimic.CLOTHING_FOLD, 502, _ERECT, 80),
        (Mimic.STOOL_AT_LIMIT, 506, _SUPINE, 80),
        (Mimic.CALCIFIED_NODE, 501, _ERECT, 30),
    )
    cells = [
        Cell(
            mimic.value.replace("_", " "),
            draw_phantom(seed, PhantomKind.NORMAL, view=view, age_months=age, mimics=[mimic], size=DRAWN),
            False,
        )
        for mimic, seed, view, age in shown
    ]
    true = draw_phantom(609, PhantomKind.PNEUMOPERITONEUM, view=_ERECT, severity=0.4, size=DRAWN)
    return [*cells, Cell("for comparison: free gas", true, True)]


def together() -> list[Cell]:
    """Return combinations of findings, then appliances."""
    levels, stool = FindingLabel.AIR_FLUID_LEVELS, FindingLabel.CONSTIPATION
    asked: tuple[tuple[int, PhantomKind, Projection, tuple[FindingLabel, ...]], ...] = (
        (82, PhantomKind.PNEUMOPERITONEUM, _ERECT, (levels,)),
        (83, PhantomKind.AIR_FLUID_LEVELS, _ERECT, (stool,)),
        (84, PhantomKind.PNEUMOPERITONEUM, _SUPINE, (stool,)),
    )
    cells = []
    for seed, kind, view, also in asked:
        phantom = draw_phantom(seed, kind, view=view, also=also, size=DRAWN)
        cells += [Cell("two findings", phantom, False), Cell("ground truth", phantom, True)]
    for appliance in Appliance:
        newborn = appliance in (Appliance.UMBILICAL_CATHETERS, Appliance.NASOGASTRIC_TUBE)
        phantom = draw_phantom(
            110, PhantomKind.NORMAL, view=_SUPINE, age_months=0 if newborn else 40, appliances=[appliance],
            size=DRAWN,
        )  # fmt: skip
        cells.append(Cell(appliance.value.replace("_", " "), phantom, False))
    return cells


def sites() -> list[Cell]:
    """Return the same cases at both sites, A beside B."""
    asked = (
        (90, PhantomKind.NORMAL, _ERECT),
        (93, PhantomKind.PNEUMOPERITONEUM, _SUPINE),
        (94, PhantomKind.AIR_FLUID_LEVELS, _ERECT),
        (95, PhantomKind.CONSTIPATION, _SUPINE),
    )
    return [
        Cell(f"site {site.value}", draw_phantom(seed, kind, view=view, site=site, size=DRAWN), False)
        for seed, kind, view in asked
        for site in Site
    ]


def strangers() -> list[Cell]:
    """Return one stranger of each kind."""
    return [Cell(kind.value.replace("_", " "), draw_stranger(3, kind, DRAWN), False) for kind in StrangerKind]


SHEETS: dict[str, tuple[Callable[[], list[Cell]], int, int]] = {  # cells, columns, width of a cell
    "phantoms": (severities, 6, 250),
    "phantom-ages": (ages, 5, 280),
    "phantom-views": (projections, 8, 220),
    "phantom-mimics": (mimics, 4, 300),
    "phantom-together": (together, 6, 260),
    "phantom-sites": (sites, 4, 300),
    "phantom-strangers": (strangers, 6, 220),
}


def sheet(cells: Sequence[Cell], columns: int, width: int) -> NDArray[np.uint8]:
    """Return pictures in rows of `columns`, each `width` pixels wide, BGR uint8 (H, W, 3)."""
    pictures = [_picture(cell, width) for cell in cells]
    rows = [np.hstack(pictures[first : first + columns]) for first in range(0, len(pictures), columns)]
    return np.vstack(rows)


def _picture(cell: Cell, width: int) -> NDArray[np.uint8]:
    phantom, size = cell.phantom, (width, round(width * DRAWN[0] / DRAWN[1]))
    shown = phantom.attenuation_image / (2**phantom.bits_stored - 1) * 255
    small = cv2.resize(shown, size, interpolation=cv2.INTER_AREA)
    grey = (np.round(small / _GREYS) * _GREYS).clip(0, 255).astype(np.uint8)
    picture = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    if cell.outlined:
        for number, mask in enumerate(phantom.mask, start=1):
            outline = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_AREA)
            edges, _ = cv2.findContours(outline, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
            cv2.drawContours(picture, edges, -1, by_segment_number(number).color[::-1], 1)
    captioned = cv2.copyMakeBorder(picture, 0, 18, 0, 2, cv2.BORDER_CONSTANT, value=(40, 40, 40))
    at = (4, size[1] + 13)
    cv2.putText(captioned, cell.caption, at, cv2.FONT_HERSHEY_SIMPLEX, 0.4, (255, 255, 255), 1, cv2.LINE_AA)
    return np.asarray(captioned, np.uint8)


def write_gallery(folder: Path) -> None:
    """Write every sheet as a PNG into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (cells, columns, width) in SHEETS.items():
        _, content = cv2.imencode(".png", sheet(cells(), columns, width), [cv2.IMWRITE_PNG_COMPRESSION, 9])
        content.tofile(folder / f"{name}.png")


if __name__ == "__main__":
    write_gallery(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/img"))
