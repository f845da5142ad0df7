"""What pre-training on the embedded world optimises: a fresh ViLT, its heads, and auxiliary heads that are dropped."""

import math
from collections.abc import Mapping
from functools import partial
from random import Random
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.hooks import RemovableHandle

from models.architecture import Architecture, Choice
from models.heads import TASKS
from models.network import ITM_HEAD, Network
from models.shapes.patch_targets import COLORS, PATCH_SIZE, PATCHES, SHAPES, SIZES
from models.shapes.question import ANSWERS
from models.shapes.scene import IMAGE_SIZE
from models.shapes.stream import IGNORED, Mixture, StreamBatch
from models.shapes.tokenizer import MAX_TOKENS, PAD, words
from models.vilt import Embedded, Features, Vilt
from models.vilt_config import ViltConfig
from models.workload import TaskName

NAMED = (SHAPES, COLORS, SIZES)
SEEN_AT, FOUND_AT = 8, 14  # sub-layers after which the patches know what they show, and what the text asks of
WEIGHTS: Mapping[str, float] = {"vqa": 1.0, "nlvr2": 1.0, "itm": 1.0, "words": 0.5, "patches": 2.0}
EMBEDDING_STD = 0.1
POSITION_STD = 0.3


def shapes_config() -> ViltConfig:
    """The small ViLT of the embedded world: 12 blocks, 64 wide, three modalities for NLVR2's second image."""
    return ViltConfig(
        hidden_size=64,
        heads=4,
        blocks=12,
        ffn_size=256,
        image_size=IMAGE_SIZE,
        patch_size=PATCH_SIZE,
        vocabulary=len(words()),
        max_text_length=MAX_TOKENS,
        token_types=1,
        modalities=3,
        pad_id=words().index(PAD),
    )


class Pretraining(nn.Module):
    """The network in training; `backbone` and `heads` outlive it, `auxiliary` does not."""

    def __init__(self, config: ViltConfig, *, generator: torch.Generator) -> None:
        super().__init__()
        self.backbone = Vilt(config)
        matching = nn.Linear(config.hidden_size, 2)
        self.heads = nn.ModuleDict(
            {task: TASKS[task].head(config, len(ANSWERS)) for task in (TaskName.VQA, TaskName.NLVR2)}
        )
        self.heads[ITM_HEAD] = matching
        self.auxiliary = nn.ModuleDict(
            {
                "words": nn.Linear(config.hidden_size, config.vocabulary),
                "seen": nn.LayerNorm(config.hidden_size),
                "nothing": nn.Linear(config.hidden_size, len(NAMED)),
                "found": nn.Sequential(nn.LayerNorm(config.hidden_size), nn.Linear(config.hidden_size, 2)),
            }
        )
        self._initialise(generator)
        with torch.no_grad():
            matching.weight[0] = -matching.weight[1]  # mirrored, and training keeps it so: row 1 alone ranks

    @torch.no_grad()
    def _initialise(self, generator: torch.Generator) -> None:
        """Every weight from the caller's generator; what enters the residual stream starts small for its depth."""
        depth = math.sqrt(len(self.backbone.config.sub_layers))
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Conv2d):
                nn.init.normal_(module.weight, std=module.weight[0].numel() ** -0.5, generator=generator)
                nn.init.zeros_(module.bias if module.bias is not None else torch.empty(0))
            elif isinstance(module, nn.Embedding):
                nn.init.normal_(module.weight, std=EMBEDDING_STD, generator=generator)
        for name, weight in self.backbone.named_parameters():
            if name.endswith(("msa.out.weight", "ffn.down.weight")):
                weight.div_(depth)
            if name.endswith("msa.qkv.weight"):
                query, key, _ = weight.chunk(3)
                key.copy_(query)  # like attends to like
        self._place_patches(generator)

    def _place_patches(self, generator: torch.Generator) -> None:
        """A vector for each row of patches plus one for each column: near patches start alike."""
        image = self.backbone.image
        rows, columns = torch.randn(2, image.grid, image.positions.shape[-1], generator=generator) * POSITION_STD
        image.positions[0, 1:] = (rows[:, None] + columns[None]).flatten(0, 1)

    def forward(self, batch: StreamBatch, mixture: Mixture, architecture: Architecture) -> dict[str, Tensor]:
        """The losses of a batch by name, scalars."""
        with _StreamTap(self.backbone) as tap:
            features: Features = self.backbone(self._embed(batch, mixture), architecture)
        pooled, captions = features.pooled, mixture.questions + 2 * mixture.captions
        pairs = torch.stack([pooled[mixture.first_pairs : mixture.first_rights], pooled[mixture.first_rights :]], dim=1)
        vqa, nlvr2 = TASKS[TaskName.VQA], TASKS[TaskName.NLVR2]
        answers = F.one_hot(batch.answers, len(ANSWERS)).float()
        matching = torch.tensor([1, 0]).repeat(mixture.captions)
        return {
            "vqa": vqa.loss(vqa.logits(self.heads["vqa"], pooled[: mixture.questions, None]), answers),
            "nlvr2": nlvr2.loss(nlvr2.logits(self.heads["nlvr2"], pairs), batch.truths),
            "itm": F.cross_entropy(self.heads[ITM_HEAD](pooled[mixture.questions : captions]), matching),
            "words": self._words_loss(features.text, batch.words),
            "patches": self._patches_loss(tap, batch.patches),
        }

    def _embed(self, batch: StreamBatch, mixture: Mixture) -> Embedded:
        """All rows as one sequence batch; the rows of second images have a modality of their own."""
        rows = (slice(0, mixture.first_rights), slice(mixture.first_rights, mixture.rows))
        parts = [
            self.backbone.embed(
                batch.input_ids[part], batch.attention_mask[part], batch.pixels[part], modality=modality
            )
            for modality, part in enumerate(rows, start=1)
        ]
        valid = torch.cat([part.valid for part in parts if part.valid is not None])
        return Embedded(torch.cat([part.tokens for part in parts]), valid, parts[0].text_tokens)

    def _words_loss(self, text: Tensor, words: Tensor) -> Tensor:
        hidden = words != IGNORED  # (R, L)
        logits = self.auxiliary["words"](text[hidden])
        return F.cross_entropy(logits, words[hidden], reduction="sum") / max(1, int(hidden.sum()))

    def _patches_loss(self, tap: "_StreamTap", targets: Tensor) -> Tensor:
        """Cross-entropy of shape, color and size early in the network, and of the subject further on.

        What a patch shows is read with the embeddings of the words that name it: seen and read things get like
        vectors, which makes it easy to find the one from the other.
        """
        seen = self.auxiliary["seen"](tap.after(SEEN_AT)[:, -PATCHES:])  # (R, PATCHES, D)
        nothing = self.auxiliary["nothing"](seen)  # (R, PATCHES, 3)
        losses = []
        for place, names in enumerate(NAMED):
            ids = torch.tensor([words().index(name) for name in names])
            logits = torch.cat([nothing[..., place, None], seen @ self.backbone.text.words.weight[ids].T], dim=-1)
            losses.append(F.cross_entropy(logits.flatten(0, 1), targets[:, place].flatten()))
        things = targets[:, 0] > 0  # (R, PATCHES)
        found = self.auxiliary["found"](tap.after(FOUND_AT)[:, -PATCHES:][things])
        return torch.stack([*losses, F.cross_entropy(found, targets[:, 3][things])]).sum()

    def network(self) -> Network:
        """The part that is kept."""
        return Network(self.backbone, self.heads, ANSWERS)


class _StreamTap:
    """Reads what enters each sub-layer that runs: the residual stream, (R, S, D)."""

    def __init__(self, backbone: Vilt) -> None:
        self._entered: dict[int, Tensor] = {}
        self._sub_layers = [module for block in backbone.blocks for module in block.children()]
        self._hooks: list[RemovableHandle] = []

    def __enter__(self) -> Self:
        for place, module in enumerate(self._sub_layers):
            self._hooks.append(module.register_forward_pre_hook(partial(self._note, place)))
        return self

    def __exit__(self, *_: object) -> None:
        for hook in self._hooks:
            hook.remove()

    def _note(self, place: int, module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        del module
        self._entered[place] = inputs[0]

    def after(self, count: int) -> Tensor:
        """The stream after the first `count` sub-layers; one that is left out changes nothing."""
        return self._entered[min(place for place in self._entered if place >= count)]


def thinned(config: ViltConfig, *, drop: float, rng: Random) -> Architecture:
    """Stochastic depth: each sub-layer is left out of a step with chance `drop`, the whole batch alike."""
    return Architecture(tuple(Choice(keep=rng.random() >= drop) for _ in config.sub_layers))


def total_loss(losses: Mapping[str, Tensor]) -> Tensor:
    """The weighted sum."""
    return torch.stack([WEIGHTS[name] * loss for name, loss in losses.items()]).sum()
