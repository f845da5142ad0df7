"""`python -m benchmarks.packs_fresh`: one candidate, named on standard input, scored in a process of its own."""

import json
import sys
from pathlib import Path

import torch

from benchmarks.packs_ways import measured
from models.folders import Folders
from models.registry import read_entry
from search.contracts import Fidelity
from search.spec import parse_spec
from workers.scorer import Scorer, ScoringJob


def main() -> None:
    """Print its accuracy."""
    asked = json.load(sys.stdin)
    spec, folder = parse_spec(asked["spec"]), Path(asked["backbone"])
    data = None if asked["data"] is None else Path(asked["data"])
    job = ScoringJob(spec, read_entry(spec.backbone, folder), Path(asked["artifacts"]), Folders(data=data))
    (accuracy,) = measured(Scorer(job, device=torch.device(asked["device"])), [tuple(asked["genome"])], Fidelity.PROXY)
    print(json.dumps(accuracy))


if __name__ == "__main__":
    main()
