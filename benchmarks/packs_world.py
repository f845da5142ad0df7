"""What the scoring benchmark scores: a search without its search, and the candidates that all ways are given."""

import tempfile
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from benchmarks.random_vqa import random_vqa
from benchmarks.real_size import CONFIGS, ROOT, in_own_process, make
from models.folders import NOWHERE, Folders
from models.registry import SHIPPED, BackboneEntry, BackboneRegistry
from search.algorithms import search_algorithm
from search.build import build_space, macs_budget
from search.contracts import Genome
from search.spec import SearchSpec, parse_spec
from workers.scorer import ScoringJob

BACKBONES = (*SHIPPED, *CONFIGS)
IMAGES = 1024  # of generated data for a real size
ARTIFACTS = Path(tempfile.gettempdir()) / "twinsieve-scoring"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """How much of everything; `steps` and `fitness` are a proxy's, None the spec's own."""

    candidates: int
    packs: tuple[int, ...]
    fresh: int  # candidates that get a process of their own
    repeats: int
    masks: int  # of the screen
    warm_steps: int
    steps: int | None = None
    fitness: int | None = None
    data: str = "shapes"


FULL = Amounts(candidates=16, packs=(1, 2, 4, 8, 16), fresh=2, repeats=3, masks=64, warm_steps=100)
QUICK = Amounts(
    candidates=4,
    packs=(4,),
    fresh=1,
    repeats=1,
    masks=8,
    warm_steps=2,
    steps=2,
    fitness=64,
    data="shapes-small",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A job as its workers get it, and chromosomes to score, all within the MACs budget and with the same patches."""

    job: ScoringJob
    genomes: tuple[Genome, ...]
    device: str

    def with_spec(self, **changes: object) -> "World":
        """The same with other values in its spec."""
        spec = parse_spec(self.job.spec.model_dump(mode="json") | changes)
        return replace(self, job=replace(self.job, spec=spec))


def world(backbone: str, amounts: Amounts, *, device: str) -> World:
    """The embedded world for the networks that ship; for 'vilt' and 'meter' random weights of the published size."""
    entry, folders, data = _real(backbone) if backbone in CONFIGS else _shipped(backbone, amounts.data)
    spec = _spec(entry, data, amounts)
    space = build_space(spec, entry, folders)
    algorithm = search_algorithm(spec, space, macs_budget(spec, space))
    count = max(amounts.candidates, amounts.masks)
    genomes = tuple(candidate.genome for candidate in islice(iter(algorithm.ask, None), count))
    ARTIFACTS.mkdir(exist_ok=True)
    job = ScoringJob(spec, entry, Path(tempfile.mkdtemp(dir=ARTIFACTS)), folders)
    return World(job=job, genomes=genomes, device=device)


def _shipped(backbone: str, data: str) -> tuple[BackboneEntry, Folders, str]:
    return BackboneRegistry().get(backbone), NOWHERE, data


def _real(backbone: str) -> tuple[BackboneEntry, Folders, str]:
    data = random_vqa(ROOT / "data" / f"vqav2-{IMAGES}", images=IMAGES)
    return in_own_process(make, backbone), Folders(data=data.parent), data.name


def _spec(entry: BackboneEntry, data: str, amounts: Amounts) -> SearchSpec:
    proxy = {"steps": amounts.steps, "fitness_examples": amounts.fitness}
    return parse_spec(
        {
            "name": f"scoring-{entry.name}",
            "backbone": entry.name,
            "data": data,
            "algorithm": {"name": "random"},
            "budget": {"candidates": max(amounts.candidates, amounts.masks)},
            "proxy": {name: value for name, value in proxy.items() if value is not None},
        }
    )
