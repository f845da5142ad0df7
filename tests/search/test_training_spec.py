"""What a search trains with: a recipe's settings for its task, setting by setting what a spec says instead."""

import subprocess
import sys
from typing import Any

import pytest

from models.recipe import Loss, RecipeName
from models.workload import TaskName
from search.spec import ProxySpec, SearchSpec, SpecError, parse_spec
from search.training_spec import Settings

OURS: dict[str, Any] = {
    "batch_size": 32,
    "learning_rate": 3e-3,
    "head_learning_rate": 1e-3,
    "cross_multiplier": 1.0,
    "warm_up": 0.1,
    "betas": (0.9, 0.98),
    "weight_decay": 0.01,
    "false_texts": 0,
}


def settings(**proxy: Any) -> dict[str, Any]:  # noqa: ANN401 - any setting
    task = proxy.pop("task", TaskName.VQA)
    return parse_spec({"task": task, "proxy": proxy}).proxy.model_dump(include=set(Settings.model_fields))


def test_without_a_recipe_the_numbers_are_ours() -> None:
    assert settings() == OURS | {"losses": (Loss.SOFT_SCORES,)}
    assert settings(task=TaskName.RETRIEVAL) == OURS | {"losses": (Loss.RANKING,), "false_texts": 7}
    spec = parse_spec({})
    assert spec == SearchSpec()
    assert spec.final.settings(spec.task) == spec.proxy.settings(spec.task)


def test_a_recipe_gives_its_own_for_the_task() -> None:
    vqa = settings(recipe="das-meter")
    assert (vqa["batch_size"], vqa["learning_rate"], vqa["cross_multiplier"]) == (512, 2.5e-5, 5)
    assert vqa["head_learning_rate"] == pytest.approx(50 * 2.5e-5)
    retrieval = settings(recipe="meter", task=TaskName.RETRIEVAL)
    assert retrieval["losses"] == (Loss.RANKING, Loss.MATCHING)
    assert retrieval["false_texts"] == 15
    routing = settings(recipe="routing")
    assert (routing["betas"], routing["weight_decay"], routing["warm_up"]) == ((0.9, 0.999), 0.0, 0.05)
    assert routing["losses"] == (Loss.MEAN_SOFT_SCORES,)


def test_what_is_said_holds_and_changes_nothing_else() -> None:
    said = {"learning_rate": 1e-4, "batch_size": 8, "betas": (0.8, 0.9), "weight_decay": 0.0, "warm_up": 0.5}
    assert settings(**said) == OURS | {"losses": (Loss.SOFT_SCORES,)} | said
    plain = settings(recipe="das-vilt", task=TaskName.RETRIEVAL)
    losses = (Loss.RANKING, Loss.MATCHING)
    changed = settings(recipe="das-vilt", task=TaskName.RETRIEVAL, losses=["ranking", "matching"], false_texts=3)
    assert changed == plain | {"losses": losses, "false_texts": 3}


@pytest.mark.parametrize("name", RecipeName)
@pytest.mark.parametrize("task", TaskName)
def test_a_stored_spec_says_every_number_and_is_read_back(name: RecipeName, task: TaskName) -> None:
    if name is RecipeName.ROUTING and task is not TaskName.VQA:
        with pytest.raises(SpecError, match=r"final: Value error, recipe 'routing' has no task .*; it has vqa"):
            parse_spec({"task": task, "final": {"recipe": name}})
        return
    spec = parse_spec({"task": task, "proxy": {"recipe": name}, "final": {"recipe": name, "steps": 7}})
    stored = spec.model_dump(mode="json")
    assert [key for key, value in stored["proxy"].items() if value is None] == ["pack"]  # which is no recipe's
    assert parse_spec(stored) == spec
    explicit = stored["proxy"] | {"recipe": "twinsieve"}  # the numbers alone mean the same
    again = parse_spec({"task": task, "proxy": explicit}).proxy
    assert again.settings(task) == spec.proxy.settings(task)


def test_a_stage_alone_leaves_the_recipe_open() -> None:
    assert ProxySpec().learning_rate is None
    assert ProxySpec().settings(TaskName.NLVR2).losses == (Loss.CLASSES,)


@pytest.mark.parametrize(
    ("proxy", "message"),
    [
        ({"recipe": "albef"}, "proxy.recipe: Input should be 'meter', 'vilt'"),
        ({"losses": ["classes"]}, "losses for vqa are soft-scores or mean-soft-scores, not classes"),
        ({"losses": []}, "not none"),
        ({"learning_rate": 0.0}, "proxy.learning_rate: Input should be greater than 0"),
        ({"warm_up": 1.0}, "proxy.warm_up: Input should be less than 1"),
        ({"betas": [0.9]}, "proxy.betas"),
        ({"epochs": 3}, "proxy.epochs: Extra inputs are not permitted"),
    ],
)
def test_mistakes_are_named(proxy: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        parse_spec({"proxy": proxy})


def test_no_torch_is_imported() -> None:
    code = "import sys, search.spec; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
