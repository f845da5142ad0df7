"""The roster: how many trials there are while the number that is wanted changes."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from ray.tune.experiment import Trial
from ray.tune.search import Searcher

from workers.roster import Roster, SlotScheduler, SlotSearcher


@dataclass
class Calls:
    """An actor's method that notes its calls."""

    slots: list[int] = field(default_factory=list)

    def remote(self, slot: int) -> None:
        self.slots.append(slot)


@dataclass
class Queue:
    retire: Calls = field(default_factory=Calls)
    lose: Calls = field(default_factory=Calls)


@dataclass
class FakeTrial:
    """Of Tune's, what a roster looks at."""

    trial_id: str
    status: str

    def is_finished(self) -> bool:
        return self.status in (Trial.TERMINATED, Trial.ERROR)


class FakeController:
    """Of Tune's, what a scheduler calls."""

    def __init__(self, searcher: SlotSearcher) -> None:
        self.trials: list[Any] = []
        self._searcher = searcher

    def get_trials(self) -> list[Any]:
        return self.trials

    def stop_trial(self, trial: FakeTrial) -> None:
        trial.status = Trial.TERMINATED
        self._searcher.on_trial_complete(trial.trial_id)

    def suggest(self, room: int) -> list[int]:
        """Take what the searcher suggests; the first `room` trials run."""
        slots = []
        while isinstance(found := self._searcher.suggest(f"t{len(self.trials)}"), dict):
            running = sum(trial.status == Trial.RUNNING for trial in self.trials) < room
            self.trials.append(FakeTrial(f"t{len(self.trials)}", Trial.RUNNING if running else Trial.PENDING))
            slots.append(found["slot"])
        return slots


@pytest.fixture
def queue() -> Queue:
    return Queue()


@pytest.fixture
def roster(queue: Queue) -> Roster:
    return Roster(3, queue)


@pytest.fixture
def controller(roster: Roster) -> FakeController:
    return FakeController(SlotSearcher(roster))


def test_as_many_slots_as_are_wanted(roster: Roster, controller: FakeController) -> None:
    assert controller.suggest(room=9) == [0, 1, 2]
    roster.wanted = 5
    assert controller.suggest(room=9) == [3, 4]


def test_those_that_wait_for_room_go_first_then_the_latest(
    roster: Roster, queue: Queue, controller: FakeController
) -> None:
    controller.suggest(room=2)
    roster.wanted = 1
    SlotScheduler(roster).choose_trial_to_run(controller)
    assert [trial.status for trial in controller.trials] == [Trial.RUNNING, Trial.RUNNING, Trial.TERMINATED]
    assert queue.retire.slots == [1]
    SlotScheduler(roster).choose_trial_to_run(controller)
    assert queue.retire.slots == [1], "once is enough"
    roster.wanted = 2
    assert controller.suggest(room=9) == [3], "a number is not given twice"


def test_at_the_end_only_those_that_do_not_run_are_stopped(
    roster: Roster, queue: Queue, controller: FakeController
) -> None:
    controller.suggest(room=1)
    roster.over = True
    SlotScheduler(roster).choose_trial_to_run(controller)
    assert [trial.status for trial in controller.trials] == [Trial.RUNNING, Trial.TERMINATED, Trial.TERMINATED]
    assert queue.retire.slots == []
    assert SlotSearcher(roster).suggest("another") == Searcher.FINISHED


@pytest.mark.parametrize("over", [False, True])
def test_one_that_is_lost_on_its_way_home_is_stopped(roster: Roster, controller: FakeController, *, over: bool) -> None:
    """Tune would have it wait for room for ever."""
    controller.suggest(room=3)
    roster.wanted = 2
    SlotScheduler(roster).choose_trial_to_run(controller)
    controller.trials[2].status = Trial.PENDING
    roster.over = over
    SlotScheduler(roster).choose_trial_to_run(controller)
    assert [trial.status for trial in controller.trials] == [Trial.RUNNING, Trial.RUNNING, Trial.TERMINATED]


def test_failures_are_of_the_most_that_were_ever_wanted(roster: Roster, controller: FakeController) -> None:
    controller.suggest(room=3)
    searcher = SlotSearcher(roster)
    for failed in controller.trials[:2]:
        failed.status = Trial.ERROR
        searcher.on_trial_complete(failed.trial_id, error=True)
    roster.wanted = 1
    assert roster.surplus(controller.trials) == [], "the one that is wanted is healthy"
    assert not roster.hopeless
    roster.wanted = 5
    assert controller.suggest(room=9) == [3, 4]


def test_one_that_fails_on_its_way_home_is_not_missed(roster: Roster, controller: FakeController) -> None:
    controller.suggest(room=3)
    roster.send_home(controller.trials[2])
    controller.trials[2].status = Trial.ERROR
    SlotSearcher(roster).on_trial_complete("t2", error=True)
    assert roster.failed == 0
    assert controller.suggest(room=9) == [3]


def test_a_worker_that_fails_for_good_is_not_replaced_and_without_any_the_search_ends(roster: Roster) -> None:
    searcher = SlotSearcher(roster)
    for trial in ("a", "b", "c"):
        assert isinstance(searcher.suggest(trial), dict)
    searcher.on_trial_complete("a", error=True)
    assert searcher.suggest("d") is None
    searcher.on_trial_complete("b", error=True)
    searcher.on_trial_complete("c", error=True)
    assert searcher.suggest("d") == Searcher.FINISHED
