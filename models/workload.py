"""What one example of a task asks of a network: the sizes that its cost depends on."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from models.plugins.task import BUILT_IN, task_plugins


class TaskName(StrEnum):
    """The downstream tasks: ours, then those of plugins."""

    VQA = "vqa"
    NLVR2 = "nlvr2"
    RETRIEVAL = "retrieval"
    vars().update({f"plugin_{name}": name for name in task_plugins().usable})  # as the manual of enum makes members


EMBEDDED_TASKS = tuple(map(TaskName, BUILT_IN))
"""Those that the embedded world and folders of real data have examples for."""
TRUTH = ("false", "true")


def images_of(task: TaskName) -> int:
    """How many images an example has."""
    plugin = task_plugins().usable.get(task)
    return plugin.images if plugin is not None else 2 if task is TaskName.NLVR2 else 1


def classes_of(task: TaskName, answers: Sequence[str]) -> tuple[str, ...]:
    """The names of the classes of a task, by label id: VQA has `answers`, retrieval none."""
    if (plugin := task_plugins().usable.get(task)) is not None:
        return plugin.classes
    return {TaskName.VQA: tuple(answers), TaskName.NLVR2: TRUTH}.get(task, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """The shape of one example, padding included; lengths in tokens, image sizes in pixels.

    A retrieval example is one (image, text) pair; NLVR2 runs the network once for each of its two images.
    """

    task: TaskName
    text_tokens: int
    image_height: int
    image_width: int
    answers: int = 0  # classes of VQA and of tasks of plugins; the others have a head of fixed size
    foreground_macs: int = 0  # of the foreground provider, per image
    foreground_parameters: int = 0

    @property
    def passes(self) -> int:
        """How often the network runs for one example."""
        return images_of(self.task)
