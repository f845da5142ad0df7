"""A toy backbone with a sub-layer of every kind in every stack, of three widths, and what a module there is given."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import Tensor, nn

from models.architecture import Architecture, Choice, ModuleSpec, Stack, SubLayer, SubLayerKind
from models.backbone import Backbone
from models.costs.site import Site
from models.modules.base import Context, TrainableModule
from models.modules.build import Modules, build_modules

WIDTHS = {Stack.VISION: 16, Stack.LANGUAGE: 20}  # the others are as wide as the backbone
HIDDEN, TEXT_TOKENS, IMAGE_TOKENS = 12, 3, 5
MSA, CA, FFN = SubLayerKind.SELF_ATTENTION, SubLayerKind.CROSS_ATTENTION, SubLayerKind.FFN
KINDS_OF = {
    Stack.JOINT: (MSA, FFN),
    Stack.TEXT: (MSA, CA, FFN),
    Stack.IMAGE: (MSA, CA, FFN),
    Stack.VISION: (MSA, FFN),
    Stack.LANGUAGE: (MSA, FFN),
}
SUB_LAYERS = tuple(
    SubLayer(block, kind, stack) for stack, kinds in KINDS_OF.items() for block in range(2) for kind in kinds
)


def width_of(sub_layer: SubLayer) -> int:
    return WIDTHS.get(sub_layer.stack, HIDDEN)


@dataclass(frozen=True)
class ToyConfig:
    hidden_size: int = HIDDEN
    sub_layers: tuple[SubLayer, ...] = SUB_LAYERS

    def width(self, sub_layer: SubLayer) -> int:
        return width_of(sub_layer)


class ToyBackbone:
    """The parts of a backbone that modules are built from."""

    def __init__(self) -> None:
        self.config = ToyConfig()
        generator = torch.Generator().manual_seed(0)

        def drawn(outputs: int, inputs: int) -> tuple[Tensor, Tensor]:
            return torch.randn(outputs, inputs, generator=generator), torch.randn(outputs, generator=generator)

        self.frozen = [
            {name: drawn(each.outputs, each.inputs) for name, each in site_of(sub_layer).linears.items()}
            for sub_layer in SUB_LAYERS
        ]

    def linears(self, place: int) -> Mapping[str, tuple[Tensor, Tensor]]:
        return self.frozen[place]


def tokens_of(sub_layer: SubLayer) -> int:
    if sub_layer.stack is Stack.JOINT:
        return TEXT_TOKENS + IMAGE_TOKENS
    return TEXT_TOKENS if sub_layer.stack in (Stack.TEXT, Stack.LANGUAGE) else IMAGE_TOKENS


def other_tokens_of(sub_layer: SubLayer) -> int:
    return {Stack.TEXT: IMAGE_TOKENS, Stack.IMAGE: TEXT_TOKENS}.get(sub_layer.stack, 0)


def site_of(sub_layer: SubLayer) -> Site:
    joint = sub_layer.stack is Stack.JOINT
    width, tokens = width_of(sub_layer), tokens_of(sub_layer)
    return Site(sub_layer, width, 2 * width, tokens, other_tokens_of(sub_layer), TEXT_TOKENS if joint else 0)


TOY = cast(Backbone, ToyBackbone())


def architecture_of(modules: Mapping[SubLayer, ModuleSpec], *, keep: bool = True) -> Architecture:
    """Everything kept, and a module beside some sub-layers or, without `keep`, in their place."""
    found = [modules.get(each) for each in SUB_LAYERS]
    return Architecture(tuple(Choice(keep=spec is None or keep, module=spec) for spec in found))


def modules_at(modules: Mapping[SubLayer, str], *, keep: bool = True, seed: int = 0) -> Modules:
    """The modules that specs in text name, by sub-layer."""
    specs = {sub_layer: ModuleSpec.parse(text) for sub_layer, text in modules.items()}
    return build_modules(TOY, architecture_of(specs, keep=keep), generator=torch.Generator().manual_seed(seed))


def fill(module: nn.Module, *, seed: int) -> None:
    """Draw every parameter anew, so that nothing is zero."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in module.parameters():
        nn.init.normal_(parameter, generator=generator)


def trained(sub_layer: SubLayer, text: str, *, keep: bool = True) -> tuple[Modules, TrainableModule]:
    """A set of one module, as if it had been trained, and the module."""
    modules = modules_at({sub_layer: text}, keep=keep)
    fill(modules, seed=3)
    module = modules.at(SUB_LAYERS.index(sub_layer))
    assert module is not None
    return modules, module


@dataclass(frozen=True)
class Call:
    """What a module at one sub-layer is given in one forward call."""

    sub_layer: SubLayer
    hidden: Tensor  # (B, S, D)
    output: Tensor | None  # (B, S, D)
    inputs: Mapping[str, Tensor]  # of each frozen linear
    context: Context

    @classmethod
    def drawn(cls, sub_layer: SubLayer, *, keep: bool = True, batch: int = 2, seed: int = 0) -> "Call":
        generator, site = torch.Generator().manual_seed(seed), site_of(sub_layer)

        def tensor(tokens: int, width: int) -> Tensor:
            return torch.randn(batch, tokens, width, generator=generator)

        text, image = (tensor(1, HIDDEN), tensor(1, HIDDEN)) if site.fuses else (None, None)
        return cls(
            sub_layer,
            tensor(site.tokens, site.width),
            tensor(site.tokens, site.width) if keep else None,
            {name: tensor(each.tokens, each.inputs) for name, each in site.linears.items()} if keep else {},
            Context(sub_layer.stack, site.text_tokens, text, image),
        )

    def effects(self, module: TrainableModule) -> dict[str, Tensor]:
        """Whatever the module adds, by where; what it leaves alone is left out."""
        found = {"update": module.update(self.hidden, self.output, self.context), "prompts": module.prompts()}
        found |= {name: module.delta(name, inputs, self.context) for name, inputs in self.inputs.items()}
        return {name: effect for name, effect in found.items() if effect is not None}

    def row(self, row: int) -> "Call":
        """One example of it."""

        def pick(tensor: Tensor | None) -> Tensor | None:
            return None if tensor is None else tensor[row : row + 1]

        surroundings = replace(self.context, text=pick(self.context.text), image=pick(self.context.image))
        inputs = {name: each[row : row + 1] for name, each in self.inputs.items()}
        return Call(self.sub_layer, self.hidden[row : row + 1], pick(self.output), inputs, surroundings)
