"""A backbone with the heads it came with: what every checkpoint format is read into."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from torch import nn

from models.heads import TASKS, rank_head_from_itm
from models.vilt import Vilt
from models.vilt_config import ViltConfig
from models.workload import TaskName

ITM_HEAD = "itm"  # image-text matching, from pre-training: two classes, row 1 is "they match"


@dataclass(frozen=True, slots=True)
class Network:
    """A pre-trained ViLT and its heads by name (vqa, nlvr2, retrieval, itm); `answers` names the VQA classes."""

    backbone: Vilt
    heads: nn.ModuleDict
    answers: tuple[str, ...] = ()
    tokenizer: Path | None = None
    provenance: Mapping[str, object] = field(default_factory=dict)

    @property
    def config(self) -> ViltConfig:
        """The sizes of the backbone."""
        return self.backbone.config

    def head(self, task: TaskName) -> nn.Module:
        """The head a fine-tune of `task` starts from: its own, a rank head made of the ITM head, or a new one."""
        if task in self.heads:
            return self.heads[task]
        if task is TaskName.RETRIEVAL and ITM_HEAD in self.heads:
            itm = self.heads[ITM_HEAD]
            assert isinstance(itm, nn.Linear)  # noqa: S101 - every reader builds it so
            return rank_head_from_itm(itm)
        return TASKS[task].head(self.config, len(self.answers))


def file_digest(path: Path) -> str:
    """The SHA-256 of a file: which weights a result was measured on."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
