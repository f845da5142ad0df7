"""What the demo's search finds, over seeds, beside random search at equal evaluations under the same MACs bound.

`python -m benchmarks.demo [--seeds 3] [--quick]`. Every run is a whole search with its finals; the table gives the test
accuracy that the chosen model loses against the no-skip adapter model of the same run, and the MACs it saves.
"""

import argparse
import json
import statistics
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import Any

import torch
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.machine import write
from benchmarks.measuring import CACHE, weights_digest
from models.registry import BackboneRegistry
from search.build import build_algorithm, build_space
from search.contracts import Candidate, Failure, Fidelity, Outcome
from search.spec import SearchSpec, parse_spec
from workers.scorer import Scorer, ScoringJob
from workers.serial_runner import SerialRunner

ALGORITHMS: Mapping[str, dict[str, Any]] = {"genetic": {"name": "genetic"}, "random": {"name": "random"}}


def spec_of(algorithm: str, seed: int, *, quick: bool) -> SearchSpec:
    """The demo's spec with another algorithm and seed."""
    settings = dict(ALGORITHMS[algorithm])
    data: dict[str, Any] = {"name": f"demo-{algorithm}", "algorithm": settings, "seed": seed}
    if quick:
        data |= {
            "budget": {"candidates": 24},
            "proxy": {"fitness_examples": 128},
            "final": {"finalists": 1, "steps": 60},
        }
        data["data"] = "shapes-small"
    return parse_spec(data)


def run(spec: SearchSpec) -> dict[str, Any]:
    """One search in this process: its outcomes by fidelity, and the chosen model's."""
    file = CACHE / f"demo-{weights_digest(spec.backbone)[:12]}-{_digest(spec)}.json"
    if file.exists():
        finished: dict[str, Any] = json.loads(file.read_text())
        return finished
    entry = BackboneRegistry().get(spec.backbone)
    space = build_space(spec, entry)
    algorithm = build_algorithm(spec, space)
    scorer = Scorer(ScoringJob(spec, entry, CACHE / file.stem), device=torch.device("cpu"))
    outcomes: dict[tuple[Fidelity, tuple[int, ...]], Outcome] = {}

    def measure(candidate: Candidate) -> Outcome:
        (outcome,) = scorer.measure([candidate])
        outcomes[candidate.fidelity, candidate.genome] = outcome
        return outcome

    utilisation = SerialRunner(measure).run(algorithm)
    chosen = algorithm.chosen()
    if chosen is None:
        raise RuntimeError(f"{spec.name}, seed {spec.seed}: no finalist was measured")
    result = {
        "algorithm": spec.algorithm.name,
        "seed": spec.seed,
        "genome": list(chosen.genome),
        "found": _measured(outcomes[Fidelity.TEST, chosen.genome]),
        "no_skip": _measured(outcomes[Fidelity.TEST, space.full]),
        "plain": _measured(outcomes[Fidelity.PLAIN, space.full]),
        "best_proxy": max(_measured(each)["accuracy"] for key, each in outcomes.items() if key[0] is Fidelity.PROXY),
        "evaluations": spec.budget.candidates,
        "seconds": utilisation.wall_seconds,
    }
    file.write_text(json.dumps(result))
    return result


def _digest(spec: SearchSpec) -> str:
    import hashlib

    return hashlib.sha256(spec.model_dump_json().encode()).hexdigest()[:12]


def _measured(outcome: Outcome) -> dict[str, float]:
    if isinstance(outcome, Failure):
        raise RuntimeError(f"a candidate failed: {outcome.reason}")  # noqa: TRY004 - no wrong type, a bad outcome
    return dict(outcome)


def main() -> None:
    """Run what is missing, print the table, write `benchmarks/results/demo.json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="short searches on little data: a check of the command")
    arguments = parser.parse_args()
    CACHE.mkdir(exist_ok=True)
    seeds = range(1 if arguments.quick else arguments.seeds)
    specs = [spec_of(name, seed, quick=arguments.quick) for seed in seeds for name in ALGORITHMS]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool, Progress() as progress:
        bar = progress.add_task("searches", total=len(specs))
        running = [pool.submit(run, spec) for spec in specs]
        for _ in as_completed(running):
            progress.advance(bar)
        runs = [done.result() for done in running]
    _print(runs)
    name = "demo-quick" if arguments.quick else "demo"
    figures = {"runs": runs, "spec": spec_of("genetic", 0, quick=arguments.quick).model_dump(mode="json")}
    Console().print(f"written to {write(name, figures)}")


def _print(runs: Sequence[Mapping[str, Any]]) -> None:
    table = Table("algorithm", "seed", "no-skip", "found", "change, points", "MACs saved", "parameters saved")
    for each in sorted(runs, key=lambda each: (each["algorithm"], each["seed"])):
        table.add_row(each["algorithm"], str(each["seed"]), *_row(each))
    for name in ALGORITHMS:
        changes = [_change(each) for each in runs if each["algorithm"] == name]
        deviation = f" ± {statistics.stdev(changes):.2f} sd" if len(changes) > 1 else ""
        table.add_row(name, "all", "", "", f"{statistics.mean(changes):+.2f}{deviation}", "", "")
    Console().print(table)


def _row(each: Mapping[str, Any]) -> list[str]:
    full, found = each["no_skip"], each["found"]
    return [
        f"{full['accuracy']:.4f}",
        f"{found['accuracy']:.4f}",
        f"{_change(each):+.2f}",
        f"{1 - found['macs'] / full['macs']:.1%}",
        f"{1 - found['parameters'] / full['parameters']:.1%}",
    ]


def _change(each: Mapping[str, Any]) -> float:
    """Test accuracy of the chosen model minus the no-skip adapter model's, in points."""
    return 100 * (float(each["found"]["accuracy"]) - float(each["no_skip"]["accuracy"]))


if __name__ == "__main__":
    main()
