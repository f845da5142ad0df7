"""What stays float32 within a block whose matrix products torch's autocast rounds to a lower precision."""

from contextlib import AbstractContextManager, nullcontext

import torch


def rounds(device: torch.device) -> bool:
    """Whether products of tensors there are rounded at the moment; those on "meta", which only count, never are."""
    return torch.amp.is_autocast_available(device.type) and torch.is_autocast_enabled(device.type)


def in_float32(device: torch.device) -> AbstractContextManager[object]:
    """A block in which nothing is rounded; where nothing around it rounds, it changes nothing."""
    return torch.autocast(device.type, enabled=False) if rounds(device) else nullcontext()
