"""Write the figures of an evaluation into docs/vision.md: ``python -m training.vision_page REPORT``.

REPORT is the folder that ``kidray evaluate --record --out REPORT`` wrote; its plots go to docs/img/vision.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from training import figure_tables as tables
from training.document import Block, Heading, Paragraph, Picture, as_markdown
from training.evaluate import IMAGES, METRICS_FILE
from training.failures import FailureSort
from training.figure_tables import parts_of, pooled_sentence
from training.report import PLOTS, failure_caption
from training.unread_figures import unread_sentence, unread_table

BEGIN, END = "<!-- figures begin -->", "<!-- figures end -->"
PICTURES = "img/vision"
EACH = 2  # failures of every sort and set


def write_page(report: Path, page: Path) -> None:
    """Put the figures of a report between the page's marks, and its plots beside the page.

    Raises
    ------
    ValueError
        If the page has no marks.
    """
    metrics = json.loads((report / METRICS_FILE).read_text(encoding="utf-8"))
    text = page.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} has no place for figures: {BEGIN} and {END}")
    page.write_text(f"{before}{BEGIN}\n\n{figures_text(metrics)}\n{END}{after}", encoding="utf-8")
    folder = page.parent / PICTURES
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for block in _blocks(metrics):
        if isinstance(block, Picture):
            name = Path(block.path).name
            shutil.copy(report / IMAGES / name, folder / name)


def figures_text(metrics: Mapping[str, Any]) -> str:
    """Return what stands between the marks, as Markdown."""
    return as_markdown(list(_blocks(metrics)))


def _blocks(metrics: Mapping[str, Any]) -> Iterator[Block]:
    model, run = metrics["model"], metrics["run"]
    yield Paragraph(
        f"{model['name']} {model['version']} (SHA-256 of the network `{model['sha256'][:16]}…`), evaluated "
        f"on {run['date']} in {run['minutes']} minutes with {run['runtime']}, {run['threads']} threads."
    )
    for number, part in enumerate(parts_of(metrics), start=1):
        yield from _part(part, number)


def _part(part: Mapping[str, Any], number: int) -> Iterator[Block]:
    yield Heading(3, part["test"]["title"])
    yield Paragraph(part["test"]["description"])
    yield tables.figure_table(part)
    yield Paragraph(" ".join(filter(None, (unread_sentence(part), pooled_sentence(part)))))
    for table, plot in (
        (tables.comparison_table(part), None),
        (tables.severity_table(part), "severity"),
        (tables.mimic_table(part), None),
        (tables.subgroup_table(part), "subgroups"),
        (tables.outline_table(part), "dice"),
        (tables.lesion_table(part), "froc"),
        (tables.calibration_table(part), "reliability"),
        (unread_table(part), None),
    ):
        if table.rows:
            yield table
        if plot is not None and (plot != "severity" or part["by_severity"]):
            yield Picture(f"{PICTURES}/set{number}-{plot}.png", PLOTS[plot])
    for sort in FailureSort:
        chosen = [each for each in part.get("failures", []) if each["sort"] == sort.value]
        for each in chosen[:EACH]:
            yield Picture(f"{PICTURES}/{Path(each['picture']).name}", failure_caption(each))


if __name__ == "__main__":
    write_page(Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) > 2 else "docs/vision.md"))
