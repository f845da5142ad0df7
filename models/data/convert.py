"""Raw data sets as arrow files, which open at once and need no small files."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from models.data.answers import VOCABULARY_FILE
from models.data.arrow_writer import write_arrow
from models.data.errors import LayoutError
from models.data.found import Format, FoundData, arrow_file, find_data
from models.data.kinds import FACTS, VAL_HALVES, DataKind
from models.data.mapped_table import MappedTable
from models.data.raw import read_raw
from models.data.raw_vqa import vocabulary
from models.data.record import Record
from models.data.rows import Rows
from models.data.skips import Skips
from models.data.whole_file import whole_file

REST_VAL = 1000  # images of VQAv2's val that METER and ViLT do not train on

Report = Callable[[Path, int], None]
"""Hears of each file how many records it has so far."""


def convert(folder: Path, to: Path, *, skips: Skips, report: Report) -> dict[Path, int]:
    """Write every whole part of every raw data set in `folder`; the records of each file.

    VQAv2's val is also written as the two halves that METER and ViLT read, the last 1000 images apart; theirs were
    shuffled without a seed, so which images these are is not reproducible. Its vocabulary is written beside.

    Raises:
        DataError: there is no raw data, or a file cannot be read; unless bad examples are skipped, one is bad.
        OSError: a file cannot be written.
    """
    raw = [found for found in find_data(folder) if found.format is Format.RAW and found.parts]
    if not raw:
        layouts = "\n".join(f"{kind}:\n{facts.layout}" for kind, facts in FACTS.items())
        raise LayoutError(f"{folder} has no raw data set that is whole; lay it out as one of\n{layouts}")
    written: dict[Path, int] = {}
    for found in raw:
        for part in found.parts:
            records = read_raw(folder, found.kind, part, skips)
            file = arrow_file(to, found.kind, part)
            written[file] = write_arrow(file, _reported(records, file, report), FACTS[found.kind].task, skips)
        if found.kind is DataKind.VQAV2:
            written |= _vqa_extras(found, to, skips, report)
    return written


def _vqa_extras(found: FoundData, to: Path, skips: Skips, report: Report) -> dict[Path, int]:
    if {"train", "val"} <= set(found.parts):
        with whole_file(to / VOCABULARY_FILE) as opened:
            opened.write(json.dumps(vocabulary(found.folder).answers).encode())
    if "val" not in found.parts:
        return {}
    task = FACTS[found.kind].task
    val = Rows(MappedTable(arrow_file(to, found.kind, "val"), task), task=task, part="val")
    cut = max(0, len(val) - REST_VAL)
    written = {}
    for half, rows in zip(VAL_HALVES, (range(cut), range(cut, len(val))), strict=True):
        file = arrow_file(to, found.kind, half)
        written[file] = write_arrow(file, _reported((val[row] for row in rows), file, report), task, skips)
    return written


def _reported(records: Iterator[Record], file: Path, report: Report) -> Iterator[Record]:
    for count, record in enumerate(records, 1):
        yield record
        report(file, count)
