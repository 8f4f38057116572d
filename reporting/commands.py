"""The reporting room's commands."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from reporting.export_command import export_command, schema_command
from reporting.finetune.commands import finetune_writer, report_pairs
from reporting.quantize.commands import quantize_writer

app = typer.Typer(help="Report drafting.", no_args_is_help=True)
reports = typer.Typer(help="Look at the reports of all studies.", no_args_is_help=True)
app.command("finetune-writer")(finetune_writer)
app.command("quantize-writer")(quantize_writer)
reports.command("pairs")(report_pairs)
reports.command("export")(export_command)
reports.command("schema")(schema_command)


@reports.command("quality")
def report_quality(
    since: Annotated[datetime | None, typer.Option(help="Only reports signed from then on, UTC.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Only reports signed before then, UTC.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for other programs.")] = False,
) -> None:
    """Tell how drafts fared: what was accepted, what was rewritten, and how long it took to sign.

    Computed from the archive's events each time. Holds counts only: no patient, no reader.

    Example: kidray reports quality --since 2026-01-01 --json
    """
    from rich.console import Console

    from reporting.difference import read_signed_drafts
    from reporting.quality import sum_up
    from reporting.quality_table import tables
    from study.commands import open_service

    archive = open_service().ledger.archive
    quality = sum_up(list(read_signed_drafts(archive, since=since, until=until)))
    if as_json:
        typer.echo(quality.model_dump_json(indent=2))
        return
    console = Console()
    for table in tables(quality):
        console.print(table)


@app.command("train-writer")
def train_writer(
    out: Annotated[Path, typer.Option(help="GGUF file to write.")] = Path("runs/kidray-writer-micro.gguf"),
    minutes: Annotated[float, typer.Option(help="How long to train, by the clock.")] = 10.0,
    seed: Annotated[int, typer.Option(help="Seed of weights and training pairs.")] = 20_260,
    threads: Annotated[int, typer.Option(help="Threads that compute.")] = 2,
    start: Annotated[Path | None, typer.Option(help="GGUF file of such a model to go on from.")] = None,
    briefs: Annotated[int, typer.Option(help="Random briefs to evaluate on; 0 for none.")] = 400,
) -> None:
    """Train the micro model that words drafts, on synthetic pairs, and write it as GGUF.

    The pairs are drawn as they are needed: random findings, the very message that production sends,
    and a wording of them in English or Korean that the grounding check accepts. No patient's data
    is involved. Needs the `train` extra.

    Example: kidray train-writer --minutes 10 --out runs/writer.gguf
    """
    import json

    import torch

    from reporting.writer.evaluate import evaluate_writer
    from reporting.writer.train import WriterConfig
    from reporting.writer.train import train_writer as train

    torch.set_num_threads(threads)
    done = train(out, WriterConfig(minutes=minutes, seed=seed), typer.echo, start=start)
    typer.echo(json.dumps(done, indent=2))
    typer.echo(f"wrote {out} ({out.stat().st_size / 1e6:.1f} MB)")
    if briefs:
        for language, figures in evaluate_writer(out, briefs).items():
            typer.echo(f"{language}: {figures._asdict()}")
