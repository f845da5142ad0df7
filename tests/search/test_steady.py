"""The steady-state algorithm: it never waits, replays what was recorded, and does not drift towards the cheap."""

import heapq
import random
from statistics import mean

import pytest

from search.algorithm_spec import SteadySpec
from search.contracts import Candidate, Failure
from search.ledger import Ledger
from search.steady import Steady
from tests.search.algorithms import build
from tests.search.landscape import Landscape, made_up_space
from tests.search.slots import asked, rerun, run

SPACE = made_up_space(blocks=6)
BUDGET = round(0.6 * SPACE.macs(SPACE.full))
LANDSCAPE = Landscape(SPACE, seed=1)
STEADY = ["steady", "steady, plain"]


@pytest.mark.parametrize("name", STEADY)
@pytest.mark.parametrize("slots", [1, 3, 8])
def test_a_replay_of_asks_and_tells_asks_the_same(name: str, slots: int) -> None:
    events = run(build(name, SPACE, budget=BUDGET), LANDSCAPE.measure, slots=slots)
    assert rerun(build(name, SPACE, budget=BUDGET), events) == asked(events)
    assert rerun(build(name, SPACE, budget=BUDGET), events[:31]) == asked(events[:31])


@pytest.mark.parametrize("name", STEADY)
def test_a_free_place_never_waits(name: str) -> None:
    algorithm = build(name, SPACE, budget=BUDGET)
    first = [algorithm.ask() for _ in range(12)]
    assert all(first), "eight are the first generation, the others fill places"
    for place in range(11):  # the first stays out
        told = first[1 + place]
        assert told is not None
        algorithm.tell(told.index, LANDSCAPE.measure(told))
        assert algorithm.ask() is not None


def test_outcomes_enter_in_the_order_of_asks_but_do_not_wait_for_ever() -> None:
    ledger = Ledger()
    for gene in range(6):
        ledger.ask((gene,))
    for index in (1, 2):
        ledger.tell(index, Failure("diverged"))
    assert [each.index for each, _ in ledger.entered(2)] == []
    ledger.tell(4, Failure("diverged"))
    assert [each.index for each, _ in ledger.entered(2)] == [1, 2]
    ledger.tell(0, Failure("diverged"))
    assert [each.index for each, _ in ledger.entered(2)] == [0, 1, 2]


def test_the_population_knows_no_one_who_overtook() -> None:
    algorithm = Steady(
        SPACE, SteadySpec(population=12, elitism=3, surrogate=None), budget=BUDGET, candidates=60, rng=random.Random(0)
    )
    luck, busy = random.Random(1), list[Candidate]()
    while not algorithm.finished:
        while len(busy) < 4 and (candidate := algorithm.ask()) is not None:
            busy.append(candidate)
        young = [each.candidate.index for each in algorithm._pool][-9:]
        overtaken = [each.index for each in busy if any(each.index < index for index in young)]
        assert not overtaken
        told = busy.pop(luck.randrange(len(busy)))
        algorithm.tell(told.index, LANDSCAPE.measure(told))
    assert len(algorithm._pool) == 12


def finished_and_entered(seed: int) -> tuple[float, float]:
    """MACs of who has finished and of who has entered, beyond the average, over a run of eight workers."""
    luck, ledger = random.Random(seed), Ledger()
    genomes = [SPACE.sample(luck) for _ in range(60)]
    usual = mean(map(SPACE.macs, genomes))
    running: list[tuple[float, int]] = []
    beyond: list[tuple[float, float]] = []
    for genome in genomes:
        clock = 0.0
        if len(running) == 8:
            clock, index = heapq.heappop(running)
            ledger.tell(index, Failure("what it found is no matter"))
        candidate = ledger.ask(genome)
        heapq.heappush(running, (clock + SPACE.macs(genome), candidate.index))
        if finished := ledger.outcomes():
            entered = ledger.entered(12) or finished[:0]
            means = [
                mean(SPACE.macs(each.genome) for each, _ in some) if some else usual for some in (finished, entered)
            ]
            beyond.append((means[0] - usual, means[1] - usual))
    return mean(each[0] for each in beyond) / usual, mean(each[1] for each in beyond) / usual


def test_cheap_candidates_finish_first_but_do_not_enter_first() -> None:
    finished, entered = zip(*(finished_and_entered(seed) for seed in range(60)), strict=True)
    assert mean(finished) < -0.03
    assert abs(mean(entered)) < 0.5 * abs(mean(finished))
