"""`Recipe`: how a published method is trained, and what its search is set to; torch-free, frozen, overridable."""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class RecipeError(ValueError):
    """There is no such recipe, or it cannot be changed so; the message says what there is."""


class RecipeName(StrEnum):
    """The recipes; each method is `models.recipes.RECIPES` of its name."""

    METER = "meter"
    VILT = "vilt"
    DAS_METER = "das-meter"
    DAS_VILT = "das-vilt"
    DOUBLE_FILTER_METER = "double-filter-meter"
    DOUBLE_FILTER_VILT = "double-filter-vilt"
    ROUTING = "routing"
    TWINSIEVE = "twinsieve"  # ours


class RecipeTask(StrEnum):
    """What recipes are for; F30K and COCO are retrieval (Karpathy's splits)."""

    VQA = "vqa"
    NLVR2 = "nlvr2"
    F30K = "f30k"
    COCO = "coco"
    COCO_CAPTION = "coco-caption"


class Loss(StrEnum):
    """Training losses; where there are several they are summed, unweighted."""

    SOFT_SCORES = "soft-scores"  # binary cross-entropy with the answers' soft scores, mean times the number of answers
    MEAN_SOFT_SCORES = "mean-soft-scores"  # the same, the mean alone
    CLASSES = "classes"  # cross-entropy
    RANKING = "ranking"  # cross-entropy of the true text among itself and the false ones
    MATCHING = "matching"  # image-text matching (ITM), cross-entropy of two classes
    TOKENS = "tokens"  # cross-entropy of the next word piece


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class DasSettings(_Frozen):
    """The bandit of DAS (NeurIPS 2023)."""

    method: Literal["das"] = "das"
    skipped: int  # layers
    epochs: int = 3
    first_update_epoch: int = 2  # counted from 1
    update_every: int = 10  # micro-batches
    candidate_sets: int = 3
    step_size: float = 1.0


class AlfSettings(_Frozen):
    """The genetic search for Double-Filter's architecture layer filter (ALF): all of it is our design."""

    method: Literal["alf"] = "alf"
    population: int = 20  # its first: all kept, greedy, and random ones
    tournament: int = 3
    elitism: int = 2
    crossover: float = 0.9  # uniform
    mutation: Literal["1/genes"] = "1/genes"  # bit flips; and swaps of a kept one with a dropped one


class IpfSettings(_Frozen):
    """Double-Filter's image patch filter (IPF): all of it is our design."""

    ratio: float = 0.7  # of the patches stay
    after_block: int  # of METER's image encoder, or of ViLT
    foreground: float = 0.7  # share of the kept patches that foreground gets
    coverage: float = 0.5  # a patch is foreground from this covered share on
    confidence: float = 0.25  # of a box that counts


class Recipe(_Frozen):
    """One method on one task: AdamW with linear warm-up and decay; biases and norms have no weight decay.

    `warmup` is a share of the steps below 1, else a number of steps. `head_multiplier` and `cross_multiplier` multiply
    the learning rate of the task's head and of METER's fusion layers. `image_size` is METER's square side, or ViLT's
    shorter side; `text_tokens` counts padding. `trained` says what changes.
    """

    source: str
    learning_rate: float = Field(gt=0)
    head_multiplier: float = Field(1.0, gt=0)
    cross_multiplier: float = Field(1.0, gt=0)
    batch: int = Field(ge=1)
    epochs: int = Field(10, ge=1)
    warmup: float = Field(0.1, ge=0)
    decay: Literal["linear"] = "linear"  # to 0
    betas: tuple[Annotated[float, Field(ge=0, lt=1)], Annotated[float, Field(ge=0, lt=1)]] = (0.9, 0.98)
    weight_decay: float = Field(0.01, ge=0)
    bias_and_norm_weight_decay: float = Field(0.0, ge=0)
    image_size: int = Field(ge=1)  # pixels
    text_tokens: int = Field(ge=1)
    losses: tuple[Loss, ...]
    false_texts: int = Field(0, ge=0)
    trained: tuple[str, ...] = ("everything",)
    beside: str | None = None  # a module as kind:size, beside each kept sub-layer
    in_place: str | None = None  # in place of what is dropped
    classifier_token: bool = False
    patches: IpfSettings | None = None
    search: DasSettings | AlfSettings | None = Field(None, discriminator="method")

    def changed(self, **settings: Any) -> "Recipe":  # noqa: ANN401 - each setting has its own type, checked here
        """The recipe with other settings; those of a part, such as `search`, are given as a mapping.

        Raises:
            RecipeError: there is no such setting, or its value is none.
        """
        merged = self.model_dump()
        for name, value in settings.items():
            part = merged.get(name)
            merged[name] = {**part, **value} if isinstance(part, dict) and _same_method(part, value) else value
        try:
            return Recipe.model_validate(merged)
        except ValidationError as error:
            problems = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
            raise RecipeError(f"a recipe cannot be so: {'; '.join(problems)}; it has {', '.join(merged)}") from None


def _same_method(part: dict[str, Any], value: object) -> bool:
    """Whether `value` changes settings of this part, not puts another search in its place."""
    return isinstance(value, dict) and value.get("method", part.get("method")) == part.get("method")
