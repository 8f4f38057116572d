"""`kidray models certify`: show that a precision decides as float32 does."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from training.dataset import PreparedSet
    from training.split import Split

_CALIBRATION = 24  # radiographs from which int8 takes its ranges


def certify(
    name: Annotated[
        str | None, typer.Argument(help="As `kidray models list` shows it; the one in use when not given.")
    ] = None,
    precision: Annotated[Literal["bf16", "int8"], typer.Option(help="What to certify.")] = "bf16",
    engine: Annotated[Literal["auto", "openvino", "onnxruntime"], typer.Option(help="On the CPU.")] = "auto",
    device: Annotated[str, typer.Option(help="cpu, or with PyTorch installed cuda, cuda:1 ...")] = "cpu",
    phantoms: Annotated[int, typer.Option(min=20, help="Held-out phantoms to compare on.")] = 300,
    manifest: Annotated[
        Path | None, typer.Option(help="Compare on a manifest's validation split instead.")
    ] = None,
    cache: Annotated[
        Path | None, typer.Option(help="Folder of drawn phantoms, for another time; none is kept otherwise.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads for drawing and for the network.")] = 2,
) -> None:
    """Write the certificate without which no precision but fp32 serves.

    The network's answers in that precision are compared with float32 on the validation split: labels,
    Dice and decisions. int8 is quantised first, its ranges taken from the train split. The exit code is 1
    if the precision falls short; then it does not serve.

    Example: kidray models certify --precision bf16
    """
    from inference.model_shelf import stated
    from inference.runtime import Precision
    from inference.serving import Serving
    from inference.store import ModelStore
    from study.settings import load_settings
    from study.telemetry import now
    from training.certify import certify as compare
    from training.split import Split

    package = ModelStore.of(load_settings().home).package(name)
    with tempfile.TemporaryDirectory() as temporary:
        kept = cache or Path(temporary)
        if precision == "int8":
            from training.quantise import quantise

            quantise(package, _prepared(Split.TRAIN, _CALIBRATION, package.size, manifest, kept, threads))
        certificate = compare(
            package,
            Serving(device=device, engine=engine, precision=Precision(precision), threads=threads),
            _prepared(Split.VALIDATION, phantoms, package.size, manifest, kept, threads),
            described="held-out phantoms" if manifest is None else "radiographs of a validation split",
            made_at=now(),
        )
    typer.echo(stated(certificate))
    if certificate.shortfalls:
        raise typer.Exit(1)


def _prepared(
    split: Split, count: int, size: int, manifest: Path | None, cache: Path, threads: int
) -> PreparedSet:
    from training.console import progress
    from training.dataset import prepared_manifest, prepared_phantoms

    with progress(f"preparing {split}") as report:
        if manifest is not None:
            return prepared_manifest(manifest, split, size, cache=cache, progress=report)
        return prepared_phantoms(
            split, count, size, cache=cache, drawing="mix", workers=threads, progress=report
        )
