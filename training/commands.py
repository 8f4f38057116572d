"""Commands for phantoms, data sets and models: `phantom`, `import-aihub`, `train`, `evaluate`, `export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from training.console import progress, said_plainly
from training.import_command import import_aihub
from training.phantom_command import phantom
from training.train_command import prepared_set, train

app = typer.Typer(help="Phantoms and models.", no_args_is_help=True)
app.command()(phantom)
app.command("import-aihub")(import_aihub)
app.command()(train)

Threads = Annotated[int, typer.Option(min=1, help="CPU threads.")]


@app.command()
def export(
    checkpoint: Annotated[Path, typer.Option(help="A checkpoint, such as runs/unet/best.pt.")],
    out: Annotated[Path, typer.Option(help="Folder of the model package.")],
    name: Annotated[
        str, typer.Option(help="Name of the model, as results will carry it.")
    ] = "kidray-unet-phantom",
    version: Annotated[str, typer.Option(help="Version of the model.")] = "0.1.0",
    threads: Threads = 2,
) -> None:
    """Write a checkpoint as a model package that the service can load.

    The package holds the ONNX network, the weights as safetensors, model.json with hashes, scores and
    operating points (fitted on the recipe's validation set), and CARD.md. Evaluate it next: until then its
    card has no figures.

    Example: kidray export --checkpoint runs/unet/best.pt --out models/unet
    """
    with said_plainly():
        import torch

        from training.checkpoint import read_checkpoint
        from training.export import export_package
        from training.recipe import Recipe
        from training.split import Split

        torch.set_num_threads(threads)
        recipe = Recipe.model_validate(read_checkpoint(checkpoint)["recipe"])
        validation = prepared_set(recipe, Split.VALIDATION, threads)
        package = export_package(checkpoint, out, validation, name=name, version=version)
        typer.echo(f"{name} {version} in {package.folder}; next: kidray evaluate --model {out}")


@app.command()
def evaluate(
    model: Annotated[Path | None, typer.Option(help="A model package; else the one that ships.")] = None,
    count: Annotated[int, typer.Option(min=5, help="How many test phantoms.")] = 300,
    seed: Annotated[int, typer.Option(min=0, help="Which test phantoms; never those of training.")] = 0,
    size: Annotated[
        int | None, typer.Option(min=64, help="Rows and columns; else usual detector sizes.")
    ] = None,
    write: Annotated[bool, typer.Option(help="Write metrics.json, model.json and CARD.md.")] = True,
    threads: Threads = 2,
) -> None:
    """Measure a model package on phantoms that it never saw, the way it is served.

    Prints Dice per image, sensitivity, specificity (95 % intervals) and AUROC for each finding, and writes
    them into the package.

    Example: kidray evaluate --model models/unet --count 300 --seed 0
    """
    from inference.models import load_package
    from training.evaluate import evaluate as figures
    from training.evaluate import record

    with said_plainly():
        package = load_package(model)
        with progress("reading") as report:
            square = (size, size) if size else None
            summary = figures(package, count, seed, size=square, threads=threads, progress=report)
        if write:
            record(package, summary)
        _show(summary)


def _show(summary: dict[str, object]) -> None:
    from rich.console import Console
    from rich.table import Table

    from training.card import figure_rows

    table = Table("finding", "Dice", "sensitivity", "specificity", "AUROC")
    for row in figure_rows(summary):
        table.add_row(*row)
    Console().print(table)
    typer.echo(
        f"batch-pooled soft Dice, background included (not comparable): {summary['batch_pooled_soft_dice']}"
    )
