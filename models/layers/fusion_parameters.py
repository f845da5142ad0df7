"""Which trained parameters belong to METER's fusion encoder, which has a learning rate of its own."""

from collections.abc import Iterable, Iterator

from torch import nn

from models.architecture import Choice, Stack
from models.backbone_config import BackboneConfig

Carried = tuple[int, Choice, nn.Module | None]
"""A place, the choice there and the module it carries."""


def fusion_parameters(config: BackboneConfig, carried: Iterable[Carried], pooler: nn.Module) -> Iterator[nn.Parameter]:
    """The modules beside sub-layers that are kept in METER's fusion layers, and its pooler; none of a ViLT.

    As in METER's code, where the names of these contain `cross_modal`; DAS's adapters in place of skipped layers and
    its classifier token have other names there. Parts that several places share do not count (our design).
    """
    for place, choice, module in carried:
        if module is not None and choice.keep and config.sub_layers[place].stack in (Stack.TEXT, Stack.IMAGE):
            yield from module.parameters()
    if fused_encoder(config):
        yield from pooler.parameters()


def fused_encoder(config: BackboneConfig) -> bool:
    """Whether the backbone has a fusion encoder of two streams."""
    return any(each.stack is Stack.TEXT for each in config.sub_layers)
