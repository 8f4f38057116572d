"""Set up TRL's trainer: an adapter on every linear layer, loss on the replies' tokens only."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from reporting.finetune.config import FinetuneConfig
from reporting.finetune.encode import encode_pair
from reporting.finetune.pairs import TrainingPair
from study.errors import SettingsError


def token_dataset(tokenizer: Any, pairs: Sequence[TrainingPair], config: FinetuneConfig) -> tuple[Any, int]:
    """Return the pairs as tokens, with a mask of those that are learnt, and how many were too long.

    Raises
    ------
    SettingsError
        If all are.
    """
    from datasets import Dataset

    encoded = [encode_pair(tokenizer, pair) for pair in pairs]
    kept = [each for each in encoded if len(each.prompt) + len(each.reply) <= config.longest]
    if not kept:
        raise SettingsError(f"every pair is longer than {config.longest} tokens; raise longest")
    rows = {
        "input_ids": [each.prompt + each.reply for each in kept],
        "completion_mask": [[0] * len(each.prompt) + [1] * len(each.reply) for each in kept],
    }
    return Dataset.from_dict(rows), len(encoded) - len(kept)


def build_trainer(
    model: Any,
    tokenizer: Any,
    dataset: Any,
    checkpoints: Path,
    config: FinetuneConfig,
    report: Callable[[str], None],
) -> Any:
    """Return a trainer of an adapter on `model`, which it wraps.

    Parameters
    ----------
    model, tokenizer
        From `reporting.finetune.base`.
    dataset
        From `token_dataset`.
    checkpoints
        Folder for them; the two newest are kept.
    config
        How to train.
    report
        Called with a line each step.
    """
    from peft import LoraConfig
    from transformers import PrinterCallback
    from trl import SFTTrainer

    adapter = LoraConfig(
        r=config.rank,
        lora_alpha=config.alpha,
        lora_dropout=config.dropout,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    trainer = SFTTrainer(
        model=model,
        args=_settings(len(dataset), checkpoints, config),
        train_dataset=dataset,
        processing_class=tokenizer,
        peft_config=adapter,
        callbacks=[_progress(report)],
    )
    trainer.remove_callback(PrinterCallback)  # it prints what our own line tells
    return trainer


def _settings(pairs: int, checkpoints: Path, config: FinetuneConfig) -> Any:
    """Return the trainer's settings for that many pairs."""
    import torch
    from trl import SFTConfig

    cuda = torch.cuda.is_available()
    steps = config.most_steps or math.ceil(pairs / (config.batch * config.accumulate)) * config.epochs
    return SFTConfig(
        output_dir=str(checkpoints),
        num_train_epochs=config.epochs,
        max_steps=config.most_steps or -1,
        per_device_train_batch_size=config.batch,
        gradient_accumulation_steps=config.accumulate,
        learning_rate=config.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=math.ceil(config.warmup * steps),
        max_grad_norm=1.0,
        optim="paged_adamw_8bit" if cuda else "adamw_torch",
        bf16=cuda,
        use_cpu=not cuda,
        gradient_checkpointing=config.checkpointing,
        max_length=None,  # longer pairs were left out, not cut
        completion_only_loss=True,
        packing=False,
        seed=config.seed,
        data_seed=config.seed,
        save_steps=config.save_every,
        save_total_limit=2,
        logging_steps=1,
        disable_tqdm=True,
        report_to="none",
    )


def _progress(report: Callable[[str], None]) -> Any:
    """Return a callback that tells each step's loss, and how long the rest will take."""
    from transformers import TrainerCallback

    class Progress(TrainerCallback):  # type: ignore[misc] # Transformers is read as untyped
        """Tells each step."""

        def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            """Remember when and where it began."""
            self.began, self.first = time.monotonic(), state.global_step

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
            """Tell the step's loss."""
            done = state.global_step - self.first
            if not done or "loss" not in (logs or {}):
                return
            left = (time.monotonic() - self.began) / done * (state.max_steps - state.global_step)
            loss = float(logs["loss"])
            report(f"step {state.global_step} of {state.max_steps}  loss {loss:.4f}  {left:.0f} s left")

    return Progress()
