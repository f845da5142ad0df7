"""One method on one seed in this process, measured once and kept.

What was measured is found again by the spec and the backbone's weights. It survives changes of the code: to measure
anew, remove the folder `FOLDER`.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from benchmarks.measuring import CACHE, weights_digest
from models.data.whole_file import whole_file
from models.registry import BackboneRegistry
from search.algorithms import search_algorithm
from search.build import build_space, macs_budget
from search.contracts import Candidate, Failure, Fidelity, Genome, Outcome
from search.spec import SearchSpec
from workers.scorer import Scorer, ScoringJob
from workers.serial_runner import SerialRunner

FOLDER = CACHE / "methods"
SEARCHING = (Fidelity.PROBE, Fidelity.PROXY)


@dataclass(frozen=True, slots=True)
class Run:
    """What a method found on one seed; accuracies 0 to 1 on the test split, costs per example."""

    seed: int
    genome: Genome
    accuracy: float
    macs: float
    parameters: float
    trainable_parameters: float
    evaluations: int  # proxies measured, and the look at the whole
    search_seconds: float  # scoring time before the final fine-tune, on one worker
    model: Path  # the exported model

    def to_json(self) -> dict[str, Any]:
        """Plain data, without the place of the model."""
        return {name: value for name, value in asdict(self).items() if name != "model"}


def run(spec: SearchSpec) -> Run:
    """A method's search and the final fine-tune of what it chose; from the cache if it was run before."""
    digest = hashlib.sha256((weights_digest(spec.backbone) + spec.model_dump_json()).encode()).hexdigest()[:16]
    file = FOLDER / f"{digest}.json"
    if file.exists():
        known = json.loads(file.read_text())
        return Run(**known | {"genome": tuple(known["genome"]), "model": Path(known["model"])})
    found = _search(spec, FOLDER / digest)
    with whole_file(file) as opened:
        opened.write(json.dumps(asdict(found) | {"model": str(found.model)}).encode())
    return found


def _search(spec: SearchSpec, artifacts: Path) -> Run:
    torch.set_num_threads(1)
    entry = BackboneRegistry().get(spec.backbone)
    space = build_space(spec, entry)
    job = ScoringJob(spec, entry, artifacts)
    scorer = Scorer(job, device=torch.device("cpu"))
    algorithm = search_algorithm(spec, space, macs_budget(spec, space))
    searched: list[Outcome] = []

    def alone(candidate: Candidate) -> Outcome:
        (outcome,) = scorer.measure([candidate])
        return outcome

    def measure(candidate: Candidate) -> Outcome:
        searched.append(alone(candidate))
        return searched[-1]

    SerialRunner(measure).run(algorithm)
    genome = algorithm.best(1)[0].genome
    alone(Candidate(0, genome, Fidelity.FINAL))
    tested = _measured(alone(Candidate(0, genome, Fidelity.TEST)))
    return Run(
        spec.seed,
        genome,
        tested["accuracy"],
        tested["macs"],
        tested["parameters"],
        tested["trainable_parameters"],
        len(searched),
        sum(_measured(each)["seconds"] for each in searched),
        job.model_folder(genome),
    )


def _measured(outcome: Outcome) -> dict[str, float]:
    if isinstance(outcome, Failure):
        raise RuntimeError(f"a candidate failed: {outcome.reason}")  # noqa: TRY004 - no wrong type, a bad outcome
    return dict(outcome)
