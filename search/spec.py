"""`SearchSpec`: everything a search depends on, as frozen data. The only input of a job."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from models.workload import TaskName

MAX_SPEC_BYTES = 64 * 1024

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
"""A registered name: never a path, so that a request cannot reach into the file system."""


class SpecError(ValueError):
    """A spec that cannot be searched; the message says what was expected, what came, and what to do."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Objective(StrEnum):
    """What is optimised: accuracy upwards, costs downwards."""

    ACCURACY = "accuracy"
    MACS = "macs"
    PARAMETERS = "parameters"

    @property
    def sign(self) -> int:
        """+1 where more is better, -1 where less is."""
        return 1 if self is Objective.ACCURACY else -1


class SpaceSpec(_Frozen):
    """What may vary: a keep gene per sub-layer and, with `patch_ratios`, one gene for the patch keep ratio."""

    dropped: Literal["adapter", "identity"] = "adapter"
    bottleneck: int = Field(8, ge=1, le=4096, description="adapter width, in place of dropped sub-layers")
    kept_bottleneck: int = Field(8, ge=0, le=4096, description="in-layer adapter width; 0: none beside kept sub-layers")
    patch_ratios: tuple[Annotated[float, Field(gt=0, le=1)], ...] = Field((), max_length=16)
    patch_after_block: int = Field(2, ge=0, le=64)

    @model_validator(mode="after")
    def _ratios_differ(self) -> Self:
        if len(set(self.patch_ratios)) != len(self.patch_ratios):
            raise ValueError(f"patch_ratios repeats a value: {list(self.patch_ratios)}")
        return self


class BudgetSpec(_Frozen):
    """When a candidate is feasible, and when the search ends."""

    candidates: int = Field(84, ge=1, le=100_000, description="proxy evaluations, each a different chromosome")
    macs_ratio: float | None = Field(0.75, gt=0, le=1, description="of the no-skip adapter model's MACs")
    macs: int | None = Field(None, gt=0, description="the same bound as a count, per example")

    @model_validator(mode="before")
    @classmethod
    def _count_replaces_ratio(cls, data: object) -> object:
        # the default ratio goes, so that a stored spec, in which every default is explicit, can be read back
        if isinstance(data, dict) and data.get("macs") is not None:
            return {"macs_ratio": None, **data}
        return data

    @model_validator(mode="after")
    def _one_bound(self) -> Self:
        if self.macs is not None and self.macs_ratio is not None:
            raise ValueError("macs and macs_ratio are two ways to say one bound; give one of them")
        return self


class GeneticSpec(_Frozen):
    """A generational genetic algorithm for one objective under the MACs budget."""

    name: Literal["genetic"] = "genetic"
    population: int = Field(12, ge=4, le=1000)
    elitism: int = Field(3, ge=0, le=100)
    tournament: int = Field(5, ge=1, le=100)
    crossover: float = Field(0.9, ge=0, le=1, description="probability of uniform crossover")
    mutation: float | None = Field(None, gt=0, le=1, description="probability per gene; default 1 / genes")
    swap: float = Field(0.5, ge=0, le=1, description="probability of a swap (one kept, one dropped) instead")

    @model_validator(mode="after")
    def _sizes(self) -> Self:
        if self.elitism >= self.population:
            raise ValueError(f"elitism {self.elitism} leaves no room in a population of {self.population}")
        return self


class Nsga2Spec(_Frozen):
    """NSGA-II for several objectives (Deb et al. 2002), by DEAP."""

    name: Literal["nsga2"] = "nsga2"
    population: int = Field(16, ge=4, le=1000)
    crossover: float = Field(0.9, ge=0, le=1)
    mutation: float | None = Field(None, gt=0, le=1)
    swap: float = Field(0.5, ge=0, le=1)


class RandomSpec(_Frozen):
    """Different random feasible chromosomes: the baseline every algorithm must beat."""

    name: Literal["random"] = "random"


AlgorithmSpec = Annotated[GeneticSpec | Nsga2Spec | RandomSpec, Field(discriminator="name")]


class ProxySpec(_Frozen):
    """The short fine-tune that gives a candidate its fitness: adapters, pooler and head; the backbone is frozen."""

    steps: int = Field(10, ge=0, le=100_000)
    batch_size: int = Field(32, ge=1, le=4096)
    learning_rate: float = Field(3e-3, gt=0, le=1)
    head_learning_rate: float = Field(1e-3, gt=0, le=1)
    fitness_examples: int = Field(512, ge=1, le=1_000_000)


class FinalSpec(_Frozen):
    """The longer fine-tune of the winners and of the no-skip adapter model, and what is measured of them."""

    finalists: int = Field(3, ge=1, le=64)
    steps: int = Field(300, ge=0, le=10_000_000)
    batch_size: int = Field(32, ge=1, le=4096)
    learning_rate: float = Field(3e-3, gt=0, le=1)
    head_learning_rate: float = Field(1e-3, gt=0, le=1)


class SearchSpec(_Frozen):
    """One search. Unknown keys are refused; every default is stored with the job."""

    name: Name = "search"
    backbone: Name = "shapes-vilt"
    data: Name = "shapes"
    task: TaskName = TaskName.VQA
    space: SpaceSpec = SpaceSpec()
    objectives: tuple[Objective, ...] = Field((Objective.ACCURACY,), min_length=1, max_length=3)
    budget: BudgetSpec = BudgetSpec()
    algorithm: AlgorithmSpec = GeneticSpec()
    proxy: ProxySpec = ProxySpec()
    final: FinalSpec = FinalSpec()
    workers: int = Field(2, ge=1, le=1024, description="worker slots")
    seed: int = Field(0, ge=0, lt=2**31)

    @model_validator(mode="after")
    def _algorithm_fits(self) -> Self:
        if Objective.ACCURACY not in self.objectives:
            raise ValueError("objectives must contain 'accuracy': a search for cost alone needs no search")
        if len(set(self.objectives)) != len(self.objectives):
            raise ValueError(f"objectives repeat: {[str(objective) for objective in self.objectives]}")
        several = len(self.objectives) > 1
        if several and self.algorithm.name == "genetic":
            raise ValueError(f"'genetic' optimises accuracy alone, not {len(self.objectives)} objectives; use 'nsga2'")
        if not several and self.algorithm.name == "nsga2":
            raise ValueError("'nsga2' needs at least two objectives, such as accuracy and macs; use 'genetic' for one")
        population = getattr(self.algorithm, "population", 1)
        if population > self.budget.candidates:
            raise ValueError(
                f"a population of {population} is more than budget.candidates = {self.budget.candidates}; "
                "lower the one or raise the other"
            )
        return self


def describe_errors(error: ValidationError) -> list[dict[str, str]]:
    """Each validation error as {field, message, got}: what a problem document and the CLI show."""
    described = []
    for item in error.errors(include_url=False, include_context=False):
        field = ".".join(str(part) for part in item["loc"]) or "spec"
        described.append({"field": field, "message": item["msg"], "got": repr(item.get("input"))[:200]})
    return described


def parse_spec(data: object) -> SearchSpec:
    """The spec that plain data describes.

    Raises:
        SpecError: it describes none; every offending field is named.
    """
    try:
        return SearchSpec.model_validate(data)
    except ValidationError as error:
        lines = [f"{item['field']}: {item['message']} (got {item['got']})" for item in describe_errors(error)]
        raise SpecError("the spec is not valid:\n  " + "\n  ".join(lines)) from None


def load_spec(path: Path) -> SearchSpec:
    """The spec in a YAML or JSON file (JSON is YAML).

    Raises:
        SpecError: the file cannot be read, is larger than 64 KiB, is no YAML, or describes no spec.
    """
    try:
        if path.stat().st_size > MAX_SPEC_BYTES:
            raise SpecError(f"{path} has {path.stat().st_size} bytes; a spec has at most {MAX_SPEC_BYTES}")
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SpecError(f"cannot read the spec {path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SpecError(f"{path} is neither YAML nor JSON: {error}") from None
    return parse_spec(data if data is not None else {})
