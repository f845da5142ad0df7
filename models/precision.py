"""What stays float32 within a block whose matrix products torch's autocast rounds to a lower precision."""

import torch


def in_float32(device: torch.device) -> torch.autocast:
    """A block in which nothing is rounded; where nothing around it rounds, it changes nothing."""
    return torch.autocast(device.type, enabled=False)
