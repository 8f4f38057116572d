"""Commands for phantoms, data sets and models: `phantom`, `import-aihub`, `train`, `evaluate`, `export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from study.errors import SettingsError
from training.console import progress, said_plainly
from training.import_command import import_aihub
from training.plan import PhantomKind

if TYPE_CHECKING:
    from training.dataset import PreparedSet
    from training.recipe import Recipe
    from training.split import Split
    from training.train import EpochResult, Training

app = typer.Typer(help="Phantoms and models.", no_args_is_help=True)
app.command("import-aihub")(import_aihub)

Threads = Annotated[int, typer.Option(min=1, help="CPU threads.")]


@app.command()
def phantom(
    out: Annotated[Path, typer.Option(help="Folder to write to.")],
    count: Annotated[int, typer.Option(min=1, help="How many.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="The same seed writes the same files.")] = 0,
    kind: Annotated[
        PhantomKind | None, typer.Option(help="All of one kind; else the five classes in turn.")
    ] = None,
    size: Annotated[
        int | None, typer.Option(min=64, help="Rows and columns; else usual detector sizes.")
    ] = None,
) -> None:
    """Draw synthetic pediatric abdominal radiographs.

    Writes OUT/phantom-0001-<kind>.dcm (DICOM DX, for presentation), the ground truth of those with a finding
    as OUT/truth/phantom-0001-<kind>.seg.dcm, and OUT/manifest.csv. Each phantom is its own study.

    The kinds: normal, pyloric_stenosis, pneumoperitoneum, air_fluid_levels, constipation; and chest, which
    the service must refuse to read.

    Example: kidray phantom --out phantoms --count 10 --seed 1
    """
    from training.phantom_set import write_phantoms

    with said_plainly(), progress("drawing") as report:
        square = (size, size) if size else None
        for number, _ in enumerate(write_phantoms(out, count, seed, kind=kind, size=square), start=1):
            report(number, count)
    typer.echo(f"{count} phantoms in {out}, listed in {out / 'manifest.csv'}")


@app.command()
def train(
    config: Annotated[Path, typer.Option(help="The recipe, a TOML file.")] = Path(
        "training/configs/unet.toml"
    ),
    out: Annotated[Path, typer.Option(help="Folder of checkpoints and log.")] = Path("runs/unet"),
    resume: Annotated[bool, typer.Option("--resume", help="Go on from OUT/last.pt.")] = False,
    threads: Threads = 2,
) -> None:
    """Train the U-Net by a recipe.

    The recipe says everything: how many phantoms (or which folders of DICOM with ground truth as SEG, or the
    manifest of an imported set), the network, the loss, the optimizer, the augmentation. A checkpoint is
    written after every epoch (OUT/last.pt; OUT/best.pt by validation Dice), so a run can be stopped at any
    time; --resume goes on to the numbers that an unbroken run gives. Resumed with a changed recipe, a run
    goes on by the new one and its model says so. OUT/log.csv has a line an epoch.

    Needs the extra `train`: pip install "kidray[train]".

    Example: kidray train --config training/configs/unet.toml --out runs/unet
    """
    with said_plainly():
        _train(config, out, resume, threads)


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

        from training.export import export_package
        from training.recipe import Recipe
        from training.split import Split
        from training.train import read_checkpoint

        torch.set_num_threads(threads)
        recipe = Recipe.model_validate(read_checkpoint(checkpoint)["recipe"])
        validation = _prepared(recipe, Split.VALIDATION, threads)
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


def _train(config: Path, out: Path, resume: bool, threads: int) -> None:
    import torch

    from training import train as loop
    from training.recipe import read_recipe
    from training.split import Split

    torch.set_num_threads(threads)
    last = out / loop.LAST
    if last.exists() and not resume:
        raise SettingsError(f"{out} holds a run already: add --resume to go on, or choose another --out")
    if resume and not last.exists():
        raise SettingsError(f"{out} holds no run to resume: {last} is missing")
    recipe = read_recipe(config)
    training_set = _prepared(recipe, Split.TRAIN, threads)
    validation_set = _prepared(recipe, Split.VALIDATION, threads)
    steps = loop.steps_in(training_set, recipe.batch)
    training = loop.resume(last, steps, recipe) if resume else loop.start(recipe, steps)
    out.mkdir(parents=True, exist_ok=True)
    with progress("training") as report:
        while not training.is_over:
            done = training.epoch * steps
            result = loop.run_epoch(
                training,
                training_set,
                validation_set,
                lambda step, _of, _loss, done=done: report(done + step, recipe.epochs * steps),  # type: ignore[misc]
            )
            _keep(training, result, out)
    typer.echo(
        f"best validation Dice {training.best_dice:.4f} in epoch {training.best_epoch}: {out / loop.BEST}"
    )


def _keep(training: Training, result: EpochResult, out: Path) -> None:
    from training.train import BEST, LAST, save_checkpoint

    log = out / "log.csv"
    if not log.exists():
        log.write_text(",".join(result._fields) + "\n", encoding="utf-8")
    with log.open("a", encoding="utf-8") as stream:
        stream.write(",".join(f"{value:.6g}" for value in result) + "\n")
    if training.best_epoch == training.epoch:
        save_checkpoint(training, out / BEST)
    save_checkpoint(training, out / LAST)
    typer.echo(
        f"epoch {result.epoch}: loss {result.train_loss:.4f}, validation loss {result.validation_loss:.4f}, "
        f"validation Dice {result.validation_dice:.4f}"
    )


def _prepared(recipe: Recipe, split: Split, workers: int) -> PreparedSet:
    from training.dataset import prepared_folder, prepared_manifest, prepared_phantoms
    from training.split import Split

    data = recipe.data
    is_train = split is Split.TRAIN
    folder = data.train_folder if is_train else data.validation_folder
    with progress(f"preparing {split}") as report:
        if data.manifest is not None:
            return prepared_manifest(data.manifest, split, data.size, cache=data.cache, progress=report)
        if folder is not None:
            return prepared_folder(folder, data.size, cache=data.cache, progress=report)
        count = data.train if is_train else data.validation
        return prepared_phantoms(split, count, data.size, cache=data.cache, workers=workers, progress=report)


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
