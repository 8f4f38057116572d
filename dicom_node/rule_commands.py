"""`kidray rules`: which instances are for the model, and why, without sending anything."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

app = typer.Typer(help="What is for the model: the hospital's rules, and a dry run.", no_args_is_help=True)


@app.command("test")
def dry_run(
    files: Annotated[list[Path], typer.Argument(exists=True, help="DICOM files, or folders of them.")],
    calling: Annotated[str, typer.Option(metavar="AE", help="The sender's AE title, for its rules.")] = "",
) -> None:
    """Decide about each file by kidray.toml's rules, and explain every decision; nothing is sent or kept."""
    import pydicom
    from pydicom.errors import InvalidDicomError

    from dicom_node.site_rules import explain
    from study.inspection import MALFORMED
    from study.settings import load_settings

    settings = load_settings()
    for path in _expanded(files):
        try:
            header = pydicom.dcmread(path, stop_before_pixels=True)
        except (InvalidDicomError, *MALFORMED):
            typer.echo(f"{path.name}: not a DICOM Part 10 file")
            continue
        verdict = explain(
            header, settings.rules, calling_ae_title=calling, max_age_years=settings.max_age_years
        )
        typer.echo(f"{path.name}: {'for the model' if verdict.decision.for_model else 'not for the model'}")
        for asked in verdict.asked:
            typer.echo(f"  {'=>' if asked.decides else '  '} {asked.name}: {asked.because}")


@app.command("list")
def list_rules() -> None:
    """List the rules of kidray.toml in the order in which they are asked; the built-in ones come last."""
    from study.settings import load_settings

    settings = load_settings()
    table = Table("rule", "then", "conditions", box=None)
    for rule in settings.rules:
        stated = rule.model_dump(exclude={"name", "then"}, exclude_defaults=True)
        table.add_row(rule.name, rule.then, "; ".join(f"{k} {_shown(v)}" for k, v in stated.items()))
    table.add_row("built-in rules", "read", f"a child's abdomen, at most {settings.max_age_years} years old")
    Console().print(table)


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _expanded(paths: list[Path]) -> list[Path]:
    return [
        file
        for path in paths
        for file in (sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path])
    ]
