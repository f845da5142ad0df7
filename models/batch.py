"""What a network sees: texts and images of some examples, with the targets of their task."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import torch
from torch import Tensor


class Split(StrEnum):
    """Parts of a data set, disjoint by image; what each is for."""

    TRAIN = "train"  # fine-tuning, proxy and final
    FITNESS = "fitness"  # the score of a candidate in the search
    VALIDATION = "validation"  # chooses among the finalists
    TEST = "test"  # reported once


@dataclass(frozen=True, slots=True)
class Batch:
    """Examples of one task. B examples, T texts each (1; retrieval: the true one and false ones), I images each.

    Shapes: `input_ids` and `attention_mask` (B, T, L) int64, mask 1 at a token; `pixel_values` (B, I, 3, H, W)
    float32, normalised, zero outside the valid area; `pixel_mask` (B, I, H, W) bool, None where every pixel is valid;
    `foreground` (B, I, N) float32, the share of each patch that a provider's boxes cover, None where none looked;
    `targets` VQA (B, answers) float32 soft scores, NLVR2 (B,) int64 0 or 1, retrieval (B,) int64 place of the true
    text.
    """

    input_ids: Tensor
    attention_mask: Tensor
    pixel_values: Tensor
    pixel_mask: Tensor | None
    targets: Tensor
    foreground: Tensor | None = None

    def __len__(self) -> int:
        return self.input_ids.shape[0]

    def rows(self, index: Tensor | slice) -> "Batch":
        """The examples at `index`, in its order."""
        return self._map(lambda tensor: tensor[index])

    def to(self, device: torch.device) -> "Batch":
        """The same batch on `device`."""
        return self._map(lambda tensor: tensor.to(device))

    def _map(self, change: Callable[[Tensor], Tensor]) -> "Batch":
        return Batch(
            change(self.input_ids),
            change(self.attention_mask),
            change(self.pixel_values),
            None if self.pixel_mask is None else change(self.pixel_mask),
            change(self.targets),
            None if self.foreground is None else change(self.foreground),
        )


class TaskData(Protocol):
    """One task's examples by split; who implements it owns the seeds, so the same call gives the same examples."""

    answers: Sequence[str]
    """The names of the classes: VQA answers by label id, ("false", "true") for NLVR2, empty for retrieval."""

    sizes: Mapping[Split, int]
    """How many examples each split has."""

    @property
    def skipped(self) -> int:
        """How many different bad examples of the test split were left out so far; 0 where they end with an error.

        What a published rule leaves out is no bad example.
        """

    def examples(self, split: Split, count: int | None = None) -> Batch:
        """The first `count` examples of a split (all of them: None), on the CPU.

        Raises:
            ValueError: the split has fewer.
        """

    def batches(self, split: Split, *, batch_size: int, order: Sequence[int] | None = None) -> Iterator[Batch]:
        """A split as a stream, read as it goes, on the CPU.

        Args:
            split: which.
            batch_size: examples in a batch; the last may have fewer.
            order: the places of the examples to give, any of them more than once; None is all of them as they come.
        """
