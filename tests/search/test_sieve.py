"""The sieve: who goes on, how many, and that neither timing nor a restart changes it."""

import random
from collections import Counter
from statistics import mean
from typing import Any

import pytest

from search.constraints import Bounds
from search.contracts import Candidate, Failure, Fidelity, Genome, Outcome, RankedAlgorithm
from search.fidelity_spec import FidelitySpec
from search.sieve import Sieve
from search.spec import Objective
from tests.search.algorithms import EXAMPLES, SAMPLING, build
from tests.search.driving import drive, replay
from tests.search.landscape import Landscape, made_up_space
from tests.search.slots import asked, rerun, run

SPACE = made_up_space(blocks=7, patch_ratios=[1.0, 0.5])
BUDGET = round(0.6 * SPACE.macs(SPACE.full))
LANDSCAPE = Landscape(SPACE, seed=1)
SCREEN, RUNG_1, PROXY = Fidelity.SCREEN, Fidelity.RUNG_1, Fidelity.PROXY
ACCURACY, MACS = Objective.ACCURACY, Objective.MACS
SURROGATE = ("genetic", "steady")  # one of each kind will do: a surrogate takes its time
SIEVED = [*SURROGATE, *(name for name in SAMPLING if EXAMPLES[name].settings.get("surrogate", "default") is None)]
SIEVED += ["random", "random, two objectives"]
GENERATIONAL = [name for name in SIEVED if name.startswith(("genetic", "nsga"))]


def fidelity(**fields: object) -> FidelitySpec:
    return FidelitySpec.model_validate({"warm_steps": 9, "screen": 4, "rungs": [3], "keep": 0.5} | fields)


def make(name: str, *, candidates: int = 20, **fields: object) -> RankedAlgorithm:
    return build(name, SPACE, budget=BUDGET, candidates=candidates, fidelity=fidelity(**fields))


def before(name: str) -> int:
    """Asks before the first chromosome: the warm start, and a look where one is taken."""
    return 1 + EXAMPLES[name].probes


def sieved(told: list[tuple[Candidate, Outcome]]) -> Counter[Fidelity]:
    """How many chromosomes were measured how well."""
    return Counter(each.fidelity for each, _ in told if each.fidelity in (SCREEN, RUNG_1, PROXY))


def measure(candidate: Candidate) -> dict[str, float]:
    return {**LANDSCAPE.measure(candidate)}


def genomes(told: list[tuple[Candidate, Outcome]], at: Fidelity) -> list[Genome]:
    return [each.genome for each, _ in told if each.fidelity is at]


@pytest.mark.parametrize(
    ("fields", "places", "entering"),
    [
        ({"screen": 4, "keep": 0.5, "rungs": [3]}, 1, [8, 2, 1]),
        ({"screen": 1, "keep": 0.3, "rungs": [3]}, 3, [10, 3]),
        ({"screen": 3, "keep": 0.75, "rungs": [3, 5]}, 5, [27, 9, 7, 5]),
        ({"screen": 1, "rungs": []}, 7, [7]),
    ],
)
def test_stages_widen_backwards(fields: dict[str, Any], places: int, entering: list[int]) -> None:
    sieve = Sieve(fidelity(**fields), [ACCURACY])
    assert [sieve.entering(stage, places) for stage in range(len(entering))] == entering


@pytest.mark.parametrize("name", SIEVED)
class TestEverySievedAlgorithm:
    def test_it_asks_exactly_as_many_as_it_should(self, name: str) -> None:
        told = drive(make(name), measure)
        assert sieved(told) == {SCREEN: 160, RUNG_1: 40, PROXY: 20}
        assert sorted(each.index for each, _ in told) == list(range(before(name) + 220))

    def test_only_who_passed_goes_on_and_nobody_is_screened_twice(self, name: str) -> None:
        told = drive(make(name), measure)
        screened, started, trained = (set(genomes(told, at)) for at in (SCREEN, RUNG_1, PROXY))
        assert trained < started < screened
        assert len(screened) == 160
        assert all(SPACE.macs(each) <= BUDGET for each in screened)

    def test_winners_are_named_by_their_proxies(self, name: str) -> None:
        algorithm = make(name)
        asks = {each.index: each for each, _ in drive(algorithm, measure)}
        for each in [*algorithm.best(5), *algorithm.front()]:
            assert asks[each.index] == each
            assert each.fidelity is PROXY

    def test_it_ends_with_the_last_tell_whatever_the_slots(self, name: str) -> None:
        for slots in (1, 3, 50):
            algorithm = make(name, candidates=9)
            assert Counter(each.fidelity for each in asked(run(algorithm, measure, slots=slots)))[PROXY] == 9
            assert algorithm.ask() is None

    def test_every_prefix_replays(self, name: str) -> None:
        events = run(make(name, candidates=9), measure, slots=5)
        rebuilt = make(name, candidates=9)
        assert rerun(rebuilt, events) == asked(events)
        assert rebuilt.finished

    def test_tells_that_are_not_awaited_are_refused(self, name: str) -> None:
        algorithm = make(name)
        for _ in range(before(name)):
            prepare = algorithm.ask()
            assert prepare is not None
            algorithm.tell(prepare.index, measure(prepare))
        first = algorithm.ask()
        assert first is not None
        assert (first.index, first.fidelity) == (before(name), SCREEN)
        with pytest.raises(ValueError, match="without 'accuracy'; it has macs"):
            algorithm.tell(first.index, {"macs": 1.0})
        algorithm.tell(first.index, measure(first))
        with pytest.raises(ValueError, match="told before"):
            algorithm.tell(first.index, measure(first))
        with pytest.raises(ValueError, match="never asked"):
            algorithm.tell(first.index + 1, measure(first))

    def test_nothing_but_failures_ends_too(self, name: str) -> None:
        algorithm = make(name, candidates=9)

        def failing(candidate: Candidate) -> Outcome:
            return measure(candidate) if candidate.index < before(name) else Failure("killed")

        assert sieved(drive(algorithm, failing)) == {SCREEN: 72, RUNG_1: 18, PROXY: 9}
        assert algorithm.finished
        assert not algorithm.best(3)

    def test_failures_on_the_way_do_not_go_on(self, name: str) -> None:
        def often_failing(candidate: Candidate) -> Outcome:
            if candidate.fidelity is SCREEN and candidate.index % 2:
                return {"accuracy": float("nan")}
            return measure(candidate)

        told = drive(make(name, screen=8), often_failing)
        failed = {each.genome for each, _ in told if each.fidelity is SCREEN and each.index % 2}
        assert failed.isdisjoint(genomes(told, RUNG_1))
        assert len(genomes(told, PROXY)) == 20

    def test_a_small_space_is_exhausted_cleanly(self, name: str) -> None:
        space = made_up_space(blocks=3)
        algorithm = build(name, space, budget=None, candidates=1000, fidelity=fidelity())
        told = drive(algorithm, Landscape(space, seed=3).measure)
        assert sorted(genomes(told, SCREEN)) == sorted(space.within(None))
        assert algorithm.finished

    def test_without_stages_nothing_changes(self, name: str) -> None:
        bare = build(name, SPACE, budget=BUDGET, candidates=20)
        assert drive(make(name, warm_steps=0, screen=1, rungs=[]), measure) == drive(bare, measure)


@pytest.mark.parametrize("name", GENERATIONAL)
class TestGenerational:
    def test_timing_changes_nothing(self, name: str) -> None:
        first = asked(run(make(name), measure, slots=1))
        assert all(asked(run(make(name), measure, slots=slots, seed=slots)) == first for slots in (3, 8, 200))

    @pytest.mark.parametrize("stop", [0, 1, 2, 40, 66, 89, 220])
    def test_replay_continues_where_it_stopped(self, name: str, stop: int) -> None:
        told = drive(make(name), measure, order=random.Random(2))
        rebuilt = make(name)
        again = replay(rebuilt, told[:stop])
        stored = {candidate.index for candidate, _ in told[:stop]}
        for candidate in again:
            if candidate.index not in stored:
                rebuilt.tell(candidate.index, measure(candidate))
        rest = [candidate for candidate, _ in drive(rebuilt, measure)]
        assert again + rest == sorted((each for each, _ in told), key=lambda each: each.index)

    def test_a_stage_waits_for_all_of_the_one_before(self, name: str) -> None:
        events = asked(run(make(name), measure, slots=4))
        stages = [each.fidelity for each in events[before(name) : before(name) + 88]]
        assert stages == [SCREEN] * 64 + [RUNG_1] * 16 + [PROXY] * 8

    def test_the_ends_always_go_on(self, name: str) -> None:
        def unfair(candidate: Candidate) -> Outcome:
            return measure(candidate) | {"accuracy": 1.0 - LANDSCAPE.accuracy(candidate.genome)}

        told = drive(make(name), unfair)
        assert genomes(told, SCREEN)[0] in genomes(told, PROXY)
        told = drive(make(name), lambda each: Failure("killed") if each.index == before(name) else unfair(each))
        assert genomes(told, SCREEN)[0] not in genomes(told, PROXY)


def test_the_best_of_a_batch_go_on() -> None:
    told = drive(make("random, two objectives", candidates=1, screen=16, rungs=[]), measure)
    assert sieved(told) == {SCREEN: 16, PROXY: 1}
    told = drive(make("random", candidates=1, screen=16, rungs=[]), measure)
    assert genomes(told, PROXY) == [max(genomes(told, SCREEN), key=LANDSCAPE.accuracy)]


def stage(*rows: dict[str, float] | None) -> list[tuple[Candidate, Outcome]]:
    """Outcomes of one stage; None is a failure. The genome of each is its place."""
    return [(Candidate(i, (i,), SCREEN), Failure("lost") if row is None else row) for i, row in enumerate(rows)]


def chosen(sieve: Sieve, rows: list[tuple[Candidate, Outcome]], count: int, *certain: int) -> set[int]:
    return {genome[0] for genome in sieve.best(rows, count, [(each,) for each in certain])}


def test_several_objectives_go_on_by_fronts() -> None:
    rows = stage(
        {"accuracy": 0.9, "macs": 9.0},
        {"accuracy": 0.8, "macs": 9.5},
        {"accuracy": 0.5, "macs": 1.0},
        {"accuracy": 0.4, "macs": 2.0},
    )
    assert chosen(Sieve(fidelity(), [ACCURACY, MACS]), rows, 2) == {0, 2}
    assert chosen(Sieve(fidelity(), [ACCURACY]), rows, 2) == {0, 1}


def test_the_emptier_places_of_a_front_go_on() -> None:
    sieve = Sieve(fidelity(), [ACCURACY, MACS])
    front = [{"accuracy": place / 10, "macs": place + 10.0 * (place > 4)} for place in (0, 1, 2, 3, 4, 9)]
    dominated = [{"accuracy": 0.0, "macs": 50.0}]
    assert {0, 5} <= chosen(sieve, stage(*front), 3)
    assert chosen(sieve, stage(*front, *dominated), 3) == chosen(sieve, stage(*front), 3)


def test_an_objective_that_a_stage_does_not_measure_is_left_out() -> None:
    rows = stage({"accuracy": 0.9, "macs": 9.0}, {"accuracy": 0.5, "macs": 1.0}, {"accuracy": 0.4, "macs": 0.5})
    assert chosen(Sieve(fidelity(), [ACCURACY, Objective.LATENCY]), rows, 1) == {0}
    assert chosen(Sieve(fidelity(), [ACCURACY, MACS, Objective.LATENCY]), rows, 3) == {0, 1, 2}


def test_what_exceeds_a_bound_ranks_behind_by_how_much() -> None:
    rows = stage({"accuracy": 0.9, "macs": 30.0}, {"accuracy": 0.8, "macs": 12.0}, {"accuracy": 0.1, "macs": 10.0})
    sieve = Sieve(fidelity(), [ACCURACY], Bounds({"macs": 10.0, "latency_ms": 1.0, "accuracy": 0.95}))
    assert [chosen(sieve, rows, count) for count in (1, 2, 3)] == [{2}, {1, 2}, {0, 1, 2}]


def test_certain_ones_go_on_before_better_ones_but_not_after_a_failure() -> None:
    rows = stage({"accuracy": 0.9}, {"accuracy": 0.1}, None, {"accuracy": 0.8})
    sieve = Sieve(fidelity(), [ACCURACY])
    assert chosen(sieve, rows, 2, 1, 2) == {0, 1}
    assert chosen(sieve, rows, 4) == {0, 1, 3}
    assert chosen(sieve, stage(None, None, None), 2) == {0, 1}


def test_a_good_screen_finds_better_with_as_many_proxies() -> None:
    space = made_up_space(blocks=12)
    budget, gained = round(0.6 * space.macs(space.full)), []
    for world in range(12):
        landscape, found = Landscape(space, seed=world), []
        for screen in (1, 8):
            stages = fidelity(screen=screen, rungs=[])
            algorithm = build("genetic, plain", space, budget=budget, candidates=24, seed=world, fidelity=stages)
            drive(algorithm, landscape.measure)
            found.append(max(landscape.accuracy(each.genome) for each in algorithm.best(3)))
        gained.append(found[1] - found[0])
    assert mean(gained) > 0.02
    assert sum(gain > 0 for gain in gained) >= 10


def test_proxies_are_what_the_ranking_sees() -> None:
    algorithm = make("genetic")
    told = drive(
        algorithm, lambda each: {**measure(each), "accuracy": each.index / 1000 + (each.fidelity is not PROXY)}
    )
    assert [each for each, _ in told if each.fidelity is PROXY][::-1] == algorithm.best(20)
