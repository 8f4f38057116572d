"""Write a micro model as a folder of the Transformers library, which vLLM serves and others fine-tune."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reporting.writer.export import read_gguf
from reporting.writer.network import EPSILON, ROPE_BASE
from reporting.writer.tokens import CHAT_TEMPLATE, END

CONTEXT = 2048  # tokens that the micro model was trained for


def write_folder(out: Path, gguf: Path, context: int = CONTEXT) -> Path:
    """Write the Qwen3 that `gguf` holds to the folder `out`, in float32, and return the folder.

    Parameters
    ----------
    out
        The folder: config, weights as safetensors, tokenizer with its chat template.
    gguf
        A micro model, as `reporting.writer.export` writes it.
    context
        Tokens that the model may be given.
    """
    from safetensors.torch import save_file
    from transformers import PreTrainedTokenizerFast, Qwen3Config

    weights, tokenizer = read_gguf(gguf)
    out.mkdir(parents=True, exist_ok=True)
    end = tokenizer.token_to_id(END)
    config = Qwen3Config(
        **_sizes(weights),
        max_position_embeddings=context,
        rms_norm_eps=EPSILON,
        rope_parameters={"rope_type": "default", "rope_theta": ROPE_BASE},
        tie_word_embeddings=True,
        attention_bias=False,
        eos_token_id=end,
        pad_token_id=end,
        bos_token_id=None,
        dtype="float32",
        architectures=["Qwen3ForCausalLM"],
    )
    config.save_pretrained(out)
    save_file({name: tensor.contiguous() for name, tensor in weights.items()}, out / "model.safetensors")
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=END, pad_token=END)
    fast.chat_template = CHAT_TEMPLATE
    fast.save_pretrained(out)
    return out


def _sizes(weights: dict[str, Any]) -> dict[str, int]:
    """Return the sizes of a Qwen3, read off the shapes of its weights."""
    vocabulary, hidden = weights["model.embed_tokens.weight"].shape
    head = weights["model.layers.0.self_attn.q_norm.weight"].shape[0]
    layers = {name.split(".")[2] for name in weights if name.startswith("model.layers.")}
    return {
        "vocab_size": vocabulary,
        "hidden_size": hidden,
        "num_hidden_layers": len(layers),
        "num_attention_heads": weights["model.layers.0.self_attn.q_proj.weight"].shape[0] // head,
        "num_key_value_heads": weights["model.layers.0.self_attn.k_proj.weight"].shape[0] // head,
        "head_dim": head,
        "intermediate_size": weights["model.layers.0.mlp.up_proj.weight"].shape[0],
    }
