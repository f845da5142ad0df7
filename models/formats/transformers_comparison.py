"""Whether a ViLT that was read from `transformers` gives what that library gives with the same weights."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from models.architecture import Architecture
from models.formats.lightning import CheckpointError
from models.formats.transformers_vilt import published_config
from models.network import Network

EXAMPLES = 2
TOLERANCE = 1e-4  # of the pooled features, which lie between -1 and 1


def pooled_features(network: Network, *, seed: int = 0) -> Tensor:
    """(B, P), what the whole network makes of texts and images drawn at random."""
    ids, mask, pixels = _drawn(network, seed)
    texts, images = network.backbone.read_texts(ids, mask), network.backbone.read_images(pixels)
    with torch.inference_mode():
        pooled: Tensor = network.backbone(texts, images, Architecture.full(network.config.sub_layers)).pooled
    return pooled


def difference_from_transformers(network: Network, state: Mapping[str, Tensor], config: Mapping[str, Any]) -> float:
    """The largest difference of a pooled feature, given the tensors and `config.json` of the original folder.

    Raises:
        CheckpointError: it is more than rounding, or a tensor is missing.
    """
    from transformers import ViltModel

    own = {key.removeprefix("vilt."): value for key, value in state.items()}
    ids, mask, pixels = _drawn(network, 0)
    with torch.random.fork_rng(devices=[]), torch.inference_mode():  # it draws its start, and shuffles patches
        theirs = ViltModel(published_config(config)).eval()
        if missing := sorted(theirs.state_dict().keys() - own.keys()):
            raise CheckpointError(f"missing keys: {', '.join(missing)}")
        theirs.load_state_dict({key: own[key] for key in theirs.state_dict()})
        given = {"input_ids": ids, "attention_mask": mask, "pixel_values": pixels}
        expected = theirs(**given, pixel_mask=torch.ones_like(pixels[:, 0]).long()).pooler_output
    difference = float((pooled_features(network) - expected).abs().max())
    if not difference <= TOLERANCE:
        raise CheckpointError(
            f"transformers gives pooled features that differ by up to {difference:.2g}: this is not the ViLT we know"
        )
    return difference


def _drawn(network: Network, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Ids and mask (B, L), the second text shorter, and pixels (B, 3, H, W)."""
    generator, config = torch.Generator().manual_seed(seed), network.config
    ids = torch.randint(0, config.vocabulary, (EXAMPLES, config.max_text_length), generator=generator)
    ids = torch.where(ids == config.pad_id, (config.pad_id + 1) % config.vocabulary, ids)
    mask = torch.ones_like(ids)
    mask[1:, max(1, config.max_text_length // 2) :] = 0
    side = config.image_size
    pixels = torch.randn(EXAMPLES, 3, side, side, generator=generator)
    return torch.where(mask.bool(), ids, config.pad_id), mask, pixels
