"""Quantise a model to W4A16 with llm-compressor, as compressed tensors that vLLM loads."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from reporting.finetune.base import device_for, load_base, load_tokenizer
from reporting.finetune.judge import answers
from reporting.finetune.pairs import TrainingPair
from reporting.quantize.parity import Parity, compare
from reporting.quantize.prompts import calibration_pairs, parity_pairs, token_rows
from study.errors import ModelError, SettingsError

GROUPS = (128, 64, 32)  # inputs that share a scale: sizes that vLLM has kernels for
KEPT = ["lm_head"]  # in full: small beside the rest, and every token passes through it
Report = Callable[[str], None]


class Quantised(NamedTuple):
    """What a quantisation was and came to; for the card.

    Attributes
    ----------
    model
        What was quantised.
    samples, given
        Rows it was calibrated on, and how many of them came from a pairs file.
    group
        Inputs that share a scale.
    bytes_before, bytes_after
        Of the safetensors files.
    seconds
        Of the calibration.
    parity
        The quantised model beside the model.
    """

    model: str
    samples: int
    given: int
    group: int
    bytes_before: int
    bytes_after: int
    seconds: float
    parity: Parity


def quantise(
    source: Path,
    out: Path,
    samples: int,
    report: Report = print,
    *,
    pairs: Sequence[TrainingPair] = (),
    asked: int = 40,
    longest_reply: int = 1024,
) -> Quantised:
    """Write the model in `source` to `out` with four bits a weight, and compare the two.

    Parameters
    ----------
    source
        Folder of a Transformers model with its tokenizer; not quantised.
    out
        Folder to write.
    samples
        Prompts, each with a reply, to calibrate on.
    report
        Called with lines of progress.
    pairs
        Of a pairs file, to calibrate on first; the rest is drawn.
    asked
        Prompts that both models answer greedily.
    longest_reply
        Tokens after which an answer is cut off.

    Raises
    ------
    ModelError
        If the model cannot be loaded, or has no layer that such groups fit.
    SettingsError
        If `out` is the folder of the model.
    """
    if out.resolve() == source.resolve():
        raise SettingsError("the quantised model needs a folder of its own")
    tokenizer = load_tokenizer(str(source))
    model = load_base(str(source), "none", device_for(source))
    judged = parity_pairs(asked)
    briefs = [pair.brief for pair in judged]
    before = answers(model, tokenizer, briefs, longest_reply, report)
    group = group_size(inputs_of(model))
    rows = calibration_pairs(samples, pairs)
    report(f"calibrating on {len(rows)} prompts, groups of {group}")
    began = time.monotonic()
    _calibrate(model, token_rows(tokenizer, rows), group)
    seconds = round(time.monotonic() - began, 1)
    model.save_pretrained(out, save_compressed=True)
    tokenizer.save_pretrained(out)
    del model
    report(f"written to {out}; it is loaded again and asked")
    after = answers(load_base(str(out), "none", device_for(out)), tokenizer, briefs, longest_reply, report)
    return Quantised(
        model=source.name,
        samples=len(rows),
        given=min(len(pairs), samples),
        group=group,
        bytes_before=weight_bytes(source),
        bytes_after=weight_bytes(out),
        seconds=seconds,
        parity=compare(judged, before, after),
    )


def group_size(inputs: Sequence[int]) -> int:
    """Return the widest group of inputs that every layer's width is a multiple of.

    Raises
    ------
    ModelError
        If none is.
    """
    for size in GROUPS:
        if inputs and all(width % size == 0 for width in inputs):
            return size
    raise ModelError("the model's layers are no multiple of 32 wide; W4A16 has no kernel for them")


def inputs_of(model: Any) -> list[int]:
    """Return how many inputs each linear layer has that is quantised."""
    import torch

    return sorted(
        {
            layer.in_features
            for name, layer in model.named_modules()
            if isinstance(layer, torch.nn.Linear) and name not in KEPT
        }
    )


def weight_bytes(folder: Path) -> int:
    """Return the size of a model's weights on disk."""
    return sum(file.stat().st_size for file in folder.glob("*.safetensors"))


def _calibrate(model: Any, rows: dict[str, list[list[int]]], group: int) -> None:
    """Quantise `model` in place with GPTQ: weights to four bits, symmetric, a scale a group."""
    from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme
    from datasets import Dataset
    from llmcompressor import oneshot
    from llmcompressor.modifiers.quantization import GPTQModifier

    four_bits = QuantizationArgs(num_bits=4, type="int", symmetric=True, strategy="group", group_size=group)
    scheme = QuantizationScheme(targets=["Linear"], weights=four_bits)
    recipe = GPTQModifier(config_groups={"group_0": scheme}, ignore=KEPT)
    oneshot(
        model=model,
        dataset=Dataset.from_dict(rows),
        recipe=recipe,
        max_seq_length=max(map(len, rows["input_ids"])),
        num_calibration_samples=len(rows["input_ids"]),
    )
