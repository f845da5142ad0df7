"""The search space: decoding, costs, repair, and the enumeration that small spaces are finished with."""

import random
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.architecture import Architecture, Choice, ModuleSpec, PatchKeep, PatchMode
from models.costs.meter_cost import MeterCost
from models.costs.vilt_cost import ViltCost
from models.meter_config import MeterConfig
from models.vilt_config import ViltConfig
from models.workload import TaskName, Workload
from search.contracts import Genome
from search.space import SearchSpace
from search.space_spec import SpaceSpec
from tests.search.landscape import made_up_space, sub_layers

SPACE = made_up_space(blocks=3, patch_ratios=[0.25, 1.0, 0.5], patch_places=[1])
GENOMES = st.tuples(*(st.integers(0, size - 1) for size in SPACE.sizes))
ENCODER = {"width": 24, "heads": 2, "blocks": 2, "ffn_size": 48}
BUDGETS = st.integers(SPACE.min_macs(), SPACE.macs(SPACE.full))


def all_genomes(space: SearchSpace) -> list[Genome]:
    return list(product(*(range(size) for size in space.sizes)))


def real_space(**spec: object) -> SearchSpace:
    config = ViltConfig(hidden_size=16, heads=2, blocks=3, ffn_size=64, image_size=32, patch_size=8)
    work = Workload(task=TaskName.NLVR2, text_tokens=6, image_height=32, image_width=32)
    macs = ViltCost(config, work).macs
    return SearchSpace(config.sub_layers, SpaceSpec.model_validate(spec), macs, patch_places=config.patch_places)


def test_full_is_the_no_skip_adapter_model() -> None:
    space = made_up_space(blocks=2, modules=["bottleneck:5"])
    assert space.full == (1, 1, 1, 1)
    assert space.decode(space.full) == Architecture.full(sub_layers(2), module=ModuleSpec("bottleneck", 5))


def test_full_uses_the_largest_ratio() -> None:
    assert SPACE.full == (1, 1, 1, 1, 1, 1, 1)
    assert SPACE.decode(SPACE.full).patches is None
    assert made_up_space(blocks=1, patch_ratios=[0.5, 0.75]).full == (1, 1, 1)


@pytest.mark.parametrize(
    ("dropped", "choice"), [("bottleneck:4", Choice(False, ModuleSpec("bottleneck", 4))), ("identity", Choice(False))]
)
def test_a_dropped_sub_layer_leaves_an_adapter_or_nothing(dropped: str, choice: Choice) -> None:
    space = made_up_space(blocks=1, dropped=dropped, modules=["none"])
    assert space.decode((0, 1)).choices == (choice, Choice())


def test_the_last_gene_is_the_patch_ratio() -> None:
    assert SPACE.sizes == (2, 2, 2, 2, 2, 2, 3)
    assert SPACE.size == 192
    assert SPACE.decode((1, 1, 1, 1, 1, 1, 0)).patches == PatchKeep(0.25, 1, PatchMode.SCORE_ONLY)


@pytest.mark.parametrize(
    ("genome", "message"),
    [
        ((1,) * 6, "genome has 6 genes; space has 7"),
        ((1,) * 8, "genome has 8 genes; space has 7"),
        ((1, 2, 1, 1, 1, 1, 1), "gene 1 is 2; its choices are 0 to 1"),
        ((1, 1, 1, 1, 1, 1, 3), "gene 6 is 3; its choices are 0 to 2"),
        ((-1, 1, 1, 1, 1, 1, 0), "gene 0 is -1"),
    ],
)
def test_what_is_no_chromosome_is_refused(genome: Genome, message: str) -> None:
    for refuse in (SPACE.check, SPACE.decode):
        with pytest.raises(ValueError, match=message):
            refuse(genome)


def test_costs_are_asked_once() -> None:
    asked: list[Architecture] = []

    def macs(architecture: Architecture) -> int:
        asked.append(architecture)
        return architecture.kept

    space = SearchSpace(sub_layers(1), SpaceSpec(), macs, patch_places=1)
    assert [space.macs((1, 0)), space.macs((1, 0))] == [1, 1]
    assert len(asked) == 1


@given(GENOMES, BUDGETS, st.integers(0, 99))
def test_repair_only_takes_away_and_meets_the_budget(genome: Genome, budget: int, seed: int) -> None:
    repaired = SPACE.repair(genome, budget, random.Random(seed))
    SPACE.check(repaired)
    assert SPACE.feasible(repaired, budget)
    assert all(after <= before for after, before in zip(repaired[:6], genome[:6], strict=True))
    assert repaired == SPACE.repair(genome, budget, random.Random(seed))
    if SPACE.feasible(genome, budget):
        assert repaired == genome
    if repaired[6] != genome[6]:
        assert not any(repaired[:6]), "the patch ratio is lowered only when no sub-layer remains"


@given(GENOMES, BUDGETS, st.integers(0, 99))
def test_fill_only_adds_and_leaves_no_room(genome: Genome, budget: int, seed: int) -> None:
    rng = random.Random(seed)
    start = SPACE.repair(genome, budget, rng)
    filled = SPACE.fill(start, budget, rng)
    assert SPACE.feasible(filled, budget)
    assert all(after >= before for after, before in zip(filled, start, strict=True))
    for gene in range(6):
        assert filled[gene] or not SPACE.feasible((*filled[:gene], 1, *filled[gene + 1 :]), budget)


@given(GENOMES)
def test_repair_without_a_budget_changes_nothing(genome: Genome) -> None:
    assert SPACE.repair(genome, None, random.Random(0)) == genome


def test_repair_drops_dear_sub_layers_more_often() -> None:
    space = made_up_space(blocks=2)
    budget = space.macs(space.full) - 1
    dropped = [space.repair(space.full, budget, random.Random(seed)).index(0) % 2 for seed in range(400)]
    assert 0.62 < sum(dropped) / 400 < 0.78  # an FFN costs 7 / 10 of a block


def test_an_unreachable_budget_names_the_cheapest() -> None:
    with pytest.raises(ValueError, match=rf"at most 100 MACs; the cheapest has {SPACE.min_macs()}"):
        SPACE.repair(SPACE.full, 100, random.Random(0))


@given(BUDGETS)
def test_within_is_every_feasible_chromosome_once(budget: int) -> None:
    feasible = [genome for genome in all_genomes(SPACE) if SPACE.macs(genome) <= budget]
    assert sorted(SPACE.within(budget)) == feasible


@pytest.mark.parametrize("bottleneck", [2, 24, 200])  # the widest costs more than what it stands for
@pytest.mark.parametrize("ratio", [0.3, 0.5, 0.8, 0.97])
def test_real_costs_are_enumerated_as_well(bottleneck: int, ratio: float) -> None:
    space = real_space(dropped=f"bottleneck:{bottleneck}", modules=["bottleneck:2"], patch_ratios=[1.0, 0.5])
    costs = sorted(map(space.macs, all_genomes(space)))
    budget = costs[round(ratio * (len(costs) - 1))]
    feasible = [genome for genome in all_genomes(space) if space.macs(genome) <= budget]
    assert sorted(space.within(budget)) == feasible
    assert space.min_macs() == costs[0]
    for seed in range(20):
        rng = random.Random(seed)
        assert space.repair(space.sample(rng), budget, rng) in feasible


@pytest.mark.parametrize("ratio", [0.2, 0.5, 0.9])
@pytest.mark.parametrize(
    "spec",
    [
        {"stacks": ["image", "vision"], "patch_ratios": [1.0, 0.5], "patch_places": [0, 1, 2]},
        {"granularity": "layer", "dropped": "bottleneck:24", "modules": ["none", "lora:4", "routing-adapter:2:mul"]},
        {"granularity": "attention", "dropped": "bottleneck:200", "modules": ["uniadapter:4", "bottleneck:40"]},
    ],
)
def test_costs_of_a_meter_are_enumerated_too(spec: dict[str, object], ratio: float) -> None:
    config = MeterConfig(
        **{"hidden_size": 16, "heads": 2, "depth": 2, "ffn_size": 64, "image_size": 32, "patch_size": 8},
        **{f"{stack}_{name}": size for stack in ("vision", "language") for name, size in ENCODER.items()},
    )
    work = Workload(task=TaskName.VQA, text_tokens=6, image_height=32, image_width=32, answers=2)
    made = SpaceSpec.model_validate({"modules": ["bottleneck:2"]} | spec)
    space = SearchSpace(config.sub_layers, made, MeterCost(config, work).macs, patch_places=config.patch_places)
    meaningful = {space.decode(genome): genome for genome in reversed(all_genomes(space))}  # of equals the first
    costs = sorted(map(space.macs, meaningful.values()))
    budget = costs[round(ratio * (len(costs) - 1))]
    assert {space.decode(genome) for genome in space.within(budget)} == {
        architecture for architecture, genome in meaningful.items() if space.macs(genome) <= budget
    }
    assert space.min_macs() == costs[0]
    assert len(list(space.within(None))) == space.size


def test_a_meaningless_place_is_repaired_to_the_first() -> None:
    space = made_up_space(blocks=2, patch_ratios=[1.0, 0.5], patch_places=[0, 1])
    assert space.repair((1, 1, 1, 1, 0, 1), None, random.Random(0)) == (1, 1, 1, 1, 0, 0)
    assert space.repair((1, 1, 1, 1, 1, 1), None, random.Random(0)) == (1, 1, 1, 1, 1, 1)


def test_samples_cost_what_is_asked_on_average() -> None:
    space = made_up_space()
    for share in (0.3, 0.6, 0.9):
        target = share * space.macs(space.full)
        rng = random.Random(1)
        costs = [space.macs(space.sample(rng, target=target)) for _ in range(300)]
        assert sum(costs) / 300 == pytest.approx(target, rel=0.05)
