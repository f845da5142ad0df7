"""The finals after a search: who is in them, in which order, and who is chosen."""

import random
from collections.abc import Callable, Sequence

import pytest

from search.contracts import Candidate, Failure, Fidelity, Genome, Outcome
from search.finals import WithFinals
from search.spec import FinalSpec
from tests.search.algorithms import EXAMPLES, SAMPLING, build
from tests.search.driving import Told, asked_now, drive, replay
from tests.search.landscape import Landscape, made_up_space

SPACE = made_up_space(blocks=4)
BUDGET = round(0.7 * SPACE.macs(SPACE.full))
LANDSCAPE = Landscape(SPACE, seed=4)
PROXY, FINAL, TEST, PLAIN = Fidelity.PROXY, Fidelity.FINAL, Fidelity.TEST, Fidelity.PLAIN
PROBE = Fidelity.PROBE


def make(name: str = "genetic", *, finalists: int = 3, budget: int | None = BUDGET, candidates: int = 20) -> WithFinals:
    inner = build(name, SPACE, budget=budget, candidates=candidates)
    return WithFinals(inner, SPACE, FinalSpec(finalists=finalists))


def genomes(told: Told, fidelity: Fidelity) -> list[Genome]:
    return [candidate.genome for candidate, _ in told if candidate.fidelity is fidelity]


def failing(*fidelities: Fidelity) -> Callable[[Candidate], Outcome]:
    return lambda each: Failure("killed") if each.fidelity in fidelities else LANDSCAPE.measure(each)


class Finished:
    """An algorithm that has nothing to ask and names the winners it was given, best first."""

    finished = True

    def __init__(self, winners: Sequence[Genome]) -> None:
        self.winners = [Candidate(index, genome) for index, genome in enumerate(winners)]

    def ask(self) -> Candidate | None:
        return None

    def tell(self, index: int, outcome: Outcome) -> None:
        raise ValueError(f"candidate {index} was never asked")

    def front(self) -> Sequence[Candidate]:
        return self.winners[:1]

    def best(self, count: int) -> Sequence[Candidate]:
        return self.winners[:count]


@pytest.mark.parametrize("name", SAMPLING)
def test_after_the_search_come_plain_finals_and_tests(name: str) -> None:
    algorithm, probes = make(name), EXAMPLES[name].probes
    told = drive(algorithm, LANDSCAPE.measure)
    assert [candidate.index for candidate, _ in told] == list(range(probes + 20 + 1 + 4 + 4))
    search = [PROBE] * probes + [PROXY] * 20
    assert [candidate.fidelity for candidate, _ in told] == [*search, PLAIN, *[FINAL] * 4, *[TEST] * 4]
    assert genomes(told, PLAIN) == [SPACE.full]
    assert genomes(told, FINAL)[0] == SPACE.full
    assert len(set(genomes(told, FINAL))) == 4
    assert sorted(genomes(told, TEST)) == sorted(genomes(told, FINAL))
    assert algorithm.finished
    assert algorithm.ask() is None


def test_finalists_are_the_best_by_proxy() -> None:
    told = drive(make(), LANDSCAPE.measure)
    proxies = [candidate for candidate, _ in told if candidate.fidelity is PROXY]
    ranked = sorted(proxies, key=lambda each: -LANDSCAPE.measure(each)["accuracy"])
    assert genomes(told, FINAL)[1:] == [each.genome for each in ranked[:3]]


def test_the_baseline_takes_no_finalists_place() -> None:
    others: list[Genome] = [(0,) * 8, (1,) * 7 + (0,), (0,) + (1,) * 7]
    algorithm = WithFinals(Finished([others[0], SPACE.full, *others[1:]]), SPACE, FinalSpec(finalists=2))
    assert genomes(drive(algorithm, LANDSCAPE.measure), FINAL) == [SPACE.full, *others[:2]]


def test_chosen_is_the_most_accurate_finalist_on_validation() -> None:
    winners: list[Genome] = [(1,) * 7 + (0,), (0,) + (1,) * 7, (0,) * 8]
    algorithm = WithFinals(Finished(winners), SPACE, FinalSpec(finalists=3))
    accuracy = {winners[0]: 0.5, winners[1]: 0.7, winners[2]: 0.6, SPACE.full: 0.9}
    assert algorithm.chosen() is None
    drive(algorithm, lambda each: {"accuracy": 1.0 - accuracy[each.genome] * (each.fidelity is FINAL)})
    chosen = algorithm.chosen()
    assert chosen is not None
    assert (chosen.genome, chosen.fidelity) == (winners[0], FINAL)


def test_tests_wait_for_every_final_but_not_for_plain() -> None:
    algorithm = WithFinals(Finished([(0,) * 8]), SPACE, FinalSpec(finalists=1))
    plain, baseline, finalist = asked_now(algorithm)
    algorithm.tell(finalist.index, LANDSCAPE.measure(finalist))
    assert algorithm.ask() is None
    algorithm.tell(baseline.index, LANDSCAPE.measure(baseline))
    tests = asked_now(algorithm)
    assert [each.fidelity for each in tests] == [TEST, TEST]
    for each in [*tests, plain]:
        assert not algorithm.finished
        algorithm.tell(each.index, LANDSCAPE.measure(each))
    assert algorithm.finished


def test_what_failed_in_the_finals_is_not_tested() -> None:
    def measure(candidate: Candidate) -> Outcome:
        return {"accuracy": float("nan")} if candidate.index == 22 else LANDSCAPE.measure(candidate)

    algorithm = make()
    told = drive(algorithm, measure)
    finals = genomes(told, FINAL)
    assert sorted(genomes(told, TEST)) == sorted([finals[0], *finals[2:]])
    chosen = algorithm.chosen()
    assert chosen is not None
    assert chosen.genome in finals[2:]


def test_a_failed_baseline_leaves_the_finalists() -> None:
    told = drive(make(), lambda each: Failure("killed") if each.genome == SPACE.full else LANDSCAPE.measure(each))
    assert sorted(genomes(told, TEST)) == sorted(genomes(told, FINAL)[1:])


@pytest.mark.parametrize(
    ("fidelities", "asked"),
    [((PROXY,), [PLAIN, FINAL, TEST]), ((PROXY, FINAL), [PLAIN, FINAL]), ((PROXY, PLAIN, FINAL), [PLAIN, FINAL])],
)
def test_failures_everywhere_still_end(fidelities: tuple[Fidelity, ...], asked: list[Fidelity]) -> None:
    algorithm = make()
    told = drive(algorithm, failing(*fidelities))
    assert [candidate.fidelity for candidate, _ in told[20:]] == asked
    assert algorithm.finished
    assert algorithm.chosen() is None


def test_nothing_found_leaves_the_baseline() -> None:
    algorithm = WithFinals(Finished([]), SPACE, FinalSpec())
    assert [each.fidelity for each, _ in drive(algorithm, LANDSCAPE.measure)] == [PLAIN, FINAL, TEST]
    assert algorithm.chosen() is None


@pytest.mark.parametrize("name", ["ranked", "das", "das, published"])
def test_what_one_look_decides_is_the_only_finalist(name: str) -> None:
    algorithm = make(name)
    told = drive(algorithm, LANDSCAPE.measure)
    assert [each.fidelity for each, _ in told] == [PROBE, PLAIN, FINAL, FINAL, TEST, TEST]
    chosen = algorithm.chosen()
    assert chosen is not None
    assert [chosen.genome] == [each.genome for each in algorithm.front()] == genomes(told, FINAL)[1:]


def test_no_skip_chooses_the_baseline() -> None:
    algorithm = make("no-skip")
    assert [each.fidelity for each, _ in drive(algorithm, LANDSCAPE.measure)] == [PLAIN, FINAL, TEST]
    chosen = algorithm.chosen()
    assert chosen is not None
    assert (chosen.genome, chosen.fidelity) == (SPACE.full, FINAL)


def test_fewer_winners_than_finalists() -> None:
    told = drive(make(finalists=9, candidates=4), LANDSCAPE.measure)
    assert len(genomes(told, FINAL)) == 1 + 4


def test_several_objectives_send_the_front_evenly() -> None:
    algorithm = make("nsga2, plain", candidates=60)
    told = drive(algorithm, LANDSCAPE.measure)
    front = [each.genome for each in algorithm.front() if each.genome != SPACE.full]
    finalists = genomes(told, FINAL)[1:]
    assert finalists[0] == front[0]
    assert set(finalists) <= set(front)
    assert len(finalists) == 3


def test_tells_that_are_not_awaited_are_refused() -> None:
    algorithm = make()
    for index in (0, 19, 20, 25):
        with pytest.raises(ValueError, match="never asked"):
            algorithm.tell(index, {"accuracy": 0.5})
    told = drive(algorithm, LANDSCAPE.measure)
    for candidate, outcome in told:
        with pytest.raises(ValueError, match="told before"):
            algorithm.tell(candidate.index, outcome)


@pytest.mark.parametrize("stop", [0, 5, 20, 21, 23, 25, 27, 29])
def test_replay_reproduces_the_finals(stop: int) -> None:
    told = drive(make(), LANDSCAPE.measure, order=random.Random(8))
    rebuilt = make()
    again = replay(rebuilt, told[:stop])
    stored = {candidate.index for candidate, _ in told[:stop]}
    for candidate in again:
        if candidate.index not in stored:
            rebuilt.tell(candidate.index, LANDSCAPE.measure(candidate))
    rest = [candidate for candidate, _ in drive(rebuilt, LANDSCAPE.measure)]
    assert again + rest == sorted((candidate for candidate, _ in told), key=lambda each: each.index)
