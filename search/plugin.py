"""`AlgorithmPlugin`: a search algorithm of another package; its name is the entry point's, in `twinsieve.algorithms`.

It is found before the spec is known, so what it names is imported later: an entry point's module may import this one
and `search.frozen`, and nothing else of `search`.
"""

from dataclasses import dataclass
from enum import StrEnum

from models.plugins.installed import Found, PluginGroup, find
from search.frozen import Frozen

BUILT_IN = ("genetic", "steady", "nsga2", "nsga3", "random", "das", "ranked", "greedy", "no-skip")


class PluggedSpec(Frozen):
    """The settings of an algorithm of another package.

    A subclass narrows `name` to the entry point's, as a `Literal` that is its own default.
    """

    name: str


class Aims(StrEnum):
    """How many objectives an algorithm can have."""

    ONE = "one"  # accuracy, under the bounds
    SEVERAL = "several"
    ANY = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlgorithmPlugin:
    """An algorithm, which the API process must be able to build: it imports neither torch nor Ray.

    `algorithm` names ("package.module:attribute") a class below `search.ask_tell.AskTell`. It is called with the
    `SearchSpace` and the settings, and by keyword with `objectives`, `budget` (MACs of an example, or None),
    `candidates`, `rng`, `bounds` and `first_index`, as `search.random_search.RandomSearch` takes them. What it asks
    must follow from these and from what it was told: a search that was interrupted is replayed.
    """

    settings: type[PluggedSpec]
    algorithm: str
    aims: Aims = Aims.ONE


def algorithm_plugins() -> Found[AlgorithmPlugin]:
    """Those of the installed packages."""
    return find(PluginGroup.ALGORITHMS, AlgorithmPlugin, taken=BUILT_IN, fault=_fault)


def aimed(*aims: Aims) -> tuple[str, ...]:
    """The names of the plugins with one of these aims."""
    return tuple(name for name, plugin in algorithm_plugins().usable.items() if plugin.aims in aims)


def _fault(name: str, plugin: AlgorithmPlugin) -> str | None:
    said = plugin.settings.model_fields["name"].default
    return None if said == name else f"its settings have the name {said!r}; expected {name!r}"
