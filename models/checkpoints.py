"""Reads a ViLT from our safetensors folder, a `transformers` folder or an original `.ckpt`, and writes our folder."""

import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from models.key_maps import (
    ORIGINAL,
    ORIGINAL_DROPPED,
    TRANSFORMERS,
    TRANSFORMERS_DROPPED,
    fuse_attention,
    grow_modalities,
    rename,
)
from models.lightning import CheckpointError, read_lightning
from models.network import Network
from models.registry import FORMAT, read_entry
from models.vilt_config import ViltConfig
from models.weights import TOKENIZER, build_backbone, build_heads, read_json, read_weights, write_folder

log = logging.getLogger(__name__)


def load_network(path: Path, *, heads: int | None = None) -> Network:
    """The network in `path`, whichever of the three formats it has, on the CPU in eval mode.

    Args:
        path: a folder with `config.json` and `model.safetensors` (ours or `transformers`'), or a `.ckpt` file.
        heads: attention heads, for an original checkpoint whose hyper-parameters do not say; else hidden / 64.

    Raises:
        CheckpointError: the file is torn, of another kind, or its keys or shapes are not those of a ViLT.
    """
    if path.is_dir():
        config = read_json(path / "config.json")
        if config.get("format") == FORMAT:
            return _load_ours(path, config)
        if config.get("model_type") == "vilt":
            return _load_transformers(path, config)
        raise CheckpointError(f"{path.name}/config.json describes neither {FORMAT!r} nor a transformers 'vilt' model")
    return _load_original(path, heads)


def save_network(folder: Path, network: Network, *, provenance: Mapping[str, object]) -> None:
    """Write `network` in our format; the folder appears whole or not at all.

    Raises:
        FileExistsError: something other than a checkpoint of ours is already there.
    """
    config = {
        "format": FORMAT,
        "backbone": network.config.to_json(),
        "answers": list(network.answers),
        "heads": sorted(network.heads),
        "provenance": dict(provenance),
    }
    state = {f"backbone.{key}": value for key, value in network.backbone.state_dict().items()}
    state |= {f"heads.{key}": value for key, value in network.heads.state_dict().items()}
    write_folder(folder, config=config, state=state, tokenizer=network.tokenizer)


def _network(
    config: ViltConfig, state: Mapping[str, Tensor], *, source: str, answers: tuple[str, ...], path: Path | None = None
) -> Network:
    tokenizer = path / TOKENIZER if path is not None and (path / TOKENIZER).is_file() else None
    heads = build_heads(state).eval().requires_grad_(False)
    return Network(build_backbone(config, state, source=source), heads, answers, tokenizer, {"source": source})


def _load_ours(path: Path, config: Mapping[str, Any]) -> Network:
    entry = read_entry(path.name, path)
    state = read_weights(path)
    if stray := sorted(key for key in state if not key.startswith(("backbone.", "heads."))):
        raise CheckpointError(f"{path.name} has unexpected keys: {', '.join(stray)}")
    network = _network(entry.config, state, source=path.name, answers=entry.answers, path=path)
    if (said := config.get("heads")) is not None and sorted(said) != sorted(network.heads):
        raise CheckpointError(f"{path.name}: config.json lists heads {said}; the weights hold {sorted(network.heads)}")
    return network


def _load_transformers(path: Path, config: Mapping[str, Any]) -> Network:
    if config.get("hidden_act", "gelu") != "gelu" or not config.get("qkv_bias", True):
        raise CheckpointError(f"{path.name}: only GELU and biased query, key and value are ViLT's; config.json differs")
    state = read_weights(path)
    if not any(key.startswith("vilt.") for key in state):  # a bare ViltModel
        state = {f"vilt.{key}": value for key, value in state.items()}
    vqa = "ViltForQuestionAnswering" in (config.get("architectures") or [])
    classifier = "vqa" if vqa else "nlvr2"
    layer = {"0": "up", "1": "norm", "3": "out"}
    rules = [*TRANSFORMERS, (r"classifier\.([013])\.", lambda match: f"heads.{classifier}.{layer[match[1]]}.")]
    renamed, dropped = rename(state, rules, TRANSFORMERS_DROPPED)
    _say_dropped(path.name, dropped)
    labels = {int(key): str(label) for key, label in (config.get("id2label") or {}).items()} if vqa else {}
    answers = tuple(labels[index] for index in sorted(labels))
    return _network(
        _config_from_transformers(config),
        grow_modalities(fuse_attention(renamed)),
        source=path.name,
        answers=answers,
        path=path,
    )


def _config_from_transformers(config: Mapping[str, Any]) -> ViltConfig:
    """ViLT's sizes under `transformers`' names; absent keys have that library's defaults."""
    from transformers import ViltConfig as Published

    full = Published(**{key: value for key, value in config.items() if key not in ("architectures", "model_type")})
    if not isinstance(full.image_size, int) or not isinstance(full.patch_size, int):
        raise CheckpointError("image_size and patch_size must be single numbers of pixels: ViLT's are square")
    return ViltConfig(
        hidden_size=full.hidden_size,
        heads=full.num_attention_heads,
        blocks=full.num_hidden_layers,
        ffn_size=full.intermediate_size,
        image_size=full.image_size,
        patch_size=full.patch_size,
        vocabulary=full.vocab_size,
        max_text_length=full.max_position_embeddings,
        token_types=full.type_vocab_size,
        modalities=max(3, full.modality_type_vocab_size),
        norm_eps=full.layer_norm_eps,
        text_norm_eps=full.layer_norm_eps,
    )


def _load_original(path: Path, heads: int | None) -> Network:
    state, hyper_parameters = read_lightning(path)
    renamed, dropped = rename(state, ORIGINAL, ORIGINAL_DROPPED)
    renamed = grow_modalities(renamed)
    _say_dropped(path.name, dropped)
    config = _config_from_shapes(renamed, heads or hyper_parameters.get("num_heads"), source=path.name)
    count = len(renamed["heads.vqa.out.bias"]) if "heads.vqa.out.bias" in renamed else 0
    return _network(config, renamed, source=path.name, answers=tuple(str(index) for index in range(count)))


def _config_from_shapes(state: Mapping[str, Tensor], heads: int | None, *, source: str) -> ViltConfig:
    """The sizes of an original checkpoint; its LayerNorm eps are the published 1e-6, and 1e-12 for the text.

    Raises:
        CheckpointError: a tensor that tells a size is missing.
    """
    try:
        hidden, _, patch, _ = state["backbone.image.patches.weight"].shape
        places = state["backbone.image.positions"].shape[1] - 1
        blocks = {int(found[1]) for key in state if (found := re.match(r"backbone\.blocks\.(\d+)\.", key))}
        return ViltConfig(
            hidden_size=hidden,
            heads=heads or hidden // 64,
            blocks=max(blocks) + 1,
            ffn_size=state["backbone.blocks.0.ffn.up.weight"].shape[0],
            image_size=round(places**0.5) * patch,
            patch_size=patch,
            vocabulary=state["backbone.text.words.weight"].shape[0],
            max_text_length=state["backbone.text.positions.weight"].shape[0],
            token_types=state["backbone.text.types.weight"].shape[0],
            modalities=state["backbone.modalities.weight"].shape[0],
        )
    except (KeyError, ValueError) as error:
        raise CheckpointError(f"{source} is no ViLT checkpoint: cannot tell its sizes without {error}") from None


def _say_dropped(source: str, keys: list[str]) -> None:
    if keys:
        log.info("%s: %d keys not needed and dropped: %s", source, len(keys), ", ".join(sorted(keys)))
