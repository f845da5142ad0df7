"""What each kind of plugin refuses besides, and that names which are ours are known to be."""

from pathlib import Path
from typing import get_args

import pytest

from models.pixels import Frame
from models.plugins import backbone, installed
from models.plugins.backbone import backbone_plugins
from models.plugins.data import data_plugins
from models.plugins.frame import FRAMES
from models.plugins.installed import PluginGroup
from models.registry import SHIPPED, BackboneRegistry
from search.algorithm_spec import BuiltInSpec
from search.plugin import BUILT_IN, algorithm_plugins
from tests.models.plugins.packages import package
from tests.networks import random_backbone

ALGORITHM = """
from typing import Literal
from search.plugin import AlgorithmPlugin, PluggedSpec
class Spec(PluggedSpec):
    name: Literal["mine"] = "mine"
PLUGIN = AlgorithmPlugin(settings=Spec, algorithm="mine:Search")
"""
DATA = """
from models.plugins.data import DataPlugin
PLUGIN = DataPlugin(tasks={tasks!r}, examples="mine:examples", answers={answers!r})
"""
BACKBONE = """
from pathlib import Path
from models.plugins.backbone import BackbonePlugin
from models.vilt_config import ViltConfig
class Config(ViltConfig):
    pass
PLUGIN = BackbonePlugin(
    format={format!r}, config={config}, cost=print, network="mine:Network", folder=Path({folder!r})
)
"""


def test_our_own_names_are_taken() -> None:
    assert {kind.model_fields["name"].default for kind in get_args(BuiltInSpec)} == set(BUILT_IN)
    assert set(SHIPPED) == set(backbone.BUILT_IN)


def test_an_algorithm_whose_settings_have_another_name(packages: Path) -> None:
    package(packages, "mine", ALGORITHM, {PluginGroup.ALGORITHMS: {"mine": "mine:PLUGIN", "other": "mine:PLUGIN"}})
    assert set(algorithm_plugins().usable) == {"mine"}
    assert "its settings have the name 'mine'; expected 'other'" in algorithm_plugins().problems["other"]


@pytest.mark.parametrize(
    ("tasks", "answers", "why"),
    [
        (("retrieval",), (), "data of a plugin is for vqa, nlvr2, not for retrieval"),
        (("unheard-of",), (), "data of a plugin is for vqa, nlvr2, not for unheard-of"),
        ((), (), "not for nothing"),
        (("vqa",), (), "it is for vqa and names no answers"),
    ],
)
def test_data_that_no_task_can_use(packages: Path, tasks: tuple[str, ...], answers: tuple[str, ...], why: str) -> None:
    name = f"data_{len(tasks)}_{'_'.join(tasks).replace('-', '_')}"  # a module is imported once
    package(packages, name, DATA.format(tasks=tasks, answers=answers), {PluginGroup.DATA: {"mine": f"{name}:PLUGIN"}})
    assert why in data_plugins().problems["mine"]


def test_a_backbone_that_comes_with_its_weights(packages: Path, tmp_path: Path) -> None:
    folder = random_backbone(tmp_path / "weights").path
    source = BACKBONE.format(format="mine/1", config="Config", folder=str(folder))
    package(packages, "shipped_weights", source, {PluginGroup.BACKBONES: {"mine": "shipped_weights:PLUGIN"}})
    installed._found.cache_clear()
    registry = BackboneRegistry()
    assert "mine" in registry.names()
    assert registry.get("mine").path == folder
    random_backbone(tmp_path / "root" / "mine")
    with pytest.raises(ValueError, match=r"'mine' is a folder and comes with shipped_weights 1\.0, too: rename"):
        BackboneRegistry(tmp_path / "root").get("mine")


def test_our_formats_are_ours(packages: Path) -> None:
    source = BACKBONE.format(format="twinsieve-vilt/1", config="Config", folder="x")
    package(packages, "thief", source, {PluginGroup.BACKBONES: {"mine": "thief:PLUGIN"}})
    assert "formats that begin with 'twinsieve-' are Twinsieve's own" in backbone_plugins().problems["mine"]
    source = BACKBONE.format(format="mine/1", config="ViltConfig", folder="x")
    package(packages, "impostor", source, {PluginGroup.BACKBONES: {"other": "impostor:PLUGIN"}})
    installed._found.cache_clear()
    assert "a ViltConfig is Twinsieve's own; derive a class from it" in backbone_plugins().problems["other"]


def test_frames_are_those_that_there_are(packages: Path) -> None:
    assert tuple(Frame) == FRAMES
    source = DATA.format(tasks=("vqa",), answers=("yes",)).replace("answers=", "frame='round', answers=")
    package(packages, "round_data", source, {PluginGroup.DATA: {"mine": "round_data:PLUGIN"}})
    assert "no frame 'round'; there are square, vilt, meter" in data_plugins().problems["mine"]
