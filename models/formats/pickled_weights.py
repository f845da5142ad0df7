"""Weights of `transformers` from before safetensors: `pytorch_model.bin`, read by torch's restricted unpickler."""

from pathlib import Path

import torch
from torch import Tensor

from models.formats.lightning import CheckpointError

PICKLED = "pytorch_model.bin"


def pickled_weights(file: Path) -> dict[str, Tensor]:
    """The tensors of a state dict; of what the file names, only what torch's own allow-list has is called.

    Raises:
        CheckpointError: the file is torn, or holds something else.
    """
    try:
        loaded = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # a torn or hostile pickle fails in any way
        told = next(iter(str(error).strip().splitlines()), "")
        what = f"{type(error).__name__}: {told}"
        raise CheckpointError(f"{file.name} holds more than tensors, or is torn: {what}") from None
    if not isinstance(loaded, dict) or not all(isinstance(value, Tensor) for value in loaded.values()):
        raise CheckpointError(f"{file.name} is no state dict: a dictionary of tensors was expected")
    return loaded
