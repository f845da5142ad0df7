"""Flickr30k and COCO captions with Karpathy's splits: one JSON file, images in folders."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from models.data.errors import BadExampleError, Reason
from models.data.image_folder import ImageFolders
from models.data.json_items import items, value
from models.data.kinds import DataKind
from models.data.record import Line, Record
from models.data.skips import Skips

_FILES = {DataKind.F30K: "dataset_flickr30k.json", DataKind.COCO: "dataset_coco.json"}
_FOLDERS = {DataKind.F30K: ("flickr30k-images",), DataKind.COCO: ("train2014", "val2014")}
_COCO_FOLDERS = {"train": ("train2014",), "restval": ("val2014",), "val": ("val2014",), "test": ("val2014",)}


def files(folder: Path, kind: DataKind, part: str) -> list[Path]:
    """What a part consists of: the captions, which all parts share, and the folders of its images."""
    places = [folder / "karpathy" / _FILES[kind], folder / _FILES[kind]]
    captions = next((place for place in places if place.is_file()), places[0])
    folders = _COCO_FOLDERS[part] if kind is DataKind.COCO else _FOLDERS[kind]
    return [captions, *(folder / name for name in folders)]


def read(folder: Path, kind: DataKind, part: str, skips: Skips) -> Iterator[Record]:
    """The images of a part in the order of the file, each with its captions.

    Raises:
        DataError: a file cannot be read; with `on_error="raise"`, an entry cannot be used or an image is missing.
    """
    file = files(folder, kind, part)[0]
    images = ImageFolders(folder / name for name in _FOLDERS[kind])
    seen: set[str] = set()
    for place, item in enumerate(items(file, "images")):
        where = f"{file} images[{place}]"
        try:
            if value(item, "split", str, where=where) == part:
                yield _record(item, part, images, where=where, seen=seen)
        except BadExampleError as error:
            skips.meet(error)


def _record(item: Mapping[str, Any], part: str, images: ImageFolders, *, where: str, seen: set[str]) -> Record:
    name = value(item, "filename", str, where=where)
    if name in seen:
        message = f"{where}: {name} came before; remove one of them, or skip bad examples"
        raise BadExampleError(Reason.DUPLICATE, message)
    seen.add(name)
    sentences = value(item, "sentences", list, where=where)
    if not sentences:
        message = f"{where}: {name} has no sentences; mend the entry, or skip bad examples"
        raise BadExampleError(Reason.BAD_ENTRY, message)
    lines = tuple(Line(value(sentence, "raw", str, where=where)) for sentence in sentences)
    return Record(name, part, (images.image(name),), lines)
