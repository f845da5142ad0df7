"""Data sets by name; a name is never a path."""

from models.batch import TaskData
from models.registry import DATASETS
from models.shapes.dataset import SIZES, ShapesData
from models.workload import TaskName


def open_data(name: str, task: TaskName) -> TaskData:
    """The examples of `task` in the data set called `name`.

    Raises:
        ValueError: there is no such data set.
    """
    if name not in DATASETS:
        raise ValueError(f"no data set '{name}'; registered: {', '.join(DATASETS)}")
    if name == "shapes-small":
        return ShapesData(task, sizes={split: size // 8 for split, size in SIZES.items()})
    return ShapesData(task)
