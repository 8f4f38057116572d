"""The micro model's network: a Qwen3 decoder with tied embeddings, its weights named as Qwen3's are."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import nn
from torch.nn import functional

ROPE_BASE = 10_000.0
EPSILON = 1e-6


class Sizes(Protocol):
    """What decides the network's shape."""

    @property
    def hidden(self) -> int:
        """Width of the residual stream."""

    @property
    def layers(self) -> int:
        """Number of blocks."""

    @property
    def heads(self) -> int:
        """Number of query heads."""

    @property
    def kv_heads(self) -> int:
        """Number of key and value heads; the query heads share them."""

    @property
    def head_dim(self) -> int:
        """Width of a head."""

    @property
    def feed_forward(self) -> int:
        """Width of the gated feed-forward layer."""


class Attention(nn.Module):
    """Grouped-query attention with normalised queries and keys, and rotary positions."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.head_dim = sizes.head_dim
        queries, keys = sizes.heads * sizes.head_dim, sizes.kv_heads * sizes.head_dim
        self.q_proj = nn.Linear(sizes.hidden, queries, bias=False)
        self.k_proj = nn.Linear(sizes.hidden, keys, bias=False)
        self.v_proj = nn.Linear(sizes.hidden, keys, bias=False)
        self.o_proj = nn.Linear(queries, sizes.hidden, bias=False)
        self.q_norm = nn.RMSNorm(sizes.head_dim, eps=EPSILON)
        self.k_norm = nn.RMSNorm(sizes.head_dim, eps=EPSILON)

    def forward(self, x: torch.Tensor, rotation: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        """Return (batch, length, hidden) from the same."""
        batch, length, _ = x.shape
        heads = batch, length, -1, self.head_dim
        q = _rotated(self.q_norm(self.q_proj(x).view(heads)).transpose(1, 2), rotation)
        k = _rotated(self.k_norm(self.k_proj(x).view(heads)).transpose(1, 2), rotation)
        v = self.v_proj(x).view(heads).transpose(1, 2)  # (batch, heads, length, head_dim)
        seen = functional.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        out: torch.Tensor = self.o_proj(seen.transpose(1, 2).reshape(batch, length, -1))
        return out


class FeedForward(nn.Module):
    """The gated feed-forward layer."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(sizes.hidden, sizes.feed_forward, bias=False)
        self.up_proj = nn.Linear(sizes.hidden, sizes.feed_forward, bias=False)
        self.down_proj = nn.Linear(sizes.feed_forward, sizes.hidden, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (batch, length, hidden) from the same."""
        out: torch.Tensor = self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x))
        return out


class Block(nn.Module):
    """Attention and feed-forward, each on the normalised residual."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.input_layernorm = nn.RMSNorm(sizes.hidden, eps=EPSILON)
        self.self_attn = Attention(sizes)
        self.post_attention_layernorm = nn.RMSNorm(sizes.hidden, eps=EPSILON)
        self.mlp = FeedForward(sizes)

    def forward(self, x: torch.Tensor, rotation: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        """Return (batch, length, hidden) from the same."""
        x = x + self.self_attn(self.input_layernorm(x), rotation)
        out: torch.Tensor = x + self.mlp(self.post_attention_layernorm(x))
        return out


class Writer(nn.Module):
    """The whole decoder: token ids to logits of the next token."""

    def __init__(self, sizes: Sizes, vocabulary: int) -> None:
        super().__init__()
        self.head_dim = sizes.head_dim
        self.model = nn.ModuleDict(
            {
                "embed_tokens": nn.Embedding(vocabulary, sizes.hidden),
                "layers": nn.ModuleList([Block(sizes) for _ in range(sizes.layers)]),
                "norm": nn.RMSNorm(sizes.hidden, eps=EPSILON),
            }
        )
        self.apply(_begin)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Return logits, float32 (batch, length, vocabulary), for int64 ids (batch, length).

        Rows are padded on the right: attention is causal, so the padding is never seen.
        """
        embedding: Any = self.model["embed_tokens"]
        x = embedding(ids)
        rotation = _rotation(ids.shape[1], self.head_dim)
        layers: Any = self.model["layers"]
        for block in layers:
            x = block(x, rotation)
        return functional.linear(self.model["norm"](x), embedding.weight)


def _begin(module: nn.Module) -> None:
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=0.02)


def _rotation(length: int, head_dim: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return cosine and sine of each position's angles, (length, head_dim) each."""
    frequencies = ROPE_BASE ** (-torch.arange(0, head_dim, 2) / head_dim)
    angles = torch.outer(torch.arange(length), frequencies).repeat(1, 2)
    return angles.cos(), angles.sin()


def _rotated(x: torch.Tensor, rotation: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    """Return x (batch, heads, length, head_dim) turned by its positions, half against half."""
    first, second = x.chunk(2, dim=-1)
    return x * rotation[0] + torch.cat((-second, first), dim=-1) * rotation[1]
