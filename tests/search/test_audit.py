"""The audit: who is trained longer after a search, and that nothing else changes."""

import random
from collections import Counter

import pytest

from search.audit import Audited, sample, spread
from search.contracts import Candidate, Failure, Fidelity, Genome, Outcome
from search.decided import Decided
from search.fidelity_spec import FidelitySpec
from search.scores import Scores
from tests.search.algorithms import build
from tests.search.driving import drive, replay
from tests.search.landscape import Landscape, made_up_space
from tests.search.slots import asked, rerun, run

SPACE = made_up_space(blocks=5)
BUDGET = round(0.7 * SPACE.macs(SPACE.full))
LANDSCAPE = Landscape(SPACE, seed=4)
AUDITED = ["genetic, plain", "genetic, seeded", "steady, plain", "nsga3, plain", "random", "greedy"]
SCREEN, RUNG_1, PROXY, AUDIT = Fidelity.SCREEN, Fidelity.RUNG_1, Fidelity.PROXY, Fidelity.AUDIT


def make(name: str = "genetic, plain", *, count: int = 6, candidates: int = 16, screen: int = 1) -> Audited:
    fidelity = FidelitySpec(warm_steps=screen - 1, screen=screen)
    return Audited(build(name, SPACE, budget=BUDGET, candidates=candidates, fidelity=fidelity), count)


def scores(**accuracies: dict[Genome, float]) -> Scores:
    return Scores({Fidelity[name]: found for name, found in accuracies.items()})


def numbered(*accuracies: float, first: int = 0) -> dict[Genome, float]:
    return {(first + place,): accuracy for place, accuracy in enumerate(accuracies)}


@pytest.mark.parametrize(
    ("count", "places"),
    [(0, []), (1, [0]), (2, [0, 9]), (4, [0, 3, 6, 9]), (5, [0, 2, 4, 7, 9]), (10, [*range(10)]), (99, [*range(10)])],
)
def test_a_spread_holds_both_ends(count: int, places: list[int]) -> None:
    assert spread([(place,) for place in range(10)], count) == [(place,) for place in places]


def test_a_sample_spreads_over_the_proxies_by_rank() -> None:
    found = scores(PROXY=numbered(0.1, 0.5, 0.3, 0.9, 0.7))
    assert sample(found, 3) == [(3,), (1,), (0,)]
    assert sample(found, 99) == [(3,), (4,), (1,), (2,), (0,)]
    assert sample(scores(PROXY=numbered(0.1, 0.5, 0.3)), 3) == []


def test_half_of_a_sample_stopped_on_the_way() -> None:
    screened = numbered(*(place / 20 for place in range(16)))
    started = {genome: 0.5 + accuracy for genome, accuracy in screened.items() if genome[0] >= 8}
    found = scores(SCREEN=screened, RUNG_1=started, PROXY={genome: started[genome] for genome in [*started][4:]})
    # 15 to 12 got a proxy, 11 to 8 stopped at the rung, 7 to 0 at the screen
    assert sample(found, 7) == [(15,), (14,), (13,), (12,), (11,), (5,), (0,)]
    assert sample(found, 1) == [(15,)]
    assert len(set(sample(found, 12))) == 12
    assert sorted(sample(found, 99)) == sorted(screened)


def test_what_failed_on_the_way_is_not_audited() -> None:
    told: list[tuple[Candidate, Outcome]] = [
        (Candidate(place, (place,), PROXY), {"accuracy": place / 10}) for place in range(4)
    ]
    told += [(Candidate(4, (4,), PROXY), Failure("lost")), (Candidate(5, (4,), SCREEN), {"accuracy": 0.9})]
    told += [(Candidate(6, (6,), PROXY), {"accuracy": float("nan")}), (Candidate(7, (7,), SCREEN), {"accuracy": 0.1})]
    assert sorted(sample(Scores.of(told), 99)) == [(0,), (1,), (2,), (3,), (7,)]


@pytest.mark.parametrize("name", AUDITED)
def test_audits_follow_every_search_and_change_nothing(name: str) -> None:
    bare = build(name, SPACE, budget=BUDGET, candidates=16)
    before = drive(bare, LANDSCAPE.measure)
    audited = make(name)
    told = drive(audited, LANDSCAPE.measure)
    assert told[: len(before)] == before
    assert [each.index for each, _ in told] == list(range(len(before) + 6))
    assert {each.fidelity for each, _ in told[len(before) :]} == {AUDIT}
    proxies = {each.genome: outcome for each, outcome in before if each.fidelity is PROXY}
    assert {each.genome for each, _ in told[len(before) :]} <= proxies.keys()
    assert (audited.front(), audited.best(5)) == (bare.front(), bare.best(5))
    assert audited.finished
    assert audited.ask() is None


def test_a_screen_is_audited_by_what_it_stopped_as_well() -> None:
    told = drive(make(screen=4), LANDSCAPE.measure)
    audits = [each.genome for each, _ in told if each.fidelity is AUDIT]
    proxies = {each.genome for each, _ in told if each.fidelity is PROXY}
    screened = {each.genome for each, _ in told if each.fidelity is SCREEN}
    assert len(audits) == 6
    assert len(proxies & set(audits)) == 3
    assert set(audits) <= screened


@pytest.mark.parametrize(("count", "candidates"), [(0, 16), (6, 3)])
def test_no_audit_where_none_is_wanted_or_worth_it(count: int, candidates: int) -> None:
    algorithm = make(count=count, candidates=candidates)
    told = drive(algorithm, LANDSCAPE.measure)
    assert {each.fidelity for each, _ in told} == {PROXY}
    assert algorithm.finished


def test_a_search_that_asks_nothing_is_finished() -> None:
    algorithm = Audited(Decided([SPACE.full]), 6)
    assert algorithm.finished
    assert algorithm.ask() is None
    with pytest.raises(ValueError, match="never asked"):
        algorithm.tell(0, {"accuracy": 0.5})


def test_a_failed_audit_leaves_the_rest() -> None:
    def measure(candidate: Candidate) -> Outcome:
        return Failure("lost") if candidate.fidelity is AUDIT else LANDSCAPE.measure(candidate)

    algorithm = make()
    assert Counter(each.fidelity for each, _ in drive(algorithm, measure)) == {PROXY: 16, AUDIT: 6}
    assert algorithm.finished


def test_tells_that_are_not_awaited_are_refused() -> None:
    algorithm = make()
    told = drive(algorithm, LANDSCAPE.measure)
    for candidate, outcome in told:
        with pytest.raises(ValueError, match="told before"):
            algorithm.tell(candidate.index, outcome)
    with pytest.raises(ValueError, match="never asked"):
        algorithm.tell(len(told), {"accuracy": 0.5})


@pytest.mark.parametrize("name", AUDITED)
def test_every_prefix_replays(name: str) -> None:
    screen = 1 if name == "greedy" else 4
    events = run(make(name, screen=screen), LANDSCAPE.measure, slots=5)
    assert rerun(make(name, screen=screen), events) == asked(events)


@pytest.mark.parametrize("stop", [0, 7, 16, 17, 20, 22])
def test_timing_changes_nothing(stop: int) -> None:
    told = drive(make(), LANDSCAPE.measure, order=random.Random(2))
    in_order = drive(make(), LANDSCAPE.measure)
    assert sorted((each for each, _ in told), key=lambda each: each.index) == [each for each, _ in in_order]
    again = replay(make(), told[:stop])
    assert again == [each for each, _ in in_order][: len(again)]
