"""`kidray segment`: read radiographs from files without a server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def segment(
    files: Annotated[
        list[Path], typer.Argument(help="CR or DX images; a folder stands for every file below it.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for the results; made when it is not there.")],
    model: Annotated[
        Path | None, typer.Option(help="Model package; the one that ships when not given.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads for the network.")] = 2,
) -> None:
    """Segment radiographs without a server: DICOM in; SEG, measurement SR and a PNG overlay out.

    Of each radiograph NAME.dcm the folder gets NAME.seg.dcm (where something was found), NAME.sr.dcm
    and NAME.png. The exit code is 1 if any file could not be read. Example:

        kidray phantom --out phantoms --count 5 --seed 1
        kidray segment phantoms/*.dcm --out results

    The shipped model was trained on synthetic phantoms: not for clinical use.
    """
    from inference.from_files import segment_files

    if not segment_files(files, out, model=model, threads=threads):
        raise typer.Exit(1)
