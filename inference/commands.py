"""`kidray segment` and `kidray models`: radiographs without a server, and the packages that read them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()
models = typer.Typer(help="The model packages of this installation.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="As `kidray models list` shows it; the version may be left out.")]


@app.command()
def segment(
    files: Annotated[
        list[Path], typer.Argument(help="CR or DX images; a folder stands for every file below it.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for the results; made when it is not there.")],
    model: Annotated[
        Path | None, typer.Option(help="Model package, by name or folder; the one in use when not given.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads for the network.")] = 2,
    view_model: Annotated[
        str | None,
        typer.Option(help="What judges whether a radiograph is read: shipped, a view package, or none."),
    ] = None,
) -> None:
    """Segment radiographs without a server: DICOM in; SEG, measurement SR and a PNG overlay out.

    Of each radiograph NAME.dcm the folder gets NAME.seg.dcm (where something was found), NAME.sr.dcm
    and NAME.png. One that by its pixels is no child's abdomen from the front is left unread and named with
    the reason. The exit code is 1 if any file could not be opened. Example:

        kidray phantom --out phantoms --count 5 --seed 1
        kidray segment phantoms/*.dcm --out results

    The shipped model was trained on synthetic phantoms: not for clinical use.
    """
    from inference.from_files import segment_files
    from inference.store import ModelStore
    from study.settings import load_settings

    settings = load_settings()
    store, judge = ModelStore.of(settings.home), view_model or settings.view_model
    if not segment_files(files, out, model=model, threads=threads, store=store, view_model=judge):
        raise typer.Exit(1)


@models.command("list")
def list_models() -> None:
    """Show every model package, and what it does here: reads, shadows, judges what is read."""
    from inference.model_shelf import show_models
    from study.settings import load_settings

    show_models(load_settings())


@models.command()
def add(
    package: Annotated[Path, typer.Argument(help="Folder of a model package, or a ZIP of one.")],
) -> None:
    """Check a model package and keep a copy under the home folder."""
    from inference.store import ModelStore

    held = ModelStore.of(_home()).add(package)
    typer.echo(f"{held.name} was added; `kidray models use {held.name}` lets it read.")


@models.command()
def use(name: Name) -> None:
    """Choose the model that reads; workers take it at their next start."""
    from inference.store import ModelStore

    held = ModelStore.of(_home()).use(name)
    typer.echo(f"{held.name} reads from the next start of each worker on. {held.summary.disclaimer}.")


@models.command()
def verify(name: Name) -> None:
    """Check a model's files against their hashes, and its answers to its golden image on every engine."""
    from inference.model_shelf import verify_model

    verify_model(_home(), name)


@models.command()
def compare(name: Name) -> None:
    """Show how a shadow model compares with the one that is shown, over the studies of this home folder."""
    from inference.model_shelf import show_comparison

    show_comparison(_home(), name)


def _home() -> Path:
    from study.settings import load_settings

    return load_settings().home
