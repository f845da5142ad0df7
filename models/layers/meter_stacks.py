"""Every sub-layer of a METER, by the place of its gene."""

from torch import nn

from models.architecture import Architecture, Stack
from models.layers.meter_sub_layers import SubLayer, build_sub_layer
from models.meter_config import MeterConfig


class Stacks(nn.ModuleDict):
    """Every sub-layer, as `<stack>.<block>.<kind>`; a slim model's are built as far as it holds them."""

    def __init__(self, config: MeterConfig, slim: Architecture) -> None:
        super().__init__()
        self.genes = config.sub_layers
        for stack in (Stack.TEXT, Stack.IMAGE, Stack.VISION, Stack.LANGUAGE):
            self[stack] = nn.ModuleList(nn.ModuleDict() for _ in range(config.sizes(stack).blocks))
        for gene, choice in zip(self.genes, slim.choices, strict=True):
            block = self.get_submodule(f"{gene.stack}.{gene.block}")
            block.add_module(gene.kind, build_sub_layer(gene, config.sizes(gene.stack), choice=choice))

    def at(self, place: int) -> SubLayer:
        """The sub-layer whose gene is at `place`."""
        found = self.get_submodule(str(self.genes[place]))
        assert isinstance(found, SubLayer)  # noqa: S101 - for the type alone
        return found
