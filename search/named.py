"""What a spec names besides its backbone: data, foreground, score; checked without opening more than it takes."""

from collections.abc import Sequence

from models.data.folders import DataFolders
from models.data.source import choose_data
from models.folders import NOWHERE, Folders
from models.foreground.cost import foreground_cost
from models.head_answers import HeadAnswers, answers_on, data_answers
from models.known_heads import has_start
from models.plugins.data import data_plugins
from models.registry import DATASETS, BackboneEntry
from models.scores.names import ScoreName
from models.shapes.question import ANSWERS
from models.workload import EMBEDDED_TASKS, TaskName
from search.algorithm_spec import training_free_score
from search.spec import SearchSpec, SpecError

TOKENIZER = "tokenizer.json"


def check_named(spec: SearchSpec, entry: BackboneEntry, folders: Folders) -> None:
    """Refuse data, a foreground or a score that are not there or cannot be used with this backbone and task.

    Raises:
        SpecError: which of them, and why.
    """
    try:
        foreground_cost(spec.space.foreground, folders.foregrounds)
    except ValueError as error:
        raise SpecError(f"space.foreground: {error}") from None
    _check_data(spec, entry, folders)
    score = training_free_score(spec.algorithm)
    if score is not None and score.needs_head:
        _check_head(spec, score, entry, folders)


def head_answers(spec: SearchSpec, entry: BackboneEntry, folders: Folders = NOWHERE) -> HeadAnswers:
    """The answers of a VQA search by label id: the embedded world's, or as `answers_on` says.

    Raises:
        ValueError: there is no such data, or its answers do not fit the backbone's head.
    """
    if spec.data in DATASETS:
        return HeadAnswers(ANSWERS, own=entry.answers == ANSWERS)
    if (plugin := data_plugins().usable.get(spec.data)) is not None:
        return answers_on(entry.answers, plugin.answers, backbone=entry.name)
    return answers_on(entry.answers, data_answers(DataFolders(folders.data).get(spec.data)), backbone=entry.name)


def _check_data(spec: SearchSpec, entry: BackboneEntry, folders: Folders) -> None:
    plugin, real = data_plugins().usable.get(spec.data), DataFolders(folders.data)
    if spec.data in DATASETS:
        _check_task(spec, EMBEDDED_TASKS)
    elif plugin is not None and spec.data in real:
        package = data_plugins().packages[spec.data]
        raise SpecError(f"data: '{spec.data}' is a folder and comes with {package}, too: rename the folder")
    elif plugin is not None or spec.data in real:
        _check_task(spec, EMBEDDED_TASKS if plugin is None else plugin.tasks)
        _check_read(spec, entry, folders)
    elif (problem := data_plugins().problems.get(spec.data)) is not None:
        raise SpecError(f"data: {problem}")
    else:
        names = (*DATASETS, *data_plugins().usable, *real.names())
        raise SpecError(f"data: no data set '{spec.data}'; registered: {', '.join(names)}")


def _check_task(spec: SearchSpec, able: Sequence[str]) -> None:
    if spec.task not in able:
        raise SpecError(f"data: '{spec.data}' has no examples for task '{spec.task}'; it has {', '.join(able)}")


def _check_read(spec: SearchSpec, entry: BackboneEntry, folders: Folders) -> None:
    if not (entry.path / TOKENIZER).is_file():
        raise SpecError(f"data: '{spec.data}' is read with a backbone's {TOKENIZER}; '{entry.name}' has none")
    try:
        if spec.data not in data_plugins().usable:
            choose_data(DataFolders(folders.data).get(spec.data), spec.task)
        if spec.task is TaskName.VQA:
            head_answers(spec, entry, folders)
    except ValueError as error:
        raise SpecError(f"data: {error}") from None


def _check_head(spec: SearchSpec, score: ScoreName, entry: BackboneEntry, folders: Folders) -> None:
    """Where the backbone's folder does not list its heads, the worker that opens them finds out."""
    fits = spec.task is not TaskName.VQA or head_answers(spec, entry, folders).own
    if fits and (entry.heads is None or has_start(entry.heads, spec.task)):
        return
    able = " or ".join(f"'{each}'" for each in ScoreName if not each.needs_head)
    raise SpecError(
        f"algorithm: score '{score}' asks a trained head for {spec.task}, and backbone '{entry.name}' has none for "
        f"this data: use {able}"
    )
