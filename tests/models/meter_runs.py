"""A tiny random METER on the embedded world's examples: how its tests run it and compare what leaves it."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from models.architecture import Architecture, Choice, PatchKeep, bottleneck
from models.backbone import Features, Images, ModuleSet, Texts
from models.batch import Batch, Split
from models.meter import Meter
from models.modules.base import TrainableModule
from models.shapes.dataset import ShapesData
from models.workload import TaskName
from tests.networks import TINY_METER, random_network

FULL = Architecture.full(TINY_METER.sub_layers)
PLACES = {str(sub_layer): place for place, sub_layer in enumerate(TINY_METER.sub_layers)}


def random_meter() -> Meter:
    backbone = random_network(TINY_METER).backbone
    assert isinstance(backbone, Meter)
    return backbone


def examples() -> Batch:
    return ShapesData(TaskName.VQA).examples(Split.FITNESS, 4)


def read(meter: Meter, batch: Batch, text: int | None = 0, image: int | None = 0) -> tuple[Texts, Images]:
    texts = meter.read_texts(batch.input_ids[:, 0], batch.attention_mask[:, 0], blocks=text)
    return texts, meter.read_images(batch.pixel_values[:, 0], blocks=image)


def run(meter: Meter, batch: Batch, architecture: Architecture, modules: ModuleSet | None = None) -> Features:
    with torch.inference_mode():
        features: Features = meter(*read(meter, batch), architecture, modules)
    return features


def same(first: Features, second: Features, tolerance: float = 0.0) -> bool:
    pairs = ((first.text, second.text), (first.image, second.image), (first.pooled, second.pooled))
    return all(one.shape == two.shape and (one - two).abs().max() <= tolerance for one, two in pairs)


def changed(**choices: Choice) -> Architecture:
    """Everything kept but what is named, as in `image_0_ca`."""
    by_place = {PLACES[name.replace("_", ".")]: choice for name, choice in choices.items()}
    return Architecture(tuple(by_place.get(place, choice) for place, choice in enumerate(FULL.choices)))


def random_architecture(rng: random.Random) -> Architecture:
    def choice() -> Choice:
        keep, module = rng.random() < 0.5, bottleneck(rng.choice([0, 4]))
        return Choice(keep, module, bare=not keep and module is not None and rng.random() < 0.5)

    places = range(TINY_METER.patch_places + 1)
    patches = PatchKeep(rng.choice([0.3, 0.6]), rng.choice(places)) if rng.random() < 0.5 else None
    choices = tuple(choice() for _ in TINY_METER.sub_layers)
    return Architecture(choices, patches, classifier_token=rng.random() < 0.5)


@dataclass(frozen=True)
class One:
    """A module set with modules at some places."""

    by_place: Mapping[int, TrainableModule]
    classifier_token: Tensor | None = None

    def at(self, place: int) -> TrainableModule | None:
        return self.by_place.get(place)
