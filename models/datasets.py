"""Data sets by name; a name is never a path."""

from models.batch import TaskData
from models.registry import DATASETS
from models.workload import TaskName


def open_data(name: str, task: TaskName) -> TaskData:
    """The examples of `task` in the data set called `name`.

    Raises:
        ValueError: there is no such data set.
    """
    if name not in DATASETS:
        raise ValueError(f"no data set '{name}'; registered: {', '.join(DATASETS)}")
    from models.shapes.dataset import ShapesData

    return ShapesData(task)
