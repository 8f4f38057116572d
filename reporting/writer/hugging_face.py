"""Write a micro model as a folder that Transformers and vLLM load."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reporting.writer.export import read_gguf
from reporting.writer.network import EPSILON, ROPE_BASE
from reporting.writer.tokens import CHAT_TEMPLATE, END

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer

CONTEXT = 2048  # tokens that the micro model was trained for


def convert_gguf(gguf: Path, out: Path) -> None:
    """Write the micro model in `gguf` to the folder `out`, float32, chat template inside."""
    weights, tokenizer = read_gguf(gguf)
    write_folder(out, weights, tokenizer)


def write_folder(
    out: Path, weights: Mapping[str, torch.Tensor], tokenizer: Tokenizer, template: str = CHAT_TEMPLATE
) -> None:
    """Write `weights`, named as Qwen3's are, with their tokenizer to the folder `out`.

    Parameters
    ----------
    out
        The folder; made when it is not there.
    weights
        State of a `Writer`: float32, embeddings tied.
    tokenizer
        From `learn_tokenizer` or `read_gguf`.
    template
        Chat template, in Jinja.
    """
    import torch
    from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=END, pad_token=END)
    wrapped.chat_template = template
    end = tokenizer.token_to_id(END)
    shape = _shape(weights)
    config = Qwen3Config(
        **shape,
        max_position_embeddings=CONTEXT,
        rms_norm_eps=EPSILON,
        rope_parameters={"rope_type": "default", "rope_theta": ROPE_BASE},
        tie_word_embeddings=True,
        use_sliding_window=False,
        bos_token_id=None,
        eos_token_id=end,
        pad_token_id=end,
        dtype="float32",
    )
    with torch.device("meta"):
        model = Qwen3ForCausalLM(config)
    held = dict(weights) | {"lm_head.weight": weights["model.embed_tokens.weight"]}
    model.load_state_dict(held, assign=True)
    model.tie_weights()
    model.generation_config.eos_token_id = model.generation_config.pad_token_id = end
    model.save_pretrained(out)
    wrapped.save_pretrained(out)


def _shape(weights: Mapping[str, Any]) -> dict[str, int]:
    """Return the sizes that the weights' shapes tell, as Qwen3Config names them."""
    vocabulary, hidden = weights["model.embed_tokens.weight"].shape
    first = "model.layers.0."
    head_dim = weights[f"{first}self_attn.q_norm.weight"].shape[0]
    return {
        "vocab_size": vocabulary,
        "hidden_size": hidden,
        "head_dim": head_dim,
        "num_hidden_layers": len({name.split(".")[2] for name in weights if ".layers." in name}),
        "num_attention_heads": weights[f"{first}self_attn.q_proj.weight"].shape[0] // head_dim,
        "num_key_value_heads": weights[f"{first}self_attn.k_proj.weight"].shape[0] // head_dim,
        "intermediate_size": weights[f"{first}mlp.gate_proj.weight"].shape[0],
    }
