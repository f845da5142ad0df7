"""Pre-training runs, goes on after an interruption to the same weights, and writes a network that loads."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models.architecture import Architecture, Choice
from models.network import ITM_HEAD
from models.registry import read_entry
from models.shapes.pretrain import PretrainingRun, Recipe, pretrain_shapes, run_folder
from models.shapes.pretraining import CONFIGS, Pretraining
from models.shapes.question import ANSWERS
from models.shapes.stream import Mixture, PretrainingStream
from models.shapes.tokenizer import build_tokenizer, load_tokenizer
from models.workload import TaskName

SMALL = Mixture(questions=3, captions=1, masked=2, pairs=1)
RECIPE = Recipe(seed=3, steps=6, mixture=SMALL, drop=0.2)


def weights(run: PretrainingRun) -> Mapping[str, torch.Tensor]:
    return run.model.state_dict()


def test_an_interrupted_run_ends_with_the_weights_of_an_undisturbed_one(tmp_path: Path) -> None:
    undisturbed = PretrainingRun(tmp_path / "whole", RECIPE)
    undisturbed.advance(6, workers=0)
    PretrainingRun(tmp_path / "torn", RECIPE).advance(4, workers=0, checkpoint_every=2)
    resumed = PretrainingRun(tmp_path / "torn", RECIPE)
    assert resumed.step == 4
    resumed.advance(6, workers=0)
    for name, value in weights(undisturbed).items():
        assert torch.equal(value, weights(resumed)[name]), name


def test_a_torn_checkpoint_does_not_hide_the_one_before(tmp_path: Path) -> None:
    PretrainingRun(tmp_path, RECIPE).advance(2, workers=0)
    (tmp_path / "0000004-state.safetensors").write_bytes(b"half")  # killed before the note was renamed
    assert PretrainingRun(tmp_path, RECIPE).step == 2


def test_steps_change_the_weights_and_report_their_losses(tmp_path: Path) -> None:
    run = PretrainingRun(tmp_path, RECIPE)
    before = {name: value.clone() for name, value in weights(run).items()}
    seen: list[tuple[int, set[str]]] = []
    run.advance(3, workers=0, report=lambda step, losses: seen.append((step, set(losses))))
    assert seen == [(step, {"vqa", "nlvr2", "itm", "words", "patches"}) for step in (1, 2, 3)]
    assert any(not torch.equal(before[name], value) for name, value in weights(run).items())


def test_a_run_of_another_recipe_is_not_taken_up(tmp_path: Path) -> None:
    PretrainingRun(tmp_path, RECIPE).save()
    with pytest.raises(ValueError, match="holds a run of the recipe"):
        PretrainingRun(tmp_path, replace(RECIPE, seed=4))


def test_nothing_is_drawn_from_the_global_generator(tmp_path: Path) -> None:
    runs = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        run = PretrainingRun(tmp_path / str(seed), RECIPE)
        run.advance(2, workers=0)
        runs.append(weights(run))
    assert all(torch.equal(value, runs[1][name]) for name, value in runs[0].items())


@pytest.mark.parametrize("kind", CONFIGS)
def test_every_part_is_taught(kind: str) -> None:
    """Each parameter has a gradient when nothing is left out; the mirrored rows of the matching head stay mirrored."""
    model = Pretraining(CONFIGS[kind](), generator=torch.Generator().manual_seed(0))
    full = Architecture.full(model.backbone.config.sub_layers)
    torch.stack(list(model(PretrainingStream(0, SMALL)[0], SMALL, full).values())).sum().backward()
    assert [name for name, weight in model.named_parameters() if weight.grad is None] == []
    gradient = model.heads[ITM_HEAD].weight.grad
    assert isinstance(gradient, torch.Tensor)
    assert torch.allclose(gradient[0], -gradient[1], atol=1e-6)


@pytest.mark.parametrize(("kind", "name"), [("vilt", "blocks.2.ffn."), ("meter", "stacks.text.1.ffn.")])
def test_a_dropped_sub_layer_is_not_taught(kind: str, name: str) -> None:
    model = Pretraining(CONFIGS[kind](), generator=torch.Generator().manual_seed(0))
    choices = tuple(Choice(keep=place != 5) for place in range(len(model.backbone.config.sub_layers)))
    torch.stack(list(model(PretrainingStream(0, SMALL)[0], SMALL, Architecture(choices)).values())).sum().backward()
    untaught = [name for name, weight in model.backbone.named_parameters() if weight.grad is None]
    assert untaught
    assert all(each.startswith(name) for each in untaught)


def test_the_rate_rises_and_falls_to_nothing() -> None:
    recipe = Recipe(steps=100, learning_rate=1.0, warm_up=0.1)
    rates = [recipe.rate(step) for step in range(100)]
    assert rates.index(max(rates)) in (9, 10)
    assert max(rates) == pytest.approx(1.0, abs=0.02)
    assert rates[-1] < 0.02
    assert min(rates) > 0


@pytest.mark.parametrize("kind", CONFIGS)
def test_the_finished_network_loads_and_says_how_it_was_made(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "network"
    recipe = replace(RECIPE, steps=2, backbone=kind)
    network = pretrain_shapes(folder, recipe, workers=0, judged=dict.fromkeys(TaskName, 4))
    assert set(network.heads) == {"vqa", "nlvr2", "itm"}
    entry = read_entry("network", folder)
    assert (entry.config, entry.answers) == (CONFIGS[kind](), ANSWERS)
    assert network.tokenizer is not None
    assert load_tokenizer(network.tokenizer).to_str() == build_tokenizer().to_str()
    provenance = json.loads((folder / "config.json").read_text(encoding="utf-8"))["provenance"]
    assert provenance["recipe"]["seed"] == RECIPE.seed
    assert set(provenance["accuracies"]["test"]) == set(TaskName)
    assert json.loads((run_folder(folder) / "progress.json").read_text(encoding="utf-8"))["step"] == 2
