"""What numbers operators work with, seen below autocast."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

Product = tuple[torch.dtype, frozenset[int]]
"""What a product multiplies, and every size that its operands have."""
OPERATORS = ("mm", "addmm", "bmm", "baddbmm", "convolution", "_scaled_dot_product")
WHOLE = ("linear", "matmul", "conv2d", "scaled_dot_product")  # these stay in one piece where no gradient is wanted


class Products(TorchDispatchMode):
    """Notes the products of matrices, convolutions and attentions within the block, those of the way back included."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch gives it no types
        self.seen = set[Product]()

    @property
    def dtypes(self) -> set[torch.dtype]:
        """What is multiplied."""
        return {dtype for dtype, _ in self.seen}

    def __torch_dispatch__(
        self,
        func: Callable[..., object],
        types: Sequence[type],
        args: Sequence[object] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        """Run the operator and look at what it is given."""
        del types
        if str(func).removeprefix("aten.").startswith(OPERATORS + WHOLE):
            given = [leaf for leaf in tree_leaves(args) if isinstance(leaf, Tensor) and leaf.is_floating_point()]
            self.seen.add((given[0].dtype, frozenset(size for each in given for size in each.shape)))
        return func(*args, **(kwargs or {}))
