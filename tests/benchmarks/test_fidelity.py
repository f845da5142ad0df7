"""The parts a fidelity figure is made of."""

import numpy as np
import pytest

from benchmarks.fidelity import BLOCKS, KEPT, correlation, masks, spread
from models.registry import BackboneRegistry
from search.build import build_space
from search.spec import SearchSpec


def test_masks_are_different_and_cost_the_same() -> None:
    entry = BackboneRegistry().get("shapes-vilt")
    space = build_space(SearchSpec(), entry)
    genomes = masks(40)
    assert len(set(genomes)) == 40
    assert len({space.macs(genome) for genome in genomes}) == 1
    assert all(sum(genome) == 2 * KEPT and len(genome) == 2 * BLOCKS for genome in genomes)
    assert masks(40) == genomes
    assert masks(40, seed=1) != genomes


def test_a_correlation_knows_agreement_reversal_and_chance() -> None:
    rng = np.random.default_rng(0)
    long = rng.normal(size=60)
    same = correlation(long.tolist(), (3 * long + 1).tolist())
    assert (same["rho"], same["low"], same["high"]) == pytest.approx((1, 1, 1))
    assert correlation(long.tolist(), (-long).tolist())["high"] == pytest.approx(-1)
    chance = correlation(long.tolist(), rng.normal(size=60).tolist())
    assert chance["low"] < 0 < chance["high"]
    assert chance["low"] < chance["rho"] < chance["high"]


def test_a_spread_is_in_order() -> None:
    found = spread([0.1 * place for place in range(11)])
    assert (found["min"], found["median"], found["max"]) == pytest.approx((0, 0.5, 1))
    assert found["min"] < found["p10"] < found["median"] < found["p90"] < found["max"]
