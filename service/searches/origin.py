"""`origin`: which files and which code a search's measurements come from, without torch."""

import hashlib
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from models.data.folders import DataFolders
from models.folders import Folders
from models.plugins.backbone import backbone_plugins, plugin_of
from models.plugins.data import data_plugins
from models.plugins.installed import Found
from models.plugins.task import task_plugins
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
        "data": _data(spec.data, folders),
        "foreground": None if looks is None else _listing(looks / spec.space.foreground),
        "versions": {name: version(name) for name in PACKAGES} | _plugins(spec, entry),
    }


def _plugins(spec: SearchSpec, entry: BackboneEntry) -> dict[str, str]:
    """The packages, with their versions, that bring what the search names."""
    backbones = {name for name, each in backbone_plugins().usable.items() if each is plugin_of(entry.config)}
    named: Mapping[str, tuple[Found[object], set[str]]] = {
        "backbone": (backbone_plugins(), backbones),
        "data": (data_plugins(), {spec.data}),
        "task": (task_plugins(), {spec.task}),
    }
    return {
        f"{kind} {name}": found.packages[name]
        for kind, (found, names) in named.items()
        for name in names & found.usable.keys()
    }


def _data(name: str, folders: Folders) -> list[tuple[str, int, int]] | None:
    if name in DATASETS or name in data_plugins().usable:
        return None
    return _listing(DataFolders(folders.data).get(name))


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
