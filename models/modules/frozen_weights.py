"""Frozen weights that a module computes with: they move with it, and are no part of its state."""

from collections.abc import Mapping

from torch import Tensor, nn


class FrozenWeights(nn.Module):
    """Weights (out, in) by the name of their linear, not copied as long as they stay on one device."""

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        super().__init__()
        for name, weight in weights.items():
            self.register_buffer(name, weight.detach(), persistent=False)

    def __contains__(self, linear: str) -> bool:
        return linear in self._buffers

    def __getitem__(self, linear: str) -> Tensor:
        return self.get_buffer(linear)
