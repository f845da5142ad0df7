"""Linears and norms of many members in one call, for modules whose formulas know nothing of members."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode


class StackedOps(TorchFunctionMode):
    """Within the block a weight with a dimension more in front is one of each member, and so are the rows.

    `vmap` does the same for any formula, but passes over the tokens once more for each bias, twice for each norm, and
    takes half a millisecond to set up. Both give the same but for rounding.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - whatever is called
        """Another function in the place of some."""
        del types
        found: Any = STACKED.get(func, func)(*args, **(kwargs or {}))
        return found


def linear(tokens: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """(K, ..., in) to (K, ..., out) with weights (K, out, in) and biases (K, out)."""
    rows = tokens.reshape(len(tokens), -1, tokens.shape[-1])  # (K, N, in)
    wide = torch.bmm(rows, weight.mT) if bias is None else torch.baddbmm(bias.unsqueeze(1), rows, weight.mT)
    return wide.view(*tokens.shape[:-1], -1)


def layer_norm(
    tokens: Tensor, shape: Sequence[int], weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """(K, ..., D) normed, with weights and biases (K, D)."""
    normed = F.layer_norm(tokens, shape, eps=eps)
    if weight is None or bias is None:
        return normed
    each = (len(tokens), *[1] * (tokens.ndim - 2), -1)
    return torch.addcmul(bias.view(each), normed, weight.view(each))


STACKED: Mapping[Callable[..., Any], Callable[..., Any]] = {F.linear: linear, F.layer_norm: layer_norm}
