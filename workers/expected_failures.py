"""Which errors are a candidate's own bad luck, and what they are called; all others are bugs and go on."""

import torch

from models.data.errors import DataError
from models.foreground.provider import ForegroundError
from search.contracts import Failure, Fidelity
from workers.optimiser import DivergedError

EXPECTED = (DivergedError, DataError, ForegroundError, OSError, MemoryError, RuntimeError)
"""What to catch before asking `failure`; of RuntimeError only what says that memory is lacking is expected."""


def lacks_memory(error: Exception) -> bool:
    """Whether a device, or the machine, had no memory left: torch has no class of its own for the CPU's."""
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or (
        isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
    )


def failure(error: Exception, stage: Fidelity, device: torch.device) -> Failure | None:
    """The value that an expected error becomes; None for an error that is none of those."""
    if isinstance(error, DivergedError):
        return Failure(f"diverged: {error}")
    if lacks_memory(error):
        return Failure(f"out of memory on {device}: {error}")
    if isinstance(error, OSError):
        return Failure(f"a file of the {stage} stage cannot be read or written: {error}")
    if isinstance(error, (DataError, ForegroundError)):
        return Failure(f"an example of the {stage} stage cannot be used: {error}")
    return None
