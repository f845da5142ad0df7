"""Where the adapters of a DAS checkpoint (NeurIPS 2023, its training classes) belong in our networks."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from models.architecture import Stack, SubLayer, SubLayerKind

_ADAPTER = re.compile(r"(.+)\.(adapter_layer_norm_before|down_proj|up_proj)\.(weight|bias)$")
_PARTS = {"adapter_layer_norm_before": "norm", "down_proj": "down", "up_proj": "up"}
_SKIPPED = re.compile(r"adapter_list(?:_([lv]))?\.(\d+)\.0$")  # in place of a whole layer
_METER = re.compile(r"cross_modal_(text|image)_layers\.(\d+)\.(attention\.output\.|crossattention\.output\.|)adapter$")
_VILT = re.compile(r"transformer\.blocks\.(\d+)\.adapter([01])$")
_STACKS = {None: Stack.JOINT, "l": Stack.TEXT, "v": Stack.IMAGE}
_METER_KINDS = {
    "attention.output.": SubLayerKind.SELF_ATTENTION,
    "crossattention.output.": SubLayerKind.CROSS_ATTENTION,
    "": SubLayerKind.FFN,
}
_VILT_KINDS = {"0": SubLayerKind.SELF_ATTENTION, "1": SubLayerKind.FFN}
_TOKEN = "token4classifier"  # noqa: S105 - a name
_BUFFERS = re.compile(r"(das_gate|nas_gate|skip_num)$")  # of the search; they do not influence a forward pass

Adapter = dict[str, Tensor]
"""The tensors of one adapter under our names, such as `down.weight`."""


@dataclass(frozen=True, slots=True)
class DasTensors:
    """A DAS checkpoint taken apart: what any checkpoint of the model has, and what DAS added."""

    plain: Mapping[str, Tensor]  # under the original's names
    skipped: Mapping[tuple[Stack, int], Adapter] = field(default_factory=dict)  # by stack and depth
    beside: Mapping[SubLayer, Adapter] = field(default_factory=dict)
    classifier_token: Tensor | None = None  # (D,), METER's


def taken_apart(state: Mapping[str, Tensor]) -> DasTensors:
    """The parts of a DAS `state_dict`; what is not DAS's is left for the model's own reader to judge."""
    plain: dict[str, Tensor] = {}
    skipped: dict[tuple[Stack, int], Adapter] = {}
    beside: dict[SubLayer, Adapter] = {}
    for key, tensor in state.items():
        found = _ADAPTER.match(key)
        if found is not None and (layer := _skipped_layer(found[1])) is not None:
            skipped.setdefault(layer, {})[f"{_PARTS[found[2]]}.{found[3]}"] = tensor
        elif found is not None and (sub_layer := _sub_layer(found[1])) is not None:
            beside.setdefault(sub_layer, {})[f"{_PARTS[found[2]]}.{found[3]}"] = tensor
        elif key != _TOKEN and not _BUFFERS.match(key):
            plain[key] = tensor
    token = state.get(_TOKEN)
    return DasTensors(plain, skipped, beside, None if token is None else token.flatten())


def _skipped_layer(owner: str) -> tuple[Stack, int] | None:
    found = _SKIPPED.match(owner)
    return None if found is None else (_STACKS[found[1]], int(found[2]))


def _sub_layer(owner: str) -> SubLayer | None:
    if (meter := _METER.match(owner)) is not None:
        return SubLayer(int(meter[2]), _METER_KINDS[meter[3]], Stack(meter[1]))
    if (vilt := _VILT.match(owner)) is not None:
        return SubLayer(int(vilt[1]), _VILT_KINDS[vilt[2]])
    return None
