"""Read a table of radiographs with what is known of each: a CSV file with a line an image."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from study.findings import FINDINGS, FindingLabel
from study.model import View
from training.annotation import NORMAL
from training.given_item import Item, finding_called, free_id
from training.importing import Problem
from training.layout import LayoutError

MASK_COLUMNS = {f"mask_{label.value}": label for label in FINDINGS}
COLUMNS = (
    "image", "mask", *MASK_COLUMNS, "findings", "patient", "view", "age_months",
    "row_spacing_mm", "column_spacing_mm", "split",
)  # fmt: skip


def items_of_table(source: Path) -> Iterator[Item | Problem]:
    """Yield what each line of a CSV file says; paths in it are relative to it.

    Raises
    ------
    LayoutError
        If it has no column of images, or no other that is known.
    """
    try:
        text = source.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        text = source.read_text(encoding="cp949")  # a spreadsheet on Korean Windows
    rows = csv.DictReader(text.splitlines())
    named = [(name or "").strip().casefold() for name in rows.fieldnames or []]
    if "image" not in named or len(named) < 2:
        raise LayoutError(
            f"{source} is no table of radiographs: its columns are {', '.join(named) or 'none'}; accepted "
            f"are {', '.join(COLUMNS)}, separated by commas; image is needed"
        )
    rows.fieldnames = named
    unknown = [name for name in named if name and name not in COLUMNS]
    if unknown:
        yield Problem(
            source.name, f"the columns {', '.join(unknown)} are not known and were not read",
            f"known are {', '.join(COLUMNS)}", left_out=False,
        )  # fmt: skip
    taken: set[str] = set()
    for line, row in enumerate(rows, start=2):
        entry = {name: (value or "").strip() for name, value in row.items() if isinstance(name, str)}
        try:
            yield _item_of(entry, source.parent, taken)
        except (ValueError, KeyError) as error:
            cause = f"line {line}: {error.args[0] if error.args else error}"
            yield Problem(f"{source.name}", cause, "correct the line, or take it out")


def _item_of(entry: dict[str, str], folder: Path, taken: set[str]) -> Item:
    """Return what a line of a table says; raises ValueError with what is wrong."""
    if not entry["image"]:
        raise ValueError("it names no image")
    name = free_id(Path(entry["image"]).with_suffix("").as_posix(), taken)
    spacing = entry.get("row_spacing_mm"), entry.get("column_spacing_mm")
    return Item(
        id=name,
        file=entry["image"],
        image=folder / entry["image"],
        masks=(folder / entry["mask"],) if entry.get("mask") else (),
        by_finding={label: folder / entry[c] for c, label in MASK_COLUMNS.items() if entry.get(c)},
        findings=_findings(entry["findings"]) if entry.get("findings") else None,
        patient=entry.get("patient") or None,
        view=_view(entry.get("view", "")),
        age_months=int(entry["age_months"]) if entry.get("age_months") else None,
        spacing_mm=(float(spacing[0]), float(spacing[1])) if spacing[0] and spacing[1] else None,
        source_split=entry.get("split", ""),
    )


def _findings(text: str) -> tuple[FindingLabel, ...]:
    names = [part.strip() for part in re.split(r"[;|+]", text) if part.strip()]
    if [name.casefold() for name in names] in ([NORMAL], ["none"]):
        return ()
    labels = [finding_called(name) for name in names]
    if None in labels:
        unknown = names[labels.index(None)]
        raise ValueError(f"{unknown!r} is no finding; known are {', '.join(FINDINGS)}, and {NORMAL}")
    return tuple(label for label in labels if label is not None)


def _view(name: str) -> View:
    plain = re.sub(r"[\s.-]+", "_", name.strip()).casefold() or View.UNKNOWN.value
    if plain not in {view.value for view in View}:
        raise ValueError(f"{name!r} is no view; known are {', '.join(View)}")
    return View(plain)
