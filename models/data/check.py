"""What a folder holds and whether it can be used, part by part: the texts of all, the images of as many as asked."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from models.data.errors import BadExampleError, DataError, Reason
from models.data.found import FoundData, find_data
from models.data.kinds import FACTS
from models.data.opening import available, missing_part, open_part
from models.data.picture import read_picture
from models.data.record import Record
from models.data.seen import Seen
from models.data.skips import OnError, Skips

Report = Callable[[str, int, int], None]
"""Hears how many images of a part were looked at, and of how many."""


@dataclass(frozen=True, slots=True)
class PartReport:
    """One part: how many rows and texts it has, how many rows' images were decoded, what is wrong with some."""

    part: str
    rows: int
    texts: int
    examined: int
    skipped: dict[Reason, int]
    first: dict[Reason, str]
    error: str | None = None

    @property
    def damaged(self) -> int:
        """How many examined rows have an image that cannot be decoded."""
        return sum(self.skipped.get(reason, 0) for reason in (Reason.DAMAGED_IMAGE, Reason.LARGE_IMAGE))

    @property
    def missing(self) -> int:
        """How many rows were left out because an image is not there."""
        return self.skipped.get(Reason.MISSING_IMAGE, 0)


@dataclass(frozen=True, slots=True)
class DataReport:
    """One data set; `absent` parts are not there or not whole; `unusable` says what is needed and not readable."""

    folder: str
    kind: str
    format: str
    task: str
    parts: tuple[PartReport, ...]
    absent: tuple[str, ...]
    remarks: tuple[str, ...]
    unusable: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def check_folder(folder: Path, *, images: int | None, report: Report) -> list[DataReport]:
    """Every data set in `folder`.

    Args:
        folder: raw files or arrow files.
        images: how many rows of each part have their images decoded; None is all.
        report: hears of the progress.

    Raises:
        DataError: `folder` is no folder.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder")
    return [_check_data(found, images, report) for found in find_data(folder)]


def _check_data(found: FoundData, images: int | None, report: Report) -> DataReport:
    facts = FACTS[found.kind]
    pools = [available(found, pool) for pool in facts.pools if pool]
    drawn, seen = {name for pool in pools for name in pool}, Seen()
    parts = {
        name: _check_part(found, name, seen=seen if name in drawn else Seen(), images=images, report=report)
        for name in found.parts
    }
    unusable = [missing_part(found, name) for pool in pools for name in pool if name not in parts]
    unusable += [part.error for name, part in parts.items() if name in drawn and part.error]
    unusable = unusable or [f"nothing usable in {' and '.join(pool)}" for pool in pools if not _texts(parts, pool)]
    return DataReport(
        str(found.folder),
        found.kind,
        found.format,
        facts.task,
        tuple(parts.values()),
        tuple(name for name in facts.parts if name not in parts),
        () if unusable else tuple(_too_few(parts, pools)),
        tuple(unusable),
    )


def _too_few(parts: Mapping[str, PartReport], pools: Sequence[Sequence[str]]) -> Iterator[str]:
    """Two splits share the first pool; two the second one, where there is no third; see `DataSplits.draw`."""
    for pool, splits in zip(pools, (2, 1, 1) if len(pools) > 2 else (2, 2), strict=True):
        rows = sum(parts[name].rows for name in pool)
        if rows < splits:
            yield f"{' and '.join(pool)}: {rows} rows are too few for the {splits} splits drawn from them"


def _texts(parts: Mapping[str, PartReport], pool: Sequence[str]) -> int:
    return sum(parts[name].texts for name in pool)


def _check_part(found: FoundData, part: str, *, seen: Seen, images: int | None, report: Report) -> PartReport:
    skips = Skips(OnError.SKIP)
    texts = examined = rows = 0
    error = None
    try:
        opened = open_part(found, part, skips)
        rows = len(opened)
        total = rows if images is None else min(images, rows)
        for row, record in opened.each(skips):
            texts += len(record.lines)
            looked_at = row < total
            _examine(record, f"{found.kind} {part} row {row}", seen=seen, decode=looked_at, skips=skips)
            if looked_at:
                examined += 1
                report(f"{found.kind} {part}", examined, total)
    except DataError as failure:
        error = str(failure)
    return PartReport(part, rows, texts, examined, dict(skips.counts), dict(skips.first), error)


def _examine(record: Record, where: str, *, seen: Seen, decode: bool, skips: Skips) -> None:
    try:
        seen.check(record, where)
        for image in record.images if decode else ():
            read_picture(image)
    except BadExampleError as error:
        skips.meet(error)
