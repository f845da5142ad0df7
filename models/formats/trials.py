"""Inputs at random that a model and its copy for another runtime are compared on."""

from collections.abc import Mapping

import torch
from torch import Tensor

from models.batch import Batch
from models.foreground.names import NONE
from models.slim import SlimModel
from models.workload import images_of

Inputs = Mapping[str, Tensor]
"""`input_ids`, `attention_mask` (B, L) int64, `pixel_values` (B, I, 3, H, W), `foreground` (B, I, N) if asked for."""
Canvas = tuple[int, int]
"""Height and width in pixels."""


def drawn_inputs(model: SlimModel, *, batch: int, canvas: Canvas, seed: int) -> Inputs:
    """Texts of all lengths, images of noise without padding, foreground where the model's patch filter asks for it."""
    generator, config = torch.Generator().manual_seed(seed), model.backbone.config
    length, images = config.max_text_length, images_of(model.task)
    used = torch.randint(2, length + 1, (batch, 1), generator=generator)
    mask = torch.arange(length) < used  # (B, L)
    ids = torch.randint(0, config.vocabulary, (batch, length), generator=generator)
    ids = torch.where(ids == config.pad_id, (config.pad_id + 1) % config.vocabulary, ids)
    inputs = {
        "input_ids": torch.where(mask, ids, config.pad_id),
        "attention_mask": mask.long(),
        "pixel_values": torch.randn(batch, images, 3, *canvas, generator=generator),
    }
    if model.foreground != NONE:
        patches = (canvas[0] // config.patch_size) * (canvas[1] // config.patch_size)
        inputs["foreground"] = torch.rand(batch, images, patches, generator=generator)
    return inputs


def expected_logits(model: SlimModel, inputs: Inputs) -> Tensor:
    """(B, classes), what the model itself gives."""
    texts = inputs["input_ids"].unsqueeze(1), inputs["attention_mask"].unsqueeze(1)  # (B, 1, L)
    pixels = inputs["pixel_values"]
    return model.logits(Batch(*texts, pixels, None, pixels.new_zeros(()), inputs.get("foreground")))
