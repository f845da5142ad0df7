"""A scored space is in the order of binary numbers, and costs what the search says."""

import pytest

from benchmarks.table_space import TableSpace, bits, number_of

GENES = 6


@pytest.fixture(scope="module")
def table() -> TableSpace:
    return TableSpace(GENES)


def test_macs_are_those_of_the_search_space(table: TableSpace) -> None:
    assert table.macs.tolist() == [table.space.macs(table.genome(number)) for number in range(1 << GENES)]


def test_numbers_and_chromosomes_go_both_ways(table: TableSpace) -> None:
    genomes = [table.genome(number) for number in range(1 << GENES)]
    assert [number_of(genome) for genome in genomes] == list(range(1 << GENES))
    assert [tuple(row) for row in bits(GENES).tolist()] == genomes
    assert genomes[-1] == table.space.full


def test_the_first_sub_layers_are_kept_as_the_backbone_has_them(table: TableSpace) -> None:
    whole = table.whole(table.space.decode((0,) * GENES))
    sub_layers = table.entry.config.sub_layers
    assert len(whole.choices) == len(sub_layers)
    assert [choice.keep for choice in whole.choices] == [True] * (len(sub_layers) - GENES) + [False] * GENES
    assert all(choice.module is not None for choice in whole.choices), "adapters beside and in place"


@pytest.mark.parametrize("genes", [0, 25])
def test_a_space_needs_a_sub_layer_for_each_gene(genes: int) -> None:
    with pytest.raises(ValueError, match=f"{genes} genes; 'shapes-vilt' has 24 sub-layers"):
        TableSpace(genes)
