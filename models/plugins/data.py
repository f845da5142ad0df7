"""`DataPlugin`: a data set of another package, without torch. Its name is the entry point's, in `twinsieve.data`."""

from dataclasses import dataclass

from models.plugins.frame import check_frame
from models.plugins.installed import Found, PluginGroup, find
from models.registry import DATASETS
from models.workload import TaskName


@dataclass(frozen=True, slots=True, kw_only=True)
class DataPlugin:
    """Examples for some tasks.

    `examples` names ("package.module:attribute") what workers import and call with a `TaskName` and a
    `models.data.reading.Reading`, which holds the backbone's tokenizer and image transform; it returns a
    `models.batch.TaskData`, such as `models.data.plain.PlainData`.
    """

    tasks: tuple[str, ...]
    examples: str
    answers: tuple[str, ...] = ()  # of VQA, by label id
    frame: str | None = None  # in which pictures are read; None: as real ones are for the backbone

    def __post_init__(self) -> None:
        check_frame(self.frame)


def data_plugins() -> Found[DataPlugin]:
    """Those of the installed packages."""
    return find(PluginGroup.DATA, DataPlugin, taken=tuple(DATASETS), fault=_fault)


def _fault(name: str, plugin: DataPlugin) -> str | None:
    del name
    able = [str(task) for task in TaskName if task is not TaskName.RETRIEVAL]
    if not plugin.tasks or not set(plugin.tasks) <= set(able):
        return f"data of a plugin is for {', '.join(able)}, not for {', '.join(plugin.tasks) or 'nothing'}"
    if TaskName.VQA in plugin.tasks and not plugin.answers:
        return "it is for vqa and names no answers"
    return None
