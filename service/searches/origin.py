"""`origin`: which files and which code a search's measurements come from, without torch."""

import hashlib
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from models.data.folders import DataFolders
from models.folders import Folders
from models.registry import DATASETS, BackboneEntry
from search.space_spec import NOTHING
from search.spec import SearchSpec

PACKAGES = ("twinsieve", "torch")


def origin(spec: SearchSpec, entry: BackboneEntry, folders: Folders) -> Mapping[str, object]:
    """Plain data that differs where a backbone, data or code differ under the same name.

    The backbone's files are read whole. Real data and foreground providers may be large: of them only names, sizes and
    times of change are looked at.

    Raises:
        ValueError: the data or the backbone's folder is not there.
    """
    looks = folders.foregrounds if spec.space.foreground != NOTHING else None
    return {
        "backbone": _digests(entry.path),
        "data": None if spec.data in DATASETS else _listing(DataFolders(folders.data).get(spec.data)),
        "foreground": None if looks is None else _listing(looks / spec.space.foreground),
        "versions": {name: version(name) for name in PACKAGES},
    }


def _digests(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file in `folder`, by name."""
    found = {}
    for path in sorted(each for each in folder.iterdir() if each.is_file()):
        with path.open("rb") as file:
            found[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def _listing(folder: Path) -> list[tuple[str, int, int]]:
    """Name, size and time of change (ns) of everything directly in `folder`; nothing of one that is built in."""
    if not folder.is_dir():
        return []
    entries = ((path.name, path.stat()) for path in sorted(folder.iterdir()))
    return [(name, stat.st_size, stat.st_mtime_ns) for name, stat in entries]
