"""A merged model gives what it gave before, holds less and costs less."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from torch import nn

from models.architecture import Architecture, Choice, ModuleSpec, PatchKeep
from models.batch import Split
from models.cost import cost_model
from models.merging import merge_folder, merged
from models.meter_config import MeterConfig
from models.pixels import pixel_reading
from models.shapes.dataset import ShapesData
from models.shapes.question import ANSWERS
from models.slim import SlimModel, export_slim, load_slim
from models.student import Student
from models.vilt_config import ViltConfig
from models.workload import TaskName, Workload
from tests.networks import TINY, TINY_METER, random_network

Config = ViltConfig | MeterConfig
WORKLOAD = Workload(task=TaskName.VQA, text_tokens=13, image_height=48, image_width=48, answers=len(ANSWERS))
CONFIGS = pytest.mark.parametrize("config", [TINY, TINY_METER], ids=["vilt", "meter"])


def exported(folder: Path, config: Config, modules: Sequence[str], *, keep: bool = True) -> Path:
    """A model that carries modules in turn, as if they had been trained; without `keep`, every third sub-layer gone."""
    network = random_network(config)
    specs = [ModuleSpec.parse(text) for text in modules]
    choices = tuple(
        Choice(module=specs[place % len(specs)]) if keep or place % 3 else Choice(keep=False)
        for place in range(len(config.sub_layers))
    )
    architecture = Architecture(choices, PatchKeep(0.5, 1))
    student = Student(network, architecture, TaskName.VQA, generator=torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(1)
    for parameter in student.carried.parameters():
        nn.init.normal_(parameter, std=0.2, generator=generator)
    pixels = pixel_reading("shapes", config)
    export_slim(folder, student, network=network, task=TaskName.VQA, pixels=pixels, provenance={"made": "for a test"})
    return folder


def logits(model: SlimModel) -> torch.Tensor:
    return model.logits(ShapesData(TaskName.VQA).examples(Split.TEST, 4))


def parameters(model: SlimModel) -> int:
    parts = (model.backbone, model.carried, model.head)
    return sum(parameter.numel() for part in parts for parameter in part.parameters())


@CONFIGS
@pytest.mark.parametrize("module", ["lora:3", "genft:2", "pia:4"])
@pytest.mark.parametrize("keep", [True, False])
def test_a_merged_model_is_equal_and_smaller(tmp_path: Path, config: Config, module: str, keep: bool) -> None:
    before = load_slim(exported(tmp_path / "model", config, [module], keep=keep))
    kept = {key: value.clone() for key, value in before.backbone.state_dict().items()}
    after = merged(before)
    torch.testing.assert_close(logits(after), logits(before), rtol=1e-3, atol=1e-4)
    without = Architecture(tuple(Choice(each.keep) for each in before.architecture.choices), PatchKeep(0.5, 1))
    assert after.architecture == without
    assert not list(after.carried.parameters())
    cost = cost_model(config, WORKLOAD)
    assert cost.macs(after.architecture) < cost.macs(before.architecture)
    assert parameters(after) == cost.parameters(after.architecture).total < parameters(before)
    for key, value in before.backbone.state_dict().items():
        assert torch.equal(value, kept[key]), key


@CONFIGS
def test_modules_do_something_before_they_are_merged(tmp_path: Path, config: Config) -> None:
    before = load_slim(exported(tmp_path / "model", config, ["lora:3"]))
    expected = logits(before)
    for parameter in before.carried.parameters():
        parameter.zero_()
    assert (logits(before) - expected).abs().max() > 0.01


@CONFIGS
def test_what_cannot_be_merged_stays(tmp_path: Path, config: Config) -> None:
    before = load_slim(exported(tmp_path / "model", config, ["lora:3", "bottleneck:4", "genft:2", "vfpt:2"]))
    after = merged(before)
    torch.testing.assert_close(logits(after), logits(before), rtol=1e-3, atol=1e-4)
    kinds = {choice.module.kind for choice in after.architecture.choices if choice.module is not None}
    assert kinds == {"bottleneck", "vfpt"}
    assert not after.carried.shared  # GenFT's


def test_routing_by_add_is_merged_where_there_is_no_other_modality(tmp_path: Path) -> None:
    before = load_slim(exported(tmp_path / "model", TINY_METER, ["routing-lora:3:add"]))
    after = merged(before)
    torch.testing.assert_close(logits(after), logits(before), rtol=1e-3, atol=1e-4)
    left = {
        str(sub_layer.stack)
        for sub_layer, choice in zip(TINY_METER.sub_layers, after.architecture.choices, strict=True)
        if choice.module is not None
    }
    assert left == {"text", "image"}


@pytest.mark.parametrize("module", ["bottleneck:4", "routing-lora:3:add", "routing-lora:3:mul"])
def test_nothing_to_merge_is_refused(tmp_path: Path, module: str) -> None:
    with pytest.raises(ValueError, match=f"nothing to merge: .*{module}"):
        merged(load_slim(exported(tmp_path / "model", TINY, [module])))


@CONFIGS
def test_a_folder_is_merged_into_another(tmp_path: Path, config: Config) -> None:
    folder, target = exported(tmp_path / "model", config, ["pia:4", "bottleneck:4"]), tmp_path / "merged"
    before, after = merge_folder(folder, target)
    found = load_slim(target)
    assert torch.equal(logits(found), logits(after))
    assert found.architecture == after.architecture != before.architecture
    with pytest.raises(FileExistsError, match="exists; give a folder that does not"):
        merge_folder(folder, target)
