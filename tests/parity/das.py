"""DAS against its published code: the bandit's updates, and what METER and ViLT give with layers skipped."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from os.path import commonprefix
from pathlib import Path
from typing import Any

from torch import Tensor

from models.architecture import Choice
from models.formats.das_checkpoint import DasNetwork, load_das
from tests.parity.case import Case, Student, compare_case
from tests.parity.compare import Comparison
from tests.parity.das_bandit import compare_run
from tests.parity.tensors import exactly, named, read_json, read_tensors


@dataclass(frozen=True, slots=True)
class Reference:
    """Outputs with the config and the checkpoint that they belong to."""

    name: str
    tensors: Mapping[str, Tensor]
    config: Mapping[str, Any]
    weights: Path


def compare(folder: Path) -> Iterator[Comparison]:
    """Every file of the folder, known by what it holds; files belong together by how their names begin.

    Raises:
        ValueError: a file holds what is not known, or a part of a reference is missing.
    """
    bandits, configs = _read_json_files(folder)
    tensors = {file: read_tensors(file) for file in sorted(folder.glob("*.safetensors"))}
    outputs = {file: held for file, held in tensors.items() if "input_ids" in held}
    weights = [*(file for file in tensors if file not in outputs), *sorted(folder.glob("*.ckpt"))]
    for file, data in bandits.items():
        for run in data["runs"]:
            yield from compare_run(file.stem, run)
    references = [
        Reference(file.stem, held, configs[_belonging(file, [*configs])], _belonging(file, weights))
        for file, held in outputs.items()
    ]
    if unused := {*weights} - {each.weights for each in references}:
        raise ValueError(f"no outputs belong to {', '.join(sorted(file.name for file in unused))}")
    for reference in references:
        yield from _compare_reference(reference)


def _read_json_files(folder: Path) -> tuple[dict[Path, Any], dict[Path, Any]]:
    """The bandit's records and the configs of networks."""
    bandits, configs = {}, {}
    for file in sorted(each for each in folder.glob("*") if each.suffix not in (".safetensors", ".ckpt")):
        data = read_json(file)
        if isinstance(data, dict) and data.get("runs"):
            bandits[file] = data
        elif isinstance(data, dict) and data.get("skip_sets"):
            configs[file] = data
        else:
            raise ValueError(f"{file} holds neither runs of the bandit nor skip sets")
    return bandits, configs


def _belonging(file: Path, others: Sequence[Path]) -> Path:
    """The one of `others` whose name begins most like that of `file`."""
    alike = {other: len(commonprefix([file.stem, other.stem])) for other in others}  # noqa: RUF071 - of names, not paths
    best = [other for other, length in alike.items() if length == max(alike.values())]
    if len(best) != 1:
        raise ValueError(f"{file.name} needs one config and one checkpoint named like it; found {[*map(str, best)]}")
    return best[0]


def _compare_reference(reference: Reference) -> Iterator[Comparison]:
    config = reference.config
    das = load_das(
        reference.weights,
        heads=named(config, "config", source=reference.name).get("num_heads"),
        vision_heads=config.get("clip", {}).get("heads"),
        language_heads=config.get("roberta", {}).get("heads"),
    )
    yield from _compare_sizes(reference, das)
    skip_sets: Mapping[str, Sequence[int]] = config["skip_sets"]
    by_set = _by_skip_set(reference, skip_sets)
    for name, skipped in skip_sets.items():
        student = Student(das.network, das.architecture(skipped), das.modules(skipped))
        yield from compare_case(Case(f"{reference.name}.{name}", by_set[name], config), student)


def _compare_sizes(reference: Reference, das: DasNetwork) -> Iterator[Comparison]:
    """The bottlenecks, where the config tells them."""
    said = reference.config.get("adapter", {})
    for key, choices in (
        ("in_layer_bottleneck", das.architecture(()).choices),
        ("skip_bottleneck", das.architecture(range(len(das.layers))).choices),
    ):
        if key in said:
            yield exactly(f"{reference.name}.{key}", _bottleneck(choices), said[key])


def _bottleneck(choices: Sequence[Choice]) -> int:
    """The one size of all modules; -1 where they differ."""
    sizes = {choice.module.size for choice in choices if choice.module is not None}
    return sizes.pop() if len(sizes) == 1 else -1


def _by_skip_set(reference: Reference, skip_sets: Mapping[str, Sequence[int]]) -> Mapping[str, Mapping[str, Tensor]]:
    """What belongs to each skip set; a tensor of no skip set, such as an input, belongs to all.

    Raises:
        ValueError: a skip set has no tensors, or tensors are of one that the config does not list.
    """
    shared = {name: tensor for name, tensor in reference.tensors.items() if "." not in name}
    of_sets: dict[str, dict[str, Tensor]] = {}
    for name, tensor in reference.tensors.items():
        if "." in name:
            skip_set, _, kind = name.partition(".")
            of_sets.setdefault(skip_set, {})[kind] = tensor
    if set(of_sets) != set(skip_sets):
        raise ValueError(f"{reference.name} has skip sets {sorted(of_sets)}; its config lists {sorted(skip_sets)}")
    return {name: {**shared, **own} for name, own in of_sets.items()}
