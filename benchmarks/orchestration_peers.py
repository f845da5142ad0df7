"""How each peer measures sleeping candidates on some slots, set up as its users would; one call per process."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.orchestration_work import VALUES, work


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What to do; `notes` is the folder where each worker writes what it did."""

    seconds: float
    candidates: int
    slots: int
    notes: Path

    def work(self) -> float:
        """One candidate."""
        return work(self.seconds, self.notes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One row of the comparison; a `slow` one takes seconds to start each candidate, and is given fewer."""

    run: Callable[[Task], None]
    settings: str
    slow: bool = False


def ours(task: Task) -> None:
    """A search by `TuneRunner` on an embedded cluster, without a database."""
    import random

    from models.registry import BackboneRegistry
    from search.build import build_space
    from search.contracts import Candidate, Fidelity, Outcome
    from search.random_search import RandomSearch
    from search.spec import parse_spec
    from workers.cluster import embedded_cluster
    from workers.opener import Scoring
    from workers.scoring_job import ScoringJob

    @dataclass(frozen=True)
    class Sleeper:
        def measure(self, candidates: Sequence[Candidate]) -> list[Outcome]:
            return [{"accuracy": task.work()} for _ in candidates]

        def pack_size(self, fidelity: Fidelity) -> int:  # noqa: ARG002 - one at a time, whatever it is
            return 1

    def opener(job: ScoringJob, *, threads: int, memory_share: float | None) -> Scoring:  # noqa: ARG001 - nothing to load
        return Sleeper()

    spec = parse_spec({"algorithm": {"name": "random"}, "budget": {"candidates": task.candidates}})
    entry = BackboneRegistry().get(spec.backbone)
    algorithm = RandomSearch(
        build_space(spec, entry), budget=None, candidates=task.candidates, rng=random.Random(spec.seed)
    )
    folder = task.notes.parent
    with embedded_cluster(task.slots, folder) as cluster:
        from workers.tune_runner import TuneRunner  # after the cluster has set what Ray reads when it is imported

        job = ScoringJob(spec, entry, folder / "artifacts")
        TuneRunner(job, address=cluster.address, opener=opener, slots=lambda: task.slots).run(algorithm)


def raw_ray(task: Task) -> None:
    """Ray actors that are handed one candidate after another: what Ray itself costs."""
    ray = _started_ray(task)
    from ray.util import ActorPool

    class Worker:
        def measure(self, _: int) -> float:
            return task.work()

    remote = ray.remote(num_cpus=1)(Worker)
    pool = ActorPool([remote.remote() for _ in range(task.slots)])
    list(pool.map_unordered(lambda actor, x: actor.measure.remote(x), list(range(task.candidates))))


def tune_defaults(task: Task) -> None:
    """One function trial per candidate."""
    _started_ray(task)
    from ray import tune

    def trainable(_: Mapping[str, int]) -> None:
        tune.report({"value": task.work()})

    _tune(task, trainable)


def tune_reuse(task: Task) -> None:
    """One class trial per candidate; the actors are used again."""
    _started_ray(task)
    from ray import tune

    class Trainable(tune.Trainable):
        def setup(self, config: Mapping[str, int]) -> None:
            """Nothing to load."""

        def save_checkpoint(self, checkpoint_dir: str) -> None:
            """Nothing to keep."""

        def step(self) -> dict[str, Any]:
            return {"value": task.work(), "done": True}

        def reset_config(self, new_config: Mapping[str, int]) -> bool:  # noqa: ARG002 - any will do
            return True

    _tune(task, Trainable, reuse_actors=True)


def deephyper(task: Task) -> None:
    """Random search through its Ray evaluator."""
    from deephyper.evaluator import Evaluator
    from deephyper.hpo import HpProblem, RandomSearch

    def run(_: object) -> float:
        return task.work()

    problem = HpProblem()
    problem.add_hyperparameter((0, VALUES), "x")
    evaluator = Evaluator.create(run, method="ray", method_kwargs={"num_cpus": task.slots, "num_cpus_per_task": 1})
    RandomSearch(problem, log_dir=str(task.notes.parent)).search(evaluator, max_evals=task.candidates)


def syne_tune(task: Task) -> None:
    """Random search on its local backend, which starts a process for each candidate."""
    from syne_tune import StoppingCriterion, Tuner
    from syne_tune.backend import LocalBackend
    from syne_tune.config_space import randint
    from syne_tune.optimizer.baselines import RandomSearch

    os.environ["SYNETUNE_FOLDER"] = str(task.notes.parent)
    space = {"x": randint(0, VALUES), "seconds": task.seconds, "notes": str(task.notes)}
    Tuner(
        trial_backend=LocalBackend(entry_point=str(Path(__file__).with_name("orchestration_work.py"))),
        scheduler=RandomSearch(space, metrics=["value"]),
        stop_criterion=StoppingCriterion(max_num_trials_started=task.candidates),
        n_workers=task.slots,
        wait_trial_completion_when_stopping=True,
    ).run()


def optuna_memory(task: Task) -> None:
    """Random search with a thread per slot."""
    _optuna(task, storage=None)


def optuna_sqlite(task: Task) -> None:
    """The same, every trial in a database."""
    _optuna(task, storage=f"sqlite:///{task.notes.parent / 'optuna.sqlite'}")


PEERS: Mapping[str, Peer] = {
    "ours": Peer(run=ours, settings="TuneRunner, random search, no database"),
    "raw Ray actors": Peer(run=raw_ray, settings="ray.util.ActorPool.map_unordered: the bound"),
    "Ray Tune": Peer(run=tune_defaults, settings="function trials, defaults", slow=True),
    "Ray Tune, reuse": Peer(run=tune_reuse, settings="class trials, reuse_actors=True"),
    "DeepHyper": Peer(run=deephyper, settings="Evaluator.create(method='ray'), RandomSearch"),
    "Syne Tune": Peer(run=syne_tune, settings="LocalBackend, RandomSearch, defaults", slow=True),
    "Optuna, memory": Peer(run=optuna_memory, settings="RandomSampler, n_jobs = slots (threads)"),
    "Optuna, SQLite": Peer(run=optuna_sqlite, settings="the same, RDB storage"),
}


def _started_ray(task: Task) -> Any:  # noqa: ANN401 - the module, whose functions are wrapped at run time
    import ray

    ray.init(num_cpus=task.slots, log_to_driver=False, include_dashboard=False)
    return ray


def _tune(task: Task, trainable: Any, *, reuse_actors: bool = False) -> None:  # noqa: ANN401 - a function or a class
    from ray import tune

    tune.Tuner(
        tune.with_resources(trainable, {"cpu": 1}),
        param_space={"x": tune.randint(0, VALUES)},
        tune_config=tune.TuneConfig(num_samples=task.candidates, reuse_actors=reuse_actors),
        run_config=tune.RunConfig(storage_path=str(task.notes.parent)),
    ).fit()


def _optuna(task: Task, *, storage: str | None) -> None:
    import optuna

    def objective(trial: optuna.Trial) -> float:
        trial.suggest_int("x", 0, VALUES)
        return task.work()

    study = optuna.create_study(storage=storage, sampler=optuna.samplers.RandomSampler(), direction="maximize")
    study.optimize(objective, n_trials=task.candidates, n_jobs=task.slots)


def main() -> None:
    """`python -m benchmarks.orchestration_peers PEER SECONDS CANDIDATES SLOTS NOTES`: what a run starts."""
    from workers.cluster import secure

    secure(os.environ)  # every Ray of the comparison listens on loopback alone
    name, seconds, candidates, slots, notes = sys.argv[1:]
    task = Task(seconds=float(seconds), candidates=int(candidates), slots=int(slots), notes=Path(notes))
    PEERS[name].run(task)


if __name__ == "__main__":
    main()
