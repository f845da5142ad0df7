"""Linears that start as told and draw nothing from the global random state."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import skip_init

Start = Callable[[Tensor], Tensor]
"""Fills a weight in place."""

INIT_STD = 0.02


def linear(inputs: int, outputs: int, start: Start, *, bias: bool = True) -> nn.Linear:
    """A linear whose weight starts as `start` fills it, and whose bias starts as zeros."""
    built = skip_init(nn.Linear, inputs, outputs, bias=bias)
    assert isinstance(built, nn.Linear)  # noqa: S101 - for the type alone
    start(built.weight)
    if bias:
        nn.init.zeros_(built.bias)
    return built


def behind_norm(norm: nn.LayerNorm, following: nn.Linear, tokens: Tensor) -> Tensor:
    """`W LN(x) + b` of tokens (..., D): the linear takes up the norm's scale and shift, so that tokens are passed less.

    Equal to the two in turn, but for rounding.
    """
    normed = F.layer_norm(tokens, norm.normalized_shape, eps=norm.eps)
    scale, shift = norm.weight.unsqueeze(-2), norm.bias.unsqueeze(-2)
    return F.linear(normed, following.weight * scale, following.bias + (following.weight * shift).sum(-1))


def normal(generator: torch.Generator) -> Start:
    """N(0, 0.02)."""
    return partial(nn.init.normal_, std=INIT_STD, generator=generator)


def kaiming(generator: torch.Generator) -> Start:
    """LoRA's start of A: uniform within 1 / sqrt(inputs)."""
    return partial(nn.init.kaiming_uniform_, a=5**0.5, generator=generator)


def xavier(generator: torch.Generator) -> Start:
    """Uniform within sqrt(6 / (inputs + outputs))."""
    return partial(nn.init.xavier_uniform_, generator=generator)
