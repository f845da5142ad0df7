"""Original METER checkpoints under our names; their sizes come from the shapes of their tensors."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from models.formats.contents import Contents
from models.formats.key_maps import grow_modalities, rename
from models.formats.lightning import CheckpointError
from models.formats.meter_keys import ORIGINAL, ORIGINAL_DROPPED, split_attention
from models.formats.tensor_sizes import block_count, grid_of, head_count, whole_number
from models.meter_config import MeterConfig

TEXT_LENGTH = 50  # tokens; METER's own setting for all but retrieval
MARKS = ("vit_model.", "text_transformer.", "cross_modal_")


@dataclass(frozen=True, slots=True)
class Heads:
    """Attention heads of METER's parts, where they are known; else an encoder's are as large as the fusion's."""

    fusion: int | None = None
    vision: int | None = None
    language: int | None = None


def is_meter(state: Mapping[str, Tensor]) -> bool:
    """Whether the keys are those of an original METER, not of a ViLT."""
    return any(key.startswith(MARKS) for key in state)


def meter_contents(state: Mapping[str, Tensor], settings: Mapping[str, Any], *, heads: Heads, source: str) -> Contents:
    """What an original METER's `state_dict` holds; `settings` are its hyper-parameters.

    Raises:
        CheckpointError: a key is unexpected, or a tensor that tells a size is missing.
    """
    if "roberta" not in str(settings.get("tokenizer", "roberta")):
        raise CheckpointError(f"{source}: METER is read with RoBERTa, not with '{settings['tokenizer']}'")
    renamed, dropped = rename(state, ORIGINAL, ORIGINAL_DROPPED)
    renamed = grow_modalities(split_attention(renamed))
    try:
        config = _config(renamed, settings, heads)
    except (KeyError, ValueError, IndexError) as error:
        raise CheckpointError(f"{source}: cannot tell the sizes of a METER without {error}") from None
    return Contents(config, renamed, dropped=tuple(dropped), tensors=len(state))


def _config(state: Mapping[str, Tensor], settings: Mapping[str, Any], heads: Heads) -> MeterConfig:
    """The sizes; padding id and LayerNorm eps are the published ones."""
    vision, _, patch, _ = state["backbone.image.patches.weight"].shape
    hidden, language = state["backbone.text_projection.weight"].shape
    fusion_heads = head_count(hidden, heads.fusion or whole_number(settings, "num_heads"))
    head_size = hidden // fusion_heads
    positions = state["backbone.text.positions.weight"].shape[0]
    return MeterConfig(
        hidden_size=hidden,
        heads=fusion_heads,
        depth=block_count(state, "backbone.stacks.text."),
        ffn_size=state["backbone.stacks.text.0.ffn.body.up.weight"].shape[0],
        vision_width=vision,
        vision_heads=heads.vision or vision // head_size,
        vision_blocks=block_count(state, "backbone.stacks.vision."),
        vision_ffn_size=state["backbone.stacks.vision.0.ffn.body.up.weight"].shape[0],
        image_size=grid_of(state["backbone.image.positions"].shape[0]) * patch,
        patch_size=patch,
        language_width=language,
        language_heads=heads.language or language // head_size,
        language_blocks=block_count(state, "backbone.stacks.language."),
        language_ffn_size=state["backbone.stacks.language.0.ffn.body.up.weight"].shape[0],
        vocabulary=state["backbone.text.words.weight"].shape[0],
        max_positions=positions,
        max_text_length=min(whole_number(settings, "max_text_len") or TEXT_LENGTH, positions - 2),
        token_types=state["backbone.text.types.weight"].shape[0],
        modalities=state["backbone.modalities.weight"].shape[0],
    )
