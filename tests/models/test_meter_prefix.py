"""METER's encoders read ahead, and its patches filtered on the way."""

import random

import pytest
import torch

from models.architecture import Architecture, Choice, PatchKeep, PatchMode, Stack
from models.batch import Batch
from models.meter import Meter
from models.modules.build import build_modules
from tests.models.meter_runs import FULL, examples, random_architecture, random_meter, read, run, same
from tests.networks import TINY_METER


@pytest.fixture(scope="module")
def meter() -> Meter:
    return random_meter()


@pytest.fixture(scope="module")
def batch() -> Batch:
    return examples()


@pytest.mark.parametrize(("text", "image"), [(1, 0), (0, 1), (2, 2), (None, None)])
def test_a_prefix_read_ahead_changes_nothing(meter: Meter, batch: Batch, text: int | None, image: int | None) -> None:
    rng = random.Random(3)
    for after_block in (None, 2, image or 2):
        architecture = random_architecture(rng)
        frozen = {Stack.LANGUAGE: 2 if text is None else text, Stack.VISION: 2 if image is None else image}
        choices = tuple(
            Choice() if sub_layer.block < frozen.get(sub_layer.stack, 0) else choice
            for sub_layer, choice in zip(TINY_METER.sub_layers, architecture.choices, strict=True)
        )
        patches = None if after_block is None else PatchKeep(0.4, after_block)
        architecture = Architecture(choices, patches)
        modules = build_modules(meter, architecture, generator=torch.Generator().manual_seed(1))
        with torch.inference_mode():
            ahead = meter(*read(meter, batch, text, image), architecture, modules)
        assert same(ahead, run(meter, batch, architecture, modules), 1e-6)


def only_vision(patches: PatchKeep | None, *dropped: str) -> Architecture:
    """The image encoder alone, so that patches can be told apart by what leaves."""
    choices = (Choice(keep=gene.stack is Stack.VISION and str(gene) not in dropped) for gene in TINY_METER.sub_layers)
    return Architecture(tuple(choices), patches)


@pytest.mark.parametrize("dropped", [(), ("vision.1.msa",)])
def test_patches_are_scored_by_the_last_self_attention_before_the_filter(
    meter: Meter, batch: Batch, dropped: tuple[str, ...]
) -> None:
    """After the whole encoder, what stays is what CLS attends to most in its last block that has a self-attention."""
    whole = run(meter, batch, only_vision(None, *dropped)).image
    some = run(meter, batch, only_vision(PatchKeep(0.25, 2), *dropped)).image
    last = 0 if dropped else 1
    tokens = meter.read_images(batch.pixel_values[:, 0], blocks=last).tokens
    body, norm = (meter.get_submodule(f"stacks.vision.{last}.msa.{part}") for part in ("body", "norm"))
    query, key = (body.get_submodule(name)(norm(tokens)).view(4, -1, 2, 8) for name in ("query", "key"))
    attention = torch.einsum("bhd,bkhd->bhk", query[:, 0], key).div(8**0.5).softmax(-1).mean(1)
    for row in range(4):
        best = sorted((attention[row, 1:].topk(9).indices + 1).tolist())
        assert (some[row] - whole[row][[0, *best]]).abs().max() < 1e-6


def test_patches_are_scored_by_likeness_where_nothing_attends(meter: Meter, batch: Batch) -> None:
    nothing = Architecture(tuple(Choice(keep=False) for _ in FULL.choices))
    whole = run(meter, batch, nothing).image
    images = meter.read_images(batch.pixel_values[:, 0], blocks=0)
    for place, tokens in ((0, images.tokens), (2, meter.vision_norm(images.tokens))):
        scores = torch.cosine_similarity(tokens[:, :1], tokens[:, 1:], dim=-1)
        some = run(meter, batch, Architecture(nothing.choices, PatchKeep(0.25, place))).image
        for row in range(4):
            best = sorted((scores[row].topk(9).indices + 1).tolist())
            assert (some[row] - whole[row][[0, *best]]).abs().max() < 1e-6


def test_the_foreground_of_the_images_decides_where_the_filter_asks_for_it(meter: Meter, batch: Batch) -> None:
    nothing = tuple(Choice(keep=False) for _ in FULL.choices)
    covered = torch.zeros(4, 36)
    covered[:, 10:14] = 1.0
    whole = run(meter, batch, Architecture(nothing)).image
    texts, _ = read(meter, batch)
    for blocks in (0, 1):
        images = meter.read_images(batch.pixel_values[:, 0], foreground=covered, blocks=blocks)
        kept = tuple(
            Choice(keep=sub_layer.stack is Stack.VISION and sub_layer.block < blocks)
            for sub_layer in TINY_METER.sub_layers
        )
        patches = PatchKeep(4 / 36, 1, PatchMode.FOREGROUND_ONLY)
        some = meter(texts, images, Architecture(kept, patches)).image
        expected = meter(texts, images, Architecture(kept)).image if blocks else whole
        assert torch.allclose(some, expected[:, [0, *range(11, 15)]], atol=1e-6)
