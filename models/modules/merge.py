"""Modules that a frozen linear can take up, so that nothing is left to run beside it."""

from typing import Protocol, runtime_checkable

from torch import Tensor


@runtime_checkable
class Mergeable(Protocol):
    """A trainable module that is a change of weights."""

    def merge(self, linear: str, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        """Weight (out, in) and bias (out,) of a frozen linear with the module in them."""
