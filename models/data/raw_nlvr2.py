"""NLVR2 as its authors publish it: statements in JSON lines, pairs of images in folders."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from models.data.errors import BadExampleError, Reason
from models.data.image_folder import ImageFolders
from models.data.json_items import lines, value
from models.data.record import Line, Record
from models.data.skips import Skips

_TRUTH = {"True": True, "False": False}


def files(folder: Path, part: str) -> list[Path]:
    """What a part consists of: its statements, the folder of its images."""
    images = folder / "images" / "train" if part == "train" else folder / part.rpartition("_")[2]
    return [_statements(folder, part), images]


def read(folder: Path, part: str, skips: Skips) -> Iterator[Record]:
    """The image pairs of a part in the order of the file, each with its statements.

    Raises:
        DataError: a file cannot be read; with `on_error="raise"`, an entry cannot be used or an image is missing.
    """
    statements, images = files(folder, part)
    folders: dict[Path, ImageFolders] = {}
    for pair, (directory, about) in _by_pair(statements, skips).items():
        path = images / directory
        if path not in folders:
            folders[path] = ImageFolders([path])
        try:
            both = tuple(folders[path].image(f"{pair}-img{place}.png") for place in (0, 1))
        except BadExampleError as error:
            skips.meet(error)
        else:
            yield Record(pair, part, both, tuple(about))


def _statements(folder: Path, part: str) -> Path:
    """The file of a part: in a clone of the authors' repository, in its `data` folder, or on top."""
    inside = Path(part.partition("_")[0] if "_" in part else "") / f"{part}.json"
    places = [folder / "nlvr2" / "data" / inside, folder / "data" / inside, folder / inside]
    return next((place for place in places if place.is_file()), places[0])


def _by_pair(file: Path, skips: Skips) -> dict[str, tuple[str, list[Line]]]:
    """For each pair, the folder of its images below the part's own, and its statements."""
    seen: set[str] = set()
    pairs: dict[str, tuple[str, list[Line]]] = {}
    for number, item in enumerate(lines(file), 1):
        where = f"{file} statement {number}"
        try:
            identifier = value(item, "identifier", str, where=where)
            if identifier in seen:
                message = f"{where}: {identifier} came before; remove one of them, or skip bad examples"
                raise BadExampleError(Reason.DUPLICATE, message)
            seen.add(identifier)
            line, directory = _line(item, where), _directory(item, identifier, where)
            pairs.setdefault(identifier.rpartition("-")[0], (directory, []))[1].append(line)
        except BadExampleError as error:
            skips.meet(error)
    return pairs


def _line(item: Mapping[str, Any], where: str) -> Line:
    label = value(item, "label", str, where=where)
    if label not in _TRUTH:
        message = f"{where}: expected label 'True' or 'False', got {label!r:.80}; mend it, or skip bad examples"
        raise BadExampleError(Reason.BAD_ENTRY, message)
    return Line(value(item, "sentence", str, where=where), truth=_TRUTH[label])


def _directory(item: Mapping[str, Any], identifier: str, where: str) -> str:
    """Only images of the training part lie in numbered folders."""
    return str(value(item, "directory", int, where=where)) if identifier.startswith("train") else ""
