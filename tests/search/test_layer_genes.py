"""What the layer genes of each backbone keep and drop, at each granularity."""

import pytest

from models.architecture import Architecture, Choice, ModuleSpec, Stack
from models.costs.meter_cost import MeterCost
from models.meter_config import MeterConfig
from models.vilt_config import ViltConfig
from models.workload import TaskName, Workload
from search.layer_genes import layer_genes
from search.space import FrozenBlocks, SearchSpace
from search.space_spec import SpaceSpec
from search.spec import SpecError

METER, VILT = MeterConfig(), ViltConfig()
ADAPTER, WIDE = ModuleSpec("bottleneck", 96), ModuleSpec("bottleneck", 288)


def space(config: MeterConfig | ViltConfig, **spec: object) -> SearchSpace:
    def macs(architecture: Architecture) -> int:
        return architecture.kept

    made = SpaceSpec.model_validate({"dropped": str(WIDE), "modules": [str(ADAPTER)]} | spec)
    return SearchSpace(config.sub_layers, made, macs, patch_places=config.patch_places)


@pytest.mark.parametrize(
    ("granularity", "meter", "vilt"), [("sub-layer", 36, 24), ("attention", 24, 12), ("layer", 12, 12)]
)
def test_the_published_counts(granularity: str, meter: int, vilt: int) -> None:
    assert len(space(METER, granularity=granularity).sizes) == meter
    assert len(space(VILT, granularity=granularity).sizes) == vilt


def test_the_first_sieve_alone_has_no_layer_genes() -> None:
    """Patches first, layers after: nothing is dropped, and only patch genes vary."""
    sieve = space(METER, granularity="none", patch_ratios=[1.0, 0.7, 0.4], patch_places=[0, 11])
    assert sieve.layers == ()
    assert sieve.sizes == (3, 2)
    drawn = sieve.decode((2, 1))
    assert drawn.kept == len(METER.sub_layers)
    assert drawn.patches is not None
    assert (drawn.patches.ratio, drawn.patches.after_block) == (0.4, 11)


def test_das_counts_text_layers_first() -> None:
    genes = layer_genes(METER.sub_layers, SpaceSpec.model_validate({"granularity": "layer"}))
    assert [gene.name for gene in genes] == [f"{stack}.{block}" for stack in ("text", "image") for block in range(6)]
    backwards = layer_genes(METER.sub_layers[::-1], SpaceSpec.model_validate({"granularity": "layer"}))
    assert [gene.name for gene in backwards] == [gene.name for gene in genes]


def test_names_say_what_is_dropped() -> None:
    genes = layer_genes(METER.sub_layers, SpaceSpec.model_validate({"granularity": "attention"}))
    assert [gene.name for gene in genes[:3]] == ["text.0.msa", "text.0.ca", "text.1.msa"]


@pytest.mark.parametrize("gene", [0, 5, 6, 11])
def test_a_dropped_meter_layer_is_one_bare_module(gene: int) -> None:
    meter = space(METER, granularity="layer")
    decoded = meter.decode(tuple(int(other != gene) for other in range(12)))
    stack, block = (Stack.TEXT, Stack.IMAGE)[gene // 6], gene % 6
    for sub_layer, choice in zip(METER.sub_layers, decoded.choices, strict=True):
        if (sub_layer.stack, sub_layer.block) == (stack, block):
            assert choice == (Choice(False, WIDE, bare=True) if sub_layer.kind == "msa" else Choice(keep=False))
        elif sub_layer.stack in (Stack.TEXT, Stack.IMAGE):
            assert choice == Choice(module=ADAPTER)
        else:
            assert choice == Choice()


def test_a_dropped_vilt_block_is_one_module() -> None:
    choices = space(VILT, granularity="layer").decode((1, 0) + (1,) * 10).choices
    assert choices[2:4] == (Choice(False, WIDE), Choice(keep=False))
    assert choices[:2] + choices[4:] == (Choice(module=ADAPTER),) * 22


def test_attention_genes_leave_every_ffn() -> None:
    choices = space(METER, granularity="attention", dropped="bottleneck:144").decode((0,) * 24).choices
    fusion = [(each.kind, choice) for each, choice in zip(METER.sub_layers, choices, strict=True)][:36]
    assert {choice for kind, choice in fusion if kind == "ffn"} == {Choice(module=ADAPTER)}
    assert {choice for kind, choice in fusion if kind != "ffn"} == {Choice(False, ModuleSpec("bottleneck", 144))}


def test_a_layer_dropped_for_nothing_is_the_identity() -> None:
    choices = space(METER, granularity="layer", dropped="identity").decode((0,) * 12).choices
    assert set(choices[:36]) == {Choice(keep=False)}


def test_encoders_are_plain_unless_they_are_asked_for() -> None:
    plain = space(METER).decode((1,) * 36)
    assert [choice.module for choice in plain.choices[36:]] == [None] * (2 * 11 + 2 * 12)
    more = space(METER, stacks=["vision", "text"])
    assert len(more.sizes) == 18 + 22
    assert more.decode(more.full).choices[18:36] == (Choice(),) * 18


@pytest.mark.parametrize("image", [0, 2, 4])
def test_published_shares_of_meters_macs(image: int) -> None:
    """DAS skips 4 of METER's 12 layers; the closed forms put 2 + 2 at -12.00 % (published: -11.97 %)."""
    work = Workload(task=TaskName.VQA, text_tokens=40, image_height=384, image_width=384)
    spec = SpaceSpec.model_validate({"granularity": "layer", "dropped": str(WIDE), "modules": [str(ADAPTER)]})
    meter = SearchSpace(METER.sub_layers, spec, MeterCost(METER, work).macs, patch_places=METER.patch_places)
    plain = MeterCost(METER, work).macs(Architecture.full(METER.sub_layers))
    text = 4 - image
    skipping = (0,) * text + (1,) * (6 - text) + (0,) * image + (1,) * (6 - image)
    saved = 1 - meter.macs(skipping) / plain
    assert saved == pytest.approx({0: 0.0275, 2: 0.12, 4: 0.2126}[image], abs=2e-4)


def test_a_stack_that_is_not_there_is_refused() -> None:
    with pytest.raises(SpecError, match=r"no stack 'vision'; it has block"):
        space(VILT, stacks=["vision"])


@pytest.mark.parametrize(
    ("spec", "blocks"),
    [
        ({}, FrozenBlocks(11, 12)),
        ({"patch_ratios": [0.5]}, FrozenBlocks(11, 12)),
        ({"patch_ratios": [0.5, 1.0], "patch_places": [6, 3]}, FrozenBlocks(3, 12)),
        ({"patch_ratios": [1.0], "patch_places": [6, 3]}, FrozenBlocks(11, 12)),
        ({"stacks": ["image", "vision"]}, FrozenBlocks(0, 12)),
        ({"stacks": ["image", "language"], "patch_ratios": [0.5], "patch_places": [0]}, FrozenBlocks(0, 0)),
    ],
)
def test_the_blocks_that_no_chromosome_changes(spec: dict[str, object], blocks: FrozenBlocks) -> None:
    assert space(METER, **spec).frozen_blocks == blocks
    assert space(VILT).frozen_blocks == FrozenBlocks(0, 0)


def test_patches_go_after_the_image_encoder_or_two_blocks_of_a_vilt() -> None:
    places = [
        each.decode(each.full).patches for each in (space(METER, patch_ratios=[0.5]), space(VILT, patch_ratios=[0.5]))
    ]
    assert [each.after_block for each in places if each] == [11, 2]
    shallow = space(ViltConfig(blocks=2), patch_ratios=[0.5])
    patches = shallow.decode(shallow.full).patches
    assert patches is not None
    assert patches.after_block == 1


def test_the_trained_classifier_token_is_part_of_every_architecture() -> None:
    assert space(METER, classifier_token=True).decode((0,) * 36).classifier_token
    assert not space(METER).decode((0,) * 36).classifier_token
