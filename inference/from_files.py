"""Read radiographs from files without a server, and write the results beside each other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pydicom
from pydicom.errors import InvalidDicomError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from inference.capture import draw_capture, encode_png
from inference.eligibility import Judge
from inference.hanging import Hanging
from inference.predict import Predictor
from inference.results import RadiographResult, read_radiograph
from inference.store import ModelStore
from inference.view import SHIPPED, open_judge
from study import telemetry
from study.decision import Decision
from study.errors import KidrayError, NotDicomError, PixelDataError
from study.findings import FINDINGS
from study.model import Finding, Presence
from study.pixels import attenuation_values, display_values
from study.sop_classes import RADIOGRAPHS

_NEXT_STEP: dict[type[Exception], str] = {
    NotDicomError: "give a DICOM file (Part 10) of a CR or DX image",
    PixelDataError: "export the image from its source again",
}


def segment_files(
    files: list[Path],
    out: Path,
    *,
    model: Path | None,
    threads: int,
    store: ModelStore,
    view_model: str = SHIPPED,
) -> bool:
    """Segment radiographs, write their results to `out`, and show them as a table.

    Parameters
    ----------
    files
        CR or DX images; a folder stands for every radiograph below it.
    out
        Folder for the results; made when it is not there.
    model
        A model package, by name or folder; None takes the one in use.
    threads
        Threads for the network.
    store
        Where packages are looked for by name.
    view_model
        What judges whether a radiograph is read, as `inference.view.open_judge` takes it.

    Returns
    -------
    bool
        Whether there was a radiograph and every one could be opened. One that is left unread, being
        no child's abdomen, is named with the reason.
    """
    errors = Console(stderr=True)
    try:
        predictor = Predictor(store.package(model), threads=threads)
        judge = open_judge(view_model, store)
        out.mkdir(parents=True, exist_ok=True)
    except (KidrayError, OSError) as error:
        errors.print(escape(str(error)), style="red", highlight=False, soft_wrap=True)
        return False
    table, failed, taken = _table(), 0, set[str]()
    for file in _expanded(files):
        name = _free_name(file, taken)
        try:
            result = _segment(file, out / name, predictor, judge)
        except (KidrayError, OSError) as error:
            failed += 1
            advice = _NEXT_STEP.get(type(error), "check the path and its permissions")
            cause = error.strerror if isinstance(error, OSError) else error
            message = escape(f"{file}: {cause}; {advice}")
            errors.print(message, style="red", highlight=False, soft_wrap=True)
        else:
            if isinstance(result, Decision):
                table.add_row(file.name, f"not read: {result.reason}")
            else:
                _add_rows(table, file, result)
    if not table.row_count and not failed:
        errors.print("There is no CR or DX image in what was given; name files or their folder.", style="red")
    if table.row_count:
        Console(width=None if os.isatty(1) else 160).print(table)
        print(f"SEG, SR and PNG are in {out}. {predictor.package.identity.disclaimer}.")
    return bool(table.row_count) and not failed


def _segment(file: Path, stem: Path, predictor: Predictor, judge: Judge) -> RadiographResult | Decision:
    """Read one file and write its results beside `stem`; or return why it is left unread."""
    dataset = _radiograph(file)
    values = attenuation_values(dataset)
    decision = judge(Hanging.of(dataset).upright(values))
    if not decision.for_model:
        return decision
    result = read_radiograph(dataset, values, predictor, telemetry.now())
    for kind, derived in (("seg", result.seg), ("sr", result.sr)):
        if derived is not None:
            derived.save_as(Path(f"{stem}.{kind}.dcm"), enforce_file_format=True)
    picture = draw_capture(
        display_values(dataset), result.labels, result.findings, predictor.package.identity.disclaimer
    )
    Path(f"{stem}.png").write_bytes(encode_png(picture))
    return result


def _radiograph(file: Path) -> pydicom.Dataset:
    try:
        dataset = pydicom.dcmread(file)
    except (InvalidDicomError, EOFError, ValueError, KeyError, AttributeError) as error:
        raise NotDicomError("not a readable DICOM file") from error
    if dataset.get("SOPClassUID") not in RADIOGRAPHS:
        kind = getattr(dataset.get("SOPClassUID"), "name", "no SOP class")
        raise NotDicomError(f"not a radiograph but: {kind}")
    missing = [k for k in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID") if not dataset.get(k)]
    if missing:
        raise NotDicomError(f"it has no {missing[0]}")
    return dataset


def _expanded(files: list[Path]) -> Iterator[Path]:
    """Yield the files given, and of folders the DICOM radiographs below them."""
    for file in files:
        if file.is_dir():
            yield from (f for f in sorted(file.rglob("*")) if f.is_file() and _is_radiograph(f))
        else:
            yield file


def _is_radiograph(file: Path) -> bool:
    try:
        header = pydicom.dcmread(file, specific_tags=["SOPClassUID"], stop_before_pixels=True)
    except (InvalidDicomError, EOFError, ValueError, KeyError, AttributeError, OSError):
        return False
    return header.get("SOPClassUID") in RADIOGRAPHS


def _free_name(file: Path, taken: set[str]) -> str:
    """Return a name for the file's results that no other file of this run has."""
    stem = file.name.removesuffix(".dcm")
    name, number = stem, 2
    while name in taken:
        name, number = f"{stem}-{number}", number + 1
    taken.add(name)
    return name


def _table() -> Table:
    table = Table(title=None, show_lines=False)
    for column in ("Radiograph", "Finding", "Presence", "Certainty"):
        table.add_column(column, overflow="fold")
    table.add_column("Probability", justify="right")
    table.add_column("Region")
    table.add_column("Area", justify="right")
    return table


def _add_rows(table: Table, file: Path, result: RadiographResult) -> None:
    found = [f for f in result.findings if f.presence is not Presence.ABSENT]
    if not found:
        highest = max(f.probability for f in result.findings)
        table.add_row(file.name, "none of the four", "absent", "", f"<= {highest:.2f}", "", "")
    for number, finding in enumerate(found):
        first = number == 0
        table.add_row(
            file.name if first else "",
            FINDINGS[finding.label].name_en,
            f"[bold]{finding.presence}[/bold]" if finding.presence is Presence.PRESENT else finding.presence,
            finding.certainty,
            f"{finding.probability:.2f}",
            (finding.region or "").replace("_", " "),
            _area(finding),
        )


def _area(finding: Finding) -> str:
    if finding.area_mm2 is None:
        return f"{finding.area_px} px" if finding.area_px else ""
    return f"{finding.area_mm2 / 100:.1f} cm\u00b2"
