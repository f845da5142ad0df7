"""Changes to a copied fixture, to see that a comparison meets them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import Tensor


def change(file: Path, edit: Callable[[dict[str, Tensor]], object]) -> None:
    """Edit the tensors of a file in place."""
    tensors = load_file(file)
    edit(tensors)
    save_file(tensors, file)


def change_json(file: Path, edit: Callable[[Any], object]) -> None:
    """Edit the data of a JSON file in place."""
    data = json.loads(file.read_text())
    edit(data)
    file.write_text(json.dumps(data))
