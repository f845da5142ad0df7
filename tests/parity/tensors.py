"""Reference files read, and tensors held against their reference."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from tests.parity.compare import Comparison


def read_tensors(file: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file.

    Raises:
        ValueError: it cannot be read.
    """
    try:
        return load_file(file)
    except (OSError, SafetensorError) as error:
        raise ValueError(f"{file} cannot be read: {error}") from error


def read_json(file: Path) -> Any:  # noqa: ANN401 - whatever JSON holds
    """What a JSON file holds.

    Raises:
        ValueError: it cannot be read.
    """
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{file} cannot be read as JSON: {error}") from error


def held_against(name: str, ours: Tensor, reference: Tensor, *, tolerance: float, relative: bool = False) -> Comparison:
    """The largest absolute difference; `relative` divides it by the reference's largest absolute value.

    Raises:
        ValueError: the shapes differ.
    """
    if ours.shape != reference.shape:
        raise ValueError(f"{name} has shape {tuple(ours.shape)} here, {tuple(reference.shape)} in the reference")
    scale = float(reference.abs().max()) if relative else 1.0
    difference = float((ours.detach().double() - reference.double()).abs().max())
    return Comparison(name, difference / (scale or 1.0), tolerance)


def exactly(name: str, ours: float, reference: float) -> Comparison:
    """Two numbers that must be equal."""
    return Comparison(name, abs(ours - reference), 0.0)


def named(values: Mapping[str, Any], name: str, *, source: str) -> Any:  # noqa: ANN401 - of a tensor file or of JSON
    """The value called `name`.

    Raises:
        ValueError: it is missing.
    """
    if name not in values:
        raise ValueError(f"{source} has no {name!r}; it has {', '.join(sorted(values))}")
    return values[name]
