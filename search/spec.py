"""`SearchSpec`: everything a search depends on, as frozen data. The only input of a job."""

import reprlib
from enum import StrEnum
from pathlib import Path
from typing import Self, TypeVar

import yaml
from pydantic import Field, StrictBool, StrictInt, ValidationError, ValidationInfo, field_validator, model_validator

from models.data.skips import OnError
from models.workload import TaskName
from search.algorithm_spec import AlgorithmSpec, BreedingSpec, DasSpec, GeneticSpec
from search.budget_spec import BudgetSpec
from search.fidelity_spec import FidelitySpec
from search.frozen import Frozen, Name
from search.plugin import Aims, aimed
from search.precision import Precision
from search.space_spec import Granularity, SpaceSpec
from search.training_spec import TrainingSpec

Training = TypeVar("Training", bound=TrainingSpec)
MAX_SPEC_BYTES = 64 * 1024
MOST_ERRORS = 100  # shown of one spec
WIDEST = 1024  # bits of an integer that is shown as it is
ONE_OBJECTIVE = ("genetic", "steady", "das", "ranked", "greedy", *aimed(Aims.ONE))
SEVERAL_OBJECTIVES = ("nsga2", "nsga3", *aimed(Aims.SEVERAL))
UP_TO_BUDGET = ("das", "ranked", "greedy")
WITHOUT_PROXIES = ("das", "ranked", "no-skip")
ONLY_CLOSED_FORM = ("das", "ranked", "greedy")  # they decide by costs that are known before anything is measured
MEASURED_BOUNDS = ("latency_ms", "peak_memory_mb", "accuracy")
FREE = ("patch_ratios", "patch_places", "modules")


class SpecError(ValueError):
    """A spec that cannot be searched; the message says what was expected, what came, and what to do."""


class Objective(StrEnum):
    """What is optimised: accuracy upwards, costs downwards."""

    ACCURACY = "accuracy"
    MACS = "macs"
    PARAMETERS = "parameters"
    LATENCY = "latency_ms"
    MEMORY = "peak_memory_mb"

    @property
    def sign(self) -> int:
        """+1 where more is better, -1 where less is."""
        return 1 if self is Objective.ACCURACY else -1


class ProxySpec(TrainingSpec):
    """The short fine-tune that gives a candidate its fitness: adapters, pooler and head; the backbone is frozen."""

    steps: StrictInt = Field(10, ge=0, le=100_000)
    fitness_examples: StrictInt = Field(512, ge=1, le=1_000_000)
    pack: StrictInt | None = Field(
        None, ge=1, le=256, description="candidates that share a pass; null: what memory and measured speed suggest"
    )


class FinalSpec(TrainingSpec):
    """The longer fine-tune of the winners and of the no-skip adapter model, and what is measured of them."""

    finalists: StrictInt = Field(3, ge=1, le=64)
    steps: StrictInt = Field(300, ge=0, le=10_000_000)
    gallery: StrictInt | None = Field(
        128, ge=1, description="retrieval: test images whose score matrix with all their texts is measured; null: all"
    )


class SearchSpec(Frozen):
    """One search. Unknown keys are refused; every default is stored with the job."""

    name: Name = "search"
    backbone: Name = "shapes-vilt"
    data: Name = "shapes"
    bad_examples: OnError = Field(OnError.RAISE, description="real data: end with an error, or skip and count them")
    task: TaskName = TaskName.VQA
    space: SpaceSpec = SpaceSpec()
    objectives: tuple[Objective, ...] = Field((Objective.ACCURACY,), min_length=1, max_length=5)
    budget: BudgetSpec = BudgetSpec()
    algorithm: AlgorithmSpec = GeneticSpec()
    fidelity: FidelitySpec = FidelitySpec()
    first: tuple[tuple[StrictInt, ...], ...] = Field(
        (), max_length=1000, description="chromosomes that enter the first generation, such as an earlier search's best"
    )
    proxy: ProxySpec = Field(ProxySpec(), validate_default=True)
    final: FinalSpec = Field(FinalSpec(), validate_default=True)
    precision: Precision = Field(
        Precision.FLOAT32,
        description="what matrix products run in while candidates train and are scored; parameters, AdamW's moments, "
        "heads and losses are float32, and so are latency, memory and the model that is exported",
    )
    reuse: StrictBool = Field(
        False,
        description="take over what earlier searches measured of the same architecture in the same way",
    )
    workers: StrictInt = Field(2, ge=1, le=1024, description="worker slots")
    seed: StrictInt = Field(0, ge=0, lt=2**31)

    @field_validator("proxy", "final")
    @classmethod
    def _settled(cls, spec: Training, info: ValidationInfo) -> Training:
        # here, where the task is known, so that a stored spec says every number and outlives a change of a recipe
        return spec.settled(info.data["task"]) if "task" in info.data else spec

    @model_validator(mode="after")
    def _algorithm_fits(self) -> Self:
        if Objective.ACCURACY not in self.objectives:
            raise ValueError("objectives must contain 'accuracy': a search for cost alone needs no search")
        if len(set(self.objectives)) != len(self.objectives):
            raise ValueError(f"objectives repeat: {[str(objective) for objective in self.objectives]}")
        several = len(self.objectives) > 1
        if several and self.algorithm.name in ONE_OBJECTIVE:
            raise ValueError(
                f"'{self.algorithm.name}' optimises accuracy alone, not {len(self.objectives)} objectives; "
                "use 'nsga2' or 'nsga3'"
            )
        if not several and self.algorithm.name in SEVERAL_OBJECTIVES:
            raise ValueError(
                f"'{self.algorithm.name}' needs at least two objectives, such as accuracy and macs; "
                "use 'genetic' for one"
            )
        population = getattr(self.algorithm, "population", 1)
        if population > self.budget.candidates:
            raise ValueError(
                f"a population of {population} is more than budget.candidates = {self.budget.candidates}; "
                "lower the one or raise the other"
            )
        return self

    @model_validator(mode="after")
    def _budget_fits(self) -> Self:
        bounded = self.budget.macs is not None or self.budget.macs_ratio is not None
        by_count = isinstance(self.algorithm, DasSpec) and self.algorithm.skipped is not None
        if by_count and bounded:
            raise ValueError("'das' as published skips a count of layers, not MACs; set budget.macs_ratio to null")
        if self.algorithm.name in UP_TO_BUDGET and not by_count and not bounded:
            raise ValueError(
                f"'{self.algorithm.name}' drops layers until a MACs budget holds; give budget.macs_ratio or budget.macs"
            )
        return self

    @model_validator(mode="after")
    def _bounds_fit(self) -> Self:
        measured = [name for name in MEASURED_BOUNDS if getattr(self.budget, name) is not None]
        if measured and self.algorithm.name in ONLY_CLOSED_FORM:
            raise ValueError(
                f"'{self.algorithm.name}' keeps bounds on MACs and parameters alone, not budget.{measured[0]}; "
                "use 'genetic', 'steady', 'nsga2', 'nsga3' or 'random'"
            )
        return self

    @model_validator(mode="after")
    def _first_fits(self) -> Self:
        if not self.first:
            return self
        if not isinstance(self.algorithm, BreedingSpec):
            raise ValueError(  # noqa: TRY004  # a value of the spec, not a type of the caller's
                f"'{self.algorithm.name}' has no first generation for the chromosomes of first"
            )
        if len(self.first) > self.room:
            raise ValueError(
                f"first has {len(self.first)} chromosomes; a population of {self.algorithm.population} has room for "
                f"{self.room} beside those at the ends of the space: raise algorithm.population or give fewer"
            )
        return self

    @model_validator(mode="after")
    def _fidelity_fits(self) -> Self:
        self.fidelity.check(algorithm=self.algorithm.name, proxy_steps=self.proxy.steps)
        return self

    @model_validator(mode="after")
    def _space_fits(self) -> Self:
        if not isinstance(self.algorithm, DasSpec):
            return self
        if self.space.granularity is not Granularity.LAYER:
            raise ValueError(
                f"'das' skips whole layers, not what granularity '{self.space.granularity}' says; "
                "set space.granularity to 'layer'"
            )
        if several := [name for name in FREE if len(getattr(self.space, name)) > 1]:
            raise ValueError(f"'das' decides about layers alone; give one value in space.{several[0]}")
        return self

    @property
    def room(self) -> int:
        """How many chromosomes `first` may have beside those at the ends of the space."""
        population = self.algorithm.population if isinstance(self.algorithm, BreedingSpec) else 0
        return max(population - min(len(self.objectives), 2), 0)

    @property
    def evaluations(self) -> int:
        """How many proxy evaluations the search makes at most; none where one look at the backbone decides."""
        return 0 if self.algorithm.name in WITHOUT_PROXIES else self.budget.candidates


def describe_errors(error: ValidationError) -> list[dict[str, str]]:
    """Each validation error, up to `MOST_ERRORS`, as {field, message, got}, for problem documents and the CLI."""
    described = []
    for item in error.errors(include_url=False, include_context=False)[:MOST_ERRORS]:
        field = ".".join(str(part) for part in item["loc"]) or "spec"
        described.append({"field": field, "message": item["msg"], "got": BRIEF.repr(item.get("input"))[:200]})
    return described


class _Brief(reprlib.Repr):
    """Short for whatever came: a value may be deeper, longer or larger than `repr` can show at all."""

    def repr_int(self, value: int, level: int) -> str:
        return (
            super().repr_int(value, level)
            if value.bit_length() < WIDEST
            else f"an integer of {value.bit_length()} bits"
        )


BRIEF = _Brief()
BRIEF.maxlevel = 4
BRIEF.maxstring = BRIEF.maxother = 200
BRIEF.maxlist = BRIEF.maxdict = BRIEF.maxtuple = 20


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
        written = path.read_bytes()
    except OSError as error:
        raise SpecError(f"cannot read the spec {path}: {error.strerror}") from None
    try:
        data = yaml.safe_load(written.decode("utf-8"))
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, RecursionError) as error:
        # all but the first: what PyYAML's constructors let through, of a date without such a month and the like
        raise SpecError(f"{path} is neither YAML nor JSON: {error}") from None
    return parse_spec(data if data is not None else {})
