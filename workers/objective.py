"""What a fine-tune makes small: the loss of the student's task, and those that a recipe adds."""

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.heads import Task, exact_logits
from models.inputs import Inputs
from models.network import Network
from models.recipe import Loss


class Objective(nn.Module):
    """The sum of a recipe's losses. Its parameters are those of a matching head, which only training needs."""

    def __init__(self, network: Network, task: Task, *, losses: Sequence[Loss], false_texts: int) -> None:
        """`false_texts` is how many of the false texts of a retrieval example are trained with."""
        super().__init__()
        self._task = task
        self._mean = Loss.MEAN_SOFT_SCORES in losses
        self._passes = 1 + false_texts if Loss.RANKING in losses else None
        self.matching: nn.Linear | None = None
        if Loss.MATCHING in losses:
            device = next(network.backbone.parameters()).device
            self.matching = copy.deepcopy(network.matching_head()).requires_grad_(True).to(device)

    def seen(self, inputs: Inputs, targets: Tensor) -> tuple[Inputs, Tensor]:
        """The examples as they are trained with: of retrieval, those with more false texts keep the first of them."""
        if self._passes is None or inputs.passes <= self._passes:
            return inputs, targets
        places = torch.arange(inputs.passes, device=targets.device)
        true_first = (places != targets.unsqueeze(1)).long().argsort(dim=1, stable=True)  # (B, passes)
        return inputs.picked(true_first[:, : self._passes]), torch.zeros_like(targets)

    def forward(self, head: nn.Module, pooled: Tensor, targets: Tensor) -> Tensor:
        """The loss, a scalar, of pooled features (B, passes, P)."""
        return self.of(exact_logits(self._task, head, pooled), pooled, targets)

    def of(self, logits: Tensor, pooled: Tensor, targets: Tensor) -> Tensor:
        """The loss, a scalar, of logits (B, classes) and the pooled features (B, passes, P) that they are of."""
        loss = self._task.loss(logits, targets)
        if self._mean:
            loss = loss / targets.shape[1]
        return loss if self.matching is None else loss + matching_loss(self.matching(pooled).float(), targets)


def matching_loss(logits: Tensor, true: Tensor) -> Tensor:
    """Cross-entropy of image-text matching: the true pair of an example and its false ones, half the weight each.

    That is the mean over the draws of METER's code, where one of the two is drawn for each example with equal odds;
    the false pairs there have another image, here another text (our reduction: no further pass of the network).

    Args:
        logits: (B, T, 2), class 1 is "they match".
        true: (B,) int64, the place of the true text among T.
    """
    match = F.one_hot(true, logits.shape[1])  # (B, T)
    costs = F.cross_entropy(logits.transpose(1, 2), match, reduction="none")  # (B, T)
    shares = torch.where(match.bool(), 1.0, 1.0 / max(1, logits.shape[1] - 1))
    return (costs * shares).sum(1).mean() / 2
