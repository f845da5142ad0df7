"""Exported models without the modules that their frozen linears can take up (LoRA's section 4.1; EAS's PIA; GenFT)."""

import copy
from dataclasses import replace
from pathlib import Path

import torch

from models.architecture import Choice, Stack
from models.formats.model_card import CARD, model_card
from models.modules.build import build_modules
from models.modules.merge import Mergeable
from models.modules.options import RoutingFunction
from models.modules.routing_lora import RoutingLora
from models.slim import SlimModel, load_slim
from models.weights import TOKENIZER, fill, read_json, write_folder


def merged(model: SlimModel) -> SlimModel:
    """An equal model with every module in its frozen linears that is but a change of their weights.

    These are `lora`, `genft`, `pia` beside a kept sub-layer (the FFN after a dropped attention, for one), and
    `routing-lora` with `add` in METER's encoders, which never meet the other modality. All other modules stay beside
    theirs: what they add differs by example, or is no linear's. ViLT's query, key and value are merged in their thirds
    of one weight.

    Raises:
        ValueError: there is no such module.
    """
    places = _mergeable(model)
    if not places:
        kinds = sorted({str(choice.module) for choice in model.architecture.choices if choice.module is not None})
        raise ValueError(f"nothing to merge: no frozen linear can take up what the model carries: {kinds or 'nothing'}")
    backbone = copy.deepcopy(model.backbone)
    with torch.no_grad():
        for place, module in places.items():
            for name, (weight, bias) in backbone.linears(place).items():
                for parameter, value in zip((weight, bias), module.merge(name, weight, bias), strict=True):
                    parameter.copy_(value)  # may be a part of a larger one
    choices = tuple(Choice() if place in places else each for place, each in enumerate(model.architecture.choices))
    architecture = replace(model.architecture, choices=choices)
    carried, before = build_modules(backbone, architecture, generator=torch.Generator()), model.carried.state_dict()
    fill(carried, {key: before[key] for key in carried.state_dict()}, source="the model")
    carried.eval().requires_grad_(False)
    return replace(model, backbone=backbone, architecture=architecture, carried=carried)


def _mergeable(model: SlimModel) -> dict[int, Mergeable]:
    """The modules that leave nothing to run, by place."""
    found: dict[int, Mergeable] = {}
    for place in range(len(model.architecture.choices)):
        module = model.carried.at(place)
        if isinstance(module, Mergeable) and _leaves_nothing(module):
            found[place] = module
    return found


def _leaves_nothing(module: Mergeable) -> bool:
    """Whether a module that can be merged is gone then."""
    if not isinstance(module, RoutingLora):
        return True
    alone = module.sub_layer.stack in (Stack.VISION, Stack.LANGUAGE)
    return alone and module.router.function is RoutingFunction.ADD


def merge_folder(folder: Path, target: Path) -> tuple[SlimModel, SlimModel]:
    """Write the merged model of a folder that `export_slim` wrote to another; returns the model before and after.

    What the folder says of its provenance, its test figures included, stands under `merged_from`.

    Raises:
        FileExistsError: there is something at `target`.
        CheckpointError: the folder is missing, torn or of another format.
        ValueError: there is nothing to merge.
    """
    if target.exists():
        raise FileExistsError(f"{target} exists; give a folder that does not, so that nothing is overwritten")
    before = load_slim(folder)
    after = merged(before)
    config = read_json(folder / "config.json")
    config |= {"architecture": after.architecture.to_json(), "provenance": {"merged_from": config["provenance"]}}
    parts = {"backbone": after.backbone, "modules": after.carried, "head": after.head}
    state = {f"{name}.{key}": value for name, part in parts.items() for key, value in part.state_dict().items()}
    further = {CARD: model_card(config)}
    write_folder(target, config=config, state=state, tokenizer=folder / TOKENIZER, further=further)
    return before, after
