"""Original ViLT checkpoints under our names; their sizes come from the shapes of their tensors."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from models.formats.contents import Contents
from models.formats.key_maps import ORIGINAL, ORIGINAL_DROPPED, grow_modalities, rename
from models.formats.lightning import CheckpointError
from models.formats.tensor_sizes import block_count, grid_of, head_count, whole_number
from models.vilt_config import ViltConfig


def vilt_contents(
    state: Mapping[str, Tensor], settings: Mapping[str, Any], *, heads: int | None, source: str
) -> Contents:
    """What an original ViLT's `state_dict` holds; `settings` are its hyper-parameters.

    Raises:
        CheckpointError: a key is unexpected, or a tensor that tells a size is missing.
    """
    renamed, dropped = rename(state, ORIGINAL, ORIGINAL_DROPPED)
    renamed = grow_modalities(renamed)
    try:
        config = _config(renamed, heads or whole_number(settings, "num_heads"))
    except (KeyError, ValueError, IndexError) as error:
        raise CheckpointError(f"{source}: cannot tell the sizes of a ViLT without {error}") from None
    return Contents(config, renamed, dropped=tuple(dropped), tensors=len(state))


def _config(state: Mapping[str, Tensor], heads: int | None) -> ViltConfig:
    """The sizes; the LayerNorm eps are the published 1e-6, and 1e-12 for the text."""
    hidden, _, patch, _ = state["backbone.image.patches.weight"].shape
    return ViltConfig(
        hidden_size=hidden,
        heads=head_count(hidden, heads),
        blocks=block_count(state, "backbone.blocks."),
        ffn_size=state["backbone.blocks.0.ffn.up.weight"].shape[0],
        image_size=grid_of(state["backbone.image.positions"].shape[1]) * patch,
        patch_size=patch,
        vocabulary=state["backbone.text.words.weight"].shape[0],
        max_text_length=state["backbone.text.positions.weight"].shape[0],
        token_types=state["backbone.text.types.weight"].shape[0],
        modalities=state["backbone.modalities.weight"].shape[0],
    )
