"""Write the card of a fine-tuned writer: what was done with what, and what it came to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reporting.finetune.config import FinetuneConfig
from reporting.finetune.judge import Figures
from reporting.finetune.train import Run

LIMITS = """
## Limits
It words findings that a vision model has made; it cannot see an image. What it writes is used only where
the grounding check finds every sentence in the findings; else the template's words stand. The vision model
is trained on synthetic phantoms: **not for clinical use**. The figures were taken without a schema that
holds the decoding, so production's replies keep to the schema at least as often.
"""


def finetuned_card(run: Run, config: FinetuneConfig) -> str:
    """Return the card of an adapter, in Markdown."""
    sources = ", ".join(f"{count} {source}" for source, count in run.sources.items())
    synthetic = run.sources.keys() == {"synthetic"}
    said = (
        "**No signed report is among the pairs: random findings, worded by patterns.**\n" if synthetic else ""
    )
    how = {
        "base model": f"{run.base} ({run.weights})",
        "base weights while training": "nf4, double quantisation" if run.quantised == "nf4" else "in full",
        "adapter": f"LoRA, rank {config.rank}, alpha {config.alpha}, on every linear layer of the blocks",
        "weights learnt": f"{run.trained:,} of {run.parameters:,}",
        "pairs": sources,
        "trained on": f"{run.train}; {run.held} held out by patient, {run.left_out} too long",
        "steps": f"{run.steps} of {config.batch} x {config.accumulate} pairs",
        "peak learning rate": f"{config.learning_rate:g}",
        "mean loss of a reply's token": f"{run.loss:g}",
        "time": f"{run.seconds:g} s",
        "seed": str(config.seed),
    }
    return (
        f"# A writer fine-tuned from {run.base}\n\n"
        "Words coded findings as the sentences of a draft report, as JSON. Its licence is that of the base\n"
        f"model.\n\n{table(how)}\n"
        "## Data\n"
        "Input: the production prompt, made of enumerations only. Target: the signed text as the reply it\n"
        f"corresponds to, each pair accepted by the grounding check.\n{said}\n"
        f"## Figures\nGreedy replies to held-out prompts.\n\n{figures_table(run.before, run.after)}{LIMITS}"
    )


def write_card(folder: Path, card: str) -> Path:
    """Write `card` into `folder` and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "CARD.md"
    path.write_text(card, "utf-8")
    return path


def table(rows: Mapping[str, str]) -> str:
    """Return a Markdown table of names and values."""
    return "| | |\n|---|---|\n" + "".join(f"| {name} | {value} |\n" for name, value in rows.items())


def figures_table(before: Figures, after: Figures) -> str:
    """Return a Markdown table of what two models' replies came to."""
    rows = "".join(
        f"| {name} | {getattr(before, field):.0%} | {getattr(after, field):.0%} |\n"
        for field, name in (
            ("whole", "JSON of the schema"),
            ("grounded", "grounded"),
            ("signed", "the target to the letter"),
        )
    )
    return f"| of {before.asked} | before | after |\n|---|---|---|\n{rows}"
