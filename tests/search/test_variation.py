"""The genetic operators."""

import random

from hypothesis import given
from hypothesis import strategies as st

from search.variation import crossover, mutate, swap

SIZES = (2, 2, 2, 2, 1, 4)
GENOMES = st.tuples(*(st.integers(0, size - 1) for size in SIZES))
SEEDS = st.integers(0, 1000)


@given(GENOMES, GENOMES, SEEDS)
def test_a_child_has_each_gene_from_a_parent(first: tuple[int, ...], second: tuple[int, ...], seed: int) -> None:
    child = crossover(first, second, random.Random(seed))
    assert all(gene in pair for gene, pair in zip(child, zip(first, second, strict=True), strict=True))


def test_crossover_takes_from_both_parents() -> None:
    child = crossover((0,) * 400, (1,) * 400, random.Random(0))
    assert 160 < sum(child) < 240


@given(GENOMES, SEEDS)
def test_mutation_of_every_gene_changes_all_that_can(genome: tuple[int, ...], seed: int) -> None:
    mutant = mutate(genome, SIZES, rate=1.0, rng=random.Random(seed))
    assert [before != after for before, after in zip(genome, mutant, strict=True)] == [size > 1 for size in SIZES]
    assert all(0 <= gene < size for gene, size in zip(mutant, SIZES, strict=True))


def test_mutation_hits_its_rate_and_every_choice() -> None:
    mutant = mutate((0,) * 2000, (4,) * 2000, rate=0.3, rng=random.Random(0))
    assert 500 < sum(gene != 0 for gene in mutant) < 700
    assert set(mutant) == {0, 1, 2, 3}


@given(GENOMES, SEEDS)
def test_a_swap_keeps_the_number_of_sub_layers(genome: tuple[int, ...], seed: int) -> None:
    swapped = swap(genome, 4, random.Random(seed))
    changed = [gene for gene in range(6) if genome[gene] != swapped[gene]]
    assert sum(swapped[:4]) == sum(genome[:4])
    assert swapped[4:] == genome[4:]
    assert len(changed) == (2 if 0 < sum(genome[:4]) < 4 else 0)
