"""Load the model that is fine-tuned: four bits a weight on CUDA, as it is elsewhere."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from reporting.finetune.config import FinetuneConfig
from study.errors import ModelError, SettingsError


def quantisation(config: FinetuneConfig) -> str:
    """Return ``nf4`` or ``none``.

    Raises
    ------
    SettingsError
        If nf4 is asked for and there is no CUDA.
    """
    import torch

    cuda = torch.cuda.is_available()
    if config.quantise == "nf4" and not cuda:
        raise SettingsError("quantise = nf4 needs a GPU with CUDA; say none, or auto")
    return "nf4" if cuda and config.quantise != "none" else "none"


def load_base(name: str, kind: str) -> Any:
    """Return the model called `name`, ready to be trained on.

    Parameters
    ----------
    name
        Folder of a Transformers model, or its name where a hub can be reached.
    kind
        ``nf4``: normal floats of four bits with doubly quantised constants, computed in bfloat16.
        ``none``: bfloat16 on CUDA, float32 on a CPU.

    Raises
    ------
    ModelError
        If there is no such model.
    """
    import torch
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    cuda = torch.cuda.is_available()
    wanted: dict[str, Any] = {"dtype": torch.bfloat16 if cuda else torch.float32}
    if cuda:
        wanted["device_map"] = {"": 0}
    if kind == "nf4":
        wanted["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16,
        )
    try:
        return AutoModelForCausalLM.from_pretrained(name, **wanted)
    except (OSError, ValueError) as error:
        raise ModelError(f"{Path(name).name} cannot be loaded as a language model: {error}") from error


def load_tokenizer(name: str) -> Any:
    """Return the tokenizer of the model called `name`.

    Raises
    ------
    ModelError
        If there is none, or it has no chat template: production sends chats.
    """
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(name)
    except (OSError, ValueError) as error:
        raise ModelError(f"{Path(name).name} has no tokenizer that can be loaded: {error}") from error
    if not tokenizer.chat_template:
        raise ModelError(f"the tokenizer of {Path(name).name} has no chat template")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def fingerprint(name: str, model: Any) -> str:
    """Return what tells these weights from others: a commit of the hub, or a SHA-256 of the files."""
    folder = Path(name)
    if not folder.is_dir():
        return f"commit {getattr(model.config, '_commit_hash', None) or 'unknown'}"
    digest = hashlib.sha256()
    for file in sorted(folder.glob("*.safetensors")):
        with file.open("rb") as opened:
            while block := opened.read(1 << 22):
                digest.update(block)
    return f"sha256 {digest.hexdigest()}"
