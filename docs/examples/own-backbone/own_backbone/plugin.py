"""What Twinsieve finds by the entry point `quick-vilt`: folders of weights with this format are of this kind.

A network whose sub-layers or costs differ from a ViLT's brings a config with `models.backbone_config.BackboneConfig`'s
properties and a `models.cost.CostModel` of its own. Here both are those of a ViLT: only an activation differs.
"""

from dataclasses import dataclass

from models.costs.vilt_cost import ViltCost
from models.plugins.backbone import BackbonePlugin
from models.vilt_config import ViltConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class QuickViltConfig(ViltConfig):
    """The sizes of a ViLT whose FFNs have QuickGELU; a class of its own, as it says which network is built."""


PLUGIN = BackbonePlugin(
    format="quick-vilt/1",
    config=QuickViltConfig,
    cost=ViltCost,
    network="own_backbone.network:QuickVilt",
)
