"""`TaskPlugin`: a task of another package, without torch. Its name is the entry point's, in `twinsieve.tasks`.

It is found before the tasks are known: an entry point's module may import this one, and nothing else of ours.
"""

from dataclasses import dataclass

from models.plugins.installed import Found, PluginGroup, find

BUILT_IN = ("vqa", "nlvr2", "retrieval")
MOST_IMAGES = 2  # backbones know a first and a second image


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPlugin:
    """One text about one or two images has one of several classes.

    Its head is a classifier over the pooled features of all images, as for NLVR2, so that its cost and its checkpoints
    are known. `rules` names ("package.module:attribute") what workers import: a `models.heads.Rules`, which has the
    loss and the scores.
    """

    classes: tuple[str, ...]  # their names by label id
    rules: str
    images: int = 1

    def __post_init__(self) -> None:
        if len(set(self.classes)) < max(len(self.classes), 2):
            raise ValueError(f"a task has two classes or more, each once, not {list(self.classes)}")
        if not 1 <= self.images <= MOST_IMAGES:
            raise ValueError(f"an example has 1 to {MOST_IMAGES} images, not {self.images}")


def task_plugins() -> Found[TaskPlugin]:
    """Those of the installed packages."""
    return find(PluginGroup.TASKS, TaskPlugin, taken=BUILT_IN, fault=_fault)


def _fault(name: str, plugin: TaskPlugin) -> str | None:
    del plugin
    return "a task's name has no dot: it names weights in checkpoints" if "." in name else None
