"""Measures many candidates in parallel processes, with a bar; what is measured is kept and not measured again."""

import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import torch
from rich.progress import track

from models.network import file_digest
from models.registry import BackboneRegistry
from models.weights import WEIGHTS
from search.contracts import Candidate, Failure, Fidelity, Genome
from search.spec import SearchSpec, parse_spec
from workers.scorer import Scorer, ScoringJob

CACHE = Path(tempfile.gettempdir()) / "twinsieve-benchmarks"


@cache
def weights_digest(backbone: str) -> str:
    """Which weights a backbone's name stands for today."""
    return file_digest(BackboneRegistry().get(backbone).path / WEIGHTS)


@dataclass(frozen=True, slots=True)
class Question:
    """One measurement: which chromosome, under which spec, how well."""

    spec: SearchSpec
    genome: Genome
    fidelity: Fidelity = Fidelity.PROXY

    @property
    def key(self) -> str:
        """What the answer depends on."""
        settings = {"data", "task", "space", "seed", "proxy" if self.fidelity is Fidelity.PROXY else "final"}
        depends = self.spec.model_dump(mode="json", include=settings)
        return json.dumps([weights_digest(self.spec.backbone), depends, self.genome], sort_keys=True)


def ask(questions: Sequence[Question], *, title: str, kept_in: str, processes: int = 2) -> list[dict[str, float]]:
    """The measurement of each question; an interrupted call goes on where it was, by the file `kept_in`.

    Raises:
        RuntimeError: a candidate failed; a benchmark does not go on with holes.
    """
    CACHE.mkdir(exist_ok=True)
    file = CACHE / f"{kept_in}.jsonl"
    known = dict(_read(file))
    missing = list(dict.fromkeys(question for question in questions if question.key not in known))
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool, file.open("a") as log:
        running = {pool.submit(_measure, question): question for question in missing}
        for done in track(as_completed(running), description=title, total=len(running)):
            question, measured = running[done], done.result()
            known[question.key] = measured
            log.write(json.dumps([question.key, measured]) + "\n")
            log.flush()
    return [known[question.key] for question in questions]


def _read(file: Path) -> Iterator[tuple[str, dict[str, float]]]:
    if file.exists():
        for line in file.read_text().splitlines():
            if line.endswith("]"):  # the last line of an interrupted run may be cut
                yield tuple(json.loads(line))


_SCORERS: dict[str, Scorer] = {}  # of this process, by spec


def _measure(question: Question) -> dict[str, float]:
    key = question.spec.model_dump_json()
    if key not in _SCORERS:
        _SCORERS.clear()  # one at a time: each holds its examples
        job = ScoringJob(question.spec, BackboneRegistry().get(question.spec.backbone), CACHE / str(os.getpid()))
        _SCORERS[key] = Scorer(job, device=torch.device("cpu"))
    (outcome,) = _SCORERS[key].measure([Candidate(0, question.genome, question.fidelity)])
    if isinstance(outcome, Failure):
        raise RuntimeError(f"{question.genome}: {outcome.reason}")  # noqa: TRY004 - no wrong type, a bad outcome
    return dict(outcome)


def with_steps(spec: SearchSpec, steps: int, *, stage: str = "proxy", seed: int = 0) -> SearchSpec:
    """`spec` with another seed and another length of a fine-tune: the proxy's, or the final one's."""
    data = spec.model_dump(mode="json")
    data[stage] |= {"steps": steps}
    return parse_spec(data | {"seed": seed})
