"""Routing functions: a low-rank representation of one modality, routed by the other's (arXiv 2403.09377)."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from models.modules.base import Context
from models.modules.modality import Modality, spans
from models.modules.options import Direction, RoutingFunction


def route(function: RoutingFunction, x_t: Tensor, x_v: Tensor, valid: Tensor | None = None) -> Tensor:
    """R(x_t, x_v), (B, L, r), of tokens x_t (B, L, r) and the other modality's summary x_v (B, V, r).

    With one summary token (V = 1) as published. With more, `outer` is `x_t (x_v' x_v) / V`, and the others
    take the mean over them (our design). `valid` (B, L) is False at padding, which `self` leaves out of its sum.
    """
    if function in (RoutingFunction.OUTER_RELU, RoutingFunction.ONES_RELU):
        scores = F.relu(x_t) @ F.relu(x_v).mT  # (B, L, V)
    elif function in (RoutingFunction.OUTER, RoutingFunction.ONES):
        scores = x_t @ x_v.mT
    else:
        return _route_by_mean(function, x_t, x_v.mean(1, keepdim=True), valid)
    if function in (RoutingFunction.ONES, RoutingFunction.ONES_RELU):
        return scores.mean(-1, keepdim=True).expand_as(x_t)
    return scores @ x_v / x_v.shape[1]


def _route_by_mean(function: RoutingFunction, x_t: Tensor, x_v: Tensor, valid: Tensor | None) -> Tensor:
    """The functions that know one summary token (B, 1, r)."""
    if function is RoutingFunction.MUL:
        return x_t * x_v
    if function is RoutingFunction.ADD:
        return x_t + x_v
    if function is RoutingFunction.EXPAND:
        return x_t.sum(-1, keepdim=True) * x_v
    seen = x_t if valid is None else x_t * valid.unsqueeze(-1)
    return x_t @ seen.sum(1).unsqueeze(-1) * x_v  # x_t x_t' x_v: (B, L, 1) scores


@dataclass(frozen=True, slots=True)
class Router:
    """Routes what it should of a sequence and leaves the rest as it is: a plain low-rank representation."""

    function: RoutingFunction
    direction: Direction

    def __call__(
        self, narrow: Tensor, narrow_down: Callable[[Tensor], Tensor], context: Context, *, other: bool = False
    ) -> Tensor:
        """(B, S, r) to the same shape: text tokens by the image's summary, image tokens by the text's.

        `narrow_down` is the projection that gave `narrow`, shared with the summaries; `other` says that the tokens are
        those which cross-attention reads.
        """
        valid, parts = context.other_valid if other else context.valid, []
        for modality, span in spans(context.stack, narrow.shape[1], context.text_tokens, other=other).items():
            part, summary = narrow[:, span], self._summary(modality, context)
            if summary is not None:
                part = route(self.function, part, narrow_down(summary), None if valid is None else valid[:, span])
            parts.append(part)
        return torch.cat(parts, dim=1)

    def _summary(self, modality: Modality, context: Context) -> Tensor | None:
        if not self.direction.routes(modality):
            return None
        return context.image if modality is Modality.TEXT else context.text
