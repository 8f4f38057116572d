"""The command that imports the AI Hub set: `import-aihub`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from study.errors import SettingsError
from training.console import progress, said_plainly

if TYPE_CHECKING:
    from training.aihub_import import Imported

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
    from training.aihub_import import MANIFEST, import_set

    with said_plainly():
        if (out / MANIFEST).exists() and not dry_run:
            raise SettingsError(f"{out} holds an imported set already: choose another --out")
        with progress("importing") as report:
            imported = import_set(source, None if dry_run else out, threads=threads, progress=report)
        _show_imported(imported)
        if not imported.rows:
            raise SettingsError(f"no radiograph of {source} could be read; the causes are listed above")
        if dry_run:
            typer.echo("nothing was written: leave out --dry-run to import")
            return
        _keep_imported(imported, out)
    typer.echo(f"{len(imported.rows)} radiographs in {out}; read {out / 'report.md'} next")


def _keep_imported(imported: Imported, out: Path) -> None:
    from training.aihub_import import MANIFEST
    from training.contact_sheet import write_contact_sheet
    from training.manifest import write_manifest
    from training.set_report import report_text, write_problems

    rows, problems = imported
    write_problems(out / "problems.csv", problems)
    write_contact_sheet(out / "contact-sheet.png", rows, out)
    text = report_text(rows, problems, sheet="contact-sheet.png")
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
