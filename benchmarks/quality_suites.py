"""The problems of the contest: scored tables at two bounds, and pseudo-Boolean functions with known optima.

The functions are the classical ones (OneMax, LeadingOnes, concatenated traps: Deb and Goldberg 1993; NK landscapes:
Kauffman 1989) under a MACs bound, which makes the optimum another one than the textbook's: it is enumerated. Each
instance has a target of its own in place of all ones, or a search that starts from the full chromosome would start at
the optimum, and an order of genes of its own.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from benchmarks.quality_problem import Problem
from benchmarks.table_file import TABLES, ScoredTable
from benchmarks.table_space import BACKBONE, TableSpace, bits
from models.architecture import Architecture, SubLayer, SubLayerKind
from search.space import SearchSpace
from search.space_spec import SpaceSpec

GENES = 16
COSTS = {SubLayerKind.SELF_ATTENTION: 100, SubLayerKind.FFN: 200}  # an FFN costs about two attentions
FIXED = 600  # what no gene changes
SUITE_BOUND = 0.6
TRAP = 4  # genes of a trap
EPISTASIS = 4  # further genes that a gene's worth in an NK landscape depends on

Bits = NDArray[np.int64]
"""Chromosomes as rows, (C, genes)."""


def one_max(rows: Bits, rng: Generator) -> NDArray[np.float64]:
    """How many genes are right."""
    del rng
    return np.asarray(rows.sum(1), dtype=float)


def leading_ones(rows: Bits, rng: Generator) -> NDArray[np.float64]:
    """How many genes are right before the first wrong one."""
    del rng
    return np.asarray(rows.cumprod(1).sum(1), dtype=float)


def traps(rows: Bits, rng: Generator) -> NDArray[np.float64]:
    """Groups of genes that are worth most when all are right, and else the more the fewer are."""
    del rng
    right = rows.reshape(len(rows), -1, TRAP).sum(2)  # (C, groups)
    return np.asarray(np.where(right == TRAP, TRAP, TRAP - 1 - right).sum(1), dtype=float)


def nk_landscape(rows: Bits, rng: Generator) -> NDArray[np.float64]:
    """Mean over genes of a random worth that each has with each setting of itself and a few random others."""
    genes = rows.shape[1]
    total = np.zeros(len(rows))
    for gene in range(genes):
        others = rng.permutation(np.delete(np.arange(genes), gene))[:EPISTASIS]
        setting = rows[:, [gene, *others]] @ (1 << np.arange(EPISTASIS + 1))
        total += rng.random(1 << (EPISTASIS + 1))[setting]
    return np.asarray(total / genes, dtype=float)


def block_knapsack(rows: Bits, rng: Generator) -> NDArray[np.float64]:
    """Worths that add up, but a block's attention and FFN help each other, and some pairs do each other's work."""
    genes = rows.shape[1]
    total = rows @ rng.exponential(1.0, genes) + (rows[:, ::2] * rows[:, 1::2]) @ rng.exponential(0.5, genes // 2)
    for _ in range(genes):
        first, second = rng.choice(genes, 2, replace=False)
        total -= rows[:, first] * rows[:, second] * rng.exponential(0.3)
    return np.asarray(total, dtype=float)


Function = Callable[[Bits, Generator], NDArray[np.float64]]
AGREEING: Mapping[str, Function] = {"OneMax": one_max, "LeadingOnes": leading_ones, "traps": traps}
"""Those that ask how many genes agree with a target."""
SUITES: Mapping[str, Function] = {**AGREEING, "NK landscape": nk_landscape, "block knapsack": block_knapsack}
TABLES_OF = {"shared weights": (16, "shared"), "proxy fine-tunes": (10, "proxy")}
"""Genes and kind of each scored table."""
BOUNDED = {f"{table} at {bound}": (table, bound) for table in TABLES_OF for bound in (0.75, 0.5)}


def table_names() -> list[str]:
    """The tables whose files are there."""
    return [name for name, (genes, how) in TABLES_OF.items() if table_file(genes, how).exists()]


def problem_names() -> list[str]:
    """The problems with one objective that can be set now."""
    return [*(name for name, (table, _) in BOUNDED.items() if table in table_names()), *SUITES]


@lru_cache(maxsize=2)
def problem(name: str, seed: int) -> Problem:
    """The problem called `name`: of a suite its instance `seed`, of a table always the same.

    Raises:
        ValueError: there is no such problem.
    """
    if name in BOUNDED:
        table, bound = BOUNDED[name]
        return table_problem(name, *TABLES_OF[table], bound)
    if name in SUITES:
        return suite_problem(name, seed)
    raise ValueError(f"no problem '{name}'; there are {', '.join(problem_names())}")


@lru_cache(maxsize=2)
def front_problem(name: str) -> Problem:
    """The table called `name` without a bound, for a front of accuracy and MACs."""
    genes, how = TABLES_OF[name]
    return table_problem(name, genes, how, None)


def table_file(genes: int, how: str) -> Path:
    """Where a scored table lies."""
    return TABLES / f"{BACKBONE}-{genes}-{how}.npz"


def table_problem(name: str, genes: int, how: str, ratio: float | None) -> Problem:
    """A scored table under a bound as a share of the full chromosome's MACs."""
    table, scored = TableSpace(genes), ScoredTable.load(table_file(genes, how))
    budget = None if ratio is None else int(ratio * table.macs[-1])
    return Problem(name, table.space, scored.accuracy, table.macs, budget)


def suite_problem(name: str, seed: int) -> Problem:
    """An instance of a suite, its values from 0 to 1."""
    rng = np.random.default_rng([seed, *name.encode()])
    rows = bits(GENES)
    target, order = rng.integers(0, 2, GENES), rng.permutation(GENES)
    seen = (rows == target)[:, order].astype(np.int64) if name in AGREEING else rows
    values = SUITES[name](seen, rng)
    space = SearchSpace(_sub_layers(), SpaceSpec(dropped="identity", modules=("none",)), _macs, patch_places=0)
    costs = np.array([COSTS[each.kind] for each in _sub_layers()])
    macs = FIXED + rows @ costs
    return Problem(name, space, (values - values.min()) / np.ptp(values), macs, int(SUITE_BOUND * macs[-1]))


def _sub_layers() -> list[SubLayer]:
    return [SubLayer(gene // 2, [*COSTS][gene % 2]) for gene in range(GENES)]


def _macs(architecture: Architecture) -> int:
    pairs = zip(_sub_layers(), architecture.choices, strict=True)
    return FIXED + sum(COSTS[each.kind] for each, choice in pairs if choice.keep)
