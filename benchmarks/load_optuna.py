"""Optuna's RDB storage under the like: create a study, ask and tell a trial, look at a study, read its trials.

It is a library, so its callers talk to the database themselves, without HTTP in between, and each keeps what it has
read of trials that are over. What is stored beforehand is written by SQL into its tables: its own calls would take an
hour.
"""

import random
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import optuna
from optuna.distributions import IntDistribution, distribution_to_json
from optuna.samplers import RandomSampler
from optuna.storages import RDBStorage
from optuna.storages._rdb import models
from optuna.trial import TrialState

from benchmarks.load_fill import fill, settle
from benchmarks.load_loop import looped
from benchmarks.load_rows import GENES, START, Row

GENE = IntDistribution(0, 1)
SPACE = {f"gene.{gene}": GENE for gene in range(GENES)}
CALLS: Mapping[str, str] = {
    "create": "create_study",
    "tell": "ask of 24 genes, tell",
    "get": "load_study: its name and number alone",
    "poll": "load_study, count of complete trials, best_trial",
    "page": "get_trials, all 100 of a study",
}
"""What each operation is, in its words."""


def stored(url: str, *, studies: int, trials: int) -> None:
    """Make its tables in an empty database, with `trials` complete trials shared among `studies`."""
    RDBStorage(_driver(url)).engine.dispose()
    each = trials // studies
    fill(url, models.StudyModel.__table__, ({"study_name": f"study-{number}"} for number in range(studies)))
    fill(
        url,
        models.StudyDirectionModel.__table__,
        ({"direction": "MAXIMIZE", "study_id": number + 1, "objective": 0} for number in range(studies)),
    )
    fill(url, models.TrialModel.__table__, _trials(studies, each))
    fill(url, models.TrialParamModel.__table__, _params(studies * each))
    fill(url, models.TrialValueModel.__table__, _values(studies * each))
    settle(url)


def loop(url: str, operation: str, studies: int, seconds: float, number: int) -> list[float]:
    """Milliseconds of one operation after the other, on studies drawn by a seed."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = optuna.storages.get_storage(RDBStorage(_driver(url)))
    return looped(_calls(storage, studies, random.Random(number))[operation], seconds=seconds)


def _calls(storage: Any, studies: int, chance: random.Random) -> Mapping[str, Callable[[int], object]]:  # noqa: ANN401 - Optuna is not there for mypy
    def some() -> Any:  # noqa: ANN401
        name = f"study-{chance.randrange(studies)}"
        return optuna.load_study(study_name=name, storage=storage, sampler=RandomSampler(seed=chance.getrandbits(32)))

    mine = some()

    def create(_number: int) -> None:
        optuna.create_study(storage=storage, study_name=uuid.uuid4().hex, direction="maximize")

    def tell(_number: int) -> None:
        mine.tell(mine.ask(SPACE), chance.random())

    def poll(_number: int) -> object:
        study = some()
        return storage.get_n_trials(study._study_id, TrialState.COMPLETE), study.best_trial

    return {
        "create": create,
        "tell": tell,
        "get": lambda _number: some(),
        "poll": poll,
        "page": lambda _number: some().get_trials(deepcopy=False),
    }


def _trials(studies: int, each: int) -> Iterator[Row]:
    for study in range(studies):
        for number in range(each):
            yield {
                "number": number,
                "study_id": study + 1,
                "state": "COMPLETE",
                "datetime_start": START,
                "datetime_complete": START,
            }


def _params(trials: int) -> Iterator[Row]:
    distribution = distribution_to_json(GENE)
    for trial in range(trials):
        for gene, name in enumerate(SPACE):
            value = float(trial >> gene & 1)
            yield {"trial_id": trial + 1, "param_name": name, "param_value": value, "distribution_json": distribution}


def _values(trials: int) -> Iterator[Row]:
    chance = random.Random(0)
    for trial in range(trials):
        yield {"trial_id": trial + 1, "objective": 0, "value": chance.random(), "value_type": "FINITE"}


def _driver(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://")
