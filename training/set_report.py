"""Describe an imported data set: what it holds, how it was split, what repeats, what was left out."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from study.findings import FINDINGS
from training.annotation import NORMAL
from training.grouping import leakage, repeated
from training.importing import Problem
from training.manifest import Row
from training.split import Split


class Notes(NamedTuple):
    """What a report says of a source besides its figures: licence, outlines, what a case is."""

    licence: str
    outlines: str
    cases: str


AIHUB = Notes(
    licence="The licence of this set was not seen by the authors of this program. Read yours before you use "
    "it: no image of it may be passed on without that, this report's pictures included, and weights trained "
    "on it need a legal review before they leave your institution.",
    outlines="Boxes became no masks: a box holds far more than the finding. Such radiographs, and those "
    "whose polygons are missing, are known as an image only; training of outlines leaves them out. A normal "
    "radiograph has no outline, and counts as known.",
    cases="A case is what shares a patient ID, or a case number where the set has no ID: whether two numbers "
    "are two patients, the set does not say, nor which real radiograph a synthetic one was made from. A "
    "figure on its test split may still be too good.",
)
GIVEN = Notes(
    licence="Radiographs of patients need an ethics board's approval and de-identification, and weights that "
    "were trained on them inherit their licence. This report's pictures show them, with whatever is burnt "
    "into their pixels.",
    outlines="A radiograph whose findings are named but not outlined is known as an image only; training of "
    "outlines leaves it out. One without any finding has no outline, and counts as known: whoever gave the "
    "set vouches for that.",
    cases="A case is what shares a patient: the Patient ID of DICOM images, the column `patient`, what "
    "`--patient` finds in a path, or the first sub-folder. Where none of them is there, each image stands "
    "for itself, and two images of one patient may lie in two splits.",
)
_SHOWN_FILES = 20
_LARGE_CASE = 50  # images of one patient: more is likely a placeholder for a removed ID
_CATEGORIES = (*(label.value for label in FINDINGS), NORMAL)


def report_text(
    rows: Sequence[Row], problems: Sequence[Problem], *, sheet: str | None = None, notes: Notes = AIHUB
) -> str:
    """Return the report as Markdown; `sheet` is the contact sheet's path relative to it."""
    parts = [
        f"# Imported data set\n\n{len(rows)} radiographs of {len({row.case for row in rows})} cases.",
        notes.licence,
        _counts(rows),
        _truths(rows, notes),
        _measures(rows),
        _repeats(rows),
        _leaks(rows, notes),
        _odd(problems),
    ]
    if sheet:
        parts.append(f"## Pictures\n\nOutlines in the findings' colours.\n\n![contact sheet]({sheet})")
    return "\n\n".join(parts) + "\n"


def write_problems(path: Path, problems: Iterable[Problem]) -> None:
    """Write every file that does not fit: its path in the source, the cause, the next step."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("file", "left_out", "cause", "next_step"))
        writer.writerows((p.file, "yes" if p.left_out else "no", p.cause, p.next_step) for p in problems)


def split_table(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """Return a line for each class, as the source files it: its name, the count in each split, the sum."""
    return [
        (category, *_by_split(rows, lambda row, category=category: row.category == category))  # type: ignore[misc]
        for category in _CATEGORIES
    ] + [("all", *_by_split(rows, lambda _: True))]


def _by_split(rows: Sequence[Row], chosen: Callable[[Row], bool]) -> tuple[str, ...]:
    counts = Counter(row.split for row in rows if chosen(row))
    return (*(str(counts[split]) for split in Split), str(sum(counts.values())))


def _table(head: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    shown = [head, ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(str(cell).replace('|', '/') for cell in line)} |" for line in shown)


def _counts(rows: Sequence[Row]) -> str:
    head = ("class of the source", *Split, "all")
    text = f"## Classes and splits\n\n{_table(head, split_table(rows))}"
    there = {(row.category, row.split) for row in rows}
    missing = [f"{c} in {s}" for c in _CATEGORIES for s in Split if (c, s) not in there]
    if missing:
        text += f"\n\n**No radiograph of** {', '.join(missing)}: no figure can be had there."
    return text


def _truths(rows: Sequence[Row], notes: Notes) -> str:
    lines: list[tuple[object, ...]] = []
    for label in FINDINGS:
        there = [row for row in rows if label in row.findings]
        outlined = _by_split(there, lambda row: bool(row.mask))
        lines.append((label, *outlined, len(there) - int(outlined[-1])))
    lines.append((NORMAL, *_by_split(rows, lambda row: not row.findings), 0))
    table = _table(("finding", *(f"{split}, outlined" for split in Split), "outlined", "image only"), lines)
    return f"## Ground truth\n\n{table}\n\n{notes.outlines}"


def _measures(rows: Sequence[Row]) -> str:
    sizes = Counter((row.rows, row.columns) for row in rows)
    spacings = [row.row_spacing_mm for row in rows if row.row_spacing_mm is not None]
    ages = [row.age_months for row in rows if row.age_months is not None]
    common = ", ".join(f"{r} x {c} ({count})" for (r, c), count in sizes.most_common(5))
    lines = [
        ("rows", _spread([row.rows for row in rows])),
        ("columns", _spread([row.columns for row in rows])),
        ("most frequent sizes", common or "none"),
        ("bits", _tally(row.bits for row in rows)),
        ("row spacing, mm", _spread(spacings)),
        ("age, months", _spread(ages)),
        ("view", _tally(row.view.value for row in rows)),
        ("split of the source", _tally(row.source_split or "none" for row in rows)),
    ]
    return f"## Sizes\n\n{_table(('what', 'values'), lines)}"


def _spread(values: Sequence[float]) -> str:
    if not values:
        return "unknown"
    low, middle, high = (float(np.quantile(values, q)) for q in (0, 0.5, 1))
    return f"{low:g} to {high:g}, median {middle:g} ({len(values)} known)"


def _tally(values: Iterable[object]) -> str:
    return ", ".join(f"{value} ({count})" for value, count in Counter(values).most_common(8)) or "none"


def _repeats(rows: Sequence[Row]) -> str:
    found = repeated(rows)
    at_odds = [group for group in found if len({row.findings for row in group}) > 1]
    text = (
        f"## Duplicates\n\n{len(found)} images occur more than once, pixel by pixel ({sum(map(len, found))} "
        f"files); {len(at_odds)} of them with different findings. Equal images stay in one split."
    )
    if not found:
        return text
    shown = (at_odds + [group for group in found if group not in at_odds])[:_SHOWN_FILES]
    lines = [(", ".join(row.source for row in group), "yes" if group in at_odds else "no") for group in shown]
    return f"{text}\n\n{_table(('files', 'findings differ'), lines)}"


def _leaks(rows: Sequence[Row], notes: Notes) -> str:
    found = leakage(rows)
    largest = Counter(row.case for row in rows).most_common(1)
    text = (
        "## Leakage between the splits\n\n"
        f"Cases in more than one split: **{found.cases}**. Equal images in more than one split: "
        f"**{found.pixels}**. Thumbnails with one difference hash in more than one split: {found.looks} "
        f"(look-alikes; look at them if there are many).\n\n{notes.cases}"
    )
    if largest and largest[0][1] > max(_LARGE_CASE, len(rows) // 10):
        text += (
            f"\n\n**One case holds {largest[0][1]} of {len(rows)} radiographs.** That looks like a "
            "placeholder in place of the patients' IDs; then the splits have not the shares they should."
        )
    return text


def _odd(problems: Sequence[Problem]) -> str:
    left_out = [problem for problem in problems if problem.left_out]
    remarks = len(problems) - len(left_out)
    text = (
        f"## Files that do not fit\n\n{len(left_out)} files were left out, {remarks} were taken with a "
        "remark; all are in problems.csv."
    )
    if not problems:
        return text
    ordered = left_out + [problem for problem in problems if not problem.left_out]
    lines = [
        (p.file, "left out" if p.left_out else "taken", p.cause, p.next_step) for p in ordered[:_SHOWN_FILES]
    ]
    return f"{text}\n\n{_table(('file', '', 'cause', 'next step'), lines)}"
