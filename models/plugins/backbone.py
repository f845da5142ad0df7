"""`BackbonePlugin`: a network of another package, without torch; by entry points in `twinsieve.backbones`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.backbone_config import BackboneConfig
from models.meter_config import MeterConfig
from models.plugins.frame import check_frame
from models.plugins.installed import Found, PluginGroup, find
from models.vilt_config import ViltConfig

if TYPE_CHECKING:
    from models.cost import CostModel
    from models.workload import Workload

BUILT_IN = ("shapes-vilt", "shapes-meter")
OURS = "twinsieve-"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackbonePlugin:
    """A kind of backbone, and perhaps one with weights.

    Folders of weights whose `config.json` says `format` are of this kind; `config` is a frozen class of their sizes,
    which are numbers, and says by its type which network is built. `network` names ("package.module:attribute")
    what workers import: a class that is a `torch.nn.Module`, a `models.backbone.Backbone` and a
    `models.backbone.Machine`, made from a config and the `Architecture` that a slim one keeps, or None.
    """

    format: str
    config: type[BackboneConfig]
    cost: Callable[[Any, "Workload"], "CostModel"]  # without torch; the first argument is a `config`
    network: str
    frame: str = "vilt"  # in which pictures of real data are read; see `models.plugins.frame`
    folder: Path | None = None  # of weights that come with the package; they have the entry point's name

    def __post_init__(self) -> None:
        check_frame(self.frame)
        if self.format.startswith(OURS):
            raise ValueError(f"formats that begin with '{OURS}' are Twinsieve's own, such as {self.format!r}")
        if self.config in (ViltConfig, MeterConfig):
            raise ValueError(f"a {self.config.__name__} is Twinsieve's own; derive a class from it")


def backbone_plugins() -> Found[BackbonePlugin]:
    """Those of the installed packages."""
    return find(PluginGroup.BACKBONES, BackbonePlugin, taken=BUILT_IN)


def plugin_of(config: object) -> BackbonePlugin | None:
    """The plugin whose config this is; None for one of ours."""
    return next((each for each in backbone_plugins().usable.values() if each.config is type(config)), None)
