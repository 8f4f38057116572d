"""`kidray send`, `kidray echo`, `kidray priors`: talk to a DICOM node from the command line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from dicom_node import delivery_commands, rule_commands

if TYPE_CHECKING:
    from dicom_node.send import SendResult
    from study.errors import DeliveryError
    from study.settings import Destination

app = typer.Typer(no_args_is_help=True)
app.add_typer(rule_commands.app, name="rules")
app.add_typer(delivery_commands.app, name="deliveries")

_To = Annotated[str, typer.Option(metavar="AE@HOST:PORT", help="The node to talk to.")]
_Calling = Annotated[str, typer.Option(help="Our own AE title.", metavar="AE")]


@app.command()
def send(
    files: Annotated[list[Path], typer.Argument(exists=True, help="DICOM files, or folders of them.")],
    to: _To,
    calling: _Calling = "KIDRAY",
) -> None:
    """Send DICOM files to a node by C-STORE and show what it answers to each."""
    from dicom_node.send import send_objects
    from study.errors import DeliveryError

    destination = _destination(to)
    try:
        results = send_objects(destination, list(_files(files)), calling_ae_title=calling)
    except DeliveryError as error:
        _give_up(error)
    Console().print(_table(results, destination))
    if not all(r.sent for r in results):
        raise typer.Exit(1)


@app.command()
def echo(to: _To, calling: _Calling = "KIDRAY") -> None:
    """Ask a node by C-ECHO whether it is there."""
    from dicom_node.echo import echo as ask
    from study.errors import DeliveryError

    try:
        seconds = ask(_destination(to), calling_ae_title=calling)
    except DeliveryError as error:
        _give_up(error)
    typer.echo(f"{to} answers in {seconds * 1000:.0f} ms")


@app.command()
def priors(
    study_uid: Annotated[str, typer.Argument(metavar="UID", help="The study to compare with.")],
    source: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="AE@HOST:PORT",
            help="The PACS.",
            show_default="KIDRAY_PRIORS_FROM, else the first of KIDRAY_PACS",
        ),
    ] = "",
) -> None:
    """Fetch the patient's earlier abdominal radiographs from a PACS by C-FIND, and C-GET or C-MOVE.

    They are kept in the archive for comparison; the model does not read them.
    """
    from dicom_node.priors import fetch_priors
    from study.service import Service
    from study.settings import load_settings

    settings = load_settings()
    set_for_it = settings.priors_from or next((policy.node for policy in settings.policies), None)
    node = _destination(source) if source else set_for_it
    if node is None:
        raise typer.BadParameter("no PACS is set; name one", param_hint="--from")
    ledger = Service.open(settings).ledger
    fetched = fetch_priors(
        ledger.held(study_uid),
        node,
        ledger.archive,
        calling_ae_title=settings.ae_title,
        by=settings.priors_by,
    )
    for prior, instances in fetched:
        typer.echo(f"{prior.study_date or 'undated'}  {prior.study_uid}  {instances} radiographs")
    if not fetched:
        typer.echo("No earlier abdominal radiographs there")


def _destination(text: str) -> Destination:
    from study.settings import Destination

    try:
        return Destination.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--to") from error


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
        else:
            yield path


def _table(results: list[SendResult], to: Destination) -> Table:
    sent = sum(r.sent for r in results)
    table = Table(
        "File",
        "Status",
        "In words",
        title=f"{sent} of {len(results)} sent to {to.ae_title}@{to.host}:{to.port}",
    )
    for result in results:
        status = "" if result.status is None else f"0x{result.status:04X}"
        table.add_row(result.path.name, status, result.reason, style=None if result.sent else "red")
    return table


def _give_up(error: DeliveryError) -> NoReturn:
    typer.echo(str(error), err=True)
    raise typer.Exit(1)
