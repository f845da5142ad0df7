"""ViLT against its published code: checkpoints, features, logits, losses, LayerNorm eps and picture sizes."""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os.path import commonprefix
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from models.checkpoints import load_network
from models.data.transforms import vilt_size
from models.formats.lightning import read_lightning
from models.network import Network
from tests.parity.case import PIXEL_MASK, PIXELS, Case, Student, compare_case
from tests.parity.compare import Comparison
from tests.parity.tensors import exactly, named, read_json, read_tensors

CONFIG = "config.json"
READ = {".json", ".safetensors", ".ckpt"}
PROBE = "scaled_keys"  # what the config's entry for an eps probe has
SIZES = {  # in the original's hyper-parameters: in ours
    "hidden_size": "hidden_size",
    "num_heads": "heads",
    "num_layers": "blocks",
    "image_size": "image_size",
    "patch_size": "patch_size",
    "vocab_size": "vocabulary",
}
EPS = {"encoder_layer_norm_eps": "norm_eps", "text_embedding_layer_norm_eps": "text_norm_eps"}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A state dict under the original's key names, and the file that it was read from, if it was."""

    name: str
    state: Mapping[str, Tensor]
    file: Path | None = None

    def network(self, heads: int | None) -> Network:
        """Our network, read as a checkpoint of the original is."""
        if self.file is not None:
            return load_network(self.file, heads=heads)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "changed.safetensors"
            save_file(dict(self.state), file)
            return load_network(file, heads=heads)


def compare(folder: Path) -> Iterator[Comparison]:
    """Every file of the folder.

    Raises:
        ValueError: the config or the checkpoints are missing, or a file holds what is not known.
    """
    config = read_json(folder / CONFIG)
    if strange := [file.name for file in sorted(folder.glob("*")) if file.suffix not in READ]:
        raise ValueError(f"{folder} holds what is not compared: {', '.join(strange)}")
    files = {file: read_tensors(file) for file in sorted(folder.glob("*.safetensors"))}
    checkpoints = [Checkpoint(file.stem, state, file) for file, state in files.items() if _is_state(state)]
    pickles = [Checkpoint(file.stem, read_lightning(file)[0], file) for file in sorted(folder.glob("*.ckpt"))]
    if not checkpoints and not pickles:
        raise ValueError(f"{folder} has no checkpoint")
    yield from _compare_pickles(pickles, {each.name: each for each in checkpoints})
    yield from _compare_sizes(config, [*checkpoints, *pickles])
    checkpoints += [each for each in pickles if each.name not in {twin.name for twin in checkpoints}]
    for file, tensors in files.items():
        if not _is_state(tensors):
            yield from _compare_file(file, tensors, config, checkpoints)
    for file in sorted(folder.glob("*.json")):
        if file.name != CONFIG:
            yield _compare_resizing(file)


def _is_state(tensors: Mapping[str, Tensor]) -> bool:
    return any(key.startswith("transformer.blocks.") for key in tensors)


def _compare_pickles(pickles: list[Checkpoint], twins: Mapping[str, Checkpoint]) -> Iterator[Comparison]:
    """A Lightning file against the safetensors file of its name."""
    for pickle in pickles:
        if (twin := twins.get(pickle.name)) is None:
            continue
        keys = set(pickle.state) | set(twin.state)
        same = sum(torch.equal(pickle.state[key], twin.state[key]) for key in set(pickle.state) & set(twin.state))
        yield Comparison(f"{pickle.name}.ckpt, differing of {len(keys)}", float(len(keys) - same), 0.0)


def _compare_sizes(config: Mapping[str, Any], checkpoints: list[Checkpoint]) -> Iterator[Comparison]:
    said = named(config, "config", source=CONFIG)
    for checkpoint in checkpoints:
        ours = checkpoint.network(said.get("num_heads")).config
        name = checkpoint.name if checkpoint.file is None else checkpoint.file.name  # two may have one stem
        for given, pairs in ((said, SIZES), (config, EPS)):
            for theirs, own in pairs.items():
                if theirs in given:
                    yield exactly(f"{name}.{theirs}", getattr(ours, own), given[theirs])


def _compare_file(
    file: Path, tensors: Mapping[str, Tensor], config: Mapping[str, Any], checkpoints: list[Checkpoint]
) -> Iterator[Comparison]:
    probe = config.get(file.stem, {})
    source = Path(probe["pixels_from"]).stem if PROBE in probe else file.stem
    checkpoint = max(checkpoints, key=lambda each: len(commonprefix([each.name, source])))  # noqa: RUF071 - of names, not paths
    if PROBE in probe:
        pixels = read_tensors(file.with_name(probe["pixels_from"]))
        shared = {name: value for name, value in pixels.items() if name.startswith((PIXELS, PIXEL_MASK))}
        tensors, checkpoint = {**shared, **tensors}, _scaled(checkpoint, probe)
    case = Case(file.stem, tensors, _case_config(config, file.stem), relative=PROBE in probe)
    network = checkpoint.network(config["config"].get("num_heads"))
    yield from compare_case(case, Student.full(network))


def _scaled(checkpoint: Checkpoint, probe: Mapping[str, Any]) -> Checkpoint:
    """The checkpoint with weights so small that the LayerNorms' eps decides the result."""
    scaled = {key: named(checkpoint.state, key, source=checkpoint.name) * probe["factor"] for key in probe[PROBE]}
    return Checkpoint(checkpoint.name, {**checkpoint.state, **scaled})  # no file: the scaled state is to be read


def _case_config(config: Mapping[str, Any], stem: str) -> Mapping[str, Any]:
    """The config, with what it says of one case on top."""
    cases: Mapping[str, Mapping[str, Any]] = config.get("cases", {})
    own = [said for name, said in cases.items() if stem.endswith(name)]
    return {**config, **(own[0] if own else {})}


def _compare_resizing(file: Path) -> Comparison:
    entries = read_json(file)
    keys = ("width", "height", "shorter", "out_width", "out_height")
    if not isinstance(entries, list) or not all(set(keys) <= set(entry) for entry in entries):
        raise ValueError(f"{file.name} is no list of sizes ({', '.join(keys)})")
    found = [tuple(entry[key] for key in keys) for entry in entries]
    wrong = sum(vilt_size(*sizes[:3]) != sizes[3:] for sizes in found)
    return Comparison(f"{file.stem}, differing of {len(found)}", float(wrong), 0.0)
