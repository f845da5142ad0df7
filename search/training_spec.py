"""`TrainingSpec`: how a fine-tune behind a frozen backbone is optimised: a recipe by name, and what differs from it."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, StrictInt

from models.recipe import Loss, RecipeName, RecipeTask
from models.recipes import recipe
from models.workload import TaskName
from search.frozen import Frozen

BatchSize = Annotated[int, Field(ge=1, le=4096)]
Rate = Annotated[float, Field(gt=0, le=1)]
Share = Annotated[float, Field(ge=0, lt=1)]
Multiplier = Annotated[float, Field(gt=0, le=1000)]

RECIPE_TASKS: Mapping[TaskName, RecipeTask] = {
    TaskName.VQA: RecipeTask.VQA,
    TaskName.NLVR2: RecipeTask.NLVR2,
    TaskName.RETRIEVAL: RecipeTask.F30K,  # no recipe trains otherwise on COCO
}
LOSSES: Mapping[TaskName, tuple[tuple[Loss, ...], ...]] = {
    TaskName.VQA: ((Loss.SOFT_SCORES,), (Loss.MEAN_SOFT_SCORES,)),
    TaskName.NLVR2: ((Loss.CLASSES,),),
    TaskName.RETRIEVAL: ((Loss.RANKING,), (Loss.RANKING, Loss.MATCHING)),
}


class Settings(Frozen):
    """What of a recipe a fine-tune behind a frozen backbone can use, all of it said."""

    batch_size: BatchSize
    learning_rate: Rate
    head_learning_rate: Rate
    cross_multiplier: Multiplier
    warm_up: Share
    betas: tuple[Share, Share]
    weight_decay: Share
    losses: tuple[Loss, ...]
    false_texts: Annotated[StrictInt, Field(ge=0)]


class TrainingSpec(Frozen):
    """AdamW with linear warm-up and decay to 0; each setting left out is the recipe's for the task of the search.

    How long a fine-tune is, a spec says in steps, not epochs. Of METER's and ViLT's recipes only the optimisation is
    taken: what they train besides (the backbone itself; DAS's modality types) stays frozen here.
    """

    recipe: RecipeName = Field(RecipeName.TWINSIEVE, description="a published method's settings, or ours")
    batch_size: BatchSize | None = Field(None, description="examples in a batch")
    learning_rate: Rate | None = Field(None, description="of modules, pooler and classifier token")
    head_learning_rate: Rate | None = Field(
        None, description="of the task's head; by default the recipe's own rate times its multiplier for heads"
    )
    cross_multiplier: Multiplier | None = Field(
        None, description="times learning_rate: of modules beside METER's fusion sub-layers, and of its pooler"
    )
    warm_up: Share | None = Field(None, description="share of the steps with linear warm-up; then linear decay to 0")
    betas: tuple[Share, Share] | None = Field(None, description="of AdamW")
    weight_decay: Share | None = Field(None, description="of matrices; vectors have none")
    losses: tuple[Loss, ...] | None = Field(
        None, description="summed; 'matching' beside 'ranking' adds METER's image-text matching to retrieval"
    )
    false_texts: StrictInt | None = Field(
        None,
        ge=0,
        le=4096,
        description="retrieval: false texts an example is trained with, as far as data has them",
    )

    def settings(self, task: TaskName) -> Settings:
        """What holds for `task`: what is said here, else what the recipe says.

        Raises:
            ValueError: the recipe is not for this task, or the losses are not.
        """
        # a task of a plugin is optimised as the published classification is, with the loss that is its own
        known = recipe(self.recipe, RECIPE_TASKS.get(task, RecipeTask.NLVR2))
        published = {
            "batch_size": known.batch,
            "learning_rate": known.learning_rate,
            "head_learning_rate": known.learning_rate * known.head_multiplier,
            "cross_multiplier": known.cross_multiplier,
            "warm_up": known.warmup,
            "betas": known.betas,
            "weight_decay": known.weight_decay,
            "losses": known.losses,
            "false_texts": known.false_texts,
        }
        said = self.model_dump(include=set(published), exclude_none=True)
        found = Settings.model_validate(published | said)
        fitting = LOSSES.get(task, LOSSES[TaskName.NLVR2])
        if found.losses not in fitting:
            able = " or ".join(" + ".join(losses) for losses in fitting)
            raise ValueError(f"losses for {task} are {able}, not {' + '.join(found.losses) or 'none'}")
        return found

    def settled(self, task: TaskName) -> Self:
        """The same with every setting said."""
        found = self.settings(task)
        return self.model_copy(update={name: getattr(found, name) for name in Settings.model_fields})
