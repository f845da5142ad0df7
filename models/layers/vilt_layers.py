"""ViLT's droppable sub-layers: self-attention and FFN, each with the norm in front of it."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.modules.beside import Beside, shifted, spread
from models.vilt_config import ViltConfig


class SelfAttention(nn.Module):
    """Multi-head self-attention with the norm in front of it, so that dropping it drops both."""

    def __init__(self, config: ViltConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.norm = nn.LayerNorm(config.hidden_size, eps=config.norm_eps)
        self.qkv = nn.Linear(config.hidden_size, 3 * config.hidden_size)
        self.out = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(
        self,
        tokens: Tensor,
        mask: Tensor | None,
        beside: Beside | None = None,
        first_patch: int | None = None,
        *,
        first: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """The update to add to `tokens` (B, S, D), and patch scores (B, N) if `first_patch` asks for them.

        With `first` the update of token 0 alone, (B, 1, D), which is the same but for rounding.

        `mask` is (B, 1, 1, S) and False at padding. A patch's score is its attention from text token 0 within the
        sequence, mean over heads; prompts take no share of it.
        """
        normed = self.norm(tokens)
        query, key, value = self._project(normed, beside, first=first)  # each (B, H, S, D/H)
        scores = None if first_patch is None else _first_row(query, key, mask)[:, first_patch:]
        if beside is not None and (prompts := beside.module.prompts()) is not None:
            key, value, mask = self._attend_also(prompts, key, value, mask)
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=mask).transpose(1, 2).flatten(2)
        return shifted("out", self.out(mixed), mixed, beside), scores  # (B, S, D)

    def _project(self, normed: Tensor, beside: Beside | None, *, first: bool) -> tuple[Tensor, ...]:
        """Query, key and value, (B, H, S, D/H) each; the query of token 0 alone with `first`."""
        if first:
            width = self.out.in_features
            weights, biases = (part.split([width, 2 * width]) for part in (self.qkv.weight, self.qkv.bias))
            asking = normed[:, :1].contiguous()
            query, both = map(F.linear, (asking, normed), weights, biases)
            parts = (query, *both.chunk(2, dim=-1))
        else:
            parts, asking = self.qkv(normed).chunk(3, dim=-1), normed
        inputs = {"query": asking, "key": normed, "value": normed}
        projected = (shifted(*each, beside) for each in zip(inputs, parts, inputs.values(), strict=True))
        return tuple(self._split(part) for part in projected)

    def _split(self, projected: Tensor) -> Tensor:
        """(B, S, D) to (B, H, S, D/H)."""
        split: Tensor = projected.unflatten(-1, (self.heads, -1)).transpose(1, 2)
        return split

    def _attend_also(
        self, prompts: Tensor, key: Tensor, value: Tensor, mask: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Keys and values of the prompts (P, D) in front of the others: they are seen, and see nothing."""
        width, rows = self.out.in_features, key.shape[0]
        grouped = self.norm(prompts.reshape(-1, *prompts.shape[-2:]))  # (G, P, D)
        further = F.linear(grouped, self.qkv.weight[width:], self.qkv.bias[width:])  # (G, P, 2 D), no query
        key, value = (
            torch.cat([spread(self._split(more), rows), own], dim=2)
            for more, own in zip(further.chunk(2, dim=-1), (key, value), strict=True)
        )
        return key, value, None if mask is None else F.pad(mask, (prompts.shape[-2], 0), value=True)


def _first_row(query: Tensor, key: Tensor, mask: Tensor | None) -> Tensor:
    """Attention of token 0, mean over heads: (B, S)."""
    logits = (query[:, :, :1] @ key.transpose(-1, -2)).float() / query.shape[-1] ** 0.5  # (B, H, 1, S)
    if mask is not None:
        logits = logits.masked_fill(~mask, float("-inf"))
    attention: Tensor = logits.softmax(-1).mean(1).squeeze(1)
    return attention


class FeedForward(nn.Module):
    """The two-layer GELU network with the norm in front of it."""

    def __init__(self, config: ViltConfig) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(config.hidden_size, eps=config.norm_eps)
        self.up = nn.Linear(config.hidden_size, config.ffn_size)
        self.down = nn.Linear(config.ffn_size, config.hidden_size)

    def forward(self, tokens: Tensor, beside: Beside | None = None) -> Tensor:
        """The update to add to `tokens` (B, S, D)."""
        normed = self.norm(tokens)
        wide = F.gelu(shifted("up", self.up(normed), normed, beside))
        return shifted("down", self.down(wide), wide, beside)


class Block(nn.Module):
    """One transformer block; a sub-layer that a slim model does not hold is None."""

    def __init__(self, config: ViltConfig, *, msa: bool, ffn: bool) -> None:
        super().__init__()
        self.msa = SelfAttention(config) if msa else None
        self.ffn = FeedForward(config) if ffn else None
