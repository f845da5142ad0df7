"""The trainable modules of one architecture: built for a backbone, found by the place of their sub-layer."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from models.architecture import Architecture, Choice, SubLayer, SubLayerKind
from models.backbone import Backbone
from models.costs.module_costs import check_module, serves
from models.modules.base import TrainableModule
from models.modules.bottleneck import Bottleneck
from models.modules.context_peft import ContextPeft
from models.modules.genft import GenFt
from models.modules.lora import Lora
from models.modules.mma import MixtureOfModalities
from models.modules.pha import HyperAdapter
from models.modules.pia import AggregatingPia, Pia
from models.modules.routing_adapter import RoutingAdapter
from models.modules.routing_lora import RoutingLora
from models.modules.seat import Seat
from models.modules.shared_parts import SharedParts
from models.modules.uniadapter import UniAdapter
from models.modules.vfpt import FourierPrompts
from models.modules.vl_pet import VlPet

BUILDERS: Mapping[str, Callable[[Seat], TrainableModule]] = {
    "bottleneck": Bottleneck,
    "lora": Lora,
    "routing-lora": RoutingLora,
    "routing-adapter": RoutingAdapter,
    "mma": MixtureOfModalities,
    "uniadapter": UniAdapter,
    "vl-pet": VlPet,
    "vfpt": FourierPrompts,
    "context-peft": ContextPeft,
    "genft": GenFt,
    "pha": HyperAdapter,
    "pia": lambda seat: (Pia if seat.keep else AggregatingPia)(seat),
}


class Modules(nn.Module):
    """The trainable modules of one architecture; parts that several places share are held once, under `shared`."""

    classifier_token: nn.Parameter | None

    def __init__(
        self,
        by_place: Mapping[int, TrainableModule],
        shared: Mapping[str, nn.Module],
        classifier_token: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.by_place = nn.ModuleDict({str(place): module for place, module in by_place.items()})
        self.shared = nn.ModuleDict(dict(shared))
        token = None if classifier_token is None else nn.Parameter(classifier_token.detach().clone())
        self.register_parameter("classifier_token", token)

    def at(self, place: int) -> TrainableModule | None:
        """The module of the sub-layer at `place`, or None."""
        key = str(place)
        if key not in self.by_place:
            return None
        return cast(TrainableModule, self.by_place[key])


def build_modules(
    backbone: Backbone,
    architecture: Architecture,
    *,
    generator: torch.Generator,
    classifier_token: Tensor | None = None,
) -> Modules:
    """The modules that `architecture` carries, at the start of their training.

    One number is drawn from `generator`; every place and every shared part then has a generator of its own, seeded
    by that number and its name, so that what two candidates have in common starts equal (our design). A module that
    has nothing to do at a sub-layer, such as prompts at an FFN, is left out there.

    Args:
        backbone: whose sub-layers they serve; already on its device.
        architecture: what it carries and where.
        generator: of the caller.
        classifier_token: (D,), what the classifier token starts as, if the architecture has one; zeros by default.

    Raises:
        ValueError: the architecture is for another number of sub-layers, or a module is unknown or cannot stand alone.
    """
    _check_length(backbone, len(architecture.choices))
    parts = _parts(generator)
    built = {place: _built(backbone, place, choice, parts) for place, choice in enumerate(architecture.choices)}
    by_place = {place: module for place, module in built.items() if module is not None}
    token = _token(backbone, classifier_token) if architecture.classifier_token else None
    return Modules(by_place, parts.by_key, token)


class ModuleLibrary(nn.Module):
    """A trainable module for each choice that a place may get; parts that several share are held once."""

    classifier_token: nn.Parameter | None

    def __init__(
        self,
        by_choice: Mapping[tuple[int, Choice], TrainableModule],
        shared: Mapping[str, nn.Module],
        classifier_token: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.by_choice = nn.ModuleDict({_key(*where): module for where, module in by_choice.items()})
        self.shared = nn.ModuleDict(dict(shared))
        token = None if classifier_token is None else nn.Parameter(classifier_token.detach().clone())
        self.register_parameter("classifier_token", token)

    def at(self, place: int, choice: Choice) -> TrainableModule | None:
        """The module of a choice at `place`, or None."""
        key = _key(place, choice)
        return cast(TrainableModule, self.by_choice[key]) if key in self.by_choice else None


def _key(place: int, choice: Choice) -> str:
    """A name without dots, which names of modules cannot have."""
    how = "beside" if choice.keep else "bare" if choice.bare else "instead"
    return f"{place}-{how}-{choice.module}".replace(".", "_")


def build_library(
    backbone: Backbone,
    choices: Sequence[Collection[Choice]],
    *,
    generator: torch.Generator,
    classifier_token: Tensor | None = None,
    has_token: bool = False,
) -> ModuleLibrary:
    """A module for each of the choices by place, drawn as `build_modules` draws one architecture's.

    Args:
        backbone: whose sub-layers they serve; already on its device.
        choices: by place; those without a module ask for nothing.
        generator: of the caller; one number is drawn from it.
        classifier_token: (D,), what the classifier token starts as; zeros by default.
        has_token: whether there is one.

    Raises:
        ValueError: there are choices for another number of sub-layers, or a module is unknown or cannot stand alone.
    """
    _check_length(backbone, len(choices))
    parts = _parts(generator)
    built = {
        (place, choice): _built(backbone, place, choice, parts)
        for place, each in enumerate(choices)
        for choice in sorted(set(each), key=str)
    }
    by_choice = {where: module for where, module in built.items() if module is not None}
    return ModuleLibrary(by_choice, parts.by_key, _token(backbone, classifier_token) if has_token else None)


def _parts(generator: torch.Generator) -> SharedParts:
    return SharedParts(int(torch.randint(2**62, (), generator=generator, device=generator.device)))


def _check_length(backbone: Backbone, choices: int) -> None:
    sub_layers = len(backbone.config.sub_layers)
    if choices != sub_layers:
        raise ValueError(f"the architecture has {choices} choices; the backbone has {sub_layers} sub-layers")


def _built(backbone: Backbone, place: int, choice: Choice, parts: SharedParts) -> TrainableModule | None:
    sub_layer = backbone.config.sub_layers[place]
    if choice.module is None:
        return None
    check_module(choice.module, in_place=not choice.keep)
    if not serves(choice.module, sub_layer):
        return None
    linears = backbone.linears(place) if choice.keep else {}
    width = _width(backbone, sub_layer, linears)
    own = parts.generator(str(sub_layer))
    return BUILDERS[choice.module.kind](Seat(choice.module, sub_layer, choice.keep, width, linears, own, parts))


def _width(backbone: Backbone, sub_layer: SubLayer, linears: Mapping[str, tuple[Tensor, Tensor]]) -> int:
    """Width of a sub-layer's residual stream, which an encoder may have of its own."""
    if linears:
        weight, _ = linears["up" if sub_layer.kind is SubLayerKind.FFN else "query"]
        return weight.shape[1]
    own: Callable[[SubLayer], int] | None = getattr(backbone.config, "width", None)
    return backbone.config.hidden_size if own is None else own(sub_layer)


def _token(backbone: Backbone, start: Tensor | None) -> Tensor:
    return torch.zeros(backbone.config.hidden_size) if start is None else start
