"""The recipes have the published values, and are changed setting by setting."""

import subprocess
import sys

import pytest

from models.architecture import ModuleSpec
from models.costs.module_costs import check_module
from models.recipe import AlfSettings, DasSettings, IpfSettings, Loss, RecipeError, RecipeName
from models.recipes import RECIPES, recipe

TABLE = [  # name, task, learning rate, head x, cross x, batch, pixels, text tokens, epochs
    ("meter", "vqa", 5e-6, 50, 5, 512, 576, 50, 10),
    ("meter", "nlvr2", 1e-5, 10, 5, 256, 288, 50, 10),
    ("meter", "f30k", 5e-6, 5, 5, 512, 384, 40, 10),
    ("meter", "coco", 5e-6, 5, 5, 512, 384, 40, 10),
    ("vilt", "vqa", 1e-4, 10, 1, 256, 384, 40, 10),
    ("vilt", "nlvr2", 1e-4, 1, 1, 128, 384, 40, 10),
    ("vilt", "f30k", 1e-4, 1, 1, 256, 384, 40, 10),
    ("vilt", "coco", 1e-4, 1, 1, 256, 384, 40, 10),
    ("das-meter", "vqa", 2.5e-5, 50, 5, 512, 384, 50, 10),
    ("das-meter", "nlvr2", 5e-5, 10, 5, 256, 288, 50, 10),
    ("das-meter", "f30k", 5e-5, 1, 5, 512, 384, 40, 10),
    ("das-vilt", "vqa", 1e-4, 10, 1, 256, 384, 40, 10),
    ("das-vilt", "nlvr2", 5e-4, 1, 1, 128, 384, 40, 10),
    ("das-vilt", "f30k", 5e-4, 1, 1, 256, 384, 40, 10),
    ("double-filter-meter", "vqa", 2.5e-5, 50, 5, 512, 384, 50, 10),
    ("double-filter-meter", "nlvr2", 5e-5, 10, 5, 256, 288, 50, 10),
    ("double-filter-meter", "f30k", 5e-5, 1, 5, 512, 384, 40, 10),
    ("double-filter-vilt", "vqa", 1e-4, 10, 1, 256, 384, 40, 10),
    ("double-filter-vilt", "nlvr2", 5e-4, 1, 1, 128, 384, 40, 10),
    ("double-filter-vilt", "f30k", 5e-4, 1, 1, 256, 384, 40, 10),
    ("routing", "vqa", 3e-4, 1, 1, 512, 224, 20, 20),
    ("routing", "coco-caption", 3e-5, 1, 1, 40, 224, 50, 20),
    ("twinsieve", "vqa", 3e-3, 1 / 3, 1, 32, 48, 13, 2),
    ("twinsieve", "nlvr2", 3e-3, 1 / 3, 1, 32, 48, 13, 2),
    ("twinsieve", "f30k", 3e-3, 1 / 3, 1, 32, 48, 13, 2),
    ("twinsieve", "coco", 3e-3, 1 / 3, 1, 32, 48, 13, 2),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row[0]}-{row[1]}")
def test_published_values(row: tuple[str, str, float, float, float, int, int, int, int]) -> None:
    name, task, *values = row
    found = recipe(name, task)
    own = [found.learning_rate, found.head_multiplier, found.cross_multiplier, found.batch]
    assert [*own, found.image_size, found.text_tokens, found.epochs] == values
    assert found.bias_and_norm_weight_decay == 0
    if name != "routing":
        assert (found.warmup, found.decay, found.betas, found.weight_decay) == (0.1, "linear", (0.9, 0.98), 0.01)


def test_the_table_is_whole() -> None:
    assert [(name, str(task)) for name, tasks in RECIPES.items() for task in tasks] == [row[:2] for row in TABLE]
    assert list(RECIPES) == list(RecipeName)


def test_losses() -> None:
    assert {recipe(name, "vqa").losses for name in RECIPES if name != "routing"} == {(Loss.SOFT_SCORES,)}
    assert {recipe(name, "nlvr2").losses for name in RECIPES if name != "routing"} == {(Loss.CLASSES,)}
    with_matching = {name for name in RECIPES if name != "routing" and Loss.MATCHING in recipe(name, "f30k").losses}
    assert with_matching == {"meter", "das-meter", "double-filter-meter"}
    assert all(recipe(name, "f30k").false_texts == 15 for name in RECIPES if name not in ("routing", "twinsieve"))
    assert recipe("twinsieve", "f30k").false_texts == 7


def test_retrieval_is_trained_alike_on_both_data_sets() -> None:
    """A search knows the task alone."""
    for name in ("meter", "vilt", "twinsieve"):
        assert recipe(name, "coco") == recipe(name, "f30k")


def test_das() -> None:
    meter, vilt = recipe("das-meter", "vqa"), recipe("das-vilt", "vqa")
    assert meter.search == DasSettings(skipped=4, epochs=3, update_every=10, candidate_sets=3, step_size=1.0)
    assert vilt.search == DasSettings(skipped=1)
    assert (meter.beside, meter.in_place, meter.classifier_token) == ("bottleneck:96", "bottleneck:288", True)
    assert (vilt.beside, vilt.in_place, vilt.classifier_token) == ("bottleneck:96", "bottleneck:192", False)


def test_double_filter_is_named_our_design() -> None:
    for name, after_block in (("double-filter-meter", 11), ("double-filter-vilt", 2)):
        found = recipe(name, "vqa")
        assert "our design" in found.source
        assert found.search == AlfSettings(population=20, tournament=3, elitism=2, crossover=0.9)
        assert found.in_place == "bottleneck:96"
        expected = IpfSettings(ratio=0.7, foreground=0.7, coverage=0.5, confidence=0.25, after_block=after_block)
        assert found.patches == expected


def test_modules_can_be_built() -> None:
    for tasks in RECIPES.values():
        for found in tasks.values():
            for text, in_place in ((found.beside, False), (found.in_place, True)):
                if text is not None:
                    check_module(ModuleSpec.parse(text), in_place=in_place)


def test_settings_are_changed_one_by_one() -> None:
    published = recipe("das-meter", "vqa")
    changed = recipe("das-meter", "vqa", batch=64, search={"skipped": 2})
    assert changed.search == DasSettings(skipped=2)
    assert changed.batch == 64
    assert changed.changed(batch=512, search=published.search) == published
    assert recipe("das-meter", "vqa") == published
    other = recipe("das-meter", "vqa", search={"method": "alf", "population": 8})
    assert other.search == AlfSettings(population=8)


@pytest.mark.parametrize(
    ("name", "task", "settings", "message"),
    [
        ("albef", "vqa", {}, "no recipe 'albef'; there are meter, vilt"),
        ("das-vilt", "coco", {}, "recipe 'das-vilt' has no task 'coco'; it has vqa, nlvr2, f30k"),
        ("meter", "vqa", {"learning_rat": 1.0}, "learning_rat: Extra inputs are not permitted; it has source"),
        ("meter", "vqa", {"batch": 0}, "batch: Input should be greater than or equal to 1"),
        ("das-meter", "vqa", {"search": {"skiped": 1}}, r"search\.das\.skiped"),
    ],
)
def test_mistakes_are_named(name: str, task: str, settings: dict[str, object], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        recipe(name, task, **settings)


def test_recipes_need_no_torch() -> None:
    code = "import sys, models.recipes; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
