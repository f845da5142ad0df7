"""An algorithm of another package runs under the rules of ours, or is refused in one line."""

import random
from collections.abc import Sequence
from typing import Literal

import pytest

from models.plugins.installed import Found
from search import algorithms
from search.bounded import Bounded
from search.constraints import Bounds
from search.contracts import Fidelity, Genome
from search.fidelity_spec import FidelitySpec
from search.novelty import Novelty, until_exhausted
from search.plugin import AlgorithmPlugin, PluggedSpec
from search.space import SearchSpace
from search.spec import Objective, SearchSpec, SpecError
from search.stopping import Stopping
from tests.search.landscape import made_up_space

BUDGET = 9_000


class MineSpec(PluggedSpec):
    """A test's."""

    name: Literal["mine"] = "mine"
    batch: int = 4


class Mine(Bounded):
    """Samples."""

    def __init__(
        self,
        space: SearchSpace,
        spec: MineSpec,
        *,
        objectives: Sequence[Objective],
        budget: int | None,
        candidates: int,
        rng: random.Random,
        bounds: Bounds,
        first_index: int,
    ) -> None:
        super().__init__(objectives, candidates, bounds=bounds, first_index=first_index)
        self._novelty = Novelty(space, budget, rng)
        self._batch = spec.batch
        self._refill()

    def _propose(self, room: int) -> Sequence[Genome]:
        return until_exhausted(self._novelty.sample, min(room, self._batch))


class Nothing:
    """No search at all, which takes whatever it is given."""

    def __init__(self, *_: object, **__: object) -> None:
        return


def build(monkeypatch: pytest.MonkeyPatch, algorithm: str, fidelity: FidelitySpec | None = None) -> Stopping:
    found = Found({"mine": AlgorithmPlugin(settings=MineSpec, algorithm=algorithm)}, {"mine": "mine 1.0"}, {})
    monkeypatch.setattr(algorithms, "algorithm_plugins", lambda: found)
    update = {"algorithm": MineSpec(), "fidelity": fidelity or FidelitySpec()}
    return algorithms.search_algorithm(SearchSpec().model_copy(update=update), made_up_space(), BUDGET)


def test_it_searches(monkeypatch: pytest.MonkeyPatch) -> None:
    space, algorithm = made_up_space(), build(monkeypatch, f"{__name__}:Mine")
    asked = []
    while (candidate := algorithm.ask()) is not None:
        asked.append(candidate.genome)
        algorithm.tell(candidate.index, {"accuracy": sum(candidate.genome) / 100})
    assert algorithm.finished
    assert len(set(asked)) == len(asked) == SearchSpec().budget.candidates
    assert all(space.macs(genome) <= BUDGET for genome in asked)
    assert sum(algorithm.front()[0].genome) == max(map(sum, asked))


def test_a_screen_sieves_its_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    algorithm = build(monkeypatch, f"{__name__}:Mine", FidelitySpec(warm_steps=1, screen=2))
    asked = list[Fidelity]()
    while (candidate := algorithm.ask()) is not None:
        asked.append(candidate.fidelity)
        algorithm.tell(candidate.index, {"accuracy": sum(candidate.genome) / 100, "loss": 1.0})
    proxies = SearchSpec().budget.candidates
    assert asked[0] is Fidelity.WARM
    assert asked.count(Fidelity.PROXY) == proxies
    assert asked.count(Fidelity.SCREEN) == 2 * proxies


@pytest.mark.parametrize(
    ("algorithm", "why"),
    [
        ("not_there:Mine", "'mine' cannot be made: a plugin names 'not_there:Mine', which cannot be imported"),
        (f"{__name__}:Missing", "which cannot be imported: AttributeError"),
        ("search.random_search:RandomSearch", "'mine' cannot be made: "),
        (f"{__name__}:Nothing", "Nothing makes a Nothing; expected an AskTell"),
    ],
)
def test_what_cannot_search(monkeypatch: pytest.MonkeyPatch, algorithm: str, why: str) -> None:
    with pytest.raises(SpecError, match=r"^algorithm: ") as refused:
        build(monkeypatch, algorithm)
    assert why in str(refused.value)
    assert "\n" not in str(refused.value)
