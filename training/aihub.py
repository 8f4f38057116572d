"""Find the radiographs and annotations of the AI Hub pediatric abdominal set in a folder.

Composite: ``{Train|Validation}/Source_Data/1.Pyloric_Stenosis/1_1816.png`` beside
``{Train|Validation}/Labeling_Data/1.Pyloric_Stenosis/1_1816.json``, polygons.
Precursor: ``dcm/ihps/<name>.dcm`` beside ``json/ihps/<name>.json``, boxes.
Letters may be of either case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from study.compat import StrEnum
from study.findings import FindingLabel, by_segment_number
from training.annotation import NORMAL, NORMAL_NUMBER, finding_named
from training.importing import Problem
from training.layout import DICOM_ENDINGS, IMAGE_ENDINGS, LayoutError, unknown_layout

ACCEPTED = (
    "(1) Train/Source_Data/1.Pyloric_Stenosis/1_1816.png beside Train/Labeling_Data/1.Pyloric_Stenosis/"
    "1_1816.json, class folders numbered 1 to 5; (2) dcm/ihps/NAME.dcm beside json/ihps/NAME.json, class "
    "folders ihps, pneumoperitoneum, air_fluid_level, constipation, normal"
)


class Layout(StrEnum):
    """A release of the set."""

    COMPOSITE = "composite"  # PNG and polygons
    PRECURSOR = "precursor"  # DICOM and boxes


_PARTS = {Layout.COMPOSITE: ("source_data", "labeling_data"), Layout.PRECURSOR: ("dcm", "json")}
_ENDINGS = {Layout.COMPOSITE: IMAGE_ENDINGS, Layout.PRECURSOR: DICOM_ENDINGS}


@dataclass(frozen=True)
class Entry:
    """A radiograph of the set and its annotation, where there is one."""

    layout: Layout
    id: str
    image: Path
    annotation: Path | None
    category: str  # a finding's label, or normal
    case: str  # the case number, or the file's name
    source_split: str

    @property
    def finding(self) -> FindingLabel | None:
        """The finding that the class folder names."""
        return None if self.category == NORMAL else FindingLabel(self.category)


def find_entries(source: Path) -> tuple[list[Entry], list[Problem]]:
    """Return what a folder holds of the set, in the order of the paths, and what does not fit.

    Raises
    ------
    LayoutError
        If it is laid out in no known way; the message names what was found and what is accepted.
    """
    if not source.is_dir():
        raise LayoutError(f"{source} is no folder; give the one that holds the unpacked data set")
    entries: dict[str, Entry] = {}
    problems: list[Problem] = []
    for layout, root in _roots(source):
        images, annotations = (_files(root, part) for part in _PARTS[layout])
        for one in _paired(source, layout, root, images, annotations):
            if isinstance(one, Problem):
                problems.append(one)
            elif one.id in entries:
                cause = f"a second image has the name of {entries[one.id].image.name}"
                problems.append(Problem(_shown(one.image, source), cause, "remove or rename one of them"))
            else:
                entries[one.id] = one
    if not entries and not problems:
        raise unknown_layout(source, ACCEPTED)
    return list(entries.values()), problems


def _roots(source: Path) -> Iterator[tuple[Layout, Path]]:
    folders = [source, *sorted(path for path in source.rglob("*") if path.is_dir())]
    for folder in folders:
        names = {child.name.casefold() for child in folder.iterdir() if child.is_dir()}
        yield from ((layout, folder) for layout, parts in _PARTS.items() if names.issuperset(parts))


def _files(root: Path, part: str) -> list[Path]:
    """Return every visible file in the class folders of the part of a root that has this name."""
    folders = sorted(child for child in root.iterdir() if child.is_dir() and child.name.casefold() == part)
    paths = (path for folder in folders for path in sorted(folder.rglob("*")))
    return [path for path in paths if path.is_file() and not path.name.startswith((".", "Thumbs.db"))]


def _paired(
    source: Path, layout: Layout, root: Path, images: list[Path], annotations: list[Path]
) -> Iterator[Entry | Problem]:
    by_key: dict[tuple[str | None, str], Path] = {}
    for path in annotations:
        key = (_category(layout, path), _stem(path))
        if path.suffix.casefold() != ".json":
            yield Problem(_shown(path, source), "it is no JSON file", "remove it, if it is not needed")
        elif key[0] is None:
            yield _misplaced(path, source)
        elif key in by_key:
            cause = f"a second annotation has the name of {by_key[key].name}"
            yield Problem(_shown(path, source), cause, "remove or rename one of them")
        else:
            by_key[key] = path
    for path in images:
        category = _category(layout, path)
        if path.suffix.casefold() not in _ENDINGS[layout]:
            accepted = ", ".join(sorted(_ENDINGS[layout]))
            yield Problem(_shown(path, source), f"its ending is none of {accepted}", "convert or remove it")
        elif category is None:
            yield _misplaced(path, source)
        else:
            yield _entry(source, layout, root, path, by_key.pop((category, _stem(path)), None), category)
    for path in by_key.values():
        yield Problem(_shown(path, source), "it annotates an image that is not there", "unpack the image too")


def _entry(
    source: Path, layout: Layout, root: Path, image: Path, annotation: Path | None, category: str
) -> Entry:
    inside = image.relative_to(source).with_suffix("")
    parts = [part for part in inside.parts if part.casefold() not in _PARTS[layout]]
    numbered = re.fullmatch(r"\d+_0*(\d+)", image.stem) if layout is Layout.COMPOSITE else None
    return Entry(
        layout=layout,
        id="-".join(parts).casefold(),
        image=image,
        annotation=annotation,
        category=category,
        case=numbered[1] if numbered else _stem(image),
        source_split=root.name if root != source else "",
    )


def _category(layout: Layout, path: Path) -> str | None:
    """Return the class that the nearest folder of a file names, None where it names none."""
    name = path.parent.name
    if layout is Layout.COMPOSITE:
        numbered = re.match(r"\s*([0-9]+)(?![0-9])", name)
        number = int(numbered[1]) if numbered else 0
        if number == NORMAL_NUMBER:
            return NORMAL
        return by_segment_number(number).label.value if 1 <= number < NORMAL_NUMBER else None
    if name.casefold() == NORMAL:
        return NORMAL
    finding = finding_named(name)
    return finding.value if finding else None


def _misplaced(path: Path, source: Path) -> Problem:
    cause = f"its folder {path.parent.name!r} names no known class"
    return Problem(_shown(path, source), cause, "move it to a class folder")


def _stem(path: Path) -> str:
    return path.stem.strip().casefold()


def _shown(path: Path, source: Path) -> str:
    return path.relative_to(source).as_posix()
