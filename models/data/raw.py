"""Raw data sets by kind: which files a part consists of, and its records."""

from collections.abc import Iterator
from pathlib import Path

from models.data import raw_captions, raw_nlvr2, raw_vqa
from models.data.kinds import DataKind
from models.data.record import Record
from models.data.skips import Skips


def raw_files(folder: Path, kind: DataKind, part: str) -> list[Path]:
    """The files and image folders that a part of a raw data set consists of, present or not."""
    if kind is DataKind.VQAV2:
        return raw_vqa.files(folder, part)
    if kind is DataKind.NLVR2:
        return raw_nlvr2.files(folder, part)
    return raw_captions.files(folder, kind, part)


def read_raw(folder: Path, kind: DataKind, part: str, skips: Skips) -> Iterator[Record]:
    """The records of a part of a raw data set; images are read when asked for.

    Raises:
        DataError: a file cannot be read; with `on_error="raise"`, an entry cannot be used or an image is missing.
    """
    if kind is DataKind.VQAV2:
        return raw_vqa.read(folder, part, skips)
    if kind is DataKind.NLVR2:
        return raw_nlvr2.read(folder, part, skips)
    return raw_captions.read(folder, kind, part, skips)
