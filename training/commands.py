"""Commands for phantoms, data sets and models: `phantom`, `import`, `train`, `evaluate`, `export` ..."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from training.console import said_plainly
from training.evaluate_command import evaluate
from training.import_command import import_aihub, import_any
from training.phantom_command import phantom
from training.train_command import prepared_set, train

app = typer.Typer(help="Phantoms and models.", no_args_is_help=True)
app.command()(phantom)
app.command("import")(import_any)
app.command("import-aihub")(import_aihub)
app.command()(train)
app.command()(evaluate)

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
        typer.echo(f"{name} {version} in {package.folder}; next: kidray evaluate {out} --record")
