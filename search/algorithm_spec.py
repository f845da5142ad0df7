"""`AlgorithmSpec`: how a search decides what to measure, as frozen data."""

from enum import StrEnum
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, StrictFloat, StrictInt, model_validator

from models.scores.names import ScoreName
from search.frozen import Frozen
from search.plugin import PluggedSpec, algorithm_plugins


class SurrogateName(StrEnum):
    """A regression that predicts, from the proxies so far, which children are worth one of their own."""

    GAUSSIAN_PROCESS = "gaussian-process"  # single genes and genes that act together, with how sure it is
    RIDGE = "ridge"  # single genes only


class BreedingSpec(Frozen):
    """How children come about: what all population algorithms share."""

    population: StrictInt = Field(12, ge=4, le=1000)
    crossover: StrictFloat = Field(0.9, ge=0, le=1, description="probability of uniform crossover")
    mutation: StrictFloat | None = Field(None, gt=0, le=1, description="probability per gene; default 1 / genes")
    swap: StrictFloat = Field(0.5, ge=0, le=1, description="probability of a swap (one kept, one dropped) instead")
    surrogate: SurrogateName | None = Field(
        SurrogateName.GAUSSIAN_PROCESS, description="chooses each child of many by what it predicts; null: luck does"
    )
    offspring: StrictInt = Field(150, ge=2, le=10_000, description="children that the surrogate chooses each one from")


class ElitistSpec(BreedingSpec):
    """What the genetic algorithms for one objective share.

    A surrogate gains from being fitted often: the defaults make generations of six, for about as many workers.
    """

    population: StrictInt = Field(8, ge=4, le=1000)
    elitism: StrictInt = Field(2, ge=0, le=100, description="best ones that stay, however old")
    tournament: StrictInt = Field(
        5, ge=1, le=100, description="how many compete to be a parent, where no surrogate predicts"
    )
    seeds: ScoreName | None = Field(None, description="a training-free score whose rankings enter the first generation")

    @model_validator(mode="after")
    def _sizes(self) -> Self:
        if self.elitism >= self.population:
            raise ValueError(f"elitism {self.elitism} leaves no room in a population of {self.population}")
        return self


class GeneticSpec(ElitistSpec):
    """A generational genetic algorithm for one objective under the bounds.

    When outcomes arrive does not matter, unless a rule of the budget ends it before its candidates are spent.
    """

    name: Literal["genetic"] = "genetic"


class SteadySpec(ElitistSpec):
    """A steady-state genetic algorithm for one objective: one child for each free place, no generation to wait for.

    What it asks depends on when outcomes arrive; a search that was interrupted goes on as recorded.
    """

    name: Literal["steady"] = "steady"


class Nsga2Spec(BreedingSpec):
    """NSGA-II for several objectives (Deb et al. 2002), by DEAP."""

    name: Literal["nsga2"] = "nsga2"
    population: StrictInt = Field(16, ge=4, le=1000)


class Nsga3Spec(BreedingSpec):
    """NSGA-III for several objectives, made for three and more (Deb and Jain 2014), with DEAP's reference points."""

    name: Literal["nsga3"] = "nsga3"
    population: StrictInt = Field(16, ge=4, le=1000)
    divisions: StrictInt | None = Field(
        None, ge=1, le=100, description="of each objective's axis; null: so many that reference points fit a population"
    )


class RandomSpec(Frozen):
    """Different random feasible chromosomes: the baseline every algorithm must beat."""

    name: Literal["random"] = "random"


class DasSetting(StrEnum):
    """Which of DAS's rules hold."""

    PUBLISHED = "published"  # reward on one training batch, dropout on; `skipped` layers
    CORRECTED = "corrected"  # reward on held-out examples in eval mode; layers under the MACs budget


class DasSpec(Frozen):
    """DAS (NeurIPS 2023): a bandit learns which layers to skip while adapters train with shared weights, in one run.

    Training skips a freshly drawn set at each step; after `warm_steps`, every `update_every` steps, the rewards of
    `candidate_sets` different sets move the preferences. Batches and learning rates are those of `proxy`.
    """

    name: Literal["das"] = "das"
    setting: DasSetting = Field(DasSetting.CORRECTED, description="the published rules, or ours against their flaws")
    skipped: StrictInt | None = Field(
        None, ge=1, le=1000, description="published: how many layers; METER 4, ViLT 1 there"
    )
    steps: StrictInt = Field(300, ge=1, le=10_000_000, description="training steps; 3 epochs as published")
    warm_steps: StrictInt = Field(
        100, ge=0, le=10_000_000, description="steps before the first update; 1 epoch as published"
    )
    update_every: StrictInt = Field(10, ge=1, le=1_000_000, description="steps from one update to the next")
    candidate_sets: StrictInt = Field(3, ge=2, le=1000, description="skip sets that an update compares")

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        if self.setting is DasSetting.PUBLISHED and self.skipped is None:
            raise ValueError("setting 'published' skips a count of layers; give skipped, such as 4 for METER")
        if self.setting is DasSetting.CORRECTED and self.skipped is not None:
            raise ValueError("setting 'corrected' skips layers until the MACs budget holds; leave skipped out")
        if self.warm_steps + self.update_every > self.steps:
            raise ValueError(
                f"{self.steps} steps end before the first update, after warm_steps {self.warm_steps} and another "
                f"{self.update_every}; raise steps"
            )
        return self


class RankedSpec(Frozen):
    """No search: drops the layers with the lowest training-free score per MAC until the MACs budget holds."""

    name: Literal["ranked"] = "ranked"
    score: ScoreName = ScoreName.MULTIFLOW


class GreedySpec(Frozen):
    """Backward elimination: round by round the removal that leaves the highest proxy accuracy, to the MACs budget.

    Where budget.candidates are spent before, the rest goes in the order of the last accuracy after each removal.
    """

    name: Literal["greedy"] = "greedy"


class NoSkipSpec(Frozen):
    """No search: only the finals, whose winner is the no-skip adapter model, whatever the budget."""

    name: Literal["no-skip"] = "no-skip"


BuiltInSpec = (
    GeneticSpec | SteadySpec | Nsga2Spec | Nsga3Spec | RandomSpec | DasSpec | RankedSpec | GreedySpec | NoSkipSpec
)
if TYPE_CHECKING:
    _AnySpec = BuiltInSpec | PluggedSpec
else:  # each plugin's own class, so that its settings are checked and described as ours are
    _AnySpec = reduce(or_, (plugin.settings for plugin in algorithm_plugins().usable.values()), BuiltInSpec)
AlgorithmSpec = Annotated[_AnySpec, Field(discriminator="name")]


def training_free_score(spec: AlgorithmSpec) -> ScoreName | None:
    """The score that an algorithm looks at the whole backbone with; None where it looks otherwise or not at all."""
    if isinstance(spec, RankedSpec):
        return spec.score
    return spec.seeds if isinstance(spec, ElitistSpec) else None
