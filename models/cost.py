"""What an architecture costs, in closed form and without torch: MACs an example, parameters total and trainable."""

from dataclasses import dataclass
from typing import Protocol

from models.architecture import Architecture, PatchMode
from models.backbone_config import BackboneConfig
from models.plugins.backbone import plugin_of
from models.vilt_config import ViltConfig
from models.workload import Workload


@dataclass(frozen=True, slots=True)
class Parameters:
    """How many numbers a model holds, and how many of them a fine-tune changes."""

    total: int
    trainable: int


class CostModel(Protocol):
    """Costs of a backbone's architectures for one kind of example.

    MACs are multiply-accumulates of matrix products and convolutions; norms, activations, additions and look-ups are
    not counted, as is usual.
    """

    def macs(self, architecture: Architecture) -> int:
        """MACs of one example: every pass of the network, its modules, the foreground provider, then the head."""

    def parameters(self, architecture: Architecture) -> Parameters:
        """Parameters of the slim model with its head; trainable are modules, pooler and head."""


def cost_model(config: BackboneConfig, workload: Workload) -> CostModel:
    """The cost model of a backbone.

    Raises:
        ValueError: it is of no known kind.
    """
    from models.costs.meter_cost import MeterCost  # these import Parameters from here
    from models.costs.vilt_cost import ViltCost
    from models.meter_config import MeterConfig

    if (plugin := plugin_of(config)) is not None:
        return plugin.cost(config, workload)
    if isinstance(config, ViltConfig):
        return ViltCost(config, workload)
    if isinstance(config, MeterConfig):
        return MeterCost(config, workload)
    raise ValueError(f"no cost model for a {type(config).__name__}")


def looks_for_foreground(architecture: Architecture) -> bool:
    """Whether the architecture's patch filter asks the foreground provider, whose cost then counts."""
    patches = architecture.patches
    return patches is not None and patches.mode in (PatchMode.IPF, PatchMode.FOREGROUND_ONLY)
