"""Which of a checkpoint's heads a task can start from, without torch."""

from collections.abc import Container

from models.workload import TaskName

ITM_HEAD = "itm"  # image-text matching, from pre-training: two classes, row 1 is "they match"


def has_start(heads: Container[str], task: TaskName) -> bool:
    """Whether heads of these names hold one for `task`: its own, or for retrieval that of image-text matching."""
    return task in heads or (task is TaskName.RETRIEVAL and ITM_HEAD in heads)
