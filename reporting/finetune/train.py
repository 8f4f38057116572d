"""Fine-tune an adapter on pairs, with TRL's trainer; judge the model before and after."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

from reporting.finetune.base import fingerprint, load_base, load_tokenizer, quantisation
from reporting.finetune.config import FinetuneConfig
from reporting.finetune.judge import Figures, answers, judge
from reporting.finetune.pairs import TrainingPair
from reporting.finetune.pairs_file import split_pairs
from reporting.finetune.trainer import build_trainer, token_dataset
from study.errors import SettingsError

ADAPTER, CHECKPOINTS, RUN = "adapter", "checkpoints", "run.json"
Report = Callable[[str], None]


class Run(NamedTuple):
    """What a fine-tuning run was and came to; for the card.

    Attributes
    ----------
    base, weights
        The model that was tuned, and what tells its weights from others.
    quantised
        ``nf4`` or ``none``.
    train, held, left_out
        Pairs that were trained on, held out, and longer than the longest.
    sources
        Pairs by where they come from.
    steps, seconds, loss
        Steps of the optimizer, their time, and the mean loss of a reply's token.
    trained, parameters
        Weights that were learnt, and all.
    before, after
        On held-out pairs.
    """

    base: str
    weights: str
    quantised: str
    train: int
    held: int
    left_out: int
    sources: dict[str, int]
    steps: int
    seconds: float
    loss: float
    trained: int
    parameters: int
    before: Figures
    after: Figures


def finetune(
    name: str,
    pairs: Sequence[TrainingPair],
    out: Path,
    config: FinetuneConfig,
    report: Report = print,
    *,
    resume: bool = False,
) -> Run:
    """Train an adapter of the model called `name` on `pairs`, and write it to ``out/adapter``.

    Parameters
    ----------
    name
        Folder of a Transformers model, or its name where a hub can be reached.
    pairs
        To train on, and to hold out: split by patient.
    out
        Folder of adapter and checkpoints.
    config
        How.
    report
        Called with lines of progress.
    resume
        Whether to go on from the newest checkpoint in `out`, where there is one.

    Raises
    ------
    ModelError
        If the model or its tokenizer cannot be loaded.
    SettingsError
        If the pairs are too few to split, all are too long, or `resume` meets checkpoints of another run.
    """
    from transformers import set_seed

    train, held = split_pairs(pairs, config.holdout)
    _claim(out, name, pairs, config, resume=resume)
    set_seed(config.seed)
    tokenizer = load_tokenizer(name)
    kind = quantisation(config)
    model = load_base(name, kind)
    parameters = model.num_parameters()  # counted before the adapter joins them
    report(f"{name}: {parameters:,} parameters, quantised: {kind}")
    asked = Random(config.seed).sample(held, min(config.evaluate, len(held)))  # noqa: S311
    briefs = [pair.brief for pair in asked]
    before = judge(asked, answers(model, tokenizer, briefs, config.longest_reply, report))
    report(f"before: {said(before)}")
    dataset, left_out = token_dataset(tokenizer, train, config)
    trainer = build_trainer(model, tokenizer, dataset, out / CHECKPOINTS, config, report)
    began = time.monotonic()
    result = trainer.train(resume_from_checkpoint=_checkpoint(out) if resume else None)
    seconds = round(time.monotonic() - began, 1)
    trainer.save_model(str(out / ADAPTER))
    tuned = trainer.model
    after = judge(asked, answers(tuned, tokenizer, briefs, config.longest_reply, report))
    report(f"after: {said(after)}")
    learnt = sum(p.numel() for p in tuned.parameters() if p.requires_grad)
    return Run(
        base=Path(name).name if Path(name).is_dir() else name,
        weights=fingerprint(name, model),
        quantised=kind,
        train=len(train) - left_out,
        held=len(held),
        left_out=left_out,
        sources=dict(Counter(sorted(pair.source for pair in pairs))),
        steps=int(trainer.state.global_step),
        seconds=seconds,
        loss=round(float(result.training_loss), 4),
        trained=learnt,
        parameters=parameters,
        before=before,
        after=after,
    )


def said(figures: Figures) -> str:
    """Return figures in words."""
    return (
        f"{figures.asked} held-out prompts: {figures.whole:.0%} of the schema, {figures.grounded:.0%} "
        f"grounded, {figures.signed:.0%} the signed text to the letter"
    )


def _claim(
    out: Path, name: str, pairs: Sequence[TrainingPair], config: FinetuneConfig, *, resume: bool
) -> None:
    """Write down what is trained in `out`, or make sure that a resumed run is the same."""
    digest = hashlib.sha256("".join(sorted(pair.model_dump_json() for pair in pairs)).encode()).hexdigest()
    wanted = {"model": name, "pairs_sha256": digest, "config": config.model_dump()}
    file = out / RUN
    if resume and file.exists() and json.loads(file.read_text("utf-8")) != wanted:
        raise SettingsError(f"{out.name} holds checkpoints of another model, other pairs or another config")
    if not resume and _checkpoint(out) is not None:
        raise SettingsError(f"{out.name} holds checkpoints already; say --resume, or give another folder")
    out.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(wanted, indent=2), "utf-8")


def _checkpoint(out: Path) -> str | None:
    from transformers.trainer_utils import get_last_checkpoint

    folder = out / CHECKPOINTS
    return get_last_checkpoint(str(folder)) if folder.is_dir() else None
