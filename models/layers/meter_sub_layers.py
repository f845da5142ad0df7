"""METER's sub-layers: attention and FFN behind a norm (CLIP) or before one (RoBERTa, fusion), each droppable."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.architecture import Choice, Stack, SubLayerKind
from models.architecture import SubLayer as GeneName
from models.backbone import Output
from models.meter_config import StackSizes
from models.modules.beside import Beside, shifted, spread


@dataclass(frozen=True, slots=True)
class Call:
    """What one forward call asks of one sub-layer.

    `memory` (B, M, D) is the other stream, for cross-attention; `mask` (B, 1, 1, keys) is added to the attention
    logits; `scored` asks a self-attention for patch scores; `given` is what the body gives, where that is known;
    `first` asks a self-attention of the fusion encoder for token 0 alone.
    """

    choice: Choice
    beside: Beside | None = None
    memory: Tensor | None = None
    mask: Tensor | None = None
    scored: bool = False
    given: Output | None = None
    first: bool = False

    def update(self, hidden: Tensor, output: Tensor | None) -> Tensor | None:
        """What the module adds to the residual stream; None without one."""
        return None if self.beside is None else self.beside.module.update(hidden, output, self.beside.context)

    def prompts(self) -> Tensor | None:
        """The module's prompts (P, D)."""
        return None if self.beside is None else self.beside.module.prompts()


class Attention(nn.Module):
    """Multi-head attention, to itself or to another stream."""

    def __init__(self, sizes: StackSizes) -> None:
        super().__init__()
        self.heads = sizes.heads
        self.query, self.key, self.value, self.out = (nn.Linear(sizes.width, sizes.width) for _ in range(4))

    def forward(self, hidden: Tensor, call: Call, prompts: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """(B, S, D) to (B, S, D), and the scores (B, S - 1) of the tokens after the first if the call wants them.

        A score is the attention of token 0 within its own stream, mean over heads. `prompts` (P, D) are further keys
        and values.
        """
        memory, mask = hidden if call.memory is None else call.memory, call.mask
        query = self._project("query", hidden[:, :1].contiguous() if call.first else hidden, call.beside)
        key, value = (self._project(name, memory, call.beside) for name in ("key", "value"))
        scores = _first_row(query, key, mask)[:, 1:] if call.scored else None
        if prompts is not None and call.memory is None:
            grouped = prompts.reshape(-1, *prompts.shape[-2:])  # (G, P, D)
            further = (self._project(name, grouped, None) for name in ("key", "value"))
            key, value = (
                torch.cat([spread(more, len(own)), own], dim=2) for more, own in zip(further, (key, value), strict=True)
            )
            mask = None if mask is None else F.pad(mask, (prompts.shape[-2], 0))
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=mask).transpose(1, 2).flatten(2)
        return shifted("out", self.out(mixed), mixed, call.beside), scores  # (B, S, D)

    def _project(self, name: str, tokens: Tensor, beside: Beside | None) -> Tensor:
        """(B, S, D) to (B, H, S, D/H)."""
        projected = shifted(name, self.get_submodule(name)(tokens), tokens, beside)
        split: Tensor = projected.unflatten(2, (self.heads, -1)).transpose(1, 2)
        return split


def _first_row(query: Tensor, key: Tensor, mask: Tensor | None) -> Tensor:
    """Attention of token 0, mean over heads: (B, keys)."""
    logits = (query[:, :, :1] @ key.transpose(-1, -2)).float() / query.shape[-1] ** 0.5  # (B, H, 1, keys)
    attention = (logits if mask is None else logits + mask).softmax(-1)
    row: Tensor = attention.mean(1).squeeze(1)
    return row


class FeedForward(nn.Module):
    """Two linears with GELU between, CLIP's quick one (`x sigmoid(1.702 x)`) or the exact."""

    def __init__(self, sizes: StackSizes, *, quick: bool) -> None:
        super().__init__()
        self.quick = quick
        self.up = nn.Linear(sizes.width, sizes.ffn_size)
        self.down = nn.Linear(sizes.ffn_size, sizes.width)

    def forward(self, hidden: Tensor, call: Call, prompts: Tensor | None = None) -> tuple[Tensor, None]:
        """(B, S, D) to (B, S, D); prompts mean nothing to an FFN."""
        del prompts
        wide = shifted("up", self.up(hidden), hidden, call.beside)
        wide = wide * torch.sigmoid(1.702 * wide) if self.quick else F.gelu(wide)
        return shifted("down", self.down(wide), wide, call.beside), None


class SubLayer(nn.Module, ABC):
    """A norm and the body it belongs to; a slim one lacks the body if it is dropped, the norm if nothing uses it."""

    def __init__(self, body: Attention | FeedForward | None, norm: nn.LayerNorm | None) -> None:
        super().__init__()
        self.body = body
        self.norm = norm

    def normed(self, hidden: Tensor) -> Tensor:
        """What its norm gives."""
        assert self.norm is not None  # noqa: S101 - `lacks` was asked
        normed: Tensor = self.norm(hidden)
        return normed

    @abstractmethod
    def output(self, hidden: Tensor, call: Call) -> Output:
        """What its body gives for `hidden` (B, S, D), with patch scores if the call wants them."""

    def _body(self, hidden: Tensor, call: Call, prompts: Tensor | None) -> Output:
        assert self.body is not None  # noqa: S101 - `lacks` was asked
        return Output(*self.body(hidden, call, prompts))

    def lacks(self, choice: Choice) -> bool:
        """Whether `choice` needs what this slim one does not hold."""
        return (choice.keep and self.body is None) or (self.uses_norm(choice) and self.norm is None)

    @staticmethod
    def uses_norm(choice: Choice) -> bool:
        """Whether its norm runs."""
        return choice.keep


class PreNorm(SubLayer):
    """`h + body(norm(h)) + u`: CLIP. In place of a dropped one `h + u`, or h without a module."""

    def output(self, hidden: Tensor, call: Call) -> Output:
        """What its body gives for the normed `hidden`; prompts pass the norm too."""
        prompts = call.prompts()
        return self._body(self.normed(hidden), call, None if prompts is None else self.normed(prompts))

    def forward(self, hidden: Tensor, call: Call) -> tuple[Tensor, Tensor | None]:
        """The next residual stream (B, S, D), and patch scores if the call wants them."""
        given = (call.given or self.output(hidden, call)) if call.choice.keep else None
        output, scores = (None, None) if given is None else (given.tokens, given.scores)
        for addend in (output, call.update(hidden, output)):
            hidden = hidden if addend is None else hidden + addend
        return hidden, scores


class PostNorm(SubLayer):
    """`norm(body(h) + h + u)` for attention, `norm(body(h) + h) + u` for an FFN (DAS, NeurIPS 2023, its code).

    In place of a dropped one `norm(h + u)` (EAS, arXiv 2403.15226), `h + u` if bare (DAS's skipped layer), or h
    without a module.
    """

    def output(self, hidden: Tensor, call: Call) -> Output:
        """What its body gives for `hidden`."""
        return self._body(hidden, call, call.prompts())

    def forward(self, hidden: Tensor, call: Call) -> tuple[Tensor, None]:
        """The next stream (B, S, D)."""
        if not call.choice.keep:
            update = call.update(hidden, None)
            if update is None:
                return hidden, None
            return (hidden + update if call.choice.bare else self.normed(hidden + update)), None
        output = (call.given or self.output(hidden, call)).tokens
        hidden = hidden[:, :1] if call.first else hidden
        update, total = call.update(hidden, output), output + hidden
        if update is None:
            return self.normed(total), None
        after = isinstance(self.body, FeedForward)
        return (self.normed(total) + update if after else self.normed(total + update)), None

    @staticmethod
    def uses_norm(choice: Choice) -> bool:
        """Whether its norm runs: with its body, and after a module in its place that is not bare."""
        return choice.keep or (choice.module is not None and not choice.bare)


def build_sub_layer(sub_layer: GeneName, sizes: StackSizes, *, choice: Choice) -> SubLayer:
    """A sub-layer as far as a slim model with this choice holds it."""
    vision = sub_layer.stack is Stack.VISION
    kind = PreNorm if vision else PostNorm
    body: Attention | FeedForward | None = None
    if choice.keep:
        ffn = sub_layer.kind is SubLayerKind.FFN
        body = FeedForward(sizes, quick=vision) if ffn else Attention(sizes)
    return kind(body, nn.LayerNorm(sizes.width, eps=sizes.norm_eps) if kind.uses_norm(choice) else None)
