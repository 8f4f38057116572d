"""Write a trained micro model as GGUF, which llama.cpp serves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reporting.writer.network import EPSILON, ROPE_BASE
from reporting.writer.tokens import CHAT_TEMPLATE, END, SPECIAL, byte_level

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer

NAME = "kidray-writer-micro"
_OUTER = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight"}
_INNER = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def write_gguf(path: Path, weights: Mapping[str, torch.Tensor], tokenizer: Tokenizer, config: Any) -> None:
    """Write `weights` of a Qwen3 with tied embeddings to `path`, matrices in Q8_0.

    Parameters
    ----------
    path
        The file to write; its folder is made.
    weights
        State of a `Writer`: float32, named as Qwen3's weights are.
    tokenizer
        Byte-level BPE with GPT-2's splitting.
    config
        The `WriterConfig` that the network was built from.
    """
    import gguf

    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(path, "qwen3")
    writer.add_name(NAME)
    writer.add_license("Apache-2.0")
    writer.add_context_length(config.context)
    writer.add_embedding_length(config.hidden)
    writer.add_block_count(config.layers)
    writer.add_feed_forward_length(config.feed_forward)
    writer.add_head_count(config.heads)
    writer.add_head_count_kv(config.kv_heads)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_layer_norm_rms_eps(EPSILON)
    writer.add_rope_freq_base(ROPE_BASE)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    _add_tokenizer(writer, tokenizer)
    for name, tensor in weights.items():
        _add_tensor(writer, _gguf_name(name), tensor.detach().float().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def read_gguf(path: Path) -> tuple[dict[str, torch.Tensor], Tokenizer]:
    """Return the weights (float32, as `Writer` names them) and the tokenizer that `path` holds."""
    import gguf
    import torch
    from tokenizers import AddedToken, Tokenizer, models

    reader = gguf.GGUFReader(path)
    tokens = reader.fields["tokenizer.ggml.tokens"].contents()
    merges = reader.fields["tokenizer.ggml.merges"].contents()
    pairs = [(left, right) for left, right in (merge.split(" ") for merge in merges)]
    tokenizer = byte_level(Tokenizer(models.BPE({t: i for i, t in enumerate(tokens)}, pairs)))
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in SPECIAL])
    weights = {}
    for tensor in reader.tensors:
        array = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        weights[_own_name(tensor.name)] = torch.tensor(array)
    return weights, tokenizer


def _add_tokenizer(writer: Any, tokenizer: Tokenizer) -> None:
    import gguf

    by_id = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list([token for token, _ in by_id])
    control, normal = gguf.TokenType.CONTROL, gguf.TokenType.NORMAL
    writer.add_token_types([control if token in SPECIAL else normal for token, _ in by_id])
    writer.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in merges])
    end = tokenizer.token_to_id(END)
    writer.add_eos_token_id(end)
    writer.add_eot_token_id(end)
    writer.add_pad_token_id(end)
    writer.add_add_bos_token(False)
    writer.add_chat_template(CHAT_TEMPLATE)


def _add_tensor(writer: Any, name: str, array: Any) -> None:
    import gguf

    if array.ndim == 1:  # norms stay in float32
        writer.add_tensor(name, array)
        return
    kind = gguf.GGMLQuantizationType.Q8_0
    writer.add_tensor(name, gguf.quants.quantize(array, kind), raw_dtype=kind)


def _gguf_name(name: str) -> str:
    if name in _OUTER:
        return _OUTER[name]
    _, _, block, rest = name.split(".", 3)
    return f"blk.{block}.{_INNER[rest.removesuffix('.weight')]}.weight"


def _own_name(name: str) -> str:
    outer = {gguf_name: own for own, gguf_name in _OUTER.items()}
    if name in outer:
        return outer[name]
    inner = {gguf_name: own for own, gguf_name in _INNER.items()}
    _, block, rest = name.split(".", 2)
    return f"model.layers.{block}.{inner[rest.removesuffix('.weight')]}.weight"
