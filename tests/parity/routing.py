"""Routing functions against their published code: the functions, LoRA with them, and both published adapters."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.architecture import Stack
from models.modules.base import Context
from models.modules.low_rank import LowRank
from models.modules.options import Direction, RoutingFunction
from models.modules.routing import Router, route
from models.modules.routing_adapter import RoutedBottleneck
from tests.parity.compare import Comparison
from tests.parity.tensors import exactly, held_against, named, read_json, read_tensors

TOLERANCE = 1e-5
FUNCTIONS = {
    "element_mul": RoutingFunction.MUL,
    "element_add": RoutingFunction.ADD,
    "element_mul_expand": RoutingFunction.EXPAND,
    "default": RoutingFunction.OUTER,
    "add_relu": RoutingFunction.OUTER_RELU,
    "routing_xt": RoutingFunction.SELF,
    "multiply_ones_default": RoutingFunction.ONES,
    "multiply_ones_add_relu": RoutingFunction.ONES_RELU,
}
PLAIN = "plain_lora"
SINGLE = "single_text_token"  # of an output: only the first text token is given
INPUT = re.compile(
    rf"x_[tv](\.{SINGLE})?|lora\.(weight|bias|lora_A|lora_B|x|vis_feat)|adapter\.(down|up)\.(weight|bias)"
)
OUTPUT = re.compile(r"(?P<part>R|lora\.out|adapter\.out\.(?P<variant>\w+))\.(?P<function>\w+)")
VARIANT = re.compile(r"(?P<residual>with|no)_residual_(?P<activation>gelu_new|gelu)")
GELU_NEW = partial(F.gelu, approximate="tanh")
ACTIVATIONS: Mapping[str, Callable[[Tensor], Tensor]] = {"gelu": F.gelu, "gelu_new": GELU_NEW}


@dataclass(frozen=True, slots=True)
class Reference:
    """The tensors of a folder and the sizes that its `config.json` gives."""

    tensors: Mapping[str, Tensor]
    config: Mapping[str, Any]

    def tensor(self, name: str) -> Tensor:
        """The tensor called `name`; ValueError if it is missing."""
        found: Tensor = named(self.tensors, name, source="the reference")
        return found

    def size(self, name: str) -> float:
        """The number called `name`; ValueError if it is missing."""
        return float(named(self.config, name, source="config.json"))


def compare(folder: Path) -> Iterator[Comparison]:
    """Every output in the folder's tensors.

    Raises:
        ValueError: a file or a tensor is missing, or a tensor has a name that is not known.
    """
    reference = Reference(read_tensors(folder / "routing.safetensors"), read_json(folder / "config.json"))
    for name in named(reference.config, "tensors", source="config.json"):
        reference.tensor(name)
    yield exactly("scaling", reference.size("lora_alpha") / reference.size("r"), reference.size("scaling"))
    outputs = [name for name in reference.tensors if not INPUT.fullmatch(name)]
    if not outputs:
        raise ValueError(f"{folder} has nothing to compare")
    with torch.no_grad():
        for name in outputs:
            yield held_against(name, _ours(name, reference), reference.tensor(name), tolerance=TOLERANCE)


def _ours(name: str, reference: Reference) -> Tensor:
    match = OUTPUT.fullmatch(name)
    if match is None:
        raise ValueError(f"nothing to compare {name!r} with")
    single = match["function"].endswith(SINGLE)
    function = match["function"].removesuffix(f"_{SINGLE}")
    if match["part"] == "R":
        x_t = reference.tensor(f"x_t.{SINGLE}" if single else "x_t")
        return route(_function(function), x_t, reference.tensor("x_v"))
    tokens = reference.tensor("lora.x")
    tokens = tokens[:, :1] if single else tokens
    if match["part"] == "lora.out":
        return _lora(function, tokens, reference)
    return _adapter(match["variant"], _function(function), tokens, reference)


def _function(name: str) -> RoutingFunction:
    found: RoutingFunction = named(FUNCTIONS, name, source="the published code")
    return found


def _context(reference: Reference) -> Context:
    return Context(Stack.TEXT, 0, None, reference.tensor("lora.vis_feat"))


def _lora(function: str, tokens: Tensor, reference: Reference) -> Tensor:
    weight, down, up = (reference.tensor(f"lora.{name}") for name in ("weight", "lora_A", "lora_B"))
    scale = reference.size("lora_alpha") / len(down)
    pair = LowRank(weight.shape[1], len(weight), len(down), generator=torch.Generator(), scale=scale)
    _load(pair, {"down.weight": down, "up.weight": up})
    narrow = pair.narrow(tokens)
    if function != PLAIN:
        narrow = Router(_function(function), Direction.BOTH)(narrow, pair.narrow, _context(reference))
    return F.linear(tokens, weight, reference.tensor("lora.bias")) + pair.widen(narrow)


def _adapter(variant: str, function: RoutingFunction, tokens: Tensor, reference: Reference) -> Tensor:
    match = VARIANT.fullmatch(variant)
    if match is None:
        raise ValueError(f"no adapter is called {variant!r}")
    weights = {f"{part}.{name}": reference.tensor(f"adapter.{part}.{name}") for part, name in _adapter_parts()}
    size, width = weights["down.weight"].shape
    residual, activation = match["residual"] == "with", ACTIVATIONS[match["activation"]]
    adapter = RoutedBottleneck(width, size, generator=torch.Generator(), activation=activation, residual=residual)
    _load(adapter, weights)
    adapted: Tensor = adapter(tokens, _context(reference), Router(function, Direction.BOTH))
    return adapted


def _adapter_parts() -> Iterator[tuple[str, str]]:
    yield from ((part, name) for part in ("down", "up") for name in ("weight", "bias"))


def _load(module: nn.Module, weights: Mapping[str, Tensor]) -> None:
    try:
        module.load_state_dict(dict(weights))
    except RuntimeError as error:  # what torch says of weights that do not fit each other
        raise ValueError(f"the reference's weights do not fit each other: {error}") from error
