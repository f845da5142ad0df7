"""What wrong boxes do to the patch filter: which patches it keeps, how often it falls back, what the network answers.

Measured on the embedded world, where the true boxes are known. Reviewers of Double-Filter (ICML 2025) asked what
happens when the detector errs; the faults and the figures are our design.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from models.architecture import Architecture, PatchKeep
from models.batch import Batch, Split
from models.foreground.batch import batch_foreground
from models.foreground.boxes_file import CachedBoxes
from models.foreground.coverage import BoxForeground
from models.foreground.perturb import Perturbation, Perturbed
from models.foreground.provider import ForegroundProvider
from models.foreground.shapes_truth import image_ids, true_boxes
from models.inputs import read_batch
from models.network import Network
from models.patch_filter import FOREGROUND, choose_patches, fallbacks
from models.seen_patches import seen_patches
from models.shapes.dataset import ShapesData
from models.shapes.report import ROWS, plain_accuracy
from models.vilt import Vilt
from models.workload import TaskName


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """Shares, 0 to 1, over the examples: what one foreground does beside that of the true boxes.

    `changed` of the patches kept with the true boxes are dropped for others; `recall` of the truly covered patches are
    kept; `fallbacks` of the images are filtered by score alone; `accuracy` is the network's own, nothing fine-tuned.
    """

    changed: float
    recall: float
    fallbacks: float
    accuracy: float


class Robustness:
    """A ViLT with its own VQA head on the first examples of the embedded world's test split, patches filtered."""

    def __init__(self, network: Network, keep: PatchKeep, *, examples: int, seed: int = 0) -> None:
        if not isinstance(network.backbone, Vilt):
            raise ValueError(f"robustness is measured on a ViLT, not on a {type(network.backbone).__name__}")  # noqa: TRY004 - a user's choice, shown as one line
        data = ShapesData(TaskName.VQA)
        self._network, self._keep, self._seed = network, keep, seed
        self._batch = data.examples(Split.TEST, examples)
        self._names = image_ids(data, Split.TEST, examples)
        self._boxes = CachedBoxes(dict(true_boxes(data, Split.TEST, examples)))
        self._architecture = Architecture(Architecture.full(network.config.sub_layers).choices, keep)
        self._scores = patch_scores(network.backbone, self._batch, self._architecture)
        self._truth = self._looked_at(BoxForeground(self._boxes))
        self._kept = self._keeps(self._truth)

    def unfiltered(self) -> float:
        """The accuracy with every patch."""
        return plain_accuracy(self._network, TaskName.VQA, self._batch)

    def true(self) -> Effect:
        """With the true boxes."""
        return self._effect(self._truth)

    def perturbed(self, perturbation: Perturbation) -> Effect:
        """With the true boxes after a fault."""
        return self.provided(BoxForeground(Perturbed(self._boxes, perturbation, self._seed)))

    def provided(self, provider: ForegroundProvider) -> Effect:
        """With what any provider covers."""
        return self._effect(self._looked_at(provider))

    def _looked_at(self, provider: ForegroundProvider) -> Tensor:
        """(B, N)."""
        size = self._network.config.patch_size
        return batch_foreground(provider, self._batch, patch_size=size, image_ids=self._names)[:, 0]

    def _keeps(self, foreground: Tensor) -> Tensor:
        """(B, N) bool."""
        every = torch.ones_like(foreground, dtype=torch.bool)
        return choose_patches(every, keep=self._keep, scores=self._scores, foreground=foreground)

    def _effect(self, foreground: Tensor) -> Effect:
        kept, covered = self._keeps(foreground), self._truth >= FOREGROUND
        batch = replace(self._batch, foreground=foreground.unsqueeze(1))
        return Effect(
            changed=_share(self._kept & ~kept, self._kept),
            recall=_share(kept & covered, covered),
            fallbacks=fallbacks(foreground, torch.ones_like(kept)).float().mean().item(),
            accuracy=plain_accuracy(self._network, TaskName.VQA, batch, self._architecture),
        )


def _share(part: Tensor, whole: Tensor) -> float:
    return (part.sum() / whole.sum().clamp(min=1)).item()


@torch.inference_mode()
def patch_scores(backbone: Vilt, batch: Batch, architecture: Architecture) -> Tensor:
    """The patch scores (B, N) that the filter of an architecture meets; the foreground has no part in them."""
    parts = (read_batch(backbone, batch.rows(rows)).all() for rows in torch.arange(len(batch)).split(ROWS))
    return torch.cat([seen_patches(backbone, part, architecture).scores for part in parts])
