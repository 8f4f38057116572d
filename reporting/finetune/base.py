"""Load the model that is fine-tuned: four bits a weight on CUDA, as it is elsewhere."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from reporting.finetune.config import FinetuneConfig
from study.errors import ModelError


def quantisation(config: FinetuneConfig) -> str:
    """Return ``nf4`` or ``none``."""
    import torch

    if config.quantise != "auto":
        return config.quantise
    return "nf4" if torch.cuda.is_available() else "none"


def device_for(folder: Path) -> str:
    """Return where the whole model in `folder` fits: ``cuda:0`` or, with the layers moved over, ``cpu``."""
    import torch

    if not torch.cuda.is_available():
        return "cpu"
    weights = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
    return "cuda:0" if weights * 1.2 < torch.cuda.mem_get_info()[0] else "cpu"


def load_base(name: str, kind: str, device: str | None = None) -> Any:
    """Return the model called `name`.

    Parameters
    ----------
    name
        Folder of a Transformers model, or its name where a hub can be reached.
    kind
        ``nf4``: normal floats of four bits with doubly quantised constants.
        ``none``: in full. Computed in bfloat16 where there is CUDA, else in float32.
    device
        Where to; None for the first GPU, or the CPU where there is none.

    Raises
    ------
    ModelError
        If there is no such model.
    """
    import torch
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    cuda = torch.cuda.is_available()
    dtype = torch.bfloat16 if cuda else torch.float32
    wanted: dict[str, Any] = {"dtype": dtype}
    if cuda:
        wanted["device_map"] = {"": device or "cuda:0"}
    if kind == "nf4":
        wanted["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=dtype,
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
