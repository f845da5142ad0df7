"""Data sets by name: the embedded world's, those of plugins, those in folders under a configured root.

A name is never a path.
"""

from dataclasses import replace
from typing import cast

from models.batch import TaskData
from models.data.folders import DataFolders
from models.data.reading import Reading
from models.data.real import RealData, SplitChoice
from models.data.skips import OnError
from models.foreground.look import Look
from models.plugins.data import DataPlugin, data_plugins
from models.plugins.installed import resolved
from models.registry import DATASETS
from models.shapes.dataset import SIZES, ShapesData
from models.workload import EMBEDDED_TASKS, TaskName


def open_data(
    name: str,
    task: TaskName,
    *,
    folders: DataFolders | None = None,
    reading: Reading | None = None,
    choice: SplitChoice | None = None,
    look: Look | None = None,
    on_error: OnError = OnError.RAISE,
) -> TaskData:
    """The examples of `task` in the data set called `name`.

    Args:
        name: an embedded data set, one of a plugin, or a folder of real data.
        task: what its examples ask.
        folders: where real data lies.
        reading: how the backbone wants real data; the embedded world brings its own tokenizer and pixels.
        choice: how real data is split, and where that is written down; a plugin splits its own.
        look: who says what is foreground in its images; nobody without one.
        on_error: what a bad example of real data does.

    Raises:
        ValueError: there is no such data set, or it cannot be used for `task`.
    """
    real, plugins = folders or DataFolders(), data_plugins().usable
    if name not in DATASETS and name not in plugins and name not in real:
        raise ValueError(f"no data set '{name}'; registered: {', '.join((*DATASETS, *plugins, *real.names()))}")
    if name in DATASETS:
        return _embedded(name, task, look)
    if reading is None:
        raise ValueError(f"data set '{name}' is real: it needs a backbone's tokenizer and image transform to be read")
    reading = replace(reading, look=look or reading.look)
    if name in plugins:
        return _plugged(name, plugins[name], task, reading)
    return RealData.open(real.get(name), task, reading, choice=choice or SplitChoice(), on_error=on_error)


def _embedded(name: str, task: TaskName, look: Look | None) -> ShapesData:
    if task not in EMBEDDED_TASKS:
        raise ValueError(f"data set '{name}' has no examples for '{task}'; it has {', '.join(EMBEDDED_TASKS)}")
    return ShapesData(task, sizes={split: size // DATASETS[name] for split, size in SIZES.items()}, look=look)


def _plugged(name: str, plugin: DataPlugin, task: TaskName, reading: Reading) -> TaskData:
    if task not in plugin.tasks:
        raise ValueError(f"data set '{name}' has no examples for '{task}'; it has {', '.join(plugin.tasks)}")
    return cast(TaskData, resolved(plugin.examples)(task, reading))
