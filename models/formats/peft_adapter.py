"""LoRA modules of an exported ViLT in the layout of `peft`: `adapter_config.json`, `adapter_model.safetensors`."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor

from models.architecture import Architecture
from models.formats.transformers_names import LAYER, LINEARS
from models.modules.lora import Lora
from models.modules.low_rank import LowRank
from models.slim import SlimModel

ADAPTER = "adapter"  # the folder in that of the network
CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"


def layers_of(architecture: Architecture) -> dict[int, int]:
    """The layer that each block of a ViLT becomes; a block without a kept sub-layer becomes none."""
    held = sorted({place // 2 for place, choice in enumerate(architecture.choices) if choice.keep})
    return {block: layer for layer, block in enumerate(held)}


def lora_modules(model: SlimModel) -> dict[int, Lora]:
    """The LoRA modules of a model by place; those are `peft`'s own kind, beside the linears of a kept sub-layer."""
    places = ((place, model.carried.at(place)) for place in range(len(model.architecture.choices)))
    return {place: module for place, module in places if isinstance(module, Lora)}


def write_peft(folder: Path, model: SlimModel) -> None:
    """Write what `peft.PeftModel.from_pretrained` puts onto the model's network in `transformers`.

    Args:
        folder: is made.
        model: a ViLT with LoRA modules.

    Raises:
        OSError: the folder exists, or cannot be written.
    """
    pairs = _pairs(model)
    folder.mkdir()
    state: dict[str, Tensor] = {}
    for name, pair in pairs.items():
        state[f"base_model.model.{name}.lora_A.weight"] = pair.down.weight.detach().cpu().contiguous()
        state[f"base_model.model.{name}.lora_B.weight"] = pair.up.weight.detach().cpu().contiguous()
    save_file(state, folder / WEIGHTS, metadata={"format": "pt"})
    (folder / CONFIG).write_text(json.dumps(_config(pairs), indent=1) + "\n", encoding="utf-8")


def _pairs(model: SlimModel) -> dict[str, LowRank]:
    """Each low-rank pair by the linear of the `transformers` network that it changes."""
    layers, sub_layers = layers_of(model.architecture), model.backbone.config.sub_layers
    return {
        LAYER.format(layers[sub_layers[place].block]) + LINEARS[linear]: pair
        for place, module in lora_modules(model).items()
        for linear, pair in module.pairs.items()
        if isinstance(pair, LowRank)
    }


def _config(pairs: dict[str, LowRank]) -> dict[str, Any]:
    """`peft`'s settings: the commonest rank for all, others by name; alpha = s r, so that its alpha / r is our s."""
    ranks = {name: pair.down.out_features for name, pair in pairs.items()}
    alphas = {name: pair.scale * ranks[name] for name, pair in pairs.items()}
    rank, alpha = (Counter(each.values()).most_common(1)[0][0] for each in (ranks, alphas))
    return {
        "peft_type": "LORA",
        "task_type": None,
        "r": rank,
        "lora_alpha": alpha,
        "lora_dropout": 0.0,
        "bias": "none",
        "target_modules": list(pairs),
        "rank_pattern": {name: own for name, own in ranks.items() if own != rank},
        "alpha_pattern": {name: own for name, own in alphas.items() if own != alpha},
        "inference_mode": True,
    }
