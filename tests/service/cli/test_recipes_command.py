"""`twinsieve recipes` prints what the methods are set to."""

import yaml

from models.recipe import Recipe
from models.recipes import RECIPES, recipe
from tests.service.commands import Cli, assert_mistake


def test_a_table_of_all_and_of_one(cli: Cli) -> None:
    lines = [line.split() for line in cli("recipes").out.splitlines()]
    rows = [(line[0], line[1]) for line in lines if line and line[0] in RECIPES]
    assert set(rows) >= {(name, str(task)) for name, tasks in RECIPES.items() for task in tasks if len(name) < 9}
    out = cli("recipes", "vilt").out
    assert "0.0001" in out
    assert "das-vilt" not in out


def test_one_in_full_can_be_read_back(cli: Cli) -> None:
    assert Recipe.model_validate(yaml.safe_load(cli("recipes", "das-meter", "vqa").out)) == recipe("das-meter", "vqa")
    changed = cli("recipes", "das-meter", "vqa", "--set", "batch=64", "--set", "search.skipped=2").out
    assert Recipe.model_validate(yaml.safe_load(changed)) == recipe("das-meter", "vqa", batch=64, search={"skipped": 2})


def test_mistakes(cli: Cli) -> None:
    assert_mistake(cli("recipes", "albef"), "no recipe 'albef'; there are meter")
    assert_mistake(cli("recipes", "vilt", "chess"), "recipe 'vilt' has no task 'chess'")
    assert_mistake(cli("recipes", "vilt", "vqa", "--set", "batch"), "expected setting=value")
    assert_mistake(cli("recipes", "vilt", "vqa", "--set", "batch=]"), "is no YAML value")
    assert_mistake(cli("recipes", "vilt", "vqa", "--set", "batch=-1"), "greater than or equal to 1")
    assert_mistake(cli("recipes", "--set", "batch=1"), "give NAME and TASK")
