"""What the page computes by itself agrees with the search: generations, fronts, shares; and thinning hides nothing."""

import random
from collections.abc import Sequence
from typing import Any

import pytest
from playwright.sync_api import Page

from models.registry import BackboneRegistry
from search.algorithms import search_algorithm
from search.build import build_space, macs_budget
from search.contracts import Candidate, Fidelity
from search.ledger import Measured
from search.ranking import pareto_front
from search.spec import Objective, parse_spec
from tests.page.browser import Site, opened

SEVERAL = {"objectives": ["accuracy", "macs"]}
ALGORITHMS: dict[str, dict[str, Any]] = {
    "genetic": {"algorithm": {"name": "genetic", "population": 8, "elitism": 3, "surrogate": None}},
    "nsga2": {"algorithm": {"name": "nsga2", "population": 8, "surrogate": None}, **SEVERAL},
    "nsga3": {"algorithm": {"name": "nsga3", "population": 8, "surrogate": None}, **SEVERAL},
}


def computed(page: Page, site: Site, module: str, call: str, argument: object) -> Any:  # noqa: ANN401 - JSON
    """What a module of the page answers; `call` is an expression in `it`, the module, and `given`."""
    opened(page, site)
    source = f"async (given) => {{ const it = await import('/page/js/search/{module}.js'); return {call}; }}"
    return page.evaluate(source, argument)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_generation_begins_where_the_search_waited_for_the_one_before(page: Page, site: Site, name: str) -> None:
    spec = parse_spec({"budget": {"candidates": 41}, **ALGORITHMS[name]})
    space = build_space(spec, BackboneRegistry().get(spec.backbone))
    algorithm, asked, barriers = search_algorithm(spec, space, macs_budget(spec, space)), list[Candidate](), list[int]()
    rng = random.Random(0)
    while not algorithm.finished:
        barriers.append(len(asked))
        while (candidate := algorithm.ask()) is not None:
            asked.append(candidate)
        for each in asked[barriers[-1] :]:
            cost = space.macs(each.genome)
            algorithm.tell(each.index, {"accuracy": rng.random(), "macs": cost, "parameters": cost, "seconds": 1.0})
    assert len(asked) == 41
    call = "given[1].map((rank) => it.generationOf(it.cut(given[0]), rank))"
    found = computed(page, site, "generations", call, [spec.model_dump(mode="json"), list(range(len(asked)))])
    assert found == [sum(barrier <= rank for barrier in barriers) - 1 for rank in range(len(asked))]


def columns(rows: Sequence[tuple[str, float | None, float, bool]]) -> dict[str, list[Any]]:
    """Rows of genome, accuracy, MACs and whether they are within the bounds, as the page keeps them."""
    genome, accuracy, macs, within = (list(each) for each in zip(*rows, strict=True))
    return {"index": list(range(len(rows))), "genome": genome, "accuracy": accuracy, "macs": macs, "within": within}


def test_a_front_is_that_of_the_search(page: Page, site: Site) -> None:
    rng = random.Random(1)
    rows = [("1", rng.randrange(20) / 20, float(rng.randrange(30)), rng.random() < 0.8) for _ in range(300)]
    call = "it.front(given, given.index, 'macs')"
    found = computed(page, site, "pareto", call, columns(rows))
    inside = [
        Measured(Candidate(index, (index,), Fidelity.PROXY), {"accuracy": accuracy, "macs": macs})
        for index, (_, accuracy, macs, within) in enumerate(rows)
        if within
    ]
    best = pareto_front(inside, [Objective.ACCURACY, Objective.MACS])
    expected = {(rows[each.index][1], rows[each.index][2]) for each in best}
    assert {(rows[index][1], rows[index][2]) for index in found} == expected
    assert len(found) == len(expected)  # equal ones once
    assert found == sorted(found, key=lambda index: rows[index][2])


def test_shares_of_a_heat_map(page: Page, site: Site) -> None:
    rows = [("10", 0.5, 1.0, True), ("11", None, 1.0, True), ("01", 0.5, 1.0, True), ("00", 0.5, 1.0, True)]
    points = columns(rows) | {"index": [0, 3, 1, 2]}  # told in another order than asked
    call = "it.keepShares(given, [0, 1, 2, 3], { word: 'generation', first: 2, rest: 1 }, [0, 1])"
    found = computed(page, site, "generations", call, points)
    # asked: 10, 01 | 00 | 11
    assert found == {"columns": ["1", "2", "3"], "counts": [2, 1, 1], "shares": [[0.5, 0, 1], [0.5, 0, 1]]}


def test_many_generations_share_columns(page: Page, site: Site) -> None:
    points = columns([(str(index % 2), 0.5, 1.0, True) for index in range(1000)])
    call = "it.keepShares(given, given.index, { word: 'window', first: 2, rest: 2 }, [0])"
    found = computed(page, site, "generations", call, points)
    assert (len(found["columns"]), found["columns"][0], found["columns"][-1]) == (100, "1\u20135", "496\u2013500")
    assert (sum(found["counts"]), set(found["shares"][0])) == (1000, {0.5})


def test_genomes_are_read_as_they_are_written(page: Page, site: Site) -> None:
    found = computed(page, site, "generations", "given.map(it.choicesOf)", ["", "109", "1,0,10,", "12,"])
    assert found == [[], [1, 0, 9], [1, 0, 10], [12]]


def test_a_dot_that_is_left_out_lies_behind_one_that_is_drawn(page: Page, site: Site) -> None:
    rng = random.Random(2)
    xs, ys = [rng.random() for _ in range(4000)], [rng.random() for _ in range(4000)]
    kept = computed(page, site, "thinning", "it.thinned(given[0], given[1])", [xs, ys])
    assert kept == sorted(set(kept))
    assert 800 < len(kept) <= 1500
    for x, y in zip(xs, ys, strict=True):
        assert any(abs(xs[each] - x) < 0.03 and abs(ys[each] - y) < 0.05 for each in kept)


def test_few_dots_are_all_drawn_and_many_alike_as_one(page: Page, site: Site) -> None:
    call = "it.thinned(given[0], given[1])"
    assert computed(page, site, "thinning", call, [[1.0] * 1500, [0.5] * 1500]) == list(range(1500))
    assert computed(page, site, "thinning", call, [[1.0] * 1501, [0.5] * 1501]) == [1500]
