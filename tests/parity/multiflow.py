"""MULTIFLOW against its published code: mean-square inputs, scores, sparsities and masks of every Linear."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from models.scores.flow import MeanSquareInputs, flow_scores
from models.scores.flow_mask import dropped, flow_mask, layer_sparsities
from tests.parity.compare import Comparison

RELATIVE = 1e-5  # of the layer's maximum
SPARSITY = 1e-6


def compare(folder: Path) -> Iterator[Comparison]:
    """Every layer of every run that the folder's `config.json` lists.

    Raises:
        ValueError: the folder lacks a file, a run, a layer or a tensor.
    """
    runs = _read_config(folder / "config.json")["runs"]
    if not runs:
        raise ValueError(f"{folder / 'config.json'} lists no runs")
    for run in runs:
        yield from _compare_run(run, _read_tensors(folder / f"{run['tag']}.safetensors"))


def _read_config(file: Path) -> Mapping[str, Any]:
    try:
        config: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        config["runs"]
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"{file} is no list of runs: {error!r}") from error
    return config


def _read_tensors(file: Path) -> Mapping[str, Tensor]:
    try:
        return load_file(file)
    except (OSError, SafetensorError) as error:
        raise ValueError(f"{file} cannot be read: {error}") from error


def _compare_run(run: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Iterator[Comparison]:
    layers: Mapping[str, Mapping[str, Any]] = run["layers"]
    sparsities = _sparsities(run, tensors)
    _check_all_read(run["tag"], layers, tensors)
    for name, expected in layers.items():
        for found in _compare_layer(name, expected, tensors, batches=run["batches"], sparsity=sparsities[name]):
            yield Comparison(f"{run['tag']}.{found.name}", found.difference, found.tolerance)


def _sparsities(run: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Mapping[str, float]:
    found: dict[str, float] = {}
    for modality in {layer["modality"] for layer in run["layers"].values()}:
        names = [name for name, layer in run["layers"].items() if layer["modality"] == modality]
        found |= layer_sparsities({name: _tensor(tensors, name) for name in names}, run["sparsity"])
    return found


def _check_all_read(tag: str, layers: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
    """Raise where the file has a score that no layer of the config would be compared with."""
    stored = {name.removesuffix(".score") for name in tensors if name.endswith(".score")}
    if not layers or stored != set(layers):
        raise ValueError(f"run {tag}: its tensors score {sorted(stored)}; its config lists {sorted(layers)}")


def _compare_layer(
    name: str, expected: Mapping[str, Any], tensors: Mapping[str, Tensor], *, batches: int, sparsity: float
) -> Iterator[Comparison]:
    weight = _tensor(tensors, name)
    inputs = MeanSquareInputs()
    for batch in range(batches):
        tokens = _tensor(tensors, f"{name}.input.{batch}")
        inputs.add(tokens, _valid(tensors, tokens, batch=batch, modality=expected["modality"]))
    scores = flow_scores(weight, inputs.value)
    mask = flow_mask(scores, sparsity)
    yield _relative(f"{name}.mean_square_input", inputs.value, _tensor(tensors, f"{name}.mean_square_input"))
    yield _relative(f"{name}.score", scores, _tensor(tensors, f"{name}.score"))
    yield Comparison(f"{name}.layer_sparsity", abs(sparsity - expected["layer_sparsity"]), SPARSITY)
    yield _exact(f"{name}.mask", int((mask != _tensor(tensors, f"{name}.mask").bool()).sum()), 0)
    yield _exact(f"{name}.zeros_in_mask", int((~mask).sum()), expected["zeros_in_mask"])
    yield _exact(f"{name}.k_used", dropped(sparsity, weight.numel()), expected["k_used"])
    yield _exact(f"{name}.k_exact", round(sparsity * weight.numel()), expected["k_exact"])
    yield _exact(f"{name}.numel", weight.numel(), expected["numel"])
    yield _exact(f"{name}.samples", inputs.samples, expected["samples"])


def _valid(tensors: Mapping[str, Tensor], tokens: Tensor, *, batch: int, modality: str) -> Tensor | None:
    """The text's mask where the published code applies it: text and fusion layers that see as many tokens as it has."""
    if modality == "vision":
        return None
    mask = _tensor(tensors, f"batch.{batch}.attention_mask")
    return mask.bool() if mask.shape[1] == tokens.shape[1] else None


def _tensor(tensors: Mapping[str, Tensor], name: str) -> Tensor:
    if name not in tensors:
        raise ValueError(f"tensor {name!r} is missing")
    return tensors[name]


def _relative(name: str, found: Tensor, expected: Tensor) -> Comparison:
    if found.shape != expected.shape:
        raise ValueError(f"{name}: the reference has shape {list(expected.shape)}, the inputs give {list(found.shape)}")
    return Comparison(name, float((found - expected).abs().max()) / (float(expected.abs().max()) or 1.0), RELATIVE)


def _exact(name: str, found: int, expected: int) -> Comparison:
    return Comparison(name, float(abs(found - expected)), 0.0)
