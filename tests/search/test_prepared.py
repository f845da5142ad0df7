"""What comes before a search: shared weights, and a look at the whole backbone."""

import pytest

from search.budget_spec import BudgetSpec
from search.constraints import Bounds
from search.contracts import Candidate, Failure, Fidelity, Outcome, RankedAlgorithm
from search.decided import Decided
from search.finals import WithFinals
from search.prepared import Prepared, warmed
from search.probed import Scores, probed
from search.spec import FinalSpec, Objective
from search.stopping import Stopping
from tests.search.driving import asked_now, drive
from tests.search.landscape import Landscape, made_up_space
from tests.search.slots import asked, rerun, run

SPACE = made_up_space(blocks=3)
LANDSCAPE = Landscape(SPACE, seed=4)
WARM, PROBE = Fidelity.WARM, Fidelity.PROBE


def both(found: list[Scores | None]) -> Prepared:
    def decide(scores: Scores | None) -> RankedAlgorithm:
        found.append(scores)
        return Decided([SPACE.full])

    return warmed(SPACE, lambda: probed(SPACE, decide, index=1))


def test_the_warm_start_comes_before_the_look() -> None:
    found: list[Scores | None] = []
    algorithm = both(found)
    assert asked_now(algorithm) == [Candidate(0, SPACE.full, WARM)]
    assert not algorithm.finished
    assert algorithm.front() == []
    algorithm.tell(0, {"loss": 0.5, "seconds": 1.0})
    assert asked_now(algorithm) == [Candidate(1, SPACE.full, PROBE)]
    assert not algorithm.finished
    algorithm.tell(1, LANDSCAPE.probe())
    assert found == [[*LANDSCAPE.probe().values()]]
    assert algorithm.finished
    assert [each.genome for each in algorithm.best(3)] == [SPACE.full]


def test_a_failed_look_is_told_as_such() -> None:
    found: list[Scores | None] = []
    algorithm = both(found)
    drive(algorithm, lambda each: Failure("lost") if each.fidelity is PROBE else LANDSCAPE.measure(each))
    assert found == [None]


@pytest.mark.parametrize("outcome", [Failure("out of memory"), {"loss": float("nan")}])
def test_without_its_weights_a_search_ends_with_nothing(outcome: Outcome) -> None:
    found: list[Scores | None] = []
    algorithm = WithFinals(both(found), SPACE, FinalSpec())
    assert [each.fidelity for each, _ in drive(algorithm, lambda _: outcome)] == [WARM]
    assert found == []
    assert algorithm.finished
    assert algorithm.chosen() is None
    assert algorithm.ask() is None
    with pytest.raises(ValueError, match="told before"):
        algorithm.tell(0, outcome)


def test_a_warm_start_that_spends_the_budget_has_finals() -> None:
    stopping = Stopping(both([]), BudgetSpec(gpu_hours=0.1), objectives=[Objective.ACCURACY], bounds=Bounds({}))
    algorithm = WithFinals(stopping, SPACE, FinalSpec(), stopping=stopping)
    told = drive(algorithm, lambda each: {**LANDSCAPE.measure(each), "loss": 0.5, "seconds": 360.0})
    assert [each.fidelity for each, _ in told] == [WARM, Fidelity.PLAIN, Fidelity.FINAL, Fidelity.TEST]
    assert algorithm.stopped_by == "budget.gpu_hours"


def test_a_search_with_nothing_to_measure_has_finals_after_its_warm_start() -> None:
    algorithm = WithFinals(warmed(SPACE, lambda: Decided([SPACE.full])), SPACE, FinalSpec())
    told = drive(algorithm, LANDSCAPE.measure)
    assert [each.fidelity for each, _ in told] == [WARM, Fidelity.PLAIN, Fidelity.FINAL, Fidelity.TEST]
    assert algorithm.chosen() is not None


def test_tells_that_are_not_awaited_are_refused() -> None:
    algorithm = both([])
    with pytest.raises(ValueError, match="never asked"):
        algorithm.tell(0, {"loss": 0.5})
    algorithm.ask()
    with pytest.raises(ValueError, match="without 'loss'; it has seconds"):
        algorithm.tell(0, {"seconds": 1.0})
    algorithm.tell(0, {"loss": 0.5})
    with pytest.raises(ValueError, match="told before"):
        algorithm.tell(0, {"loss": 0.5})
    with pytest.raises(ValueError, match="never asked"):
        algorithm.tell(1, LANDSCAPE.probe())


def test_every_prefix_replays() -> None:
    events = run(both([]), LANDSCAPE.measure, slots=3)
    assert rerun(both([]), events) == asked(events)
