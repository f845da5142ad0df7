"""Drivers of searches that are paused, gone on with, and extended."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from search.contracts import Candidate, Failure, Outcome, Runner, SearchAlgorithm, Utilisation
from search.spec import SearchSpec, SpecError, parse_spec
from service.domain.records import Lease, SearchUnfinishedError, Status
from service.driving.driver import Parts, drive
from service.searches.extension import extension
from service.searches.store import Store
from tests.service.conftest import Clock
from tests.service.toys import ToyAlgorithm, ToyRunner, claim_new, measure, toy_key, untimed

BUDGET = 9


@pytest.fixture
def parts(store: Store, tmp_path: Path) -> Parts:
    return Parts(
        store=store,
        algorithm=lambda spec: ToyAlgorithm(spec.budget.candidates, width=3),
        runner=lambda _spec, _slots: ToyRunner(),
        keys=lambda _spec: toy_key,
        artifacts=tmp_path,
        exported=lambda _spec, winner: tmp_path / str(winner.index),
        version="1",
        renew_seconds=60,
        poll_seconds=0,
    )


def of(candidates: int = BUDGET) -> SearchSpec:
    return parse_spec({"budget": {"candidates": candidates}, "algorithm": {"name": "random"}})


def with_runner(parts: Parts, runner: Runner) -> Parts:
    return replace(parts, runner=lambda _spec, _slots: runner)


def outcomes(store: Store, search_id: str) -> list[tuple[Candidate, Outcome | None]]:
    return [
        (each.candidate, None if each.outcome is None else untimed(each.outcome))
        for each in store.candidates.history(search_id)
    ]


def three(algorithm: SearchAlgorithm) -> list[Candidate]:
    return [each for each in (algorithm.ask() for _ in range(3)) if each is not None]


class OutOfOrder:
    """Its first three are told as 1, 0, 2; then one after the other."""

    def run(self, algorithm: SearchAlgorithm) -> Utilisation:
        first, second, third = three(algorithm)
        for candidate in (second, first, third):
            algorithm.tell(candidate.index, measure(candidate))
        return ToyRunner().run(algorithm)


class Interrupted:
    """As `OutOfOrder`, but the break comes after the first tell; one more comes in, and one worker is ended."""

    def __init__(self, pause: Callable[[], object]) -> None:
        self._pause = pause

    def run(self, algorithm: SearchAlgorithm) -> Utilisation:
        first, second, _ended = three(algorithm)
        algorithm.tell(second.index, measure(second))
        self._pause()
        assert algorithm.finished
        algorithm.tell(first.index, measure(first))
        assert algorithm.ask() is None
        return Utilisation(slots=3, wall_seconds=1.0, scoring_seconds=1.0, candidates=2)


def test_paused_and_gone_on_with_it_is_the_same_search(store: Store, parts: Parts, clock: Clock) -> None:
    undisturbed = claim_new(store, of())
    drive(undisturbed, with_runner(parts, OutOfOrder()))
    lease = claim_new_later(store, clock, of())
    drive(lease, with_runner(parts, Interrupted(lambda: store.searches.request_pause(lease.search_id))))
    search = store.searches.get(lease.search_id)
    assert (search.status, search.result) == (Status.PAUSED, None)
    assert [outcome is None for _, outcome in outcomes(store, lease.search_id)] == [False, False, True]
    assert store.leases.claim() is None
    store.searches.resume(lease.search_id)
    again = store.leases.claim()
    assert again is not None
    assert again.attempt == 1
    drive(again, parts)
    assert store.searches.get(lease.search_id).status is Status.SUCCEEDED
    assert outcomes(store, lease.search_id) == outcomes(store, undisturbed.search_id)


@pytest.mark.parametrize("pause_at", [1, 4, BUDGET - 1])
def test_a_break_at_any_time(store: Store, parts: Parts, clock: Clock, pause_at: int) -> None:
    undisturbed = claim_new(store, of())
    drive(undisturbed, parts)
    clock.advance(1)
    lease = claim_new(store, of())

    def pause(tells: int) -> None:
        if tells == pause_at:
            store.searches.request_pause(lease.search_id)

    drive(lease, with_runner(parts, ToyRunner(pause)))
    assert store.searches.get(lease.search_id).status is Status.PAUSED
    assert len(outcomes(store, lease.search_id)) == pause_at
    store.searches.resume(lease.search_id)
    again = store.leases.claim()
    assert again is not None
    drive(again, parts)
    assert store.searches.get(lease.search_id).status is Status.SUCCEEDED
    assert outcomes(store, lease.search_id) == outcomes(store, undisturbed.search_id)


def test_who_thinks_better_of_a_break_too_late_loses_nothing(store: Store, parts: Parts) -> None:
    lease = claim_new(store, of())

    def change_mind(tells: int) -> None:
        if tells == 3:
            store.searches.request_pause(lease.search_id)

    class Stopping(ToyRunner):
        def run(self, algorithm: SearchAlgorithm) -> Utilisation:
            found = super().run(algorithm)
            store.searches.resume(lease.search_id)
            return found

    drive(lease, with_runner(parts, Stopping(change_mind)))
    assert store.searches.get(lease.search_id).status is Status.QUEUED


class Counting(ToyRunner):
    """Knows what came to it."""

    def __init__(self) -> None:
        super().__init__()
        self.measured = list[int]()

    def run(self, algorithm: SearchAlgorithm) -> Utilisation:
        return super().run(Watched(algorithm, self.measured))


class Watched:
    """An algorithm whose tells are noted."""

    def __init__(self, algorithm: SearchAlgorithm, told: list[int]) -> None:
        self._algorithm, self._told = algorithm, told
        self.ask, self.front = algorithm.ask, algorithm.front

    @property
    def finished(self) -> bool:
        return self._algorithm.finished

    def tell(self, index: int, outcome: Outcome) -> None:
        self._told.append(index)
        self._algorithm.tell(index, outcome)


@pytest.mark.parametrize("keyed", [True, False])
def test_an_extension_does_only_new_work(store: Store, parts: Parts, clock: Clock, keyed: bool) -> None:
    """Without keys, as where latency is measured, it takes what the extended search measured, and of no other."""
    if not keyed:
        parts = replace(parts, keys=lambda _spec: lambda _candidate: None)
    first, clone = claim_new(store, of()), claim_new_later(store, clock, of())
    for lease in (first, clone):
        drive(lease, parts)
    past = outcomes(store, first.search_id)
    failed = [index for index, (_, outcome) in enumerate(past) if isinstance(outcome, Failure)]
    assert 0 < len(failed) < BUDGET

    clock.advance(1)
    spec = extension(store.searches.get(first.search_id), 2 * BUDGET)
    search, runner = store.searches.create(spec, "1", extends=first.search_id), Counting()
    drive(claimed(store, search.id), with_runner(parts, runner))
    assert runner.measured == [*failed, *range(BUDGET, 2 * BUDGET)]
    counts = next(iter(store.candidates.progress([search.id])[search.id].values()))
    assert (counts.told, counts.reused) == (2 * BUDGET, BUDGET - len(failed))
    reused = {each.reused_from for each in store.candidates.history(search.id)}
    assert reused == {first.search_id, None}
    assert outcomes(store, search.id)[:BUDGET] == past

    undisturbed = claim_new_later(store, clock, of(2 * BUDGET))
    drive(undisturbed, parts)
    assert outcomes(store, search.id) == outcomes(store, undisturbed.search_id)


def test_an_extension_of_an_extension(store: Store, parts: Parts, clock: Clock) -> None:
    parts, past = replace(parts, keys=lambda _spec: lambda _candidate: None), claim_new(store, of(3))
    drive(past, parts)
    search_id = past.search_id
    for candidates in (6, BUDGET):
        clock.advance(1)
        spec, runner = extension(store.searches.get(search_id), candidates), Counting()
        search_id = store.searches.create(spec, "1", extends=search_id).id
        drive(claimed(store, search_id), with_runner(parts, runner))
    assert set(range(6, BUDGET)) <= set(runner.measured) < set(range(BUDGET))
    assert {each.reused_from for each in store.candidates.history(search_id)[:3]} <= {past.search_id, None}


class TestWhatCannotBeExtended:
    def test_what_has_not_ended(self, store: Store) -> None:
        lease = claim_new(store, of())
        with pytest.raises(SearchUnfinishedError, match="status running"):
            extension(store.searches.get(lease.search_id), 2 * BUDGET)

    def test_what_failed(self, store: Store) -> None:
        lease = claim_new(store, of())
        store.leases.finish(lease, Status.FAILED, error="no worker")
        with pytest.raises(SpecError, match="clone it"):
            extension(store.searches.get(lease.search_id), 2 * BUDGET)

    @pytest.mark.parametrize("candidates", [1, BUDGET])
    def test_what_had_as_many(self, store: Store, candidates: int) -> None:
        lease = claim_new(store, of())
        store.leases.finish(lease, Status.CANCELLED)
        with pytest.raises(SpecError, match=f"expected more than the {BUDGET}"):
            extension(store.searches.get(lease.search_id), candidates)

    def test_what_measures_no_candidates(self, store: Store) -> None:
        lease = claim_new(store, parse_spec({"algorithm": {"name": "no-skip"}}))
        store.leases.finish(lease, Status.SUCCEEDED)
        with pytest.raises(SpecError, match="'no-skip'"):
            extension(store.searches.get(lease.search_id), 1000)


def claim_new_later(store: Store, clock: Clock, spec: SearchSpec) -> Lease:
    clock.advance(1)
    return claim_new(store, spec)


def claimed(store: Store, search_id: str) -> Lease:
    lease = store.leases.claim()
    assert lease is not None
    assert lease.search_id == search_id
    return lease
