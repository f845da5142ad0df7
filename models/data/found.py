"""Which data sets a folder holds, raw or as arrow files, seen from its file names alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from models.data.kinds import FACTS, VAL_HALVES, DataKind
from models.data.raw import raw_files


class Format(StrEnum):
    """How a data set is stored."""

    ARROW = "arrow"
    RAW = "raw"


@dataclass(frozen=True, slots=True)
class FoundData:
    """A data set in a folder; `missing` names, for each part of which only some files are there, the others."""

    folder: Path
    kind: DataKind
    format: Format
    parts: tuple[str, ...]
    missing: Mapping[str, tuple[Path, ...]]


def find_data(folder: Path) -> tuple[FoundData, ...]:
    """The data sets in `folder`; one that is there in both formats comes twice, as arrow files first."""
    found = []
    for kind in DataKind:
        if arrow := tuple(part for part in arrow_parts(kind) if arrow_file(folder, kind, part).is_file()):
            found.append(FoundData(folder, kind, Format.ARROW, arrow, {}))
        if (raw := _find_raw(folder, kind)) is not None:
            found.append(raw)
    return tuple(found)


def arrow_file(folder: Path, kind: DataKind, part: str) -> Path:
    """Where METER and ViLT have a part."""
    return folder / f"{FACTS[kind].stem}_{part}.arrow"


def arrow_parts(kind: DataKind) -> tuple[str, ...]:
    """The parts of which there may be arrow files."""
    return FACTS[kind].parts + (VAL_HALVES if kind is DataKind.VQAV2 else ())


def _find_raw(folder: Path, kind: DataKind) -> FoundData | None:
    files = {part: raw_files(folder, kind, part) for part in FACTS[kind].parts}
    absent = {part: tuple(file for file in needed if not file.exists()) for part, needed in files.items()}
    if not any(needed[0].exists() for needed in files.values()):  # image folders alone are no data set
        return None
    whole = tuple(part for part, missing in absent.items() if not missing)
    missing = {part: files for part, files in absent.items() if files}
    return FoundData(folder, kind, Format.RAW, whole, missing)
