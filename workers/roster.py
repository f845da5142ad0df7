"""Which worker slots Tune shall have a trial for while a search runs: they may change, and Tune knows no resize."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ray import tune
from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler
from ray.tune.search import Searcher


class Roster:
    """What the driver wants, read and written in the thread that runs Tune; `wanted` and `over` are set by another.

    A slot is never given twice: a worker that was sent home does not come back under the same number.
    """

    def __init__(self, wanted: int, queue: Any) -> None:  # noqa: ANN401 - an actor
        self._wanted = self._most_wanted = wanted
        self.over = False
        self.failed = 0  # workers that Tune has given up
        self._queue = queue
        self._slots: dict[str, int] = {}  # of the trials that are pending or running, and not sent home
        self._given = 0

    @property
    def wanted(self) -> int:
        """How many workers there shall be."""
        return self._wanted

    @wanted.setter
    def wanted(self, wanted: int) -> None:
        self._most_wanted = max(self._most_wanted, wanted)  # first, as the other thread may look in between
        self._wanted = wanted

    @property
    def hopeless(self) -> bool:
        """As many workers as were ever wanted have failed for good."""
        return not self._slots and self._wanted > 0 and self._places == 0

    @property
    def _places(self) -> int:
        """How many workers there may be: one that failed is taken off the most ever wanted, not off those of today."""
        return max(0, min(self._wanted, self._most_wanted - self.failed))

    def enlist(self, trial: str) -> int | None:
        """A slot for a new trial, or None while there are enough."""
        if len(self._slots) >= self._places:
            return None
        self._slots[trial] = self._given
        self._given += 1
        return self._slots[trial]

    def gone(self, trial: str, *, failed: bool) -> None:
        """A trial has ended; one that was sent home is missed by nobody, however it ended."""
        if self._slots.pop(trial, None) is not None:
            self.failed += failed

    def surplus(self, trials: Iterable[Trial]) -> list[Trial]:
        """The trials that are not wanted any more: first those that wait for room, then the latest.

        Those that were sent home, and at the end of a search all, go by themselves while they run; where one is lost
        on the way, Tune has it wait for room again.
        """
        unfinished = [trial for trial in trials if not trial.is_finished()]
        stuck = [trial for trial in unfinished if trial.status != Trial.RUNNING and self._leaving(trial)]
        here = [trial for trial in unfinished if not self._leaving(trial)]
        here.sort(key=lambda trial: (trial.status == Trial.RUNNING, -self._slots[trial.trial_id]))
        return stuck + here[: max(0, len(here) - self._places)]

    def send_home(self, trial: Trial) -> None:
        """Have a worker finish what it holds and end."""
        self._queue.retire.remote(self._slots.pop(trial.trial_id))

    def lose(self, slot: int) -> None:
        """Have what a dead worker held handed to the others."""
        self._queue.lose.remote(slot)

    def _leaving(self, trial: Trial) -> bool:
        return self.over or trial.trial_id not in self._slots


class SlotSearcher(Searcher):
    """Suggests a slot whenever one is wanted; the experiment ends when the search does."""

    def __init__(self, roster: Roster) -> None:
        super().__init__()
        self._roster = roster

    def suggest(self, trial_id: str) -> Any:  # noqa: ANN401 - narrower at Tune than what it takes
        """The parameters of the next trial, None for none now, or that there will be none."""
        if self._roster.over or self._roster.hopeless:
            return Searcher.FINISHED
        slot = self._roster.enlist(trial_id)
        return None if slot is None else {"slot": slot}

    def on_trial_complete(
        self,
        trial_id: str,
        result: Mapping[str, Any] | None = None,  # noqa: ARG002 - Tune's signature
        error: bool = False,
    ) -> None:
        """A worker has gone home, or failed for good."""
        self._roster.gone(trial_id, failed=error)

    def save(self, checkpoint_path: str) -> None:
        """Nothing: a search is resumed by replay of what the database holds."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing, either."""


class SlotScheduler(FIFOScheduler):
    """Starts trials in order, as room comes; takes back those that are not wanted any more."""

    def __init__(self, roster: Roster) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # Tune's
        self._roster = roster

    def choose_trial_to_run(self, tune_controller: Any) -> Trial | None:  # noqa: ANN401 - Tune's, behind a wrapper
        """Called in every step of Tune's loop."""
        for trial in self._roster.surplus(tune_controller.get_trials()):
            if trial.status == Trial.RUNNING:
                self._roster.send_home(trial)
            else:
                tune_controller.stop_trial(trial)
        return super().choose_trial_to_run(tune_controller)


class LossNotice(tune.Callback):
    """Tells the queue at once when Tune sees a worker die; its lease would run out later."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster

    def on_trial_recover(self, iteration: int, trials: Sequence[Trial], trial: Trial, **info: Any) -> None:  # noqa: ANN401, ARG002 - Tune's
        """It will be started again, here or elsewhere, when there is room."""
        self._roster.lose(trial.config["slot"])

    on_trial_error = on_trial_recover  # it has failed too often
