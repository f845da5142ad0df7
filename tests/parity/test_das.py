"""DAS is that of its published code, and a changed number shows."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models.architecture import Architecture
from models.formats.das_checkpoint import load_das
from search.space import DROP, KEEP, SearchSpace
from search.space_spec import SpaceSpec
from tests.parity.damage import change, change_json
from tests.parity.das import compare

FIXTURES = Path(__file__).parents[1] / "fixtures" / "das"
BANDIT, SIZES, METER, VILT = 2 * 5, 2 * 2, 5 * 5, 3 * 7


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(FIXTURES, tmp_path / "das"))


def beyond(folder: Path) -> list[str]:
    return [each.name for each in compare(folder) if not each.within]


def test_every_number_is_the_published_codes() -> None:
    comparisons = list(compare(FIXTURES))
    assert len(comparisons) == BANDIT + SIZES + METER + VILT
    assert len({each.name for each in comparisons}) == len(comparisons)
    assert [each for each in comparisons if not each.within] == []


@pytest.mark.parametrize(
    ("file", "tensor"),
    [
        ("meter_outputs", "skip_none.text_feats"),
        ("meter_outputs", "skip_0_3_8_11.image_feats"),
        ("meter_outputs", "skip_11.vqa_loss"),
        ("vilt_outputs", "skip_2.vqa_logits"),
        ("vilt_outputs", "skip_0_3.image_feats_raster"),
    ],
)
def test_one_changed_number_shows(folder: Path, file: str, tensor: str) -> None:
    change(folder / f"{file}.safetensors", lambda tensors: tensors[tensor].flatten()[0].add_(1e-3))
    assert beyond(folder) == [f"{file}.{tensor}"]


@pytest.mark.parametrize(
    ("key", "shown_by"),
    [
        ("adapter_list_l.3.0.up_proj.bias", {"skip_0_3_8_11"}),
        ("cross_modal_text_layers.5.crossattention.output.adapter.up_proj.bias", {"skip_none", "skip_1_6", "skip_11"}),
        ("token4classifier", {"skip_none", "skip_1_6", "skip_0_3_8_11", "skip_5", "skip_11"}),
        ("das_gate", set()),
    ],
)
def test_a_changed_weight_shows_where_it_is_used(folder: Path, key: str, shown_by: set[str]) -> None:
    change(folder / "meter_weights.safetensors", lambda state: state[key].flatten()[0].add_(0.1))
    changed = {name.split(".")[1] for name in beyond(folder)}
    assert changed >= shown_by
    assert bool(changed) == bool(shown_by)


@pytest.mark.parametrize(
    ("edit", "shown_by"),
    [
        (lambda update: update["preferences_after"].__setitem__(4, 0.1), "preferences_after"),
        (lambda update: update["losses"][0].update(other_loss=1e-2), "rewards"),
        (lambda update: update["p"].__setitem__(0, 0.51), "p"),
        (lambda update: update.update(reward_mean=0.0), "reward_mean"),
    ],
)
def test_a_changed_update_shows(folder: Path, edit: Callable[[Any], object], shown_by: str) -> None:
    change_json(folder / "meter_bandit.json", lambda data: edit(data["runs"][1]["updates"][2]))
    assert f"meter_bandit.meter_synthetic_losses.{shown_by}" in beyond(folder)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "vilt_outputs.safetensors").unlink(), r"no outputs belong to vilt_weights"),
        (lambda folder: [file.unlink() for file in folder.glob("*_config.json")], "needs one config"),
        (lambda folder: (folder / "zoo.json").write_text("{}"), "neither runs of the bandit nor skip sets"),
        (
            lambda folder: change_json(folder / "vilt_config.json", lambda config: config["skip_sets"].pop("skip_2")),
            r"has skip sets \['skip_0_3', 'skip_2', 'skip_none'\]; its config lists \['skip_0_3', 'skip_none'\]",
        ),
    ],
)
def test_what_cannot_be_compared_is_said(folder: Path, damage: Callable[[Path], object], message: str) -> None:
    damage(folder)
    with pytest.raises(ValueError, match=message):
        list(compare(folder))


@pytest.mark.parametrize(("model", "size", "token"), [("meter", 18, True), ("vilt", 12, False)])
def test_the_search_space_skips_the_same_layers(model: str, size: int, *, token: bool) -> None:
    """A skip set of the published code, as a chromosome, decodes to what its checkpoint is loaded as."""
    das = load_das(FIXTURES / f"{model}_weights.safetensors", heads=4)
    spec = SpaceSpec.model_validate(
        {
            "granularity": "layer",
            "dropped": f"bottleneck:{size}",
            "modules": ["bottleneck:6"],
            "classifier_token": token,
        }
    )
    space = SearchSpace(das.network.config.sub_layers, spec, _no_cost, patch_places=1)
    assert len(space.layers) == len(das.layers)
    for skipped in ([], [1], [0, 3], [len(das.layers) - 1]):
        genome = tuple(DROP if layer in skipped else KEEP for layer in range(len(das.layers)))
        assert space.decode(genome) == das.architecture(skipped)


def _no_cost(architecture: Architecture) -> int:
    return 0
