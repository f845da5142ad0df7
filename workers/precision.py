"""`products`: what matrix products run in while candidates train and are scored.

Mixed precision is Micikevicius et al.'s (ICLR 2018), in bfloat16 Kalamkar et al.'s (arXiv 1905.12322): its exponents
reach as far as those of float32, so losses need no scaling.
"""

import logging
from contextlib import AbstractContextManager, nullcontext

import torch

from search.precision import Precision

log = logging.getLogger(__name__)

FAST = ("amx_bf16", "avx512_bf16", "bf16", "sve_bf16")  # instructions of x86 and ARM, as torch names them


def products(precision: Precision, device: torch.device) -> AbstractContextManager[object]:
    """A block whose matrix products, convolutions and attentions run in `precision`.

    Parameters and their gradients, sums along the residual stream, the backbone's norms, heads, scores of patches and
    losses are float32 in either.
    """
    if precision is Precision.FLOAT32:
        return nullcontext()
    # the cache would go on with the first cast of a weight, although each step within the block changes the weight
    return torch.autocast(device.type, torch.bfloat16, cache_enabled=False)


def check_precision(precision: Precision, device: torch.device) -> None:
    """Pass what a device can do; what it can do, but only slowly, is logged.

    Raises:
        ValueError: it cannot.
    """
    if precision is Precision.FLOAT32:
        return
    able = torch.amp.is_autocast_available(device.type)
    if not able or (device.type == "cuda" and not torch.cuda.is_bf16_supported()):
        raise ValueError(f"precision is {precision}, which torch cannot do on {device}; use {Precision.FLOAT32}")
    if not _fast(device):
        log.warning("%s has no instructions for %s: candidates take longer than in float32", device, precision)


def _fast(device: torch.device) -> bool:
    """Whether the hardware multiplies in bfloat16 itself; of other kinds of devices nobody here knows."""
    if device.type == "cuda":
        native: bool = torch.cuda.is_bf16_supported(including_emulation=False)
        return native
    capabilities = torch.cpu.get_capabilities() if device.type == "cpu" else {}
    return device.type != "cpu" or any(capabilities.get(name) for name in FAST)
