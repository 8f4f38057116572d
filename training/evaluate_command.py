"""`kidray evaluate`: judge a model package and write the report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from training.case import Site
from training.console import progress, said_plainly
from training.split import Split

if TYPE_CHECKING:
    from training.held_out import HeldOut


def evaluate(
    model: Annotated[
        Path | None, typer.Argument(help="A model package, a folder; else the one that ships.")
    ] = None,
    phantoms: Annotated[int, typer.Option(min=5, help="How many test phantoms of each site.")] = 300,
    seed: Annotated[int, typer.Option(min=0, help="Which test phantoms; never those of training.")] = 0,
    site: Annotated[
        list[Site] | None,
        typer.Option(help="A, or B, which was never trained on; give it twice for both. The first judges."),
    ] = None,
    size: Annotated[
        int | None, typer.Option(min=64, help="Rows and columns; else usual detector sizes.")
    ] = None,
    manifest: Annotated[
        Path | None, typer.Option(help="Instead of phantoms: a manifest, as `kidray import-aihub` writes it.")
    ] = None,
    split: Annotated[Split, typer.Option(help="Which split of the manifest.")] = Split.TEST,
    folder: Annotated[
        Path | None, typer.Option(help="Instead of phantoms: a folder of CR or DX images and truth as SEG.")
    ] = None,
    beside: Annotated[
        list[Path] | None, typer.Option(help="Another model package that reads the same, to compare with.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the report.")] = None,
    pictures: Annotated[
        bool, typer.Option(help="Whether the report shows radiographs: the worst read ones.")
    ] = True,
    record: Annotated[
        bool, typer.Option("--record", help="Write the figures into the package: metrics.json, CARD.md.")
    ] = False,
    view_model: Annotated[
        str, typer.Option(help="What judges whether a radiograph is read: shipped, a view package, or none.")
    ] = "shipped",
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 2,
) -> None:
    """Judge a model package on radiographs that it never saw, the way it is served.

    Prints Dice per image, sensitivity, specificity and AUROC of each finding with 95 % intervals by patient.
    With --out, writes report.html (one file, plots and the worst readings in it), report.md, metrics.json and
    cases.csv (a line for each radiograph and finding). Rows of a manifest without outlines count for
    detection. What is left unread, as it would be in service, is counted and counts as not called.
    --beside sets another package's figures beside, with the difference by patient.

    A report on patients shows their radiographs, with whatever is burnt into the pixels: leave that out by
    --no-pictures.

    Example: kidray evaluate models/unet --phantoms 300 --site A --site B --out runs/unet/report
    """
    with said_plainly():
        from inference.models import load_package
        from inference.store import ModelStore
        from inference.view import open_judge
        from study.settings import load_settings
        from training import evaluate as evaluation
        from training.report import write_report

        package, others = load_package(model), [load_package(path) for path in beside or []]
        sets = _sets(manifest, split, folder, phantoms, seed, site or [Site.A], size)
        with progress("reading") as told:
            found = evaluation.evaluate(
                package,
                sets,
                threads=threads,
                progress=told,
                pictures=out if pictures else None,
                beside=others,
                judge=open_judge(view_model, ModelStore.of(load_settings().home)),
            )
        if out is not None:
            write_report(out, found)
            typer.echo(f"report: {out / 'report.html'}")
        if record:
            evaluation.record(package, found.metrics)
        _show(found.metrics)


def _sets(
    manifest: Path | None,
    split: Split,
    folder: Path | None,
    phantoms: int,
    seed: int,
    sites: list[Site],
    size: int | None,
) -> list[HeldOut]:
    from training.held_out import FolderSet, ManifestSet, PhantomSet
    from training.mix import HELD_OUT_SITE, TRAINING

    if manifest is not None and folder is not None:
        raise ValueError("give --manifest or --folder, not both")
    if manifest is not None:
        return [ManifestSet(manifest, split)]
    if folder is not None:
        return [FolderSet(folder)]
    square = (size, size) if size else None
    mixes = {Site.A: TRAINING, Site.B: HELD_OUT_SITE}
    return [PhantomSet(phantoms, seed, mix=mixes[site], size=square) for site in dict.fromkeys(sites)]


def _show(metrics: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Column, Table

    from training.figure_tables import figure_table, parts_of, pooled_sentence
    from training.unread_figures import unread_sentence

    for part in parts_of(metrics):
        figures = figure_table(part)
        name, *others = figures.head
        shown = Table(Column(name, no_wrap=True), *others, title=part["test"]["title"])
        for row in figures.rows:
            shown.add_row(*row)
        Console().print(shown)
        typer.echo(unread_sentence(part))
        typer.echo(pooled_sentence(part))
