"""DAS's rewards: in parts as at once, and never of no number."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from models.architecture import Architecture
from models.batch import Batch, Split
from models.checkpoints import load_network
from models.inputs import Inputs, Prefix
from models.network import Network
from models.registry import BackboneEntry
from models.shapes.dataset import ShapesData
from models.shared_student import SharedStudent
from models.workload import TaskName
from search.algorithm_spec import DasSpec
from search.build import build_space
from tests.workers.specs import CPU, SMALL, small_spec
from workers import das
from workers.das import das_preferences
from workers.examples import Examples
from workers.optimiser import DivergedError

EXAMPLES = 10
STEPS: Mapping[str, object] = {"name": "das", "steps": 4, "warm_steps": 1, "update_every": 1, "candidate_sets": 2}


def examples_of(network: Network, split: Split) -> Examples:
    data = ShapesData(TaskName.VQA, sizes=dict.fromkeys(Split, EXAMPLES))
    return Examples.of(network.backbone, data, split, longest=48, prefix=Prefix(0, 0), device=CPU)


def preferences(entry: BackboneEntry, network: Network, *, train: Examples, held_out: Examples) -> list[float]:
    space = {**SMALL["space"], "granularity": "layer"}  # type: ignore[dict-item]
    spec = small_spec(algorithm=STEPS, space=space, budget={"macs_ratio": 0.7})
    assert isinstance(spec.algorithm, DasSpec)
    return das_preferences(spec, spec.algorithm, build_space(spec, entry), network, train=train, held_out=held_out)


def test_the_judged_examples_pass_in_parts(tiny: BackboneEntry, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last part is smaller and weighs less; together they give what all of them at once give."""
    network, sizes = load_network(tiny.path), list[int]()
    train, held_out = (examples_of(network, split) for split in (Split.TRAIN, Split.FITNESS))
    forward = SharedStudent.forward

    def counted(student: SharedStudent, inputs: Inputs, architecture: Architecture) -> Tensor:
        sizes.append(len(inputs.texts.tokens))
        return forward(student, inputs, architecture)

    monkeypatch.setattr(SharedStudent, "forward", counted)
    at_once = preferences(tiny, network, train=train, held_out=held_out)
    assert set(sizes) == {EXAMPLES}
    sizes.clear()
    monkeypatch.setattr(das, "CHUNK", 4)
    in_parts = preferences(tiny, network, train=train, held_out=held_out)
    assert sizes[:3] == [4, 4, 2]
    assert set(sizes) == {4, 2}
    assert len(set(at_once)) > 1
    assert in_parts == pytest.approx(at_once, rel=1e-3)


def test_a_reward_of_no_number_is_divergence(tiny: BackboneEntry) -> None:
    """The training sees good examples; one of those that judge cannot be scored."""
    network = load_network(tiny.path)
    train, held_out = (examples_of(network, split) for split in (Split.TRAIN, Split.FITNESS))
    assert isinstance(held_out.batch, Batch)
    pixels = held_out.batch.pixel_values.clone()
    pixels[3] = torch.nan
    bad = replace(held_out, batch=replace(held_out.batch, pixel_values=pixels), cached=None)
    with pytest.raises(DivergedError, match="the loss that a skip set is rewarded by is nan"):
        preferences(tiny, network, train=train, held_out=bad)
