"""The settings of the published methods by name and task; what no paper or code tells is named as our design."""

from collections.abc import Iterator, Mapping
from typing import Any

from models.recipe import AlfSettings, DasSettings, IpfSettings, Loss, Recipe, RecipeError, RecipeTask

METER_CODE = "METER (Dou et al., CVPR 2022), its code"
VILT_CODE = "ViLT (Kim et al., ICML 2021), its code"
DAS_CODE = "DAS (Wu et al., NeurIPS 2023), its code"
ROUTING_CODE = "routing functions (Qu et al., ECCV 2024), its code and scripts"
DOUBLE_FILTER = "Double-Filter (ICML 2025) publishes no settings: training as in DAS; both filters are our design"
TWINSIEVE = "ours: fine-tunes of minutes behind a frozen backbone, chosen on the embedded world"
FALSE_TEXTS = 15
RETRIEVAL = (RecipeTask.F30K, RecipeTask.COCO)
METER_FILTER, VILT_FILTER = 11, 2  # blocks before the patch filter: METER's image encoder, an early place in ViLT
DAS_TRAINED = ("adapters", "poolers", "head", "modality types")


def recipe(name: str, task: str, **settings: Any) -> Recipe:  # noqa: ANN401 - each setting has its own type
    """The recipe called `name` for `task`, with `settings` in place of its own.

    Raises:
        RecipeError: there is none, it has no such setting, or a setting no such value.
    """
    if name not in RECIPES:
        raise RecipeError(f"no recipe '{name}'; there are {', '.join(RECIPES)}")
    if task not in RECIPES[name]:
        raise RecipeError(f"recipe '{name}' has no task '{task}'; it has {', '.join(RECIPES[name])}")
    found = RECIPES[name][RecipeTask(task)]
    return found.changed(**settings) if settings else found


def _losses(task: RecipeTask, *, matching: bool) -> dict[str, Any]:
    if task is RecipeTask.VQA:
        return {"losses": (Loss.SOFT_SCORES,)}
    if task is RecipeTask.NLVR2:
        return {"losses": (Loss.CLASSES,)}
    return {"losses": (Loss.RANKING, Loss.MATCHING) if matching else (Loss.RANKING,), "false_texts": FALSE_TEXTS}


def _meter() -> Iterator[tuple[RecipeTask, Recipe]]:
    """Fine-tuning of everything; retrieval adds matching, whose weight of 0.5 only switches it on."""
    rows = {
        RecipeTask.VQA: {"learning_rate": 5e-6, "head_multiplier": 50, "batch": 512, "image_size": 576},
        RecipeTask.NLVR2: {"learning_rate": 1e-5, "head_multiplier": 10, "batch": 256, "image_size": 288},
    } | {
        task: {"learning_rate": 5e-6, "head_multiplier": 5, "batch": 512, "image_size": 384, "text_tokens": 40}
        for task in RETRIEVAL
    }
    for task, row in rows.items():
        shared = {"source": METER_CODE, "cross_multiplier": 5, "text_tokens": 50, **_losses(task, matching=True)}
        yield task, Recipe.model_validate(shared | row)


def _vilt() -> Iterator[tuple[RecipeTask, Recipe]]:
    """Fine-tuning of everything; its code leaves out losses of weight below 1, and matching has 0.5."""
    rows: Mapping[RecipeTask, Mapping[str, Any]] = {
        RecipeTask.VQA: {"batch": 256, "head_multiplier": 10},
        RecipeTask.NLVR2: {"batch": 128},
        **{task: {"batch": 256} for task in RETRIEVAL},
    }
    for task, row in rows.items():
        shared = {"source": VILT_CODE, "learning_rate": 1e-4, "image_size": 384, "text_tokens": 40}
        yield task, Recipe.model_validate(shared | _losses(task, matching=False) | dict(row))


def _das_meter() -> Iterator[tuple[RecipeTask, Recipe]]:
    rows = {
        RecipeTask.VQA: {"learning_rate": 2.5e-5, "head_multiplier": 50, "batch": 512, "image_size": 384},
        RecipeTask.NLVR2: {"learning_rate": 5e-5, "head_multiplier": 10, "batch": 256, "image_size": 288},
        RecipeTask.F30K: {"learning_rate": 5e-5, "batch": 512, "image_size": 384, "text_tokens": 40},
    }
    shared = {
        "source": DAS_CODE,
        "cross_multiplier": 5,
        "text_tokens": 50,
        "trained": (*DAS_TRAINED, "classifier token"),
        "beside": "bottleneck:96",
        "in_place": "bottleneck:288",
        "classifier_token": True,
        "search": DasSettings(skipped=4),
    }
    for task, row in rows.items():
        yield task, Recipe.model_validate(shared | _losses(task, matching=True) | row)


def _das_vilt() -> Iterator[tuple[RecipeTask, Recipe]]:
    """Losses as ViLT's code chooses them: no matching in retrieval."""
    rows = {
        RecipeTask.VQA: {"learning_rate": 1e-4, "head_multiplier": 10, "batch": 256},
        RecipeTask.NLVR2: {"learning_rate": 5e-4, "batch": 128},
        RecipeTask.F30K: {"learning_rate": 5e-4, "batch": 256},
    }
    shared = {
        "source": DAS_CODE,
        "image_size": 384,
        "text_tokens": 40,
        "trained": DAS_TRAINED,
        "beside": "bottleneck:96",
        "in_place": "bottleneck:192",
        "search": DasSettings(skipped=1),
    }
    for task, row in rows.items():
        yield task, Recipe.model_validate(shared | _losses(task, matching=False) | row)


def _double_filter(das: Mapping[RecipeTask, Recipe], *, after_block: int) -> Iterator[tuple[RecipeTask, Recipe]]:
    """A dropped sub-layer gets an adapter of 96, so that three equal the one of a layer that DAS skips in METER."""
    for task, published in das.items():
        patches = IpfSettings(after_block=after_block)
        yield (
            task,
            published.changed(source=DOUBLE_FILTER, in_place="bottleneck:96", patches=patches, search=AlfSettings()),
        )


def _routing() -> Iterator[tuple[RecipeTask, Recipe]]:
    """On its own backbones: ViT with RoBERTa or with GPT-2, LoRA of rank 128; an adapter has 64 in its VQA script."""
    shared = {
        "source": ROUTING_CODE,
        "epochs": 20,
        "betas": (0.9, 0.999),
        "weight_decay": 0.0,
        "image_size": 224,
        "beside": "routing-lora:128:add",
    }
    vqa = {"learning_rate": 3e-4, "batch": 512, "warmup": 0.05, "text_tokens": 20, "losses": (Loss.MEAN_SOFT_SCORES,)}
    coco = {"learning_rate": 3e-5, "batch": 40, "warmup": 5000, "text_tokens": 50, "losses": (Loss.TOKENS,)}
    yield RecipeTask.VQA, Recipe.model_validate(shared | vqa | {"trained": ("LoRA", "head")})
    yield RecipeTask.COCO_CAPTION, Recipe.model_validate(shared | coco | {"trained": ("LoRA", "block norms")})


def _twinsieve() -> Iterator[tuple[RecipeTask, Recipe]]:
    """A high rate for what starts near no effect, a lower one for the head, which is there already."""
    shared = {
        "source": TWINSIEVE,
        "learning_rate": 3e-3,
        "head_multiplier": 1 / 3,
        "batch": 32,
        "epochs": 2,
        "image_size": 48,
        "text_tokens": 13,
        "trained": ("modules", "pooler", "head", "classifier token"),
        "beside": "bottleneck:8",
        "in_place": "bottleneck:8",
    }
    for task in (RecipeTask.VQA, RecipeTask.NLVR2, *RETRIEVAL):
        own = _losses(task, matching=False) | ({"false_texts": 7} if task in RETRIEVAL else {})
        yield task, Recipe.model_validate(shared | own)


_DAS_METER, _DAS_VILT = dict(_das_meter()), dict(_das_vilt())
RECIPES: Mapping[str, Mapping[RecipeTask, Recipe]] = {
    "meter": dict(_meter()),
    "vilt": dict(_vilt()),
    "das-meter": _DAS_METER,
    "das-vilt": _DAS_VILT,
    "double-filter-meter": dict(_double_filter(_DAS_METER, after_block=METER_FILTER)),
    "double-filter-vilt": dict(_double_filter(_DAS_VILT, after_block=VILT_FILTER)),
    "routing": dict(_routing()),
    "twinsieve": dict(_twinsieve()),
}
