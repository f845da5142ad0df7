"""Which trained parameters belong to METER's fusion encoder, which has a learning rate of its own."""

from collections.abc import Iterator

from torch import nn

from models.architecture import Architecture, Stack
from models.backbone import ModuleSet
from models.backbone_config import BackboneConfig


def fusion_parameters(
    config: BackboneConfig, architecture: Architecture, modules: ModuleSet, pooler: nn.Module
) -> Iterator[nn.Parameter]:
    """The modules beside sub-layers that are kept in METER's fusion layers, and its pooler; none of a ViLT.

    As in METER's code, where the names of these contain `cross_modal`; DAS's adapters in place of skipped layers and
    its classifier token have other names there. Parts that several places share do not count (our design).
    """
    places = zip(config.sub_layers, architecture.choices, strict=True)
    fused = [p for p, (each, choice) in enumerate(places) if each.stack in (Stack.TEXT, Stack.IMAGE) and choice.keep]
    carried = (modules.at(place) for place in fused)
    for owner in (*carried, pooler if fused_encoder(config) else None):
        if owner is not None:
            yield from owner.parameters()


def fused_encoder(config: BackboneConfig) -> bool:
    """Whether the backbone has a fusion encoder of two streams."""
    return any(each.stack is Stack.TEXT for each in config.sub_layers)
