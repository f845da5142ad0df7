"""A candidate as a network: a shared frozen backbone with its own adapters, pooler and head."""

import copy

import torch
from torch import Tensor, nn

from models.adapter import Adapters
from models.architecture import Architecture
from models.batch import Batch
from models.heads import TASKS
from models.network import Network
from models.vilt import Embedded, Vilt
from models.workload import TaskName


class Student(nn.Module):
    """What a fine-tune changes; the backbone is only pointed at, never changed and never among the parameters.

    The pooler and the head start as copies of the network's own, the adapters near zero effect.
    """

    def __init__(
        self, network: Network, architecture: Architecture, task: TaskName, *, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.architecture = architecture
        self.task = TASKS[task]
        self._frozen = [network.backbone]  # in a list, so that it is no sub-module
        self.adapters = Adapters(network.config.hidden_size, architecture, generator=generator)
        self.pooler = copy.deepcopy(network.backbone.pooler).requires_grad_(True)
        self.head = copy.deepcopy(network.head(task)).requires_grad_(True)
        self.to(next(network.backbone.parameters()).device)

    @property
    def backbone(self) -> Vilt:
        """The shared frozen backbone."""
        return self._frozen[0]

    def forward(self, embedded: Embedded, passes: int) -> Tensor:
        """Logits (B, classes) of B x passes embedded rows, the passes of an example next to each other."""
        features = self.backbone(embedded, self.architecture, self.adapters, self.pooler)
        pooled = features.pooled.unflatten(0, (-1, passes))  # (B, passes, D)
        return self.task.logits(self.head, pooled)


def embed_batch(backbone: Vilt, batch: Batch) -> tuple[Embedded, int]:
    """Every (text, image) pair of a batch as rows, and how many rows an example has.

    An example with T texts has T rows on its one image; one with I images has I rows with its one text.

    Raises:
        ValueError: several texts meet several images; no task of ours does that.
    """
    texts, images = batch.input_ids.shape[1], batch.pixel_values.shape[1]
    if texts > 1 and images > 1:
        raise ValueError(f"an example has {texts} texts and {images} images; one of the two must be 1")
    if images == 1:
        return _embed_texts(backbone, batch, texts), texts
    parts = [_embed_image(backbone, batch, image) for image in range(images)]
    tokens = torch.stack([part.tokens for part in parts], dim=1).flatten(0, 1)  # (B I, S, D)
    valid = torch.stack([part.valid for part in parts if part.valid is not None], dim=1).flatten(0, 1)
    return Embedded(tokens, valid, parts[0].text_tokens), images


def _embed_image(backbone: Vilt, batch: Batch, image: int) -> Embedded:
    mask = None if batch.pixel_mask is None else batch.pixel_mask[:, image]
    return backbone.embed(
        batch.input_ids[:, 0],
        batch.attention_mask[:, 0],
        batch.pixel_values[:, image],
        mask,
        modality=image + 1,
    )


def _embed_texts(backbone: Vilt, batch: Batch, texts: int) -> Embedded:
    """The image is embedded once for all its texts."""
    mask = None if batch.pixel_mask is None else batch.pixel_mask[:, 0]
    single = backbone.embed(batch.input_ids[:, 0], batch.attention_mask[:, 0], batch.pixel_values[:, 0], mask)
    if texts == 1:
        return single
    ids, attention = batch.input_ids.flatten(0, 1), batch.attention_mask.flatten(0, 1)
    text = backbone.text(ids) + backbone.modalities.weight[0]  # (B T, L, D)
    image = single.tokens[:, single.text_tokens :].repeat_interleave(texts, 0)
    assert single.valid is not None  # noqa: S101 - `embed` always says
    image_valid = single.valid[:, single.text_tokens :].repeat_interleave(texts, 0)
    valid = torch.cat([attention.bool(), image_valid], dim=1)
    return Embedded(torch.cat([text, image], dim=1), valid, single.text_tokens)
