"""One radiograph of a given set: where its image and truth are, and what is known beside them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from study.findings import FINDINGS, FindingLabel
from study.model import View
from training.importing import Problem


@dataclass(frozen=True)
class Item:
    """One radiograph of a set and what is known of it before anything is decoded.

    Attributes
    ----------
    file
        Its path in the source, for problems.
    masks
        Files of segment numbers, or DICOM SEG.
    by_finding
        Files that show one finding each.
    findings
        As a table names them; None where nothing says which there are.
    patient
        What its images share; None: the header says, or each image stands for itself.
    """

    id: str
    file: str
    image: Path
    masks: tuple[Path, ...] = ()
    by_finding: dict[FindingLabel, Path] = field(default_factory=dict)
    findings: tuple[FindingLabel, ...] | None = None
    patient: str | None = None
    view: View = View.UNKNOWN
    age_months: int | None = None
    spacing_mm: tuple[float, float] | None = None
    source_split: str = ""


def parted(found: Iterable[Item | Problem]) -> tuple[list[Item], list[Problem]]:
    """Return the items, and the problems, each in their order."""
    items, problems = list[Item](), list[Problem]()
    for one in found:
        if isinstance(one, Item):
            items.append(one)
        else:
            problems.append(one)
    return items, problems


def free_id(name: str, taken: set[str]) -> str:
    """Return an id that fits a file's name and that nothing else of the set has."""
    plain = re.sub(r"[^0-9a-z가-힣._-]+", "-", name.casefold()).strip("-.") or "image"
    free, number = plain, 2
    while free in taken:
        free, number = f"{plain}-{number}", number + 1
    taken.add(free)
    return free


def finding_called(name: str) -> FindingLabel | None:
    """Return the finding of that label; None where it is none: nothing is guessed."""
    plain = re.sub(r"[\s.-]+", "_", name.strip()).casefold()
    return next((label for label in FINDINGS if label.value == plain), None)
