"""Plugins: what other installed packages bring by entry point, without torch; one that cannot be used is left out."""

import logging
import sys
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from itertools import groupby
from pkgutil import resolve_name
from re import fullmatch
from types import MappingProxyType
from typing import Any, Generic, TypeVar, cast

log = logging.getLogger(__name__)

Kind = TypeVar("Kind")
KindOf = TypeVar("KindOf", covariant=True)
NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
"""What a registered name looks like: never a path, so that a request cannot reach into the file system."""


class PluginGroup(StrEnum):
    """The groups of entry points that are looked at."""

    BACKBONES = "twinsieve.backbones"
    TASKS = "twinsieve.tasks"
    DATA = "twinsieve.data"
    ALGORITHMS = "twinsieve.algorithms"


class PluginError(ValueError):
    """A plugin cannot be used; the message says which, of which package, and why."""


@dataclass(frozen=True, slots=True)
class Found(Generic[KindOf]):
    """The plugins of a group by name: those that can be used, whose they are, and why the others are left out."""

    usable: Mapping[str, KindOf]
    packages: Mapping[str, str]  # name and version of the package that brings it
    problems: Mapping[str, str]


Fault = Callable[[str, Any], str | None]
"""What is wrong with a plugin of that name; None where nothing is."""


def find(group: PluginGroup, kind: type[Kind], *, taken: tuple[str, ...], fault: Fault | None = None) -> Found[Kind]:
    """Everything in `group`, loaded once in a process; each one that is left out is one line of the log.

    Args:
        group: of entry points.
        kind: what each must give.
        taken: names that are ours.
        fault: what else would be wrong with one.
    """
    return _found(group, cast(Hashable, kind), taken, fault)  # a class is, and mypy does not see it


@lru_cache
def _found(group: PluginGroup, kind: type[Any], taken: tuple[str, ...], fault: Fault | None) -> Found[Any]:
    usable: dict[str, Any] = {}
    packages: dict[str, str] = {}
    problems: dict[str, str] = {}
    for name, same in groupby(_sorted(group), key=lambda entry: entry.name):
        entries = list(same)
        packages[name] = " and ".join(map(_package, entries))
        try:
            usable[name] = _loaded(entries, kind, taken, fault)
        except PluginError as error:
            problems[name] = f"plugin '{name}' of {packages[name]} in {group} is left out: {error}"
            log.warning("%s", problems[name])
    return Found(MappingProxyType(usable), MappingProxyType(packages), MappingProxyType(problems))


def _sorted(group: PluginGroup) -> Iterator[EntryPoint]:
    yield from sorted(entry_points(group=group), key=lambda entry: (entry.name, _package(entry)))


def _package(entry: EntryPoint) -> str:
    return "an unnamed package" if entry.dist is None else f"{entry.dist.name} {entry.dist.version}"


def _loaded(entries: list[EntryPoint], kind: type[Kind], taken: tuple[str, ...], fault: Fault | None) -> Kind:
    entry = entries[0]
    if not fullmatch(NAME, entry.name):
        raise PluginError(f"a name is at most 64 letters, digits, dots, dashes and underscores, not {entry.name!r}")
    if entry.name in taken:
        raise PluginError("Twinsieve has one of that name; rename the entry point")
    if len(entries) > 1:
        raise PluginError("two packages bring that name; uninstall one of them")
    with_torch = "torch" in sys.modules
    try:
        made = entry.load()
    except Exception as error:  # whatever the import of another package raises
        raise PluginError(f"{entry.value} cannot be imported: {_one_line(error)}") from error
    if "torch" in sys.modules and not with_torch:
        raise PluginError(f"{entry.value} imports torch; leave that to the module that it names for the workers")
    if not isinstance(made, kind):
        raise PluginError(f"{entry.value} is a {type(made).__name__}; expected a {kind.__name__}")
    if fault is not None and (wrong := fault(entry.name, made)) is not None:
        raise PluginError(wrong)
    return made


def resolved(reference: str) -> Any:  # noqa: ANN401 - whatever the other package has there
    """What a plugin names as "package.module:attribute", imported now: the part that needs torch, or our own modules.

    Raises:
        PluginError: it cannot be imported.
    """
    try:
        return resolve_name(reference)
    except Exception as error:  # whatever the import of another package raises
        raise PluginError(f"a plugin names {reference!r}, which cannot be imported: {_one_line(error)}") from error


def _one_line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
