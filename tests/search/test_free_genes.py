"""The genes that are not layers: which there are, and which combinations mean something."""

import pytest

from models.architecture import ModuleSpec, PatchKeep, PatchMode
from search.contracts import Genome
from search.free_genes import FreeGenes
from search.space_spec import SpaceSpec


def free(**spec: object) -> FreeGenes:
    return FreeGenes(SpaceSpec.model_validate(spec), default_place=2)


@pytest.mark.parametrize(
    ("spec", "sizes"),
    [
        ({}, ()),
        ({"patch_ratios": [0.5]}, ()),
        ({"patch_ratios": [0.5, 0.7, 1.0]}, (3,)),
        ({"patch_ratios": [0.5], "patch_places": [1, 2]}, (2,)),
        ({"patch_ratios": [0.5, 0.7, 1.0], "patch_places": [1, 2], "modules": ["none", "bottleneck:4"]}, (3, 2, 2)),
        ({"modules": ["bottleneck:2", "bottleneck:4", "none"]}, (3,)),
    ],
)
def test_only_what_has_several_values_is_a_gene(spec: dict[str, object], sizes: Genome) -> None:
    assert free(**spec).sizes == sizes


def test_a_single_ratio_is_part_of_every_chromosome() -> None:
    assert free(patch_ratios=[0.7]).patches(()) == PatchKeep(0.7, 2, PatchMode.SCORE_ONLY)


def test_each_gene_has_its_meaning() -> None:
    spec = {"patch_ratios": [0.5, 0.7], "patch_places": [1, 3], "modules": ["none", "bottleneck:4"]}
    genes = free(**spec, foreground="saliency", patch_foreground=None)
    assert genes.patches((1, 0, 1)) == PatchKeep(0.7, 1, PatchMode.IPF, None)
    assert genes.patches((0, 1, 0)) == PatchKeep(0.5, 3, PatchMode.IPF, None)
    assert genes.module((0, 1, 0)) is None
    assert genes.module((0, 1, 1)) == ModuleSpec("bottleneck", 4)


def test_a_place_without_a_filter_means_nothing() -> None:
    genes = free(patch_ratios=[1.0, 0.5], patch_places=[1, 3])
    assert genes.canonical((0, 1)) == (0, 0)
    assert genes.combinations == [(0, 0), (1, 0), (1, 1)]
    assert genes.patches((0, 1)) is genes.patches((0, 0)) is None
    assert genes.first_place() == 1


@pytest.mark.parametrize(
    ("spec", "full"),
    [
        ({}, ()),
        ({"patch_ratios": [0.5, 1.0, 0.7], "patch_places": [1, 3]}, (1, 0)),
        ({"patch_ratios": [0.5, 0.7], "patch_places": [3, 4, 1]}, (1, 1)),
        ({"modules": ["bottleneck:2", "bottleneck:4"]}, (0,)),
    ],
)
def test_full_keeps_most_patches_longest(spec: dict[str, object], full: Genome) -> None:
    assert free(**spec).full == full
