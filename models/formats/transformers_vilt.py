"""`transformers`' ViLT folders under our names."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from torch import Tensor

from models.formats.contents import Contents
from models.formats.key_maps import (
    CLASSIFIER,
    TRANSFORMERS,
    TRANSFORMERS_DROPPED,
    fuse_attention,
    grow_modalities,
    rename,
)
from models.formats.lightning import CheckpointError
from models.vilt_config import ViltConfig

if TYPE_CHECKING:
    from transformers import ViltConfig as Published


def transformers_contents(state: Mapping[str, Tensor], config: Mapping[str, Any], *, source: str) -> Contents:
    """What a `transformers` ViLT holds, given its tensors and its `config.json`.

    Raises:
        CheckpointError: its activation or biases are not ViLT's, or a key is missing or unexpected.
    """
    if config.get("hidden_act", "gelu") != "gelu" or not config.get("qkv_bias", True):
        raise CheckpointError(f"{source}: only GELU and biased query, key and value are ViLT's; config.json differs")
    if not any(key.startswith("vilt.") for key in state):  # a bare ViltModel
        state = {f"vilt.{key}": value for key, value in state.items()}
    vqa = "ViltForQuestionAnswering" in (config.get("architectures") or [])
    classifier = "vqa" if vqa else "nlvr2"
    rules = [*TRANSFORMERS, (r"classifier\.([013])\.", lambda match: f"heads.{classifier}.{CLASSIFIER[match[1]]}.")]
    renamed, dropped = rename(state, rules, TRANSFORMERS_DROPPED)
    labels = {int(key): str(label) for key, label in (config.get("id2label") or {}).items()} if vqa else {}
    answers = tuple(labels[index] for index in sorted(labels))
    held = grow_modalities(fuse_attention(renamed))
    return Contents(_config(config), held, answers, tuple(dropped), tensors=len(state))


def published_config(config: Mapping[str, Any]) -> "Published":
    """`transformers`' own reading of a `config.json`; absent keys have that library's defaults."""
    from transformers import ViltConfig as Published

    return Published(**{key: value for key, value in config.items() if key not in ("architectures", "model_type")})


def _config(config: Mapping[str, Any]) -> ViltConfig:
    """ViLT's sizes under our names."""
    full = published_config(config)
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
