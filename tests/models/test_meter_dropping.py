"""METER's sub-layers go and stay as asked: never called, equal to a model without them, refused where they clash."""

import random
from dataclasses import replace

import pytest
import torch

from models.architecture import Architecture, Choice, PatchKeep, bottleneck
from models.batch import Batch
from models.meter import Meter
from models.modules.build import build_modules
from tests.models.meter_runs import FULL, PLACES, changed, examples, random_architecture, random_meter, read, run, same
from tests.networks import TINY_METER


@pytest.fixture(scope="module")
def meter() -> Meter:
    return random_meter()


@pytest.fixture(scope="module")
def batch() -> Batch:
    return examples()


def test_genes_come_stack_by_stack() -> None:
    assert len(TINY_METER.sub_layers) == 2 * 2 * 3 + 2 * 2 + 2 * 2
    names = ["text.0.msa", "text.0.ca", "text.0.ffn", "text.1.msa", "image.0.msa", "vision.0.msa", "language.1.ffn"]
    assert [PLACES[name] for name in names] == [0, 1, 2, 3, 6, 12, 19]
    for place, sub_layer in enumerate(TINY_METER.sub_layers):
        assert place in TINY_METER.places(sub_layer.stack, sub_layer.block)


def test_a_dropped_sub_layer_is_never_called(meter: Meter, batch: Batch) -> None:
    called: list[int] = []
    hooks = [
        meter.sub_layer(place).register_forward_pre_hook(lambda *_, place=place: called.append(place))
        for place in range(len(TINY_METER.sub_layers))
    ]
    try:
        for seed in range(10):
            architecture = random_architecture(random.Random(seed))
            called.clear()
            run(meter, batch, architecture)
            assert sorted(called) == [place for place, choice in enumerate(architecture.choices) if choice.keep]
    finally:
        for hook in hooks:
            hook.remove()


@pytest.mark.parametrize("seed", range(8))
def test_a_slim_model_holds_only_what_is_kept_and_equals_the_whole(meter: Meter, batch: Batch, seed: int) -> None:
    architecture = random_architecture(random.Random(seed))
    slim = Meter(TINY_METER, architecture).eval()
    slim.load_state_dict({key: meter.state_dict()[key] for key in slim.state_dict()})
    modules = build_modules(meter, architecture, generator=torch.Generator().manual_seed(seed))
    assert same(run(meter, batch, architecture, modules), run(slim, batch, architecture, modules))
    kept = sum(choice.keep for choice in architecture.choices)
    assert len(slim.bodies()) == kept
    if kept < len(architecture.choices):
        with pytest.raises(ValueError, match="which this slim METER does not hold"):
            run(slim, batch, FULL)
        with pytest.raises(ValueError, match="does not hold"):
            slim.linears([choice.keep for choice in architecture.choices].index(False))


def test_nothing_kept_equals_a_model_built_without_layers(meter: Meter, batch: Batch) -> None:
    without = Meter(replace(TINY_METER, depth=0, vision_blocks=0, language_blocks=0)).eval()
    without.load_state_dict({key: meter.state_dict()[key] for key in without.state_dict()})
    nothing = Architecture(tuple(Choice(keep=False) for _ in FULL.choices))
    assert same(run(meter, batch, nothing), run(without, batch, Architecture(())))


def test_wrong_architectures_are_refused(meter: Meter, batch: Batch) -> None:
    with pytest.raises(ValueError, match="4 sub-layers; this METER has 20"):
        run(meter, batch, Architecture.full(TINY_METER.sub_layers[:4]))
    with pytest.raises(ValueError, match="after block 0 to 2, not 3"):
        run(meter, batch, Architecture(FULL.choices, PatchKeep(0.5, 3)))
    texts, images = read(meter, batch, 1, 1)
    with pytest.raises(ValueError, match=r"changes language\.0\.ffn, but 1 blocks"):
        meter(texts, images, changed(language_0_ffn=Choice(True, bottleneck(4))))
    with pytest.raises(ValueError, match=r"changes vision\.0\.msa"):
        meter(texts, images, changed(vision_0_msa=Choice(keep=False)))
    with pytest.raises(ValueError, match="after block 1 to 2, not 0"):
        meter(texts, images, Architecture(FULL.choices, PatchKeep(0.5, 0)))
    with pytest.raises(ValueError, match="their patch scores did not come along"):
        meter(texts, replace(images, scores=None), Architecture(FULL.choices, PatchKeep(0.5, 1)))
