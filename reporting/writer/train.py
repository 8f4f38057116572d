"""Train the micro model: a tiny Qwen3 that words facts as JSON. Reads top to bottom."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from reporting.writer.export import read_gguf, write_gguf
from reporting.writer.network import Writer
from reporting.writer.pairs import Pair, draw_pairs
from reporting.writer.tokens import END, learn_tokenizer, prompt_text
from study.errors import ModelError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

IGNORE = -100  # target of positions that carry no loss: the prompt and the padding


@dataclass(frozen=True)
class WriterConfig:
    """All that decides what is trained."""

    hidden: int = 160
    layers: int = 4
    heads: int = 5
    kv_heads: int = 1
    head_dim: int = 32
    feed_forward: int = 416
    context: int = 2048
    batch: int = 8
    learning_rate: float = 3e-3  # of AdamW: embeddings and norms
    matrix_rate: float = 0.02  # of Muon: every other matrix
    warmup: int = 40
    minutes: float = 6.0  # the schedule runs by the clock, so it fits the machine
    seed: int = 20_260
    tokenizer_pairs: int = 6_000


def train_writer(
    out: Path,
    config: WriterConfig | None = None,
    report: Callable[[str], None] = print,
    *,
    start: Path | None = None,
) -> dict[str, Any]:
    """Train for ``config.minutes`` and write the model as GGUF to `out`.

    Parameters
    ----------
    out
        Path of the GGUF file to write.
    config
        Sizes, seed and time; the defaults make the model that ships.
    start
        A GGUF file of the same sizes to go on from, with its tokenizer; None starts anew.
    report
        Called with one line of progress now and then.

    Returns
    -------
    dict of str to Any
        What was done: steps, pairs, parameters, last losses, seconds; for the model card.
    """
    config = config or WriterConfig()
    torch.manual_seed(config.seed)
    model, tokenizer = _begin(config, start)
    parameters = sum(p.numel() for p in model.parameters())
    report(f"{parameters:,} parameters, {tokenizer.get_vocab_size()} tokens")
    done = _fit(model, tokenizer, config, report)
    write_gguf(out, model.state_dict(), tokenizer, config)
    return {"parameters": parameters, **done, "config": asdict(config)}


def _begin(config: WriterConfig, start: Path | None) -> tuple[Writer, Tokenizer]:
    if start is None:
        texts = (pair.facts + pair.reply for pair in draw_pairs(config.tokenizer_pairs, config.seed))
        tokenizer = learn_tokenizer(texts)
        return Writer(config, tokenizer.get_vocab_size()), tokenizer
    weights, tokenizer = read_gguf(start)
    model = Writer(config, tokenizer.get_vocab_size())
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise ModelError(f"{start.name} is not a micro model of these sizes") from error
    return model, tokenizer


def _fit(
    model: Writer, tokenizer: Tokenizer, config: WriterConfig, report: Callable[[str], None]
) -> dict[str, Any]:
    optimizers = _optimizers(model, config)
    batches = _batches(tokenizer, config)
    started, budget = time.monotonic(), config.minutes * 60
    step, recent = 0, 0.0
    model.train()
    while (elapsed := time.monotonic() - started) < budget:
        part = _schedule(step, config.warmup, elapsed / budget)
        for optimizer, peak in optimizers:
            optimizer.param_groups[0]["lr"] = peak * part
        inputs, targets = next(batches)  # (batch, length) int64 each
        logits = model(inputs)  # (batch, length, vocabulary)
        loss = functional.cross_entropy(
            logits[:, :-1].flatten(0, 1), targets[:, 1:].flatten(), ignore_index=IGNORE
        )
        model.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer, _ in optimizers:
            optimizer.step()
        recent = loss.item() if step == 0 else 0.95 * recent + 0.05 * loss.item()
        if step % 50 == 0:
            report(f"step {step:5d}  loss {recent:.4f}  {elapsed:5.0f} s")
        step += 1
    seconds = round(time.monotonic() - started)
    return {"steps": step, "pairs": step * config.batch, "loss": round(recent, 4), "seconds": seconds}


def _optimizers(model: torch.nn.Module, config: WriterConfig) -> list[tuple[torch.optim.Optimizer, float]]:
    """Return each optimizer with its peak learning rate: Muon learns the matrices in fewer steps."""
    matrices = [p for n, p in model.named_parameters() if p.ndim == 2 and "embed" not in n]
    others = [p for n, p in model.named_parameters() if p.ndim != 2 or "embed" in n]
    muon = torch.optim.Muon(matrices, lr=config.matrix_rate, weight_decay=0.01)
    adam = torch.optim.AdamW(others, lr=config.learning_rate, betas=(0.9, 0.95))
    return [(muon, config.matrix_rate), (adam, config.learning_rate)]


def _schedule(step: int, warmup: int, part: float) -> float:
    """Return the learning rate as a part of its peak: linear warm-up, cosine down to 2 %."""
    return min(1.0, (step + 1) / warmup) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(part, 1.0))))


def _batches(tokenizer: Tokenizer, config: WriterConfig) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield padded batches of pairs of like length, without end."""
    pool = config.batch * 32
    rng = Random(config.seed)  # noqa: S311 - an order of training pairs, nothing secret
    pairs = draw_pairs(10**9, config.seed + 1)
    while True:
        encoded = sorted((_encode(tokenizer, pair) for pair in islice(pairs, pool)), key=lambda e: len(e[0]))
        groups = [encoded[i : i + config.batch] for i in range(0, pool, config.batch)]
        rng.shuffle(groups)
        for group in groups:
            yield _pad([e[0] for e in group], 0), _pad([e[1] for e in group], IGNORE)


def _encode(tokenizer: Tokenizer, pair: Pair) -> tuple[list[int], list[int]]:
    prompt: list[int] = tokenizer.encode(prompt_text(pair.facts)).ids
    reply: list[int] = tokenizer.encode(pair.reply + END).ids
    return prompt + reply, [IGNORE] * len(prompt) + reply


def _pad(rows: list[list[int]], value: int) -> torch.Tensor:
    length = max(len(row) for row in rows)
    return torch.tensor([row + [value] * (length - len(row)) for row in rows])
