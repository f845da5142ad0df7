"""What every search algorithm must do, run for each of them."""

import random

import numpy as np
import pytest
from deap import base, creator

from search.contracts import Candidate, Failure, Fidelity, Outcome, RankedAlgorithm
from tests.search.algorithms import ASKING, BOUNDED, EXAMPLES, MEASURING, SAMPLING, TIMELESS, build
from tests.search.driving import Told, asked_now, drive, replay
from tests.search.landscape import Landscape, made_up_space

SPACE = made_up_space(blocks=6, patch_ratios=[1.0, 0.5])
BUDGET = round(0.6 * SPACE.macs(SPACE.full))
LANDSCAPE = Landscape(SPACE, seed=1)


def make(name: str, *, seed: int = 0, candidates: int = 40) -> RankedAlgorithm:
    return build(name, SPACE, budget=BUDGET, candidates=candidates, seed=seed)


def proxies(told: Told) -> list[Candidate]:
    return [candidate for candidate, _ in told if candidate.fidelity is Fidelity.PROXY]


@pytest.mark.parametrize("name", EXAMPLES)
class TestEveryAlgorithm:
    def test_it_ends(self, name: str) -> None:
        algorithm = make(name)
        told = drive(algorithm, LANDSCAPE.measure)
        assert algorithm.finished
        assert algorithm.ask() is None
        assert [candidate.index for candidate, _ in told] == list(range(len(told)))
        assert len(told) - len(proxies(told)) == EXAMPLES[name].probes
        assert bool(proxies(told)) == EXAMPLES[name].proxies
        assert len(proxies(told)) <= 40

    def test_it_finds_what_the_budget_allows(self, name: str) -> None:
        algorithm = make(name)
        drive(algorithm, LANDSCAPE.measure)
        assert algorithm.front()
        assert [*algorithm.front()][:1] == [*algorithm.best(1)]
        if name in BOUNDED:
            assert all(SPACE.macs(candidate.genome) <= BUDGET for candidate in algorithm.best(40))

    def test_a_tell_that_is_never_asked_is_refused(self, name: str) -> None:
        with pytest.raises(ValueError, match="never asked"):
            make(name).tell(0, {"accuracy": 0.5, "macs": 1.0})

    def test_global_state_is_left_alone(self, name: str) -> None:
        before, numbers = random.getstate(), repr(np.random.get_state())
        drive(make(name), LANDSCAPE.measure)
        assert random.getstate() == before
        assert repr(np.random.get_state()) == numbers
        created = [each for each in vars(creator).values() if isinstance(each, type) and issubclass(each, base.Fitness)]
        assert created == []


@pytest.mark.parametrize("name", TIMELESS)
class TestTimeless:
    def test_the_order_of_tells_changes_nothing(self, name: str) -> None:
        first, second = make(name), make(name)
        in_order = drive(first, LANDSCAPE.measure)
        shuffled = drive(second, LANDSCAPE.measure, order=random.Random(5))
        assert sorted(told[0].index for told in shuffled) == list(range(len(in_order)))
        assert [candidate for candidate, _ in in_order] == sorted((c for c, _ in shuffled), key=lambda c: c.index)
        assert first.front() == second.front()
        assert first.best(5) == second.best(5)

    @pytest.mark.parametrize("stop", [0, 1, 7, 8, 19, 40])
    def test_replay_continues_where_it_stopped(self, name: str, stop: int) -> None:
        told = drive(make(name), LANDSCAPE.measure, order=random.Random(2))
        rebuilt = make(name)
        again = replay(rebuilt, told[:stop])
        awaited = [c for c in again if c not in [candidate for candidate, _ in told[:stop]]]
        for candidate in awaited:
            rebuilt.tell(candidate.index, LANDSCAPE.measure(candidate))
        rest = [candidate for candidate, _ in drive(rebuilt, LANDSCAPE.measure)]
        assert again + rest == sorted((c for c, _ in told), key=lambda c: c.index)


@pytest.mark.parametrize("name", ASKING)
class TestAsking:
    def test_no_chromosome_is_measured_twice(self, name: str) -> None:
        genomes = [candidate.genome for candidate in proxies(drive(make(name), LANDSCAPE.measure))]
        assert len(set(genomes)) == len(genomes)

    def test_finished_comes_with_the_last_tell(self, name: str) -> None:
        algorithm = make(name, candidates=8)
        while batch := asked_now(algorithm):
            for candidate in batch:
                assert not algorithm.finished
                algorithm.tell(candidate.index, LANDSCAPE.measure(candidate))
        assert algorithm.finished

    def test_tells_that_are_not_awaited_are_refused(self, name: str) -> None:
        algorithm = make(name)
        first = algorithm.ask()
        assert first is not None
        algorithm.tell(first.index, LANDSCAPE.measure(first))
        with pytest.raises(ValueError, match="told before"):
            algorithm.tell(first.index, LANDSCAPE.measure(first))
        with pytest.raises(ValueError, match="never asked"):
            algorithm.tell(-1, LANDSCAPE.measure(first))

    def test_a_measurement_without_what_it_must_have_is_refused(self, name: str) -> None:
        algorithm = make(name)
        algorithm.ask()
        missing = "gene.0" if EXAMPLES[name].probes else "accuracy"
        with pytest.raises(ValueError, match=f"without '{missing}'; it has latency_ms"):
            algorithm.tell(0, {"latency_ms": 3.0})
        algorithm.tell(0, Failure("the refused outcome left it awaited"))

    def test_nothing_but_failures_leaves_an_empty_front(self, name: str) -> None:
        algorithm = make(name)
        assert drive(algorithm, lambda _: Failure("diverged"))
        assert algorithm.finished
        assert list(algorithm.front()) == []
        assert list(algorithm.best(3)) == []

    def test_a_probe_comes_first_and_alone(self, name: str) -> None:
        batch = asked_now(make(name))
        if EXAMPLES[name].probes:
            assert batch == [Candidate(0, SPACE.full, Fidelity.PROBE)]
        else:
            assert all(candidate.fidelity is Fidelity.PROXY for candidate in batch)


@pytest.mark.parametrize("name", MEASURING)
class TestMeasuring:
    @pytest.mark.parametrize("candidates", [1, 2, 8, 9])
    def test_it_asks_no_more_than_agreed(self, name: str, candidates: int) -> None:
        asked = len(proxies(drive(make(name, candidates=candidates), LANDSCAPE.measure)))
        assert asked == candidates

    def test_failures_are_survived_and_never_win(self, name: str) -> None:
        def measure(candidate: Candidate) -> Outcome:
            if candidate.index % 3 == 0:
                return Failure("out of memory")
            if candidate.index % 3 == 1:
                return {**LANDSCAPE.measure(candidate), "accuracy": float("nan")}
            return LANDSCAPE.measure(candidate)

        algorithm = make(name)
        failed = {each.genome for each in proxies(drive(algorithm, measure)) if each.index % 3 < 2}
        assert algorithm.front()
        assert not failed & {candidate.genome for candidate in [*algorithm.front(), *algorithm.best(40)]}


@pytest.mark.parametrize("name", SAMPLING)
class TestSampling:
    def test_another_seed_is_another_run(self, name: str) -> None:
        runs = [drive(make(name, seed=seed), LANDSCAPE.measure) for seed in (0, 1)]
        assert runs[0] != runs[1]

    def test_chromosomes_keep_the_budget(self, name: str) -> None:
        asked = proxies(drive(make(name), LANDSCAPE.measure))
        assert len(asked) == 40
        assert all(SPACE.macs(candidate.genome) <= BUDGET for candidate in asked)

    def test_a_small_space_is_exhausted_cleanly(self, name: str) -> None:
        space = made_up_space(blocks=2, patch_ratios=[0.5, 1.0], patch_places=[0, 1])
        budget = round(0.7 * space.macs(space.full))
        algorithm = build(name, space, budget=budget, candidates=1000)
        asked = proxies(drive(algorithm, Landscape(space, seed=3).measure))
        assert sorted(candidate.genome for candidate in asked) == sorted(space.within(budget))
        assert algorithm.finished

    def test_without_a_budget_everything_may_be_asked(self, name: str) -> None:
        space = made_up_space(blocks=2)
        algorithm = build(name, space, budget=None, candidates=1000)
        assert len(proxies(drive(algorithm, Landscape(space, seed=0).measure))) == space.size == 16


@pytest.mark.parametrize("name", BOUNDED)
def test_a_budget_below_the_cheapest_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"no chromosome costs at most 10 MACs; the cheapest has \d"):
        build(name, SPACE, budget=10)
