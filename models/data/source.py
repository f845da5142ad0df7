"""The parts of a data set that our splits draw from, opened."""

from dataclasses import dataclass
from pathlib import Path

from models.data.errors import LayoutError
from models.data.found import FoundData, find_data
from models.data.kinds import FACTS, kinds_of
from models.data.opening import available, missing_part, open_part
from models.data.rows import Rows
from models.data.skips import Skips
from models.workload import TaskName


@dataclass(frozen=True, slots=True)
class Source:
    """`pools` say which of `parts` are to train on, to judge by, and to test on; see `KindFacts`."""

    found: FoundData
    parts: tuple[Rows, ...]
    pools: tuple[tuple[int, ...], ...]


def choose_data(folder: Path, task: TaskName) -> FoundData:
    """The one data set in `folder` that `task` can use; arrow files are preferred to raw ones.

    Raises:
        LayoutError: there is none, or there are several.
    """
    kinds = kinds_of(task)
    found = {data.kind: data for data in reversed(find_data(folder)) if data.kind in kinds and data.parts}
    if not found:
        layouts = "\n".join(f"{kind}:\n{FACTS[kind].layout}" for kind in kinds)
        raise LayoutError(f"{folder} has no data for {task}; lay it out as one of\n{layouts}")
    if len(found) > 1:
        raise LayoutError(f"{folder} has {' and '.join(found)}, both for {task}; put them into two folders")
    return next(iter(found.values()))


def open_source(found: FoundData, skips: Skips) -> Source:
    """Everything of a data set that our splits need.

    Raises:
        DataError: a part is missing or cannot be read; with `on_error="raise"`, an entry of raw data.
    """
    pools = [available(found, pool) for pool in FACTS[found.kind].pools]
    names = [name for pool in pools for name in pool]
    if missing := [missing_part(found, name) for name in names if name not in found.parts]:
        raise LayoutError("; ".join(missing))
    parts = tuple(open_part(found, name, skips) for name in names)
    for pool in filter(None, pools):
        if not any(len(part) for part in parts if part.part in pool):
            raise LayoutError(f"{found.folder}: nothing usable in {found.kind} {' and '.join(pool)}; {skips}")
    return Source(found, parts, tuple(tuple(names.index(name) for name in pool) for pool in pools))
