"""When a search stops: by what was spent, and by how long nothing better came."""

from typing import Any

import pytest

from search.budget_spec import BudgetSpec
from search.constraints import Bounds
from search.contracts import Candidate, Failure, Measurement, Outcome
from search.decided import Decided
from search.spec import Objective
from search.stopping import Stopping
from tests.search.algorithms import build
from tests.search.driving import asked_now, drive
from tests.search.landscape import Landscape, made_up_space
from tests.search.slots import asked, rerun, run

SPACE = made_up_space(blocks=6)
LANDSCAPE = Landscape(SPACE, seed=1)
ONE, TWO = (Objective.ACCURACY,), (Objective.ACCURACY, Objective.MACS)


def stopping(name: str = "random", *, objectives: tuple[Objective, ...] = ONE, **rules: Any) -> Stopping:  # noqa: ANN401  # any field of a budget
    budget = BudgetSpec(candidates=40, **rules)
    inner = build(name, SPACE, budget=None, candidates=40)
    return Stopping(inner, budget, objectives=objectives, bounds=Bounds.of(budget, macs=None))


def timed(candidate: Candidate) -> Measurement:
    return {**LANDSCAPE.measure(candidate), "seconds": 36.0, "elapsed_seconds": 30.0 * (candidate.index + 1)}


@pytest.mark.parametrize(
    ("rules", "tells", "rule"),
    [
        ({}, 40, None),
        ({"gpu_hours": 0.1}, 10, "budget.gpu_hours"),
        ({"wall_hours": 0.1}, 12, "budget.wall_hours"),
        ({"wall_hours": 0.1, "gpu_hours": 0.05}, 5, "budget.gpu_hours"),
        ({"gpu_hours": 10.0}, 40, None),
        ({"gpu_hours": 0.4}, 40, None),  # spent with the last candidate: nothing was cut
    ],
)
def test_what_was_spent_stops_it(rules: dict[str, Any], tells: int, rule: str | None) -> None:
    algorithm = stopping(**rules)
    while (candidate := algorithm.ask()) is not None:
        assert algorithm.stopped_by is None
        algorithm.tell(candidate.index, timed(candidate))
    assert algorithm.finished
    assert algorithm.stopped_by == rule
    assert len(algorithm.best(99)) == tells


def test_what_is_in_flight_is_awaited() -> None:
    algorithm = stopping(gpu_hours=0.01)
    batch = [each for each in (algorithm.ask() for _ in range(3)) if each is not None]
    for place, candidate in enumerate(batch):
        assert not algorithm.finished
        algorithm.tell(candidate.index, timed(candidate))
        assert asked_now(algorithm) == []
        assert algorithm.stopped_by == "budget.gpu_hours"
        assert algorithm.finished == (place == 2)


def accuracies(values: list[float | None]) -> Stopping:
    algorithm = stopping(stagnation=3, accuracy=0.3)
    for value in values:
        candidate = algorithm.ask()
        assert candidate is not None, "stopped too early"
        outcome: Outcome = Failure("diverged") if value is None else LANDSCAPE.measure(candidate) | {"accuracy": value}  # type: ignore[operator]  # a dict here
        algorithm.tell(candidate.index, outcome)
    return algorithm


@pytest.mark.parametrize(
    ("values", "stops"),
    [
        ([0.5, 0.4, 0.5, 0.5], True),
        ([0.5, 0.4, 0.5, 0.6, 0.6, 0.6], False),
        ([0.1, 0.2, 0.29, 0.3, 0.1, 0.2], False),  # ever nearer to the bound on accuracy, then feasible
        ([0.2, 0.1, None, 0.2], True),
        ([None, None, None], True),
    ],
)
def test_nothing_better_for_long_stops_it(values: list[float | None], stops: bool) -> None:
    algorithm = accuracies(values)
    assert algorithm.finished == stops
    assert algorithm.stopped_by == ("budget.stagnation" if stops else None)


def test_with_several_objectives_a_longer_front_is_better() -> None:
    algorithm = stopping("random, two objectives", objectives=TWO, stagnation=2)
    for accuracy, macs in [(0.5, 50.0), (0.4, 40.0), (0.45, 60.0), (0.3, 30.0), (0.3, 30.0), (0.2, 50.0)]:
        assert algorithm.stopped_by is None
        candidate = algorithm.ask()
        assert candidate is not None
        algorithm.tell(candidate.index, {"accuracy": accuracy, "macs": macs})
    assert algorithm.stopped_by == "budget.stagnation"


@pytest.mark.parametrize("name", ["genetic, plain", "steady, plain"])
def test_a_replay_stops_at_the_same_tell(name: str) -> None:
    events = run(stopping(name, gpu_hours=0.2), timed, slots=3)
    again = stopping(name, gpu_hours=0.2)
    assert rerun(again, events) == asked(events)
    assert again.finished
    assert again.stopped_by == "budget.gpu_hours"


def test_a_search_that_is_decided_is_finished_at_once() -> None:
    decided = Stopping(Decided([SPACE.full]), BudgetSpec(), objectives=ONE, bounds=Bounds({}))
    assert decided.finished
    assert drive(decided, LANDSCAPE.measure) == []
    assert [each.genome for each in decided.front()] == [SPACE.full]
