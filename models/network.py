"""A backbone with the heads it came with: what every checkpoint format is read into."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from models.heads import TASKS, drawn, rank_head_from_itm
from models.known_heads import ITM_HEAD
from models.meter import Meter
from models.meter_config import MeterConfig
from models.vilt import Vilt
from models.vilt_config import ViltConfig
from models.workload import TaskName

__all__ = ["ITM_HEAD", "Network", "file_digest"]


@dataclass(frozen=True, slots=True)
class Network:
    """A pre-trained backbone and its heads by name (vqa, nlvr2, retrieval, itm); `answers` names the VQA classes.

    `fresh` names those of the heads that were drawn at random: they know nothing yet.
    """

    backbone: Vilt | Meter
    heads: nn.ModuleDict
    answers: tuple[str, ...] = ()
    tokenizer: Path | None = None
    provenance: Mapping[str, object] = field(default_factory=dict)
    fresh: frozenset[str] = frozenset()

    @property
    def config(self) -> ViltConfig | MeterConfig:
        """The sizes of the backbone."""
        return self.backbone.config

    @property
    def classifier_token(self) -> Tensor | None:
        """(D,), what DAS's trained classifier token starts as; None where the backbone knows no such start."""
        return self.backbone.classifier_token if isinstance(self.backbone, Meter) else None

    def head(self, task: TaskName, *, generator: torch.Generator | None = None) -> nn.Module:
        """The head a fine-tune of `task` starts from: its own, a rank head made of the ITM head, or a new one.

        A new one is drawn from `generator`; without it from a fixed seed, so that it is the same every time.
        """
        if task in self.heads:
            return self.heads[task]
        if task is TaskName.RETRIEVAL and ITM_HEAD in self.heads:
            return rank_head_from_itm(self.matching_head())
        return drawn(lambda: TASKS[task].head(self.config, len(self.answers)), generator=_seeded(generator))

    def matching_head(self, *, generator: torch.Generator | None = None) -> nn.Linear:
        """The image-text-matching head, its own or a new one: two classes, row 1 is "they match"."""
        if ITM_HEAD in self.heads:
            own = self.heads[ITM_HEAD]
            assert isinstance(own, nn.Linear)  # noqa: S101 - every reader builds it so
            return own
        return drawn(lambda: nn.Linear(self.config.pooled_size, 2), generator=_seeded(generator))


def _seeded(generator: torch.Generator | None) -> torch.Generator:
    return torch.Generator().manual_seed(0) if generator is None else generator


def file_digest(path: Path) -> str:
    """The SHA-256 of a file: which weights a result was measured on."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
