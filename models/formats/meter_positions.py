"""METER at another image size: its position embedding, stretched as the original does when it loads."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional as F

from models.formats.contents import Contents
from models.formats.lightning import CheckpointError
from models.meter_config import MeterConfig

KEY = "backbone.image.positions"


def at_image_size(contents: Contents, image_size: int | None) -> Contents:
    """The same METER for square images of `image_size` pixels; None changes nothing.

    Raises:
        CheckpointError: it is a ViLT, which stretches its positions at every image.
        ValueError: the size is no multiple of the patch size.
    """
    config = contents.config
    if image_size is None or image_size == config.image_size:
        return contents
    if not isinstance(config, MeterConfig):
        raise CheckpointError("a ViLT reads images of any size as it is; load it without an image size")
    other = replace(config, image_size=image_size)
    state = {**contents.state, KEY: stretched(contents.state, other.grid)}
    return replace(contents, config=other, state=state)


def stretched(state: Mapping[str, Tensor], grid: int) -> Tensor:
    """Positions (1 + n x n, D) for a grid x grid image: CLS's as it is, the others bicubic without aligned corners.

    Raises:
        CheckpointError: there are none.
    """
    if KEY not in state:
        raise CheckpointError(f"missing keys: {KEY}")
    positions = state[KEY]
    side = round((len(positions) - 1) ** 0.5)
    patches = positions[1:].t().reshape(1, -1, side, side)  # (1, D, n, n)
    resized = F.interpolate(patches, size=(grid, grid), mode="bicubic", align_corners=False)
    return torch.cat([positions[:1], resized[0].flatten(1).t()])
