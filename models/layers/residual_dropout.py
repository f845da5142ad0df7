"""Dropout on what each frozen sub-layer adds to the residual stream, as the published networks train with."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from models.backbone import Backbone


@contextmanager
def residual_dropout(backbone: Backbone, share: float, generator: torch.Generator) -> Iterator[None]:
    """Within the block, `share` of what each body of a sub-layer gives is zero, the rest scaled up.

    Masks are drawn from the caller's generator on the CPU, so that they are the same on every device. Dropout of
    attention weights and of embeddings, which the published code has as well, is not applied (our reduction: frozen
    outputs stay cached).
    """
    if share == 0.0:
        yield
        return

    def drop(module: nn.Module, inputs: Any, output: Any) -> Any:  # noqa: ANN401 - a tensor, or one with scores
        del module, inputs
        values: Tensor = output[0] if isinstance(output, tuple) else output
        mask = torch.rand(values.shape, generator=generator).to(values.device) >= share
        dropped = values * mask / (1.0 - share)
        return (dropped, *output[1:]) if isinstance(output, tuple) else dropped

    handles = [body.register_forward_hook(drop) for body in backbone.bodies()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
