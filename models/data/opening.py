"""A part of a found data set as rows, whatever its format."""

from models.data.errors import LayoutError
from models.data.found import Format, FoundData, arrow_file
from models.data.kinds import FACTS, VAL_HALVES, DataKind
from models.data.mapped_table import MappedTable
from models.data.path_table import PathTable
from models.data.raw import raw_files, read_raw
from models.data.rows import Rows
from models.data.skips import Skips


def open_part(found: FoundData, part: str, skips: Skips) -> Rows:
    """The rows of one part: arrow files are mapped, raw ones read through once, without their images.

    Raises:
        DataError: the part is not there or cannot be read; with `on_error="raise"`, one of its entries.
    """
    task = FACTS[found.kind].task
    if part not in found.parts:
        raise LayoutError(missing_part(found, part))
    if found.format is Format.ARROW:
        return Rows(MappedTable(arrow_file(found.folder, found.kind, part), task), task=task, part=part)
    name = f"{raw_files(found.folder, found.kind, part)[0]} ({part})"
    records = read_raw(found.folder, found.kind, part, skips)
    return Rows(PathTable.of(records, task, name), task=task, part=part)


def available(found: FoundData, parts: tuple[str, ...]) -> tuple[str, ...]:
    """`parts` as they lie there.

    VQAv2's val may only be there as the two halves that METER and ViLT use, and COCO may lack restval, a part of what
    others train on.
    """
    halved = found.kind is DataKind.VQAV2 and "val" not in found.parts and set(VAL_HALVES) <= set(found.parts)
    there = [part for part in parts if part != "restval" or part in found.parts]
    return tuple(other for part in there for other in (VAL_HALVES if halved and part == "val" else (part,)))


def missing_part(found: FoundData, part: str) -> str:
    """What to say where a part is not there."""
    if found.format is Format.ARROW:
        return f"{arrow_file(found.folder, found.kind, part)} is missing; convert the raw data, or copy the file there"
    absent = ", ".join(map(str, found.missing.get(part, ())))
    return f"{found.kind} {part} is not whole: {absent} missing; lay it out as\n{FACTS[found.kind].layout}"
