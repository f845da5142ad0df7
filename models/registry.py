"""Backbones by name, without torch: the one that ships, and the folders under a configured root."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import cast

from models.meter_config import MeterConfig
from models.plugins.backbone import backbone_plugins
from models.vilt_config import ViltConfig
from models.workload import TaskName, Workload, classes_of

log = logging.getLogger(__name__)

SHIPPED = {f"shapes-{kind}": Path(__file__).parent / "shapes" / "weights" / kind for kind in ("vilt", "meter")}
FORMAT = "twinsieve-vilt/1"
METER_FORMAT = "twinsieve-meter/1"
DATASETS: Mapping[str, int] = MappingProxyType({"shapes": 1, "shapes-small": 8, "shapes-tiny": 32})
"""What is embedded, and by what the sizes of its splits are divided: for a quick look, and to see that all works."""
Config = ViltConfig | MeterConfig
"""Of one of ours, or of a plugin's kind: who holds one asks it no more than `models.backbone_config.BackboneConfig`."""
MOST_BLOCKS, MOST = 1_000, 1 << 20  # of a stack; of anything else


def _configs() -> Mapping[str, type[Config]]:
    """What a `config.json` describes, by its format."""
    configs: dict[str, type[Config]] = {FORMAT: ViltConfig, METER_FORMAT: MeterConfig}
    for name, plugin in backbone_plugins().usable.items():
        config = cast(type[Config], plugin.config)
        if configs.setdefault(plugin.format, config) is not config:
            log.warning("plugin '%s' is not asked for format '%s': it is another plugin's", name, plugin.format)
    return configs


CONFIGS = _configs()


class UnknownBackboneError(ValueError):
    """No backbone of that name is registered; the message lists those that are."""


@dataclass(frozen=True, slots=True)
class BackboneEntry:
    """A registered backbone: where its folder lies, its sizes, and the answers of its VQA head by label id.

    `heads` names the heads that it has; None where its `config.json` does not say.
    """

    name: str
    path: Path
    config: Config
    answers: tuple[str, ...]
    heads: tuple[str, ...] | None = None

    def workload(self, task: TaskName) -> Workload:
        """The largest example of `task`: a full text and a square image of the configured size."""
        size = self.config.image_size
        return Workload(
            task=task,
            text_tokens=self.config.max_text_length,
            image_height=size,
            image_width=size,
            answers=len(classes_of(task, self.answers)),
        )


def format_of(config: Config) -> str:
    """The name of our format for a backbone with that config."""
    return next(name for name, kind in CONFIGS.items() if type(config) is kind)


def read_entry(name: str, path: Path) -> BackboneEntry:
    """The backbone in a folder of our own format.

    Raises:
        ValueError: its `config.json` is missing, torn, or of another format.
    """
    file = path / "config.json"
    if file.exists() and not file.is_file():  # nobody writes into a pipe while we wait
        raise ValueError(f"backbone '{name}': {file.name} is no file")
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"backbone '{name}': cannot read {file.name}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:  # no JSON or no text; more digits, or deeper, than Python reads
        raise ValueError(f"backbone '{name}': {file.name} is no JSON: {error}") from None
    found = str(data.get("format")) if isinstance(data, dict) else type(data).__name__
    if found not in CONFIGS:
        expected = " or ".join(repr(known) for known in CONFIGS)
        raise ValueError(f"backbone '{name}': {file.name} has format {found!r}; expected {expected}")
    try:
        heads = None if data.get("heads") is None else tuple(data["heads"])
        config = CONFIGS[found].from_json(_sizes(data["backbone"]))
        return BackboneEntry(name, path, config, tuple(data["answers"]), heads)
    except (LookupError, AttributeError, TypeError, ArithmeticError, ValueError) as error:
        raise ValueError(f"backbone '{name}': {file.name} does not describe one: {error!r}") from None


def _sizes(data: Mapping[str, object]) -> Mapping[str, object]:
    """Of a backbone that somebody could have trained.

    Raises:
        ValueError: of none.
    """
    for key, value in data.items():
        most = MOST_BLOCKS if "blocks" in key or key == "depth" else MOST
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= most:
            raise ValueError(f"{key} is {value!r}; expected a number from 0 to {most}")
    return data


class BackboneRegistry:
    """Looks a backbone up by its name; a name is never a path."""

    def __init__(self, root: Path | None = None) -> None:
        own = {} if root is None else {path.parent.name: path.parent for path in sorted(root.glob("*/config.json"))}
        plugged = {name: each.folder for name, each in backbone_plugins().usable.items() if each.folder is not None}
        self._folders: Mapping[str, Path] = SHIPPED | plugged | own
        self._twice = plugged.keys() & own.keys()

    def names(self) -> tuple[str, ...]:
        """Every registered name."""
        return tuple(self._folders)

    def get(self, name: str) -> BackboneEntry:
        """The backbone called `name`.

        Raises:
            UnknownBackboneError: there is none.
            ValueError: its folder cannot be read.
        """
        if name not in self._folders:
            known = f"no backbone '{name}'; registered: {', '.join(self.names())}"
            raise UnknownBackboneError(backbone_plugins().problems.get(name, known))
        if name in self._twice:
            package = backbone_plugins().packages[name]
            raise ValueError(f"backbone '{name}' is a folder and comes with {package}, too: rename the folder")
        return read_entry(name, self._folders[name])
