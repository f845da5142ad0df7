"""`python -m tests.examples.tiny_search FOLDER SPEC`: a whole search in this process; what it found, as JSON."""

import json
import sys
from pathlib import Path
from typing import Any

from models.registry import BackboneRegistry
from models.slim import load_slim
from search.build import build_algorithm, build_space, check_spec
from search.contracts import Candidate, Failure, Outcome
from search.spec import parse_spec
from tests.workers.specs import CPU
from workers.scorer import Scorer, ScoringJob
from workers.serial_runner import SerialRunner


def main(folder: Path, spec_text: str) -> None:
    spec = parse_spec(json.loads(spec_text))
    entry = BackboneRegistry(folder / "backbones").get(spec.backbone)
    check_spec(spec, entry)
    algorithm = build_algorithm(spec, build_space(spec, entry))
    job = ScoringJob(spec, entry, folder / "artifacts")
    scorer, rows = Scorer(job, device=CPU), list[dict[str, Any]]()

    def measure(candidate: Candidate) -> Outcome:
        (outcome,) = scorer.measure([candidate])
        assert not isinstance(outcome, Failure), outcome
        rows.append({"fidelity": candidate.fidelity, "genome": candidate.genome, "accuracy": outcome["accuracy"]})
        return outcome

    SerialRunner(measure).run(algorithm)
    chosen = algorithm.chosen()
    assert chosen is not None
    model = load_slim(job.model_folder(chosen.genome))
    about = {"task": model.task, "answers": model.answers, "network": type(model.backbone).__name__}
    print(json.dumps({"rows": rows, "chosen": chosen.genome, "model": about}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
