"""The command that quantises a writer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def quantize_writer(
    model: Annotated[Path, typer.Option(help="Folder of a Transformers model, such as OUT/merged.")],
    out: Annotated[Path, typer.Option(help="Folder for the quantised model and its card.")],
    samples: Annotated[int, typer.Option(min=1, help="Prompts to calibrate on.")] = 256,
    pairs: Annotated[Path | None, typer.Option(help="Pairs file to calibrate on first.")] = None,
    asked: Annotated[int, typer.Option(min=1, help="Prompts that both models answer.")] = 40,
    longest_reply: Annotated[int, typer.Option(min=1, help="Tokens of an answer at most.")] = 1024,
) -> None:
    """Quantise an LLM to four bits a weight (W4A16, GPTQ), calibrated on our own prompts, for vLLM.

    Asks the model before and after the same prompts, and tells how many replies are equal and how many
    are grounded. Needs the `quantize` extra in an environment of its own; see docs/finetuning.md.

    Example: kidray quantize-writer --model runs/writer/merged --out runs/writer-w4a16 --samples 256
    """
    from reporting.finetune.card import write_card
    from reporting.finetune.needs import check_extra
    from reporting.finetune.pairs_file import read_pairs
    from reporting.finetune.train import said
    from reporting.quantize.card import quantised_card
    from reporting.quantize.quantize import quantise

    check_extra("quantize")
    given = read_pairs(pairs) if pairs is not None else []
    done = quantise(model, out, samples, typer.echo, pairs=given, asked=asked, longest_reply=longest_reply)
    typer.echo(f"before: {said(done.parity.before)}\nafter: {said(done.parity.after)}")
    typer.echo(
        f"{done.parity.same:.0%} of the replies are equal; wrote {write_card(out, quantised_card(done))}"
    )
