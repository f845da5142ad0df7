"""What can be used of what is installed, and the one line that each of the others gets."""

import logging
import sys
from pathlib import Path

import pytest

from models.plugins.installed import Found, PluginError, PluginGroup, resolved
from models.plugins.task import BUILT_IN, TaskPlugin, task_plugins
from models.workload import EMBEDDED_TASKS, TaskName, classes_of, images_of
from tests.models.plugins.packages import package

GOOD = """
from models.plugins.task import TaskPlugin
PLUGIN = TaskPlugin(classes=("no", "yes"), rules="good:RULES", images=2)
"""
TASKS = PluginGroup.TASKS


def found() -> Found[TaskPlugin]:
    return task_plugins()


def test_one_that_can_be_used(packages: Path, caplog: pytest.LogCaptureFixture) -> None:
    package(packages, "good", GOOD, {TASKS: {"yes-no": "good:PLUGIN"}}, version="2.1")
    tasks = found()
    assert tasks.usable["yes-no"].classes == ("no", "yes")
    assert tasks.packages["yes-no"] == "good 2.1"
    assert not tasks.problems
    assert not caplog.records


@pytest.mark.parametrize(
    ("name", "source", "value", "why"),
    [
        ("vqa", GOOD, "PLUGIN", "Twinsieve has one of that name; rename the entry point"),
        ("a.b", GOOD, "PLUGIN", "a task's name has no dot"),
        ("../vqa", GOOD, "PLUGIN", "a name is at most 64 letters, digits, dots, dashes and underscores, not '../vqa'"),
        ("odd", "import not_there", "PLUGIN", "cannot be imported: ModuleNotFoundError: No module named 'not_there'"),
        ("odd", "raise RuntimeError('two\\nlines')", "PLUGIN", "cannot be imported: RuntimeError: two lines"),
        ("odd", GOOD, "OTHER", "cannot be imported: AttributeError"),
        ("odd", "PLUGIN = {}", "PLUGIN", "is a dict; expected a TaskPlugin"),
        ("odd", GOOD.replace('("no", "yes")', '("no",)'), "PLUGIN", "a task has two classes or more, each once"),
        ("odd", GOOD.replace("images=2", "images=3"), "PLUGIN", "an example has 1 to 2 images, not 3"),
    ],
)
def test_one_that_is_left_out(
    packages: Path, caplog: pytest.LogCaptureFixture, name: str, source: str, value: str, why: str
) -> None:
    package(packages, "bad", source, {TASKS: {name: f"bad:{value}"}})
    sys.modules.pop("bad", None)
    with caplog.at_level(logging.WARNING):
        tasks = found()
        found()
    assert name not in tasks.usable
    assert tasks.problems[name].startswith(f"plugin '{name}' of bad 1.0 in twinsieve.tasks is left out: ")
    assert why in tasks.problems[name]
    assert [record.getMessage() for record in caplog.records] == [tasks.problems[name]]  # once, on one line
    assert "\n" not in tasks.problems[name]
    sys.modules.pop("bad", None)


def test_two_of_one_name(packages: Path) -> None:
    package(packages, "one", GOOD, {TASKS: {"same": "one:PLUGIN"}})
    package(packages, "two", GOOD, {TASKS: {"same": "two:PLUGIN"}})
    tasks = found()
    assert "same" not in tasks.usable
    assert (
        "of one 1.0 and two 1.0 in twinsieve.tasks is left out: two packages bring that name" in tasks.problems["same"]
    )


def test_one_that_would_bring_torch_into_the_api(packages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package(packages, "heavy", f"import sys\nsys.modules['torch'] = sys\n{GOOD}", {TASKS: {"heavy": "heavy:PLUGIN"}})
    monkeypatch.setitem(sys.modules, "torch", sys)  # so that what was there is put back
    monkeypatch.delitem(sys.modules, "torch")
    assert "heavy:PLUGIN imports torch; leave that to the module" in found().problems["heavy"]


def test_what_one_names_is_imported_when_it_is_needed(packages: Path) -> None:
    package(packages, "later", "VALUE = 7", {})
    assert resolved("later:VALUE") == 7
    with pytest.raises(PluginError, match=r"names 'later:MISSING', which cannot be imported: AttributeError"):
        resolved("later:MISSING")


def test_without_plugins_there_are_our_tasks() -> None:
    assert tuple(EMBEDDED_TASKS) == BUILT_IN
    assert set(TaskName) - set(EMBEDDED_TASKS) == set(task_plugins().usable)
    assert [images_of(task) for task in EMBEDDED_TASKS] == [1, 2, 1]
    assert [classes_of(task, ("a", "b")) for task in EMBEDDED_TASKS] == [("a", "b"), ("false", "true"), ()]
