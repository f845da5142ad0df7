"""How counting trains and judges: a count that is off by one is half right."""

import torch
from torch import Tensor
from torch.nn import functional as F


class Counting:
    """`models.heads.Rules` for classes that are numbers in their order; targets are (B,) int64 label ids."""

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Cross-entropy with targets that fall off by e for each step away from the right count."""
        apart = (torch.arange(logits.shape[1], device=logits.device) - targets.unsqueeze(1)).abs()  # (B, classes)
        return F.cross_entropy(logits, (-apart.float()).softmax(1))

    def scores(self, logits: Tensor, targets: Tensor) -> Tensor:
        """(B,): 1 where the count is right, 0.5 where it is off by one, else 0."""
        return (1.0 - 0.5 * (logits.argmax(1) - targets).abs().float()).clamp(min=0.0)


COUNTING = Counting()
