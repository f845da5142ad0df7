"""What pre-training on the embedded world optimises: a fresh ViLT, its heads, and auxiliary heads that are dropped."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.hooks import RemovableHandle

from models.architecture import Architecture, Choice, Stack
from models.backbone import Features, Images, Texts
from models.heads import TASKS
from models.inputs import concatenated
from models.meter import Meter
from models.meter_config import MeterConfig
from models.network import ITM_HEAD, Network
from models.shapes.patch_targets import COLORS, PATCH_SIZE, PATCHES, SHAPES, SIZES
from models.shapes.question import ANSWERS
from models.shapes.scene import IMAGE_SIZE
from models.shapes.stream import IGNORED, Mixture, StreamBatch
from models.shapes.tokenizer import MAX_TOKENS, PAD, words
from models.vilt import Vilt
from models.vilt_config import ViltConfig
from models.weights import empty_backbone
from models.workload import TaskName

NAMED = (SHAPES, COLORS, SIZES)
WEIGHTS: Mapping[str, float] = {"vqa": 1.0, "nlvr2": 1.0, "itm": 1.0, "words": 0.5, "patches": 2.0}
EMBEDDING_STD = 0.1
POSITION_STD = 0.3


def vilt_config() -> ViltConfig:
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


def meter_config() -> MeterConfig:
    """The small METER of the embedded world: 6 + 6 fusion layers as the real one, 48 wide, short encoders."""
    width, heads, wide = 48, 4, 192
    return MeterConfig(
        hidden_size=width,
        heads=heads,
        ffn_size=wide,
        vision_width=width,
        vision_heads=heads,
        vision_blocks=4,
        vision_ffn_size=wide,
        image_size=IMAGE_SIZE,
        patch_size=PATCH_SIZE,
        language_width=width,
        language_heads=heads,
        language_blocks=2,
        language_ffn_size=wide,
        vocabulary=len(words()),
        max_positions=MAX_TOKENS + words().index(PAD) + 1,
        max_text_length=MAX_TOKENS,
        modalities=3,
        pad_id=words().index(PAD),
    )


CONFIGS: Mapping[str, Callable[[], ViltConfig | MeterConfig]] = {"vilt": vilt_config, "meter": meter_config}


@dataclass(frozen=True, slots=True)
class Taps:
    """From which sub-layer on the patches know what they show (`seen`), and what the text asks of (`found`).

    Both are read from what enters the first sub-layer that runs at or after that place.
    """

    seen: int
    found: int


def taps(config: ViltConfig | MeterConfig) -> Taps:
    """Where the auxiliary heads read: a third and over half of ViLT; METER's image stream as it comes, and late."""
    if isinstance(config, MeterConfig):
        places = [place for place, each in enumerate(config.sub_layers) if each.stack is Stack.IMAGE]
        return Taps(places[0], places[2 * len(places) // 3])
    return Taps(8, 14)


class Pretraining(nn.Module):
    """The network in training; `backbone` and `heads` outlive it, `auxiliary` does not."""

    def __init__(self, config: ViltConfig | MeterConfig, *, generator: torch.Generator) -> None:
        super().__init__()
        self.backbone = empty_backbone(config)
        self._taps = taps(config)
        matching = nn.Linear(config.pooled_size, 2)
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
        weights = dict(self.backbone.named_parameters())
        for name, weight in weights.items():
            if name.endswith((".out.weight", ".down.weight")):
                weight.div_(depth)
            if name.endswith(".qkv.weight"):
                query, key, _ = weight.chunk(3)
                key.copy_(query)  # like attends to like
            if name.endswith(".key.weight"):
                weight.copy_(weights[name.replace(".key.", ".query.")])
        self._place_patches(generator)

    def _place_patches(self, generator: torch.Generator) -> None:
        """A vector for each row of patches plus one for each column: near patches start alike."""
        positions = self.backbone.image.positions
        grid = self.backbone.config.grid
        rows, columns = torch.randn(2, grid, positions.shape[-1], generator=generator) * POSITION_STD
        positions[..., 1:, :] = (rows[:, None] + columns[None]).flatten(0, 1)

    def forward(self, batch: StreamBatch, mixture: Mixture, architecture: Architecture) -> dict[str, Tensor]:
        """The losses of a batch by name, scalars."""
        with _StreamTap(self.backbone) as tap:
            features: Features = self.backbone(*self._read(batch, mixture), architecture)
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

    def _read(self, batch: StreamBatch, mixture: Mixture) -> tuple[Texts, Images]:
        """All rows, no encoder run yet; the rows of second images have a modality of their own."""
        rows = (slice(0, mixture.first_rights), slice(mixture.first_rights, mixture.rows))
        images = [
            self.backbone.read_images(batch.pixels[part], modality=modality, blocks=0)
            for modality, part in enumerate(rows, start=1)
        ]
        return self.backbone.read_texts(batch.input_ids, batch.attention_mask, blocks=0), concatenated(images)

    def _words_loss(self, text: Tensor, words: Tensor) -> Tensor:
        hidden = words != IGNORED  # (R, L)
        logits = self.auxiliary["words"](text[hidden])
        return F.cross_entropy(logits, words[hidden], reduction="sum") / max(1, int(hidden.sum()))

    def _patches_loss(self, tap: "_StreamTap", targets: Tensor) -> Tensor:
        """Cross-entropy of shape, color and size early in the network, and of the subject further on.

        What a patch shows is read with the embeddings of the words that name it: seen and read things get like
        vectors, which makes it easy to find the one from the other.
        """
        seen = self.auxiliary["seen"](tap.after(self._taps.seen)[:, -PATCHES:])  # (R, PATCHES, D)
        nothing = self.auxiliary["nothing"](seen)  # (R, PATCHES, 3)
        losses = []
        for place, names in enumerate(NAMED):
            ids = torch.tensor([words().index(name) for name in names])
            logits = torch.cat([nothing[..., place, None], seen @ self.backbone.text.words.weight[ids].T], dim=-1)
            losses.append(F.cross_entropy(logits.flatten(0, 1), targets[:, place].flatten()))
        things = targets[:, 0] > 0  # (R, PATCHES)
        found = self.auxiliary["found"](tap.after(self._taps.found)[:, -PATCHES:][things])
        return torch.stack([*losses, F.cross_entropy(found, targets[:, 3][things])]).sum()

    def network(self) -> Network:
        """The part that is kept."""
        return Network(self.backbone, self.heads, ANSWERS)


class _StreamTap:
    """Reads what enters each sub-layer that runs: the residual stream, (R, S, D)."""

    def __init__(self, backbone: Vilt | Meter) -> None:
        self._entered: dict[int, Tensor] = {}
        self._sub_layers = [backbone.sub_layer(place) for place in range(len(backbone.config.sub_layers))]
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

    def after(self, place: int) -> Tensor:
        """What enters the first sub-layer that runs at `place` or later."""
        return self._entered[min(each for each in self._entered if each >= place)]


def thinned(config: ViltConfig | MeterConfig, *, drop: float, rng: Random) -> Architecture:
    """Stochastic depth: each sub-layer is left out of a step with chance `drop`, the whole batch alike."""
    return Architecture(tuple(Choice(keep=rng.random() >= drop) for _ in config.sub_layers))


def total_loss(losses: Mapping[str, Tensor]) -> Tensor:
    """The weighted sum."""
    return torch.stack([WEIGHTS[name] * loss for name, loss in losses.items()]).sum()
