"""The commands that import sets of radiographs: `import` and `import-aihub`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from study.errors import SettingsError
from study.findings import FINDINGS, FindingLabel
from training.console import progress, said_plainly
from training.layout import Unmasked

if TYPE_CHECKING:
    from training.importing import Imported, Progress
    from training.set_report import Notes

_SHOWN_PROBLEMS = 20  # problems.csv has all


def import_aihub(
    source: Annotated[Path, typer.Argument(help="Folder that holds the unpacked set.")],
    out: Annotated[Path, typer.Option(help="Folder to write to.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read everything, say what would be imported, write nothing.")
    ] = False,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 2,
) -> None:
    """Import the AI Hub pediatric abdominal radiographs, which you have obtained yourself.

    Two releases are known by their folders. PNG with polygons:
    Train/Source_Data/1.Pyloric_Stenosis/1_1816.png beside Train/Labeling_Data/1.Pyloric_Stenosis/1_1816.json.
    DICOM with boxes: dcm/ihps/NAME.dcm beside json/ihps/NAME.json. Boxes become no masks.

    Writes OUT/images and OUT/masks (PNG, nothing but pixels); OUT/manifest.csv, with a split by case that a
    hash fixes for ever; OUT/report.md with counts, sizes, duplicates, a leakage check and pictures; and
    OUT/problems.csv: every file that does not fit, why, and what to do.

    Licence: the authors have not seen this set's. No image of it ships with this program. Pass on no image
    or picture of it, and have weights that were trained on it reviewed by a lawyer before they leave your
    institution.

    Example: kidray import-aihub /data/Pediatric_Abdominal_X-ray --out /data/aihub; next, name
    manifest = "/data/aihub/manifest.csv" in the data table of a recipe, and train.
    """
    from training.aihub_import import import_set
    from training.set_report import AIHUB

    def read(folder: Path | None, report: Progress) -> Imported:
        return import_set(source, folder, threads=threads, progress=report)

    _run(source, out, read, AIHUB, dry_run=dry_run)


def import_any(
    source: Annotated[Path, typer.Argument(help="Folder of the set, or a CSV file that lists it.")],
    out: Annotated[Path, typer.Option(help="Folder to write to.")],
    unmasked: Annotated[
        Unmasked, typer.Option(help="What a radiograph is of which neither mask nor table says anything.")
    ] = Unmasked.LEAVE_OUT,
    labels: Annotated[
        str, typer.Option(help="Numbers of label maps, such as 1=constipation,2=pneumoperitoneum.")
    ] = "",
    inverted: Annotated[
        bool, typer.Option("--inverted", help="PNG, JPEG and TIFF are dark where more is absorbed.")
    ] = False,
    patient: Annotated[
        str, typer.Option(help="Regular expression; its first group in an image's path names the patient.")
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read everything, say what would be imported, write nothing.")
    ] = False,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 2,
) -> None:
    """Import radiographs with ground truth: a CSV file, images beside masks, or DICOM with SEG.

    (1) SET.csv, a line an image, paths relative to it. Columns: image; mask (PNG or TIFF of segment numbers:
    1 pyloric_stenosis, 2 pneumoperitoneum, 3 air_fluid_levels, 4 constipation; or a DICOM SEG), or
    mask_pneumoperitoneum ... (one file a finding, white inside); findings (labels with ; between them, or
    normal); patient, view, age_months, row_spacing_mm, column_spacing_mm.

    (2) A folder with images/NAME.png and masks/NAME.png, masks/NAME_FINDING.png or masks/FINDING/NAME.png.
    Sub-folders of images are patients. Images may be PNG, JPEG, TIFF, BMP or DICOM.

    (3) A folder of CR or DX images and SEG that refer to them, as the viewer and kidray phantom write them.

    An image that nothing is known of is left out, unless --unmasked normal says that it shows no finding.

    Writes OUT/images and OUT/masks (PNG, nothing but pixels); OUT/manifest.csv, with a split by patient that
    a hash fixes for ever; OUT/report.md with counts, sizes, spacings, duplicates, a leakage check and
    pictures; and OUT/problems.csv: every file that does not fit, why, and what to do. Names of files become
    ids: take patients' names out of them first.

    Example: kidray phantom --out phantoms --count 200; kidray import phantoms --out set --unmasked normal;
    next, name manifest = "set/manifest.csv" in the data table of a recipe, and train.
    """
    from training.given_import import Asked, import_given
    from training.set_report import GIVEN

    with said_plainly():
        asked = Asked(unmasked, _labels(labels), inverted, _pattern(patient))

    def read(folder: Path | None, report: Progress) -> Imported:
        return import_given(source, folder, asked, threads=threads, progress=report)

    _run(source, out, read, GIVEN, dry_run=dry_run)


def _labels(text: str) -> Mapping[int, FindingLabel]:
    from training.given_import import USUAL_LABELS

    if not text:
        return USUAL_LABELS
    pairs = [part.partition("=") for part in text.split(",")]
    try:
        return {int(number): FindingLabel(name.strip()) for number, _, name in pairs}
    except ValueError as error:
        known = ", ".join(FINDINGS)
        raise SettingsError(f"--labels takes NUMBER=FINDING and commas; known are {known}") from error


def _pattern(text: str) -> re.Pattern[str] | None:
    try:
        pattern = re.compile(text) if text else None
    except re.error as error:
        raise SettingsError(f"--patient is no regular expression: {error}") from error
    if pattern is not None and not pattern.groups:
        raise SettingsError("--patient needs a group, in round brackets: what a patient's images share")
    return pattern


def _run(
    source: Path,
    out: Path,
    read: Callable[[Path | None, Progress], Imported],
    notes: Notes,
    *,
    dry_run: bool,
) -> None:
    """Import, show what came of it, and write the set down unless it is a dry run."""
    from training.importing import MANIFEST

    with said_plainly():
        if (out / MANIFEST).exists() and not dry_run:
            raise SettingsError(f"{out} holds an imported set already: choose another --out")
        with progress("importing") as report:
            imported = read(None if dry_run else out, report)
        _show_imported(imported)
        if not imported.rows:
            raise SettingsError(f"no radiograph of {source} could be read; the causes are listed above")
        if dry_run:
            typer.echo("nothing was written: leave out --dry-run to import")
            return
        _keep_imported(imported, out, notes)
    typer.echo(f"{len(imported.rows)} radiographs in {out}; read {out / 'report.md'} next")


def _keep_imported(imported: Imported, out: Path, notes: Notes) -> None:
    from training.contact_sheet import write_contact_sheet
    from training.importing import MANIFEST
    from training.manifest import write_manifest
    from training.set_report import report_text, write_problems

    rows, problems = imported
    write_problems(out / "problems.csv", problems)
    write_contact_sheet(out / "contact-sheet.png", rows, out)
    text = report_text(rows, problems, sheet="contact-sheet.png", notes=notes)
    (out / "report.md").write_text(text, encoding="utf-8")
    write_manifest(out / MANIFEST, rows)  # last: its presence means the set is whole


def _show_imported(imported: Imported) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from training.set_report import split_table
    from training.split import Split

    table = Table("class", *Split, "all")
    for line in split_table(imported.rows):
        table.add_row(*line)
    Console().print(table)
    left_out = [problem for problem in imported.problems if problem.left_out]
    remarks = len(imported.problems) - len(left_out)
    for problem in left_out[:_SHOWN_PROBLEMS]:
        Console(stderr=True).print(
            escape(f"left out: {problem.file}: {problem.cause}; {problem.next_step}"), soft_wrap=True
        )
    typer.echo(f"{len(left_out)} files left out, {remarks} taken with a remark")
