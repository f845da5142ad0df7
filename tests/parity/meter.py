"""METER against its published code: checkpoints, positions, features, logits, losses and LayerNorm eps."""

import math
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor

from models.checkpoints import load_network
from models.formats.lightning import read_lightning
from models.formats.original_meter import is_meter
from models.network import Network
from tests.parity.case import PIXELS, Case
from tests.parity.compare import Comparison
from tests.parity.meter_case import IMAGES, compare_meter, named_as_cases
from tests.parity.tensors import exactly, held_against, named, read_json, read_tensors

CONFIG = "config.json"
READ = {".safetensors", ".ckpt"}
PROBE = "scaled_keys"  # what the config's entry for an eps probe has
CONSTANTS = {  # in the config: in ours
    ("clip", "layer_norm_eps"): "vision_norm_eps",
    ("roberta", "layer_norm_eps"): "language_norm_eps",
    ("roberta", "pad_token_id"): "pad_id",
    ("fusion", "layer_norm_eps"): "norm_eps",
}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A state dict under the original's key names, and the file that it was read from, if it was."""

    name: str
    state: Mapping[str, Tensor]
    file: Path | None = None

    def network(self, config: Mapping[str, Any], image_size: int | None = None) -> Network:
        """Our network, read as a checkpoint of the original is, for images of that size."""
        if self.file is not None:
            return _load(self.file, config, image_size)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "changed.safetensors"
            save_file({key: value.clone() for key, value in self.state.items()}, file)  # some share memory
            return _load(file, config, image_size)


def _load(file: Path, config: Mapping[str, Any], image_size: int | None) -> Network:
    return load_network(
        file,
        heads=config.get("fusion", {}).get("heads") or config.get("config", {}).get("num_heads"),
        vision_heads=config.get("clip", {}).get("heads"),
        language_heads=config.get("roberta", {}).get("heads"),
        image_size=image_size,
    )


def compare(folder: Path) -> Iterator[Comparison]:
    """Every file of the folder; a file came from the checkpoint that it lies nearest to.

    Raises:
        ValueError: the config or the checkpoints are missing, or a file holds what is not known.
    """
    config = read_json(folder / CONFIG)
    strange = [file.name for file in sorted(folder.glob("*")) if file.suffix not in READ and file.name != CONFIG]
    if strange:
        raise ValueError(f"{folder} holds what is not compared: {', '.join(strange)}")
    files = {file: read_tensors(file) for file in sorted(folder.glob("*.safetensors"))}
    checkpoints = [Checkpoint(file.stem, state, file) for file, state in files.items() if is_meter(state)]
    for file in sorted(folder.glob("*.ckpt")):
        pickle = Checkpoint(file.stem, read_lightning(file)[0], file)
        twin = next((each for each in checkpoints if each.name == pickle.name), None)
        if twin is None:
            checkpoints.append(pickle)
        else:
            yield _held_against_twin(pickle, twin)
    if not checkpoints:
        raise ValueError(f"{folder} has no checkpoint")
    for checkpoint in checkpoints:
        yield from _compare_constants(checkpoint, config)
    for file, tensors in files.items():
        if not is_meter(tensors):
            yield from _compare_file(file, tensors, config, checkpoints)


def _held_against_twin(pickle: Checkpoint, twin: Checkpoint) -> Comparison:
    """A Lightning file against the safetensors file of its name."""
    if set(pickle.state) != set(twin.state):
        raise ValueError(f"{pickle.name}: .ckpt and .safetensors have different keys")
    differences = [held_against(key, value, twin.state[key], tolerance=0) for key, value in pickle.state.items()]
    return Comparison(f"{pickle.name}.ckpt", max(each.difference for each in differences), 0.0)


def _compare_constants(checkpoint: Checkpoint, config: Mapping[str, Any]) -> Iterator[Comparison]:
    """What no tensor's shape tells."""
    own = _own_config(config, checkpoint.name)
    ours = checkpoint.network(own).config
    for (part, name), field in CONSTANTS.items():
        if name in own.get(part, {}):
            yield exactly(f"{checkpoint.name}.{part}.{name}", getattr(ours, field), own[part][name])


def _compare_file(
    file: Path, tensors: Mapping[str, Tensor], config: Mapping[str, Any], checkpoints: list[Checkpoint]
) -> Iterator[Comparison]:
    probe = _probe(config, file.stem)
    if probe:
        pixels = read_tensors(file.with_name(probe["pixels_from"]))
        tensors = {**{name: image for name, image in pixels.items() if IMAGES.match(name)}, **tensors}
    tensors = named_as_cases(file.stem, tensors)
    case = Case(file.stem, tensors, _own_config(config, file.stem), relative=bool(probe))
    image_size = tensors[f"{PIXELS}_0"].shape[-1]
    attempts: list[list[Comparison]] = []
    problems = []
    for checkpoint in checkpoints:
        try:
            used = _scaled(checkpoint, probe) if probe else checkpoint
            network = used.network(_own_config(config, checkpoint.name), image_size)
            attempts.append(list(compare_meter(case, network)))
        except (ValueError, IndexError, RuntimeError) as problem:  # inputs of another checkpoint's sizes
            problems.append(f"{checkpoint.name}: {problem}")
    if not attempts:
        raise ValueError(f"{file.name} fits no checkpoint; {'; '.join(problems)}")
    yield from min(attempts, key=_distance)


def _probe(config: Mapping[str, Any], stem: str) -> Mapping[str, Any]:
    """What the config says of a file that probes the eps; nothing of others."""
    probes = {name: said for name, said in config.items() if isinstance(said, dict) and PROBE in said}
    return next((said for name, said in probes.items() if name in stem), {})


def _distance(comparisons: list[Comparison]) -> float:
    """How far a file lies from a checkpoint: its worst value, in tolerances. NaN is the farthest."""
    distances = [each.difference / each.tolerance for each in comparisons]
    return max((math.inf if math.isnan(each) else each for each in distances), default=math.inf)


def _scaled(checkpoint: Checkpoint, probe: Mapping[str, Any]) -> Checkpoint:
    """The checkpoint with weights so small that the LayerNorms' eps decides the result."""
    scaled = {key: named(checkpoint.state, key, source=checkpoint.name) * probe["factor"] for key in probe[PROBE]}
    return Checkpoint(checkpoint.name, {**checkpoint.state, **scaled})


def _own_config(config: Mapping[str, Any], stem: str) -> Mapping[str, Any]:
    """The config, with what it says of one file on top."""
    cases = {**config.get("checkpoints", {}), **config.get("cases", {})}
    own = [said for name, said in cases.items() if stem.endswith(name) and isinstance(said, dict)]
    return {**config, **(own[0] if own else {})}
