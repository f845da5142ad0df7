"""`OutcomeLog`: Tune's own JSON log with one line per outcome, however many outcomes one report brought."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ray import tune
from ray.air.constants import EXPR_RESULT_FILE
from ray.tune.experiment import Trial
from ray.tune.logger import JsonLoggerCallback

OUTCOMES = "outcomes"


def report(rows: Sequence[Mapping[str, Any]]) -> None:
    """Tell Tune about these outcomes; what it shows of a trial is the last of them."""
    tune.report({**rows[-1], OUTCOMES: list(rows)})


class OutcomeLog(JsonLoggerCallback):
    """Writes `result.json` of each trial."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # Tune's

    def log_trial_end(self, trial: Trial, failed: bool = False) -> None:
        """Leave a log of a trial that never ran, too: Tune complains of one that has none."""
        if trial.local_path is not None:
            Path(trial.local_path, EXPR_RESULT_FILE).touch()
        super().log_trial_end(trial, failed)

    def log_trial_result(self, iteration: int, trial: Trial, result: dict[str, Any]) -> None:
        """Write the outcomes of one report, each with what Tune says of that report."""
        about = {name: value for name, value in result.items() if name != OUTCOMES}
        for row in result.get(OUTCOMES, ()):
            super().log_trial_result(iteration, trial, about | dict(row))
