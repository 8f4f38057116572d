"""Commands of fine-tuning: collect pairs, and train on them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from study.errors import SettingsError

if TYPE_CHECKING:
    from reporting.finetune.pairs import TrainingPair

Home = Annotated[
    Path | None, typer.Option(help="Home folder whose archive is read. [default: the settings']")
]
Synthetic = Annotated[int, typer.Option(help="Draw this many synthetic pairs instead; 0 for none.")]


def report_pairs(
    out: Annotated[Path, typer.Option(help="Pairs file to write, JSON lines, for its owner only.")],
    home: Home = None,
    synthetic: Synthetic = 0,
    seed: Annotated[int, typer.Option(help="Seed of synthetic pairs.")] = 20_260,
    left: Annotated[bool, typer.Option("--left", help="Name each study that is left out.")] = False,
) -> None:
    """Make fine-tuning pairs of signed reports: their findings as the LLM is told them, and their words.

    Only reports whose every sentence the grounding check accepts are used; the others are counted by the
    rule they break. The file holds no name, ID, date or UID.

    Example: kidray reports pairs --out pairs.jsonl
    """
    from reporting.finetune.pairs_file import synthetic_pairs, write_pairs

    if synthetic:
        count = write_pairs(out, synthetic_pairs(synthetic, seed))
        typer.echo(f"wrote {count} synthetic pairs to {out}: no signed report is among them")
        return
    typer.echo(f"wrote {write_pairs(out, _signed(home, left=left))} pairs to {out}")


def finetune_writer(
    model: Annotated[str, typer.Option(help="Folder of a Transformers model, or its name on a hub.")],
    out: Annotated[Path, typer.Option(help="Folder for adapter, checkpoints and card.")],
    pairs: Annotated[Path | None, typer.Option(help="Pairs file, of `kidray reports pairs`.")] = None,
    home: Annotated[Path | None, typer.Option(help="Home folder whose signed reports are used.")] = None,
    synthetic: Synthetic = 0,
    config: Annotated[Path | None, typer.Option(help="TOML of what differs from the defaults.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the newest checkpoint.")] = False,
    merged: Annotated[
        bool, typer.Option("--merge", help="Also write the whole model, to OUT/merged.")
    ] = False,
) -> None:
    """Fine-tune an LLM on signed reports: QLoRA on a GPU with CUDA, LoRA on a CPU.

    Trains an adapter on the production prompts and the signed texts, a tenth of the patients held out,
    and says how schema, grounding and the signed text fare on them before and after. Needs the `finetune`
    extra in an environment of its own; see docs/finetuning.md.

    Example: kidray finetune-writer --model /models/hari-q3-14b --pairs pairs.jsonl --out runs/writer
    """
    from reporting.finetune.card import finetuned_card, write_card
    from reporting.finetune.config import load_config
    from reporting.finetune.merge import merge
    from reporting.finetune.needs import check_extra
    from reporting.finetune.train import ADAPTER, finetune

    if sum((pairs is not None, home is not None, synthetic > 0)) != 1:
        raise SettingsError("say where the pairs come from: one of --pairs, --home and --synthetic")
    check_extra("finetune")
    chosen = load_config(config)
    used = _pairs(pairs, home, synthetic, chosen.seed)
    run = finetune(model, used, out, chosen, typer.echo, resume=resume)
    typer.echo(f"wrote {out / ADAPTER} and {write_card(out, finetuned_card(run, chosen))}")
    if merged:
        merge(model, out / ADAPTER, out / "merged")
        write_card(out / "merged", finetuned_card(run, chosen))
        typer.echo(f"wrote {out / 'merged'}")


def _pairs(file: Path | None, home: Path | None, synthetic: int, seed: int) -> list[TrainingPair]:
    from reporting.finetune.pairs_file import read_pairs, synthetic_pairs

    if file is not None:
        return read_pairs(file)
    if home is not None:
        return _signed(home)
    typer.echo(f"{synthetic} synthetic pairs: no signed report is among them")
    return list(synthetic_pairs(synthetic, seed))


def _signed(home: Path | None, *, left: bool = False) -> list[TrainingPair]:
    """Return the pairs of an archive's signed reports, and tell which reports are none."""
    from reporting.finetune.pairs_file import collect_pairs
    from study.archive import Archive
    from study.settings import load_settings

    archive = load_settings(home=home).archive
    if not archive.is_dir():
        raise SettingsError(f"there is no archive in {archive.parent}")
    collected = collect_pairs(Archive(archive))
    typer.echo(f"{len(collected.pairs)} signed reports are pairs, {len(collected.left)} are left out")
    for rule, count in collected.by_rule().items():
        typer.echo(f"  {count} break the rule {rule}")
    for each in collected.left if left else ():
        typer.echo(f"  {each.study_uid}: {', '.join(each.rules)}")
    return collected.pairs
