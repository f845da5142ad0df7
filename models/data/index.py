"""Every example of a data set by place: one per text about an image, or about a pair of images."""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.data.errors import BadExampleError, Reason
from models.data.record import Record
from models.data.seen import Seen
from models.data.skips import Skips
from models.data.source import Source
from models.workload import TaskName


@dataclass(frozen=True, slots=True)
class Index:
    """What a data set holds, without its texts and images.

    `pools` are the groups to train on, to judge by and to test on. A group is what must not be in two splits: an
    image, or NLVR2's set of images, from which several pairs are made. `places` (examples, 3) int32 are part, row and
    line; `groups` (examples,) int32 is the place of each one's group in all pools one after the other. `digest` is
    the SHA-256 of all keys with the number of their texts. Neither it nor the order of the examples, which is that of
    the keys, depends on the format of the files or on the order in them.
    """

    pools: tuple[tuple[str, ...], ...]
    places: NDArray[np.int32]
    groups: NDArray[np.int32]
    digest: str


def build_index(source: Source, answers: Container[str] | None, skips: Skips) -> Index:
    """Look at every text once; what is left out, `skips` says.

    Args:
        source: the data.
        answers: the answers that a question needs one of; None asks for none.
        skips: meets rows that cannot be read and identifiers that come twice.
    """
    seen = Seen()
    pools: list[tuple[str, ...]] = []
    keys, places, groups = [], [], []
    for parts in source.pools:
        number: dict[str, int] = {}
        before = sum(map(len, pools))
        for entry in sorted(_entries(source, parts, answers, seen=seen, skips=skips)):
            keys.append(f"{entry.key} {entry.texts}\n")
            group = before + number.setdefault(group_of(entry.key, source.parts[entry.part].task), len(number))
            places += [(entry.part, entry.row, line) for line in entry.lines]
            groups += [group] * len(entry.lines)
        pools.append(tuple(number))
    digest = sha256("".join([source.found.kind, "\n", *keys]).encode()).hexdigest()
    index = np.array(places, np.int32).reshape(-1, 3)
    return Index(tuple(pools), index, np.array(groups, np.int32), digest)


def group_of(key: str, task: TaskName) -> str:
    """What must not be in two splits: the image, or NLVR2's image set, `train-7` of the pair `train-7-0`."""
    return key.rpartition("-")[0] or key if task is TaskName.NLVR2 else key


def examples_of(record: Record, task: TaskName, skips: Skips, answers: Container[str] | None = None) -> Iterator[int]:
    """The places of the lines of `record` that are examples of `task`.

    A caption that repeats another of the same image is none, as in METER's and ViLT's data sets. With `answers`, nor
    is a question that nobody answered with one of them. What is left out is counted.
    """
    before: set[str] = set()
    for place, line in enumerate(record.lines):
        if task is TaskName.RETRIEVAL and line.text in before:
            skips.count(Reason.SAME_CAPTION, f"{record.name_of(place)}: {line.text!r}")
        elif answers is not None and not line.answers:
            skips.count(Reason.NO_TARGET, f"question {record.name_of(place)}")
        elif answers is not None and not any(answer.text in answers for answer in line.answers):
            skips.count(Reason.NO_LABEL, f"question {record.name_of(place)}")
        else:
            before.add(line.text)
            yield place


class _Entry(NamedTuple):
    """A row, in an order that its place in a file does not change."""

    key: str
    part: int
    row: int
    texts: int
    lines: tuple[int, ...]  # those that are examples


def _entries(
    source: Source, parts: tuple[int, ...], answers: Container[str] | None, *, seen: Seen, skips: Skips
) -> Iterator[_Entry]:
    for part in parts:
        rows = source.parts[part]
        for row, record in rows.each(skips):
            try:
                seen.check(record, f"{rows.source.name} row {row}")
            except BadExampleError as error:
                skips.meet(error)
            else:
                lines = tuple(examples_of(record, rows.task, skips, answers))
                yield _Entry(record.key, part, row, len(record.lines), lines)
